package haproxy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/integration/loadtool"
	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// released is a strategy, and the tool that asks while it is carried out.
type released struct {
	name string
	strategy.Strategy
	tool loadtool.Tool
}

// lossless are the strategies that must lose nothing.
var lossless = []released{
	{"rolling", strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0), Batch: strategy.Count(1)}, loadtool.Wrk()},
	{"blue-green", strategy.BlueGreen{
		PreviewMatch: []strategy.Match{{Header: "X-Canary", Value: "on"}},
		Before:       strategy.Hold{Bake: time.Millisecond}, Switch: []strategy.Share{strategy.Percent(50)},
	}, loadtool.Hey()},
	{"canary", strategy.Canary{Baseline: true, Steps: []strategy.CanaryStep{
		{Match: []strategy.Match{{Header: "X-Canary", Value: "on"}, {Cookie: "canary", Value: "yes"}}},
		{Share: strategy.Percent(20)}, {Share: strategy.Percent(60)},
	}}, loadtool.Wrk()},
	{"sticky canary", strategy.Canary{Sticky: true, DynamicStable: true, Steps: []strategy.CanaryStep{
		{Share: strategy.Percent(10)}, {Share: strategy.Percent(50)},
	}}, loadtool.Hey()},
}

// plain are those of them that ask for nothing but shares, for routers that know no more.
var plain = []released{
	lossless[0],
	{"blue-green", strategy.BlueGreen{Before: strategy.Hold{Bake: time.Millisecond}, Switch: []strategy.Share{strategy.Percent(50)}}, loadtool.Wrk()},
	{"canary", strategy.Canary{Baseline: true, Steps: []strategy.CanaryStep{{Share: strategy.Percent(20)}, {Share: strategy.Percent(60)}}}, loadtool.Hey()},
}

// TestNothingIsLost releases by each strategy under load while HAProxy is reloaded in each phase of each step;
// then it aborts a release at each step, and in each phase that moves traffic, while it is reloaded.
func TestNothingIsLost(t *testing.T) {
	for _, w := range wirings() {
		strategies := lossless
		switch w.name {
		case "weights":
			strategies = plain
		case "groups":
		default:
			continue // they move the same way, and what a remote HAProxy forgets in a reload is lost
		}
		for _, by := range strategies {
			t.Run(w.name+"/"+by.name, func(t *testing.T) {
				t.Parallel()
				s := open(t, w).install("1.0.0", 2)
				s.keep()
				patrons := s.patrons(by.tool)
				reloads := s.reloader()
				var points []rollout.Event
				result, err := s.release(s.plan(by, "1.1.0"), options(), func(_ *rollout.Rollout, e rollout.Event) {
					if isPoint(e) {
						reloads.reload()
						points = append(points, e)
					}
				})
				require.NoError(t, err)
				require.Equal(t, rollout.Promoted, result.Outcome)
				s.runs("1.1.0", 2)

				aborted := 0
				for i, at := range points {
					last := at.Step == at.Steps-1
					if at.Kind == rollout.PhaseStarted && !strings.HasPrefix(at.Text, "route:") || at.Kind == rollout.StepReached && last {
						continue
					}
					s.abort(by, fmt.Sprintf("1.2.%d", i), i, reloads)
					aborted++
				}
				times := reloads.end()
				assert.GreaterOrEqual(t, times, 5)
				patrons.lostNothing()
				t.Logf("%d reloads, aborted at %d of %d points", times, aborted, len(points))
			})
		}
	}
}

// isPoint reports whether a rollout can be told by the event how far it is: at the beginning of each phase, and
// where a state is reached.
func isPoint(e rollout.Event) bool {
	return !e.Back && (e.Kind == rollout.PhaseStarted || e.Kind == rollout.StepReached)
}

// abort releases a version, and aborts that at the point of that number.
func (s *scene) abort(by strategy.Strategy, version string, point int, reloads *reloader) {
	s.t.Helper()
	seen, aborted := 0, make(chan error, 1)
	var at rollout.Event
	result, err := s.release(s.plan(by, version), options(), func(r *rollout.Rollout, e rollout.Event) {
		if !isPoint(e) {
			return
		}
		if seen == point {
			at = e
			reloads.reload()
			go func() { aborted <- r.Abort("ada", "because") }()
		}
		seen++
	})
	require.Greater(s.t, seen, point)
	require.NoError(s.t, <-aborted)
	where := fmt.Sprintf("aborted at step %d: %s %s: %v", at.Step+1, at.Kind, at.Text, err)
	var failed *rollout.Error
	require.ErrorAs(s.t, err, &failed, where)
	require.Equal(s.t, rollout.RolledBack, result.Outcome, where)
	s.runs("1.1.0", 2)
}

// TestSlowRequestsOutliveReloads has requests that take seconds. They are under way in processes of HAProxy that
// reloads have left behind, while the instances that answer them leave.
func TestSlowRequestsOutliveReloads(t *testing.T) {
	for _, w := range wirings() {
		if w.name != "groups" && w.name != "weights" {
			continue // the others know no master, or lose what they have routed
		}
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, w, traffic.Service{Version: "1.0.0", Delay: 3 * time.Second}).install("1.0.0", 2)
			crowds := []*traffic.Crowd{
				enter(t, traffic.Customers{URL: s.url, Number: 4}), enter(t, traffic.Customers{URL: s.url, Number: 4, Fresh: true}),
			}
			for _, c := range crowds {
				more(t, c, 1)
			}
			result, err := s.release(s.plan(plain[1], "1.1.0"), options(), func(_ *rollout.Rollout, e rollout.Event) {
				if e.Kind == rollout.PhaseStarted {
					assert.NoError(t, s.Reload(t.Context()))
				}
			})
			require.NoError(t, err)
			require.Equal(t, rollout.Promoted, result.Outcome)
			s.runs("1.1.0", 2)
			for _, c := range crowds {
				only(t, "1.1.0", c)
				counts := c.Leave()
				assert.Zero(t, counts.Lost, "%s", counts)
				assert.Greater(t, counts.Of("1.0.0").Served, 4)
			}
		})
	}
}

// TestRecreateIsDarkAndNothingElse takes its downtime as planned: what is lost is refused by HAProxy, and by
// nobody else, while nothing runs.
func TestRecreateIsDarkAndNothingElse(t *testing.T) {
	t.Parallel()
	s := open(t, wirings()[0]).install("1.0.0", 2)
	customers := enter(t, traffic.Customers{URL: s.url, Number: 4, Pause: time.Millisecond})
	more(t, customers, 50)
	var dark, light time.Time
	reloads := s.reloader()
	result, err := s.release(s.plan(strategy.Recreate{}, "1.1.0"), options(), func(_ *rollout.Rollout, e rollout.Event) {
		reloads.reload()
		switch {
		case e.Kind == rollout.PhaseStarted && dark.IsZero():
			dark = e.At
		case e.Kind == rollout.StepReached:
			light = e.At
		}
	})
	require.NoError(t, err)
	require.Equal(t, rollout.Promoted, result.Outcome)
	require.Positive(t, reloads.end())
	more(t, customers, 50)
	counts := customers.Leave()
	assert.Positive(t, counts.Lost)
	for _, l := range counts.Losses {
		assert.Contains(t, l.Why, "503 Service Unavailable")
		assert.True(t, l.At.After(dark) && l.At.Before(light), "lost at %v, dark from %v to %v: %s", l.At, dark, light, l.Why)
	}
	assert.Positive(t, counts.Of("1.0.0").Served)
	assert.Positive(t, counts.Of("1.1.0").Served)
	s.runs("1.1.0", 2)
}
