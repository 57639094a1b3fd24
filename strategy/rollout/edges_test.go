package rollout_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

func TestTheUnreadyLeaveFirst(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := &strategytest.World{Behave: func(_ strategy.Pool, n int) strategytest.Behaviour {
			if n == 0 { // the eldest, which would stay otherwise
				return strategytest.Behaviour{Unready: []strategytest.Stretch{{From: 10 * time.Second, To: time.Hour}}}
			}
			return strategytest.Behaviour{}
		}}
		target := w.Target()
		pass(t, target, stableAt(v1, 3))
		time.Sleep(20 * time.Second)
		pass(t, target, stableAt(v1, 3))
		for range 5 {
			pass(t, target, stableAt(v1, 2))
			time.Sleep(2 * time.Second)
		}
		o := pass(t, target, stableAt(v1, 2))
		assert.Equal(t, rollout.PoolStatus{Pool: oldPool, Running: 2, Ready: 2, Available: 2}, o.Pool(oldPool))
	})
}

// grumbling shows the state and reports an error all the same.
type grumbling struct{ rollout.Target }

func (g grumbling) Apply(ctx context.Context, s strategy.State) error {
	return errors.Join(g.Target.Apply(ctx, s), errors.New("one zone did not answer"))
}

func TestAnErrorIsNoSuccessThoughTheStateShows(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		r, err := rollout.New(grumbling{c.world.Target()}, c.plan, c.options)
		require.NoError(t, err)
		result, err := r.Run(t.Context())
		assert.Equal(t, rollout.RollbackFailed, result.Outcome)
		require.ErrorContains(t, err, "one zone did not answer")
		require.ErrorContains(t, err, "the target shows the state and still reports an error")
	})
}

// The last word of a gate is asked for when the bake is over, not an interval later.
func TestLastWord(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: 20 * time.Second, Gates: []string{"errors"}}}}, 2)
		c.options.GateInterval = 7 * time.Second
		var asked []time.Duration
		var ends []bool
		c.options.Gates["errors"] = gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			asked, ends = append(asked, s.Now.Sub(s.Since)), append(ends, s.End)
			return gate.Verdict{Outcome: gate.Pass, Reason: "fine"}, nil
		})
		_, err := c.run(stableAt(v2, 2))
		require.NoError(t, err)
		assert.Equal(t, []time.Duration{0, 7 * time.Second, 14 * time.Second, 20 * time.Second}, asked)
		assert.Equal(t, []bool{false, false, false, true}, ends)
	})
}

// What comes between the last step of the way back and its end is not left.
func TestTheWayBackIsVerifiedAtItsEnd(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.options.Gates["errors"] = answering(gate.Fail)
		notify := c.options.Notify
		c.options.Notify = func(e rollout.Event) {
			notify(e)
			if e.Kind == rollout.StepReached && e.Back {
				c.world.Add(oldPool, 2)
			}
		}
		result, _ := c.run(stableAt(v1, 3))
		assert.Equal(t, rollout.RolledBack, result.Outcome)
	})
}

// Failures from before are nobody's fault here.
func TestOldFailuresAreForgiven(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.world.Add(freshPool, 5)
		c.world.Kill(freshPool, 5, "last week")
		time.Sleep(7 * 24 * time.Hour)
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		assert.Zero(t, c.count(rollout.InstanceFailed))
	})
}

func TestPauseAfterPromoteHolds(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 10)
		r := c.rollout()
		go func() {
			time.Sleep(5 * time.Second)
			assert.NoError(t, r.Promote("ada", "hotfix"))
			assert.NoError(t, r.Pause("bob", "wait"))
			time.Sleep(time.Hour)
			assert.NoError(t, r.Resume("bob", "go"))
		}()
		start := time.Now()
		_, err := r.Run(t.Context())
		require.NoError(t, err)
		assert.Greater(t, time.Since(start), time.Hour)
		c.ends(stableAt(v2, 10))
	})
}

// Who resumes is who is told, whatever came before.
func TestResumeIsTheirs(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 10)
		r := c.rollout()
		go func() {
			time.Sleep(5 * time.Second)
			assert.NoError(t, r.Pause("ada", "hm"))
			assert.NoError(t, r.Resume("ada", "never mind"))
			time.Sleep(5 * time.Second)
			assert.NoError(t, r.Pause("bob", "wait"))
			time.Sleep(5 * time.Second)
			assert.NoError(t, r.Promote("carl", "go"))
		}()
		_, err := r.Run(t.Context())
		require.NoError(t, err)
		for _, e := range c.events {
			if e.Kind == rollout.Resumed {
				assert.NotEqual(t, "ada", e.By)
			}
		}
		assert.Equal(t, 1, c.count(rollout.Promoting))
	})
}
