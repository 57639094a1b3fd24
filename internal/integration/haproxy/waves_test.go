package haproxy_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/traffic"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// region is a scene with its customers, and what HAProxy measures there.
type region struct {
	*scene
	source    *haproxy.Source
	customers *traffic.Crowd
	reloads   *reloader
}

// regions are three HAProxy servers, each with its own fleet. Version 1.1.0 fails in those that are bad.
func regions(t *testing.T, bad ...string) map[string]region {
	t.Helper()
	all := map[string]region{}
	for _, name := range []string{"eu", "us", "asia"} {
		service := traffic.Service{Version: "1.1.0", Delay: 2 * time.Millisecond}
		for _, b := range bad {
			if b == name {
				service.Fail = 0.3
			}
		}
		s := open(t, wirings()[0], service).install("1.0.0", 2)
		all[name] = region{
			s, s.measure(haproxy.SourceOptions{}),
			enter(t, traffic.Customers{URL: s.url, Number: 4, Pause: 10 * time.Millisecond}), s.reloader(),
		}
	}
	return all
}

// waves carries 1.1.0 to eu, and then to us and asia at once, while each HAProxy is reloaded.
func waves(t *testing.T, all map[string]region, take strategy.Extent) (rollout.WaveResult, error) {
	t.Helper()
	from, targets := map[string]strategy.State{}, map[string]rollout.Target{}
	for name, r := range all {
		now, err := rollout.Current(t.Context(), r.target)
		require.NoError(t, err)
		from[name], targets[name] = now, r.target
	}
	plan, err := strategy.Waves{
		Strategy: strategy.Canary{Gates: []string{"errors"}, Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: time.Second}}},
		Waves:    []strategy.Wave{{Name: "first", Regions: []string{"eu"}}, {Name: "rest", Regions: []string{"us", "asia"}}},
		TakeBack: take,
	}.Plan(from, revision("1.1.0"))
	require.NoError(t, err)
	each := options()
	each.GateInterval, each.Patience = 200*time.Millisecond, 2*patience
	r, err := rollout.NewWaves(targets, plan, rollout.WaveOptions{
		Each: each,
		Gates: func(region string) map[string]gate.Gate {
			return map[string]gate.Gate{"errors": gate.ErrorRate{Source: all[region].source, Max: 0.05, MinRequests: 50}}
		},
		Notify: func(e rollout.Event) {
			if e.Region != "" && (e.Kind == rollout.StepReached || e.Kind == rollout.GoingBack) {
				all[e.Region].reloads.reload()
			}
		},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience)
	defer cancel()
	return r.Run(ctx)
}

// TestWavesOverHAProxies brings a version to three regions in two waves. Where it is bad in one region of the
// second wave, that wave is taken back, and the first one as the plan says. No region loses a request.
func TestWavesOverHAProxies(t *testing.T) {
	for _, c := range []struct {
		name string
		bad  []string
		take strategy.Extent
		want rollout.Outcome
		runs map[string]string
	}{
		{"good everywhere", nil, strategy.BadWave, rollout.Promoted, map[string]string{"eu": "1.1.0", "us": "1.1.0", "asia": "1.1.0"}},
		{"bad in the second wave, which is taken back", []string{"us"}, strategy.BadWave, rollout.Stopped, map[string]string{"eu": "1.1.0", "us": "1.0.0", "asia": "1.0.0"}},
		{"bad in the second wave, and all is taken back", []string{"us"}, strategy.EveryWave, rollout.RolledBack, map[string]string{"eu": "1.0.0", "us": "1.0.0", "asia": "1.0.0"}},
		{"bad in the first wave", []string{"eu"}, strategy.BadWave, rollout.RolledBack, map[string]string{"eu": "1.0.0", "us": "1.0.0", "asia": "1.0.0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all := regions(t, c.bad...)
			result, err := waves(t, all, c.take)
			require.Equal(t, c.want, result.Outcome, "%v", err)
			if c.want == rollout.Promoted {
				require.NoError(t, err)
			} else {
				var failed *rollout.WaveError
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, c.bad[0], failed.Region)
				var harm *rollout.GateError
				require.ErrorAs(t, err, &harm)
				t.Log(err)
			}
			for name, version := range c.runs {
				r := all[name]
				r.runs(version, 2)
				r.reloads.end()
				counts := r.customers.Leave()
				assert.Zero(t, counts.Lost, "%s: %s", name, counts)
				if got, ok := result.Region(name); assert.True(t, ok) && len(c.bad) > 0 && c.bad[0] == "eu" && name != "eu" {
					assert.Equal(t, rollout.Untouched, got.Outcome)
					assert.Zero(t, counts.Of("1.1.0"), "no wave begins after a bad one")
				}
			}
		})
	}
}
