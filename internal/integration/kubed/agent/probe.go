package agent

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// eager is the time between two probes until the first one succeeds.
const eager = 100 * time.Millisecond

// probe asks until ctx is over, and keeps the container's readiness.
func (c *container) probe(ctx context.Context, p *corev1.Probe) {
	seconds := func(n, least int32) time.Duration { return time.Duration(max(n, least)) * time.Second }
	client := &http.Client{
		Timeout:       seconds(p.TimeoutSeconds, 1),
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	period, wait := seconds(p.PeriodSeconds, 1), seconds(p.InitialDelaySeconds, 0)
	ready, once := false, false
	var good, bad int32
	var told time.Time
	for sleep(ctx, nil, wait) {
		err := c.ask(ctx, p, client)
		if ctx.Err() != nil {
			return
		}
		if wait = period; err == nil {
			good, bad = good+1, 0
		} else {
			good, bad = 0, bad+1
			if time.Since(told) >= period {
				told = time.Now()
				c.event(corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: %v", err)
			}
		}
		now := ready
		switch {
		case good >= cmp.Or(p.SuccessThreshold, 1):
			now, once = true, true
		case bad >= cmp.Or(p.FailureThreshold, 3):
			now = false
		}
		if !once {
			wait = min(eager, period)
		}
		if now != ready {
			ready = now
			c.set(func(s *corev1.ContainerStatus) { s.Ready = now })
		}
	}
}

// ask asks once.
func (c *container) ask(ctx context.Context, p *corev1.Probe, client *http.Client) error {
	if p.HTTPGet != nil {
		return c.get(ctx, p.HTTPGet, client)
	}
	port, err := c.port(p.TCPSocket.Port)
	if err != nil {
		return err
	}
	dialer := net.Dialer{Timeout: client.Timeout}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(cmp.Or(p.TCPSocket.Host, c.bind.String()), strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return conn.Close()
}

// get asks by HTTP. An answer from 200 to 399 is a good one.
func (c *container) get(ctx context.Context, g *corev1.HTTPGetAction, client *http.Client) error {
	port, err := c.port(g.Port)
	if err != nil {
		return err
	}
	scheme := strings.ToLower(string(cmp.Or(g.Scheme, corev1.URISchemeHTTP)))
	url := scheme + "://" + net.JoinHostPort(cmp.Or(g.Host, c.bind.String()), strconv.Itoa(port)) + g.Path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "kube-probe/1.37")
	for _, h := range g.HTTPHeaders {
		if request.Header.Add(h.Name, h.Value); strings.EqualFold(h.Name, "Host") {
			request.Host = h.Value
		}
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode >= 400 {
		return fmt.Errorf("HTTP probe failed with statuscode: %d", answer.StatusCode)
	}
	return nil
}

// port is the number of a port, which may be named.
func (c *container) port(p intstr.IntOrString) (int, error) {
	if p.Type == intstr.Int {
		return p.IntValue(), nil
	}
	for _, named := range c.spec.Ports {
		if named.Name == p.StrVal {
			return int(named.ContainerPort), nil
		}
	}
	return strconv.Atoi(p.StrVal)
}
