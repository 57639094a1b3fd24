package haproxy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// brisk is a judge who is content with the seconds of a test.
func brisk(source metrics.Source) gate.Gate {
	return judge.Gate{Source: source, Delay: 500 * time.Millisecond, Config: judge.Config{
		Metrics: []judge.Metric{judge.Errors{Margin: 0.1}}, Look: 500 * time.Millisecond,
		MinBake: time.Second, DoubtBake: time.Second, WarmUp: -1,
	}}
}

// TestHAProxysMeasuresDecide releases a good version and a bad one by what HAProxy measures of them: the good one
// is promoted, and the bad one is taken back; HAProxy is reloaded meanwhile.
func TestHAProxysMeasuresDecide(t *testing.T) {
	gates := map[string]func(metrics.Source) gate.Gate{
		"a threshold": func(s metrics.Source) gate.Gate { return gate.ErrorRate{Source: s, Max: 0.05, MinRequests: 60} },
		"the judge":   brisk,
	}
	for _, w := range wirings() {
		if w.name != "groups" && w.name != "weights" {
			continue
		}
		for name, by := range gates {
			t.Run(w.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := open(t, w, traffic.Service{Version: "1.2.0", Fail: 0.3, Delay: 2 * time.Millisecond}).install("1.0.0", 2)
				customers := enter(t, traffic.Customers{URL: s.url, Number: 6, Pause: 8 * time.Millisecond})
				o := options()
				o.GateInterval, o.Patience = 200*time.Millisecond, 2*patience
				o.Gates = map[string]gate.Gate{"errors": by(s.measure(haproxy.SourceOptions{}))}
				canary := strategy.Canary{Gates: []string{"errors"}, Steps: []strategy.CanaryStep{
					{Share: strategy.Percent(40), Bake: time.Second},
				}}
				reloads := s.reloader()
				reload := func(_ *rollout.Rollout, e rollout.Event) {
					if e.Kind == rollout.StepReached {
						reloads.reload()
					}
				}
				result, err := s.release(s.plan(canary, "1.1.0"), o, reload)
				require.NoError(t, err)
				require.Equal(t, rollout.Promoted, result.Outcome)
				s.runs("1.1.0", 2)

				result, err = s.release(s.plan(canary, "1.2.0"), o, reload)
				var failed *rollout.GateError
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, gate.Fail, failed.Verdict.Outcome)
				require.Equal(t, rollout.RolledBack, result.Outcome)
				t.Log(err)
				s.runs("1.1.0", 2)
				assert.Positive(t, reloads.end())
				counts := customers.Leave()
				assert.Zero(t, counts.Lost, "%s", counts)
				assert.Positive(t, counts.Of("1.2.0").Failed)
				assert.Zero(t, counts.Of("1.0.0").Failed+counts.Of("1.1.0").Failed)
			})
		}
	}
}

// TestNoMeasuresNoPass runs no source: nothing passes silently, and what the policy says is done.
func TestNoMeasuresNoPass(t *testing.T) {
	t.Parallel()
	s := open(t, wirings(quick)[0]).install("1.0.0", 2)
	source, err := s.router.(measured).Source(haproxy.SourceOptions{})
	require.NoError(t, err)
	o := options()
	o.GateInterval, o.GateTimeout = 100*time.Millisecond, time.Second
	o.Gates = map[string]gate.Gate{"errors": gate.Guard{Gate: gate.ErrorRate{Source: source, Max: 0.05}, Down: gate.PolicyFail, After: -1}}
	canary := strategy.Canary{Gates: []string{"errors"}, Steps: []strategy.CanaryStep{{Share: strategy.Percent(40), Bake: time.Second}}}
	result, err := s.release(s.plan(canary, "1.1.0"), o, nil)
	require.Equal(t, rollout.RolledBack, result.Outcome)
	require.ErrorContains(t, err, haproxy.ErrNotRunning.Error())
	s.runs("1.0.0", 2)
}
