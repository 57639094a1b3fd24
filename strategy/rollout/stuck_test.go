package rollout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

const noImage = "registry.example/shop:1.1.0 cannot be pulled: not found"

// onCluster is a scene on a target that tells more.
func onCluster(t *testing.T, s strategy.Strategy, replicas int) *scene {
	c := newScene(t, s, replicas)
	c.cluster = true
	return c
}

// each calls f for all events of a kind, before the rollout goes on.
func (c *scene) each(kind rollout.EventKind, f func(e rollout.Event)) {
	notify := c.options.Notify
	c.options.Notify = func(e rollout.Event) {
		notify(e)
		if e.Kind == kind {
			f(e)
		}
	}
}

// texts are those of all events of a kind.
func (c *scene) texts(kind rollout.EventKind) []string {
	var texts []string
	for _, e := range c.events {
		if e.Kind == kind {
			texts = append(texts, e.Text)
		}
	}
	return texts
}

// A new revision that cannot start ends its step at once: nobody waits for the deadline.
func TestStuckEndsTheStep(t *testing.T) {
	for name, s := range strategies() {
		bubble(t, name, func(t *testing.T) {
			c := onCluster(t, s, 3)
			if c.plan.Limits.MinAvailable == 0 {
				c.world.Limit(strategy.Limits{})
			}
			c.world.Stick(freshPool, noImage)
			began := time.Now()
			result, err := c.run(stableAt(v1, 3))
			require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
			var stuck *rollout.StuckError
			require.ErrorAs(t, err, &stuck)
			assert.Equal(t, rollout.StuckError{Pool: freshPool, Reason: noImage}, *stuck)
			require.ErrorContains(t, err, "1.1.0@222222222222 is stuck: registry.example")
			assert.Less(t, time.Since(began), 30*time.Second)
			assert.Equal(t, []string{stuck.Error()}, c.texts(rollout.Stuck), "each reason is told once")
		})
	}
}

// More instances of what runs are the new revision too.
func TestStuckWhileGrowing(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := onCluster(t, canary(), 3)
		plan, err := strategy.Rolling{Replicas: 5}.Plan(stableAt(v1, 3), v1)
		require.NoError(t, err)
		c.plan = plan
		c.world.Limit(plan.Limits)
		c.world.Stick(oldPool, "exceeded quota: pods 3 of 3")
		_, err = c.run(stableAt(v1, 3))
		var stuck *rollout.StuckError
		require.ErrorAs(t, err, &stuck)
	})
}

// That the old revision is stuck may be what the release mends: it is told, and the deadline decides.
func TestOthersAreStuck(t *testing.T) {
	bubble(t, "and nobody needs them", func(t *testing.T) {
		c := onCluster(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.world.Kill(oldPool, 1, "its node is gone")
		c.world.Stick(oldPool, "no node has room")
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		assert.Equal(t, []string{"1.0.0@111111111111 is stuck: no node has room"}, c.texts(rollout.Stuck))
	})
	bubble(t, "until the deadline", func(t *testing.T) {
		c := onCluster(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.options.Deadline = 5 * time.Minute
		c.each(rollout.StepStarted, func(e rollout.Event) {
			if e.Step == 1 && !e.Back {
				c.world.Stick(oldPool, "no node has room")
				c.world.Kill(oldPool, 1, "its node is gone")
			}
		})
		began := time.Now()
		result, err := c.rollout().Run(t.Context())
		require.Equal(t, rollout.RollbackFailed, result.Outcome)
		require.Greater(t, time.Since(began), 4*time.Minute, "the deadlines of the step, and of the way back")
		var late *rollout.DeadlineError
		require.ErrorAs(t, err, &late)
		assert.Equal(t, []rollout.StuckError{{Pool: oldPool, Reason: "no node has room"}}, late.Stuck)
		assert.ErrorContains(t, late, "; 1.0.0@111111111111 is stuck: no node has room")
		assert.Len(t, c.texts(rollout.Stuck), 1)
	})
}

// On the way back there is nowhere else to go: it waits, and what is mended in time comes back.
func TestStuckOnTheWayBack(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := onCluster(t, strategy.Recreate{Bake: time.Minute, Gates: []string{"errors"}}, 3)
		c.options.Gates["errors"] = answering(gate.Fail)
		c.each(rollout.GoingBack, func(rollout.Event) {
			c.world.Stick(oldPool, "the image was deleted")
			time.AfterFunc(5*time.Minute, func() { c.world.Stick(oldPool, "") })
		})
		result, err := c.run(stableAt(v1, 3))
		require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
		var stuck *rollout.StuckError
		require.NotErrorAs(t, err, &stuck)
		assert.Len(t, c.texts(rollout.Stuck), 1)
	})
}

// In a state that was reached and is held, what keeps a replacement from starting is no proof against the
// revision: it is told, the bake waits, and the deadline decides.
func TestStuckWhileAStateIsHeld(t *testing.T) {
	for _, mended := range []bool{true, false} {
		bubble(t, map[bool]string{true: "mended", false: "never"}[mended], func(t *testing.T) {
			s := canary()
			s.Steps[0].Bake = time.Minute
			c := onCluster(t, s, 3)
			c.world.Limit(strategy.Limits{})
			c.each(rollout.StepReached, func(e rollout.Event) {
				if e.Step == 0 && !e.Back {
					c.world.Stick(freshPool, "no node has room")
					c.world.Kill(freshPool, 1, "its node is gone")
					if mended {
						time.AfterFunc(90*time.Second, func() { c.world.Stick(freshPool, "") })
					}
				}
			})
			began := time.Now()
			result, err := c.rollout().Run(t.Context())
			assert.Len(t, c.texts(rollout.Stuck), 1)
			if mended {
				require.NoError(t, err)
				assert.Greater(t, time.Since(began), 150*time.Second, "what is not whole is not baked")
				return
			}
			require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
			var late *rollout.DeadlineError
			require.ErrorAs(t, err, &late)
			assert.ErrorContains(t, late, "is stuck: no node has room")
			assert.Greater(t, time.Since(began), 2*time.Minute)
		})
	}
}

// A pool that lacks nothing may say what it likes.
func TestStuckWithAllInstances(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := onCluster(t, strategy.BlueGreen{}, 3)
		c.each(rollout.StepReached, func(rollout.Event) { c.world.Stick(freshPool, "no node has room for a fourth") })
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		assert.Len(t, c.texts(rollout.Stuck), 1)
	})
}

// The way back of more or fewer instances leads to the same revision: that one may be stuck, and is waited for.
func TestStuckOnTheWayBackToAnotherSize(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := onCluster(t, canary(), 3)
		plan, err := strategy.Rolling{Replicas: 2}.Plan(stableAt(v1, 3), v1)
		require.NoError(t, err)
		c.plan = plan
		c.world.Limit(plan.Limits)
		var r *rollout.Rollout
		c.each(rollout.StepReached, func(e rollout.Event) {
			if !e.Back {
				c.world.Stick(oldPool, "exceeded quota: pods 2 of 2")
				time.AfterFunc(time.Minute, func() { c.world.Stick(oldPool, "") })
				assert.NoError(t, r.Abort("ada", "too few"))
			}
		})
		r = c.rollout()
		result, err := r.Run(t.Context())
		require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
		c.ends(stableAt(v1, 3))
	})
}
