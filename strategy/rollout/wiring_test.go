package rollout_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// coarse is a router that splits by whole percents, and tells rules in another order.
type coarse struct{ rollout.Router }

func (c coarse) Unwrap() any           { return c.Router }
func (c coarse) Grain() strategy.Share { return strategy.Percent(1) }

func (c coarse) Table(ctx context.Context) (rollout.Table, error) {
	t, err := c.Router.Table(ctx)
	left := 100
	for i := range t.Routes {
		n := t.Routes[i].Share.Millionths() / 10000
		if i == len(t.Routes)-1 && !t.Routes[i].Share.IsZero() {
			n = left
		}
		left -= n
		t.Routes[i].Share = strategy.Percent(float64(n))
		for j, k := 0, len(t.Routes[i].Match)-1; j < k; j, k = j+1, k-1 {
			t.Routes[i].Match[j], t.Routes[i].Match[k] = t.Routes[i].Match[k], t.Routes[i].Match[j]
		}
	}
	return t, err
}

func TestCoarseRouter(t *testing.T) {
	bubble(t, "thirds", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}, 3)
		r, err := rollout.New(compose(t, c.world.Fleet(), coarse{c.world.Router()}, rollout.ComposeOptions{}), c.plan, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 3))
	})
	bubble(t, "rules in any order", func(t *testing.T) {
		c := newScene(t, strategy.Canary{Steps: []strategy.CanaryStep{{Match: []strategy.Match{
			{Header: "X-Beta", Value: "1"}, {Cookie: "beta", Value: "1"},
		}}}}, 3)
		r, err := rollout.New(compose(t, c.world.Fleet(), coarse{c.world.Router()}, rollout.ComposeOptions{}), c.plan, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
	})
	bubble(t, "a share that it cannot split off", func(t *testing.T) {
		c := newScene(t, strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(0.5)}}}, 3)
		_, err := rollout.New(compose(t, c.world.Fleet(), coarse{c.world.Router()}, rollout.ComposeOptions{}), c.plan, c.options)
		require.ErrorContains(t, err, "Plan.Steps[0].State: candidate gets 0.5%, and the target splits traffic by 1% at least")
	})
}

func TestDeadlineMustLeaveTimeForMinReady(t *testing.T) {
	plan, err := strategy.Rolling{MinReady: time.Minute, Deadline: 30 * time.Second}.Plan(stableAt(v1, 3), v2)
	require.NoError(t, err)
	_, err = rollout.New((&strategytest.World{}).Target(), plan, rollout.Options{})
	require.ErrorContains(t, err, "Plan.Steps[0].Deadline: 30s leaves no time for a MinReady of 1m0s")
}

// One target serves one rollout; a display may look on.
func TestTargetIsClaimed(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		target := c.world.Target()
		first, err := rollout.New(target, c.plan, c.options)
		require.NoError(t, err)
		done := make(chan error)
		go func() {
			_, err := first.Run(t.Context())
			done <- err
		}()
		time.Sleep(5 * time.Second)
		second, err := rollout.New(target, c.plan, rollout.Options{Gates: map[string]gate.Gate{"errors": passing}})
		require.NoError(t, err)
		result, err := second.Run(t.Context())
		require.ErrorIs(t, err, rollout.ErrBusy)
		assert.Equal(t, rollout.Refused, result.Outcome)
		require.ErrorIs(t, rollout.Restore(t.Context(), target, stableAt(v1, 3), rollout.Options{}), rollout.ErrBusy)
		_, err = target.Observe(t.Context())
		require.NoError(t, err)
		require.NoError(t, <-done)
		c.ends(stableAt(v2, 3))
		require.NoError(t, rollout.Restore(t.Context(), target, stableAt(v2, 3), rollout.Options{}))
	})
}

func TestHandScalingInAPhaseIsSeen(t *testing.T) {
	for name, n := range map[string]int{"up": 2, "down": -1} {
		bubble(t, name, func(t *testing.T) {
			c := newScene(t, strategy.Recreate{}, 3)
			c.world.Limit(strategy.Limits{})
			c.world.Start = 20 * time.Second
			c.options.Drift = rollout.Freeze
			c.on(rollout.PhaseStarted, func(rollout.Event) {
				time.Sleep(15*time.Second + 100*time.Millisecond) // between two looks
				if n > 0 {
					c.world.Add(freshPool, n)
				} else {
					assert.NoError(t, c.world.Fleet().Scale(t.Context(), freshPool, 3+n))
				}
			})
			result, err := c.rollout().Run(t.Context())
			require.Equal(t, rollout.Frozen, result.Outcome, "%v", err)
			assert.ErrorContains(t, err, "was scaled from 3 to")
		})
	}
}

func TestDarkTarget(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.world.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })
		now, err := rollout.Current(t.Context(), c.world.Target())
		require.ErrorIs(t, err, rollout.ErrDark)
		assert.True(t, now.Equal(stableAt(v1, 3)), "%s", now)
		require.NoError(t, rollout.Restore(t.Context(), c.world.Target(), now, rollout.Options{}))
		c.ends(stableAt(v1, 3))
	})
}

// Restore keeps what runs until what shall run can carry the traffic.
func TestRestoreKeepsCapacity(t *testing.T) {
	bubble(t, "from another revision", func(t *testing.T) {
		w := &strategytest.World{Behave: func(p strategy.Pool, n int) strategytest.Behaviour {
			return strategytest.Behaviour{Start: time.Duration(n+1) * 10 * time.Second}
		}}
		w.Put(stableAt(v1, 10))
		w.Limit(strategy.Limits{MinAvailable: 10, MaxTotal: 20, Load: 10})
		require.NoError(t, rollout.Restore(t.Context(), w.Target(), stableAt(v2, 10), rollout.Options{}))
		assert.Empty(t, w.Violations())
	})
	bubble(t, "from a rollout that was left half-way", func(t *testing.T) {
		c := newScene(t, canary(), 4)
		c.world.Put(c.plan.Steps[1].State)
		require.NoError(t, rollout.Restore(t.Context(), c.world.Target(), stableAt(v1, 4), rollout.Options{}))
		c.ends(stableAt(v1, 4))
	})
	bubble(t, "from three revisions", func(t *testing.T) {
		w := &strategytest.World{}
		w.Put(half(2, 2))
		w.Add(strategy.Pool{Revision: v3}, 1)
		require.NoError(t, rollout.Restore(t.Context(), w.Target(), stableAt(v1, 2), rollout.Options{}))
		o, err := w.Target().Observe(t.Context())
		require.NoError(t, err)
		assert.Empty(t, o.Missing(stableAt(v1, 2)))
		assert.Empty(t, w.Violations())
	})
	bubble(t, "a candidate that does not come up leaves nobody in the dark", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.world.Behave = on(v2, strategytest.Behaviour{NeverReady: true})
		c.world.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })
		start, lit := time.Now(), time.Duration(-1)
		c.world.OnTable(func(table rollout.Table) {
			if lit < 0 && len(table.Routes) > 0 {
				lit = time.Since(start)
			}
		})
		require.Error(t, rollout.Restore(t.Context(), c.world.Target(), c.plan.Steps[0].State, rollout.Options{}))
		assert.GreaterOrEqual(t, lit, time.Duration(0))
		assert.Less(t, lit, 5*time.Second)
	})
	require.ErrorContains(t, rollout.Restore(t.Context(), (&strategytest.World{}).Target(), half(0, 1), rollout.Options{}), "Stable.Replicas")
	require.ErrorContains(t, rollout.Restore(t.Context(), (&strategytest.World{}).Target(), stableAt(v1, 1), rollout.Options{Poll: -1}), "Options.Poll")
}
