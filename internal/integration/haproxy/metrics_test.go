package haproxy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/integration/process"
	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy/haproxy"
)

// measured is what can be asked of each router.
type measured interface {
	Source(haproxy.SourceOptions) (*haproxy.Source, error)
}

// measure runs a source for as long as the test runs.
func (s *scene) measure(o haproxy.SourceOptions) *haproxy.Source {
	s.t.Helper()
	o.Poll = 100 * time.Millisecond
	var log process.Words
	o.Logger = hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Warn})
	source, err := s.router.(measured).Source(o)
	require.NoError(s.t, err)
	ctx, stop := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- source.Run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		require.ErrorIs(s.t, <-ended, context.Canceled)
		if s.t.Failed() {
			s.t.Logf("the source: %s", log.String())
		}
	})
	return source
}

// read reads all that was measured of a version since then.
func read(t *testing.T, source metrics.Source, version string, since time.Time) (metrics.Window, []metrics.Window) {
	t.Helper()
	q := metrics.Query{Group: pool(version).String(), From: since, To: time.Now().Add(time.Minute)}
	w, err := source.Read(t.Context(), q)
	if errors.Is(err, metrics.ErrNoData) {
		return metrics.Window{}, nil
	}
	require.NoError(t, err)
	parts, err := source.(metrics.Parter).Parts(t.Context(), q)
	require.NoError(t, err)
	return w, parts
}

// TestMeasuresAreWhatCustomersCount holds what HAProxy measures against what its customers count, the
// log over reloads: both are the same, to the request.
func TestMeasuresAreWhatCustomersCount(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts bool
	}{{"lines of the log", false}, {"counters", true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, wirings()[0], traffic.Service{Version: "1.1.0", Fail: 0.1, Delay: 10 * time.Millisecond})
			old, young := s.shop.run("1.0.0", 2), s.shop.run("1.1.0", 2)
			require.NoError(t, s.router.Route(t.Context(), percent(30, old, young)))
			source := s.measure(haproxy.SourceOptions{CountsOnly: c.counts})
			eventually(t, "it measures", func() bool {
				_, err := source.Read(t.Context(), metrics.Query{Group: pool("1.0.0").String(), From: time.Now().Add(-time.Minute), To: time.Now()})
				return err == nil
			})
			since := time.Now()
			crowds := []*traffic.Crowd{
				enter(t, traffic.Customers{URL: s.url, Number: 4, Pause: 2 * time.Millisecond}),
				enter(t, traffic.Customers{URL: s.url, Number: 4, Pause: 2 * time.Millisecond, Fresh: true}),
			}
			for range 3 {
				seen, _ := read(t, source, "1.0.0", since)
				eventually(t, "the source has found the process", func() bool {
					now, _ := read(t, source, "1.0.0", since)
					return now.Requests > seen.Requests+50
				})
				if !c.counts { // counters begin anew, and what lies before is then not measured
					require.NoError(t, s.Reload(t.Context()))
				}
			}
			more(t, crowds[1], 300)
			want := map[string]traffic.Version{}
			for _, crowd := range crowds {
				counts := crowd.Leave()
				require.Zero(t, counts.Lost, "%s", counts)
				for version, v := range counts.Versions {
					sum := want[version]
					want[version] = traffic.Version{Served: sum.Served + v.Served, Failed: sum.Failed + v.Failed}
				}
			}
			for version, v := range want {
				var w metrics.Window
				var parts []metrics.Window
				eventually(t, "all of it is measured", func() bool {
					w, parts = read(t, source, version, since.Add(-time.Second))
					return w.Requests >= uint64(v.Answered())
				})
				assert.False(t, w.From.After(since), "what was measured before is not known any more")
				assert.Equal(t, v.Answered(), int(w.Requests), version)
				assert.Equal(t, v.Failed, int(w.Errors), version)
				assert.Zero(t, w.Counts["gone"])
				require.Len(t, parts, 2)
				assert.Equal(t, w.Requests, parts[0].Requests+parts[1].Requests)
				assert.Equal(t, w.Errors, parts[0].Errors+parts[1].Errors)
				if !c.counts {
					assert.Equal(t, w.Requests, w.Latency.Count())
				}
			}
			assert.Positive(t, want["1.1.0"].Failed)
			if !c.counts {
				w, _ := read(t, source, "1.1.0", since)
				assert.Greater(t, w.Latency.Quantile(0.5), 0.009)
				w, _ = read(t, source, "1.0.0", since)
				assert.Greater(t, w.Latency.Quantile(0.5), 0.001)
			}
		})
	}
}

// TestTheSourceIsDown takes HAProxy away: reading is an error then, and neither nothing nor zero. It goes on
// once HAProxy is back.
func TestTheSourceIsDown(t *testing.T) {
	t.Parallel()
	s := open(t, wirings()[0]).install("1.0.0", 2)
	source := s.measure(haproxy.SourceOptions{})
	crowd := enter(t, traffic.Customers{URL: s.url, Number: 2, Pause: 2 * time.Millisecond})
	since := time.Now()
	more(t, crowd, 50)
	ask := func() (metrics.Window, error) {
		return source.Read(t.Context(), metrics.Query{Group: pool("1.0.0").String(), From: since, To: time.Now()})
	}
	measures := func() bool {
		w, err := ask()
		return err == nil && w.Requests > 0
	}
	eventually(t, "it measures", measures)
	require.NoError(t, s.Kill())
	eventually(t, "the source is down", func() bool {
		_, err := ask()
		return err != nil && !errors.Is(err, metrics.ErrNoData) && !errors.Is(err, metrics.ErrUnknownGroup)
	})
	require.NoError(t, s.Up(t.Context()))
	since = time.Now()
	eventually(t, "it measures again", measures)
	crowd.Leave()
	_, err := source.Read(t.Context(), metrics.Query{Group: pool("9.9.9").String(), From: since, To: time.Now()})
	require.ErrorIs(t, err, metrics.ErrUnknownGroup)
}
