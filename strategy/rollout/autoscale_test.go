package rollout_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// An autoscaler that changes its mind all the time is nobody's meddling, and holds nothing up.
func TestAutoscalerIsNotFought(t *testing.T) {
	for name, s := range strategies() {
		bubble(t, name, func(t *testing.T) {
			c := onCluster(t, s, 3)
			c.world.Limit(strategy.Limits{})
			wants := []int{5, 2, 7, 4}
			n := 0
			scale := func(rollout.Event) {
				c.world.Autoscale(oldPool, wants[n%len(wants)])
				c.world.Autoscale(freshPool, wants[(n+1)%len(wants)])
				n++
			}
			for _, kind := range []rollout.EventKind{rollout.StepStarted, rollout.PhaseStarted, rollout.StepReached} {
				c.each(kind, scale)
			}
			result, err := c.rollout().Run(t.Context())
			require.NoError(t, err)
			require.Equal(t, rollout.Promoted, result.Outcome)
			assert.Zero(t, c.count(rollout.Drifted))
			assert.Empty(t, c.world.Violations())
			assert.GreaterOrEqual(t, result.Observed.Pool(freshPool).Available, wants[n%len(wants)])
			assert.Zero(t, result.Observed.Pool(oldPool).Running, "of what the state wants none, none is left")
		})
	}
}

// The way back knows them too.
func TestAutoscalerOnTheWayBack(t *testing.T) {
	for name, s := range strategies() {
		if name == "no surge" {
			continue // it has no gate
		}
		bubble(t, name, func(t *testing.T) {
			c := onCluster(t, s, 3)
			c.world.Limit(strategy.Limits{})
			c.options.Gates["errors"] = answering(gate.Fail)
			c.world.Autoscale(oldPool, 5)
			c.world.Autoscale(freshPool, 4)
			time.Sleep(time.Minute)
			result, err := c.rollout().Run(t.Context())
			require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
			assert.Equal(t, 5, result.Observed.Pool(oldPool).Available)
			assert.Zero(t, c.count(rollout.Drifted))
		})
	}
}

// A plan that was made for 3 is not stale because an autoscaler has come to want 5.
func TestAutoscaledIsNotStale(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := onCluster(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.world.Autoscale(oldPool, 5)
		time.Sleep(time.Minute)
		now, err := rollout.Current(t.Context(), c.target())
		require.NoError(t, err)
		assert.Equal(t, 5, now.Stable.Replicas, "the size that is observed")
		_, err = c.rollout().Run(t.Context())
		require.NoError(t, err)
	})
}

// In a bake, a pool that the autoscaler makes larger is whole again when the further instances are there.
func TestAutoscalerInABake(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := onCluster(t, strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: time.Minute, Gates: []string{"errors"}}}}, 4)
		c.world.Limit(strategy.Limits{})
		c.world.Start = 20 * time.Second
		c.world.Autoscale(freshPool, 2)
		asked := 0
		c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			switch asked++; asked {
			case 2:
				c.world.Autoscale(freshPool, 6)
			case 7:
				c.world.Autoscale(freshPool, 1)
			}
			return gate.Verdict{Outcome: gate.Pass, Reason: "fine"}, nil
		})
		_, err := c.rollout().Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, c.count(rollout.Degraded), "fewer are enough at once, more take a while")
		assert.Equal(t, 1, c.count(rollout.Healed))
		assert.Zero(t, c.count(rollout.Drifted))
	})
}

// Not even an autoscaler that never stops hides that nothing gets on.
func TestAutoscalerHidesNoDeadline(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := onCluster(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.world.Behave = on(v2, strategytest.Behaviour{NeverReady: true})
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for n := 0; ; n++ {
				c.world.Autoscale(oldPool, 3+n%7)
				c.world.Autoscale(freshPool, 1+n%101) // each time a size that it has not wanted before
				select {
				case <-stop:
					return
				case <-time.After(7 * time.Second):
				}
			}
		}()
		began := time.Now()
		result, err := c.rollout().Run(t.Context())
		require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
		var late *rollout.DeadlineError
		require.ErrorAs(t, err, &late)
		assert.ErrorContains(t, late, "as many as an autoscaler wants")
		assert.Less(t, time.Since(began), 5*time.Minute)
	})
}

// Somebody who scales by hand, or brings what nobody knows, is seen beside an autoscaler.
func TestMeddlingBesideAnAutoscaler(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := onCluster(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.world.Autoscale(oldPool, 5)
		n := 0
		c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			switch n++; n {
			case 1:
				c.world.Add(freshPool, 2)
			case 3:
				c.world.Add(strategy.Pool{Revision: v3}, 1)
			}
			return gate.Verdict{Outcome: gate.Pass, Reason: "fine"}, nil
		})
		_, err := c.rollout().Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2, c.count(rollout.Drifted))
	})
}

// Of a pool that an autoscaler sizes nothing is to be started or stopped, so no phase is begun for it.
func TestAutoscaledPoolHasNoPhases(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := onCluster(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.world.Autoscale(oldPool, 7)
		time.Sleep(time.Minute)
		_, err := c.rollout().Run(t.Context())
		require.NoError(t, err)
		shrinks := 0
		for _, text := range c.texts(rollout.PhaseStarted) {
			if strings.HasPrefix(text, string(strategy.Shrink)) {
				shrinks++
			}
		}
		assert.Equal(t, 1, shrinks, "%q", c.texts(rollout.PhaseStarted))
	})
}

// What the autoscaler wants of the old revision and does not get, from before, nobody waits for.
func TestAutoscalerThatGetsTooFew(t *testing.T) {
	for _, outcome := range []gate.Outcome{gate.Pass, gate.Fail} {
		bubble(t, string(outcome), func(t *testing.T) {
			c := onCluster(t, canary(), 3)
			c.world.Limit(strategy.Limits{})
			c.world.Stick(oldPool, "exceeded quota: pods 3 of 3")
			c.world.Autoscale(oldPool, 5)
			c.options.Gates["errors"] = answering(outcome)
			result, err := c.rollout().Run(t.Context())
			if outcome == gate.Pass {
				require.NoError(t, err)
				return
			}
			require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
			assert.Equal(t, 3, result.Observed.Pool(oldPool).Available)
		})
	}
}
