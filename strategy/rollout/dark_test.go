package rollout_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// An abort from before the first look takes nothing back: what is there may be somebody else's.
func TestAbortBeforeTheFirstLook(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.world.Put(stableAt(v3, 3))
		r := c.rollout()
		require.NoError(t, r.Abort("ada", "changed my mind"))
		result, err := r.Run(t.Context())
		require.Error(t, err)
		assert.Equal(t, rollout.Refused, result.Outcome)
		c.ends(stableAt(v3, 3))
	})
}

// A table that is lost in a bake is given to whoever can answer, also in a pause.
func TestLostTableInABake(t *testing.T) {
	for _, paused := range []bool{false, true} {
		bubble(t, map[bool]string{false: "baking", true: "paused"}[paused], func(t *testing.T) {
			s := canary()
			s.Steps[0].Bake = 10 * time.Minute
			c := newScene(t, s, 10)
			c.world.Limit(strategy.Limits{})
			c.world.Behave = on(v2, strategytest.Behaviour{Unready: []strategytest.Stretch{{From: time.Minute, To: 3 * time.Minute}}})
			r := c.rollout()
			var dark time.Duration
			go func() {
				time.Sleep(2 * time.Minute)
				if paused {
					assert.NoError(t, r.Pause("ada", "lunch"))
					time.Sleep(2 * time.Second)
				}
				start := time.Now()
				c.world.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })
				for {
					if table, err := c.world.Router().Table(t.Context()); err == nil && len(table.Routes) > 0 {
						break
					}
					time.Sleep(100 * time.Millisecond)
				}
				dark = time.Since(start)
				if paused {
					assert.NoError(t, r.Resume("ada", "back"))
				}
			}()
			_, err := r.Run(t.Context())
			require.NoError(t, err)
			assert.Less(t, dark, 5*time.Second)
			c.ends(stableAt(v2, 10))
		})
	}
}

// What had traffic before is lit at once, whatever minimum ready time it has to serve again.
func TestRelightDoesNotWaitForMinReady(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0), MinReady: 5 * time.Minute}, 4)
		c.world.Limit(strategy.Limits{})
		c.options.Notify = func(e rollout.Event) {
			if e.Kind == rollout.StepDone {
				runtime.Goexit()
			}
		}
		require.True(t, dies(func() { _, _ = c.rollout().Run(t.Context()) }))
		c.world.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })
		start, lit := time.Now(), time.Duration(0)
		c.world.OnTable(func(table rollout.Table) {
			if lit == 0 && len(table.Routes) > 0 {
				lit = time.Since(start) + 1
			}
		})
		c.options.Notify = nil
		r, err := rollout.Resume(c.world.Target(), c.plan, c.points[len(c.points)-1], c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		assert.NotZero(t, lit)
		assert.Less(t, lit, 5*time.Second)
	})
}

// What the plan wants dark stays dark, and the way back lights nothing of the new revision.
func TestDarkAsPlanned(t *testing.T) {
	bubble(t, "the way back of a recreate", func(t *testing.T) {
		c := newScene(t, strategy.Recreate{Deadline: time.Minute}, 4)
		c.world.Limit(strategy.Limits{})
		c.world.Behave = func(p strategy.Pool, n int) strategytest.Behaviour {
			return strategytest.Behaviour{NeverReady: p == freshPool && n > 0}
		}
		c.world.OnTable(func(table rollout.Table) {
			for _, r := range table.Routes {
				assert.NotEqual(t, freshPool, r.Pool, "it was never whole")
			}
		})
		result, _ := c.run(stableAt(v1, 4))
		assert.Equal(t, rollout.RolledBack, result.Outcome)
	})
	bubble(t, "a first release that fails", func(t *testing.T) {
		plan, err := strategy.Recreate{Replicas: 2, Deadline: time.Minute}.Plan(strategy.State{}, v2)
		require.NoError(t, err)
		w := &strategytest.World{Behave: func(_ strategy.Pool, n int) strategytest.Behaviour {
			return strategytest.Behaviour{NeverReady: n > 0}
		}}
		w.OnTable(func(table rollout.Table) { assert.Empty(t, table.Routes) })
		r, err := rollout.New(w.Target(), plan, rollout.Options{})
		require.NoError(t, err)
		result, _ := r.Run(t.Context())
		assert.Equal(t, rollout.RolledBack, result.Outcome)
	})
}

// A drain that cannot be ended does not hide the deadline.
func TestDrainThatNeverEndsMeetsTheDeadline(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.BlueGreen{Deadline: time.Minute}, 2)
		c.world.Before = func(call string) error {
			if call == "InFlight" {
				return rollout.ErrNoGate // any error
			}
			return nil
		}
		c.options.RollbackTimeout = 10 * time.Minute
		start := time.Now()
		_, err := c.rollout().Run(t.Context())
		var late *rollout.DeadlineError
		require.ErrorAs(t, err, &late)
		assert.Less(t, time.Since(start), 15*time.Minute)
	})
}

// A partition that could not be restored is not told as rolled back.
func TestPartitionThatIsNotRestored(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		held := strategy.State{
			Stable:    strategy.Group{Revision: v1, Replicas: 1, Share: strategy.Percent(25)},
			Candidate: strategy.Group{Revision: v2, Replicas: 3, Share: strategy.Percent(75)},
		}
		plan, err := strategy.Rolling{Bake: time.Minute, Gates: []string{"errors"}, Deadline: time.Minute}.Plan(held, v2)
		require.NoError(t, err)
		w := &strategytest.World{Behave: on(v2, strategytest.Behaviour{NeverReady: true})}
		w.Put(held)
		asked := 0
		r, err := rollout.New(w.Target(), plan, rollout.Options{CrashLimit: 100, Gates: map[string]gate.Gate{"errors": answering(gate.Fail)}, Notify: func(e rollout.Event) {
			if e.Kind == rollout.PhaseStarted && asked == 0 {
				asked++
				w.Kill(freshPool, 2, "a node is gone")
			}
		}})
		require.NoError(t, err)
		result, err := r.Run(t.Context())
		assert.Equal(t, rollout.RollbackFailed, result.Outcome, "%v", err)
	})
}
