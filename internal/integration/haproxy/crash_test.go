package haproxy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// TestHAProxyComesAndGoes replaces HAProxy, restarts it and kills it at each step of a canary. A replacement
// loses nothing. After the others the table is whole, whoever asks is answered by whom it is meant to, and the
// rollout goes on; what is lost is lost while HAProxy is away, and what was under way.
func TestHAProxyComesAndGoes(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(t *testing.T, s *scene)
		loses bool
	}{
		{"replaced", func(t *testing.T, s *scene) { require.NoError(t, s.Replace(t.Context())) }, false},
		{"restarted", func(t *testing.T, s *scene) {
			require.NoError(t, s.Stop())
			require.NoError(t, s.Up(t.Context()))
		}, true},
		{"killed", func(t *testing.T, s *scene) {
			require.NoError(t, s.Kill())
			require.NoError(t, s.Up(t.Context()))
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, wirings()[0]).install("1.0.0", 2)
			a := s.audience()
			type away struct{ from, to time.Time }
			var times []away
			shares := []float64{0, 0.3}
			plan := s.plan(pausing(30), "1.1.0")
			result, err := s.walk(plan, options(), func(step int) {
				a.sees(shares[step])
				from := time.Now()
				c.do(t, s)
				times = append(times, away{from, time.Now()})
				table, err := s.router.Table(t.Context())
				require.NoError(t, err)
				state := plan.Steps[step].State
				require.Len(t, table.Routes, 2)
				for _, r := range table.Routes {
					group := state.Group(r.Role)
					assert.Equal(t, group.Share, r.Share)
					assert.ElementsMatch(t, group.Match, r.Match)
					assert.Len(t, r.Backends, group.Replicas, "%s", r.Role)
				}
				a.sees(shares[step])
			})
			require.NoError(t, err)
			require.Equal(t, rollout.Promoted, result.Outcome)
			for _, counts := range a.leaves() {
				if !c.loses {
					assert.Zero(t, counts.Lost, "%s", counts)
				}
				for _, l := range counts.Losses {
					during := false
					for _, a := range times {
						// A customer notices what was cut off within a moment.
						during = during || l.At.After(a.from) && l.At.Before(a.to.Add(2*time.Second))
					}
					assert.True(t, during, "lost while HAProxy was there: %s", l.Why)
					assert.NotContains(t, l.Why, "503 Service Unavailable", "HAProxy was there, and had nobody to send to") // 503 alone may be part of a port
				}
			}
			s.runs("1.1.0", 2)
		})
	}
}

// TestHAProxyIsKilledInEachPhase kills HAProxy as often as a rollout begins a phase, and lets it come up again.
// The rollout ends as it should, with everything in its place.
func TestHAProxyIsKilledInEachPhase(t *testing.T) {
	t.Parallel()
	s := open(t, wirings()[0]).install("1.0.0", 2)
	customers := enter(t, traffic.Customers{URL: s.url, Number: 4, Pause: 2 * time.Millisecond, Fresh: true})
	more(t, customers, 20)
	kills := make(chan bool, 100)
	over := make(chan int)
	go func() {
		n := 0
		for range kills {
			if assert.NoError(t, s.Kill()) && assert.NoError(t, s.Up(t.Context())) {
				n++
			}
		}
		over <- n
	}()
	result, err := s.release(s.plan(lossless[2], "1.1.0"), options(), func(_ *rollout.Rollout, e rollout.Event) {
		if e.Kind == rollout.PhaseStarted {
			kills <- true
		}
	})
	close(kills)
	n := <-over
	require.NoError(t, err)
	require.Equal(t, rollout.Promoted, result.Outcome)
	assert.Greater(t, n, 5)
	s.runs("1.1.0", 2)
	only(t, "1.1.0", customers)
	t.Logf("killed %d times: %s", n, customers.Leave())
}

// TestWhatAReloadForgetsComesBack reloads and restarts an HAProxy that has no files of its router, and whose host
// keeps it.
func TestWhatAReloadForgetsComesBack(t *testing.T) {
	t.Parallel()
	var remote wiring
	for _, w := range wirings(quick) {
		if strings.HasPrefix(w.name, "remote") {
			remote = w
		}
	}
	s := open(t, remote).install("1.0.0", 3)
	s.keep()
	want, err := s.router.Table(t.Context())
	require.NoError(t, err)
	for name, do := range map[string]func() error{
		"a reload":  func() error { return s.Reload(t.Context()) },
		"a restart": func() error { return errors.Join(s.Stop(), s.Up(t.Context())) },
		"a crash":   func() error { return errors.Join(s.Kill(), s.Up(t.Context())) },
	} {
		require.NoError(t, do())
		eventually(t, "the table is back after "+name, func() bool {
			now, err := s.router.Table(t.Context())
			return err == nil && now.Equal(want)
		})
		crowd := traffic.Customers{URL: s.url, Number: 2}.Enter()
		only(t, "1.0.0", crowd)
		assert.Zero(t, crowd.Leave().Lost)
	}
}

// TestWhatIsDownKeepsNobodyWaiting restarts an HAProxy that has no files of its router while one of three instances
// is down: the others get the traffic back at once.
func TestWhatIsDownKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	old := s.run("1.0.0", 3)
	h := openGroups(t, quick, func(o *haproxy.GroupsOptions) { o.Remote, o.CheckTimeout = true, time.Hour })
	require.NoError(t, h.router.Route(t.Context(), whole(old...)))
	s.kill(old[1].ID)
	require.NoError(t, errors.Join(h.Kill(), h.Up(t.Context())))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, h.again().(*haproxy.Groups).Reapply(ctx))
	crowd := traffic.Customers{URL: h.url, Number: 2}.Enter()
	only(t, "1.0.0", crowd)
	assert.Zero(t, crowd.Leave().Lost)
}
