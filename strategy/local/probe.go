package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// probeClient talks to instances directly, whatever proxy the environment names, over a new
// connection each time, so that what is proved is that the instance accepts new ones.
func probeClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// probe probes the instance until the context ends.
func (f *Fleet) probe(ctx context.Context, i *instance) {
	timer := time.NewTimer(f.o.Probe.Interval)
	defer timer.Stop()
	first := true
	for {
		err := f.ask(ctx, i.record.Addr)
		if ctx.Err() == nil {
			f.probed(i, err)
		}
		if first {
			close(i.probed)
			first = false
		}
		timer.Reset(f.o.Probe.Interval)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
	}
}

// ask is one probe.
func (f *Fleet) ask(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, f.o.Probe.Timeout)
	defer cancel()
	if f.o.Probe.Path == "" {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+f.o.Probe.Path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "davit-probe")
	resp, err := f.client.Do(req)
	if err != nil {
		return err
	}
	// An answer is whole or it is none, but nobody needs to send much of it.
	_, err = io.CopyN(io.Discard, resp.Body, 64<<10)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("GET http://%s%s: %s", addr, f.o.Probe.Path, resp.Status)
	}
	return nil
}

// probed takes the outcome of a probe in.
func (f *Fleet) probed(i *instance, failure error) {
	// A port that an instance leaves by dying may be another's at once.
	if failure == nil && !i.record.Process.alive() {
		return
	}
	f.mu.Lock()
	before := i.record.ReadySince
	if i.live() {
		i.take(f.o.Probe, failure)
	}
	changed := i.record.ReadySince != before
	phase, reason := i.phase, i.reason
	f.mu.Unlock()
	if changed {
		f.saveOrLog(i)
		f.log.Info("readiness changed", "instance", i.record.ID, "phase", phase, "reason", reason)
	}
}

// take counts a probe. ReadySince stands for as long as the instance is ready, single failures
// that Probe.Failures allows included, and begins anew after it was unready.
//
// An adopted instance that was ready when it was last seen still is when the first probe succeeds:
// it is the same process, and counting its time anew would keep requests from it without need.
func (i *instance) take(p Probe, failure error) {
	adoptedReady := i.phase == rollout.Unready && !i.record.ReadySince.IsZero()
	switch {
	case failure == nil:
		i.streak = max(i.streak, 0) + 1
		if adoptedReady || i.phase == rollout.Ready {
			i.phase, i.reason = rollout.Ready, ""
		} else if i.streak >= p.Successes {
			i.phase, i.reason, i.record.ReadySince = rollout.Ready, "", time.Now()
		}
	case i.phase == rollout.Ready:
		i.streak = min(i.streak, 0) - 1
		if -i.streak >= p.Failures {
			i.phase, i.record.ReadySince = rollout.Unready, time.Time{}
			i.reason = fmt.Sprintf("not ready: %d probes in a row failed: %v", p.Failures, failure)
		}
	default:
		i.streak = min(i.streak, 0) - 1
		i.record.ReadySince = time.Time{}
		i.reason = fmt.Sprintf("not ready: %v", failure)
	}
}
