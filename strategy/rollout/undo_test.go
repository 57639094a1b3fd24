package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// last is the last position that was recorded.
func (c *scene) last() rollout.Checkpoint { return c.points[len(c.points)-1] }

// undo takes back what was recorded last, as a new process.
func (c *scene) undo(ctx context.Context) (rollout.Result, error) {
	c.t.Helper()
	r, err := rollout.Undo(c.target(), c.plan, c.last(), "a later stage failed", c.options)
	require.NoError(c.t, err)
	return r.Run(ctx)
}

var errCut = errors.New("the process died")

// cutAt makes the n-th record from now on fail, and all after it.
func (c *scene) cutAt(n int) {
	keep := c.options.Checkpoint
	c.options.Checkpoint = func(ctx context.Context, p rollout.Checkpoint) error {
		if n--; n < 0 {
			return errCut
		}
		return keep(ctx, p)
	}
}

func TestUndoAfterPromotion(t *testing.T) {
	for name, s := range strategies() {
		for _, replicas := range []int{1, 2, 3, 10} {
			bubble(t, fmt.Sprintf("%s x%d", name, replicas), func(t *testing.T) {
				c := newScene(t, s, replicas)
				_, err := c.run(stableAt(v2, replicas))
				require.NoError(t, err)
				c.events = nil
				began := time.Now()
				result, err := c.undo(t.Context())
				require.NoError(t, err)
				c.ends(stableAt(v1, replicas))
				assert.Equal(t, rollout.RolledBack, result.Outcome)
				assert.Equal(t, rollout.RolledBack, c.last().Outcome)
				assert.Zero(t, c.count(rollout.Judged)+c.count(rollout.Asked), "nothing is asked on the way back")
				assert.Less(t, time.Since(began), 4*time.Minute)
				assert.Equal(t, 1, c.count(rollout.GoingBack))

				c.events = nil
				result, err = c.undo(t.Context())
				require.NoError(t, err, "undoing what is undone is no error")
				assert.Equal(t, rollout.RolledBack, result.Outcome)
				assert.Zero(t, c.count(rollout.PhaseStarted))
				c.ends(stableAt(v1, replicas))
			})
		}
	}
}

// Wherever a rollout was left, it can be taken back.
func TestUndoFromEachPosition(t *testing.T) {
	for name, s := range strategies() {
		for n := 1; ; n += stride {
			over := false
			bubble(t, fmt.Sprintf("%s after %d records", name, n), func(t *testing.T) {
				c := newScene(t, s, 4)
				options := c.options
				c.cutAt(n)
				result, err := c.rollout().Run(t.Context())
				over = err == nil
				if !over {
					require.Equal(t, rollout.Interrupted, result.Outcome)
				}
				c.options = options
				result, err = c.undo(t.Context())
				require.NoError(t, err)
				assert.Equal(t, rollout.RolledBack, result.Outcome)
				c.ends(stableAt(v1, 4))
			})
			if over || t.Failed() {
				break
			}
		}
	}
}

// A process that dies on the way back is followed by one that goes on, and ends where it would have.
func TestUndoGoesOnAfterACrash(t *testing.T) {
	for name, s := range strategies() {
		for n := 0; ; n++ {
			over := false
			bubble(t, fmt.Sprintf("%s after %d records", name, n), func(t *testing.T) {
				c := newScene(t, s, 4)
				_, err := c.run(stableAt(v2, 4))
				require.NoError(t, err)
				options := c.options
				c.cutAt(n)
				result, err := c.undo(t.Context())
				over = err == nil
				if !over {
					require.ErrorIs(t, err, errCut)
					require.Equal(t, rollout.Interrupted, result.Outcome)
				}
				c.options = options
				_, err = c.undo(t.Context())
				require.NoError(t, err)
				c.ends(stableAt(v1, 4))
			})
			if over || t.Failed() {
				break
			}
		}
		for at := 500 * time.Millisecond; ; at += time.Duration(stride) * 1500 * time.Millisecond {
			over := false
			bubble(t, fmt.Sprintf("%s cut after %s", name, at), func(t *testing.T) {
				c := newScene(t, s, 4)
				_, err := c.run(stableAt(v2, 4))
				require.NoError(t, err)
				ctx, cancel := context.WithTimeoutCause(t.Context(), at, errCut)
				defer cancel()
				began := time.Now()
				result, err := c.undo(ctx)
				assert.LessOrEqual(t, time.Since(began), at+time.Second)
				if over = err == nil; !over {
					require.ErrorIs(t, err, errCut)
					require.Equal(t, rollout.Interrupted, result.Outcome)
				}
				_, err = c.undo(t.Context())
				require.NoError(t, err)
				c.ends(stableAt(v1, 4))
			})
			if over || t.Failed() {
				break
			}
		}
	}
}

// A host whose router was in its own process undoes in the dark: what runs answers until the old does.
func TestUndoAfterTheRouterLostItsTable(t *testing.T) {
	for name, s := range strategies() {
		bubble(t, name, func(t *testing.T) {
			c := newScene(t, s, 3)
			_, err := c.run(stableAt(v2, 3))
			require.NoError(t, err)
			if name != "recreate" {
				c.world.Limit(strategy.Limits{MaxTotal: c.plan.Limits.MaxTotal})
			}
			c.world.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })
			began := time.Now()
			lit := time.Duration(-1)
			c.world.OnTable(func(table rollout.Table) {
				if lit < 0 && len(table.Routes) > 0 {
					lit = time.Since(began)
				}
			})
			_, err = c.undo(t.Context())
			require.NoError(t, err)
			c.ends(stableAt(v1, 3))
			if name != "recreate" {
				assert.LessOrEqual(t, lit, 2*time.Second+2*time.Second, "MinReady is the longest wait")
			}
		})
	}
}

func TestUndoLeavesAloneWhatIsNotItsOwn(t *testing.T) {
	promoted := func(t *testing.T) *scene {
		c := newScene(t, strategy.Rolling{}, 3)
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		c.world.Limit(strategy.Limits{})
		return c
	}
	bubble(t, "something newer runs", func(t *testing.T) {
		c := promoted(t)
		c.world.Put(stableAt(v3, 5))
		result, err := c.undo(t.Context())
		require.ErrorIs(t, err, rollout.ErrSuperseded)
		assert.ErrorContains(t, err, "9.9.9")
		assert.Equal(t, rollout.Refused, result.Outcome)
		c.ends(stableAt(v3, 5))
		c.world.Put(stableAt(v2, 3)) // and once that is gone
		_, err = c.undo(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v1, 3))
	})
	bubble(t, "something newer is on its way", func(t *testing.T) {
		c := promoted(t)
		c.world.Limit(strategy.Limits{})
		c.world.Add(strategy.Pool{Revision: v3}, 1)
		_, err := c.undo(t.Context())
		require.ErrorIs(t, err, rollout.ErrSuperseded)
	})
	bubble(t, "something newer came while the way back was cut off", func(t *testing.T) {
		c := promoted(t)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		_, err := c.undo(ctx)
		require.Error(t, err)
		c.world.Put(stableAt(v3, 5))
		_, err = c.undo(t.Context())
		require.ErrorIs(t, err, rollout.ErrSuperseded)
		c.ends(stableAt(v3, 5))
	})
	bubble(t, "somebody has taken it back, and scaled", func(t *testing.T) {
		c := promoted(t)
		c.world.Put(stableAt(v1, 7))
		_, err := c.undo(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v1, 7))
	})
	bubble(t, "nothing runs any more", func(t *testing.T) {
		c := promoted(t)
		c.world.Limit(strategy.Limits{MaxTotal: 3})
		c.world.Put(strategy.State{})
		_, err := c.undo(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v1, 3))
	})
}

// What runs was broken since it was promoted: the way back does not wait for it.
func TestUndoOfWhatIsBroken(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 4)
		_, err := c.run(stableAt(v2, 4))
		require.NoError(t, err)
		c.world.Limit(strategy.Limits{MaxTotal: c.plan.Limits.MaxTotal})
		c.world.Kill(strategy.Pool{Revision: v2}, 4, "out of memory")
		began := time.Now()
		_, err = c.undo(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v1, 4))
		assert.Less(t, time.Since(began), 10*time.Second)
	})
}

func TestUndoThatFails(t *testing.T) {
	bubble(t, "the old revision does not start any more", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}, 3)
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		c.options.Deadline = time.Minute
		c.world.Behave = on(v1, strategytest.Behaviour{NeverReady: true})
		result, err := c.undo(t.Context())
		assert.Equal(t, rollout.RollbackFailed, result.Outcome)
		assert.ErrorContains(t, err, "no progress for 1m0s")
		assert.Empty(t, c.world.Violations(), "and the new one answers still")
		c.world.Behave = nil
		c.world.Kill(strategy.Pool{Revision: v1}, 3, "killed by a person")
		_, err = c.undo(t.Context())
		require.NoError(t, err, "it is tried again")
		c.ends(stableAt(v1, 3))
	})
	bubble(t, "it cannot be undone", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		plan, err := c.plan.MarkIrreversible(1, "drops a column")
		require.NoError(t, err)
		c.plan = plan
		_, err = c.run(stableAt(v2, 3))
		require.NoError(t, err)
		_, err = rollout.Undo(c.world.Target(), c.plan, c.last(), "", c.options)
		var no *strategy.IrreversibleError
		require.ErrorAs(t, err, &no)
		assert.Equal(t, "drops a column", no.Reason)
		c.ends(stableAt(v2, 3))
	})
	bubble(t, "another plan", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		other, err := strategy.Rolling{}.Plan(stableAt(v1, 3), v2)
		require.NoError(t, err)
		_, err = rollout.Undo(c.world.Target(), other, c.last(), "", c.options)
		assert.ErrorContains(t, err, "the checkpoint belongs to plan")
	})
	bubble(t, "the target is not there", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		c.world.Before = func(string) error { return errors.New("no answer") }
		result, err := c.undo(t.Context())
		assert.Equal(t, rollout.RollbackFailed, result.Outcome)
		assert.ErrorContains(t, err, "no answer")
		c.world.Before = nil
		_, err = c.undo(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v1, 3))
	})
}

// Before a first release nothing ran, and its undo leads there.
func TestUndoOfAFirstRelease(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		plan, err := strategy.Rolling{Replicas: 3}.Plan(strategy.State{}, v2)
		require.NoError(t, err)
		c := newScene(t, strategy.Rolling{}, 3)
		c.world.Limit(strategy.Limits{MaxTotal: 3})
		c.world.Put(strategy.State{})
		c.plan = plan
		_, err = c.run(stableAt(v2, 3))
		require.NoError(t, err)
		_, err = c.undo(t.Context())
		require.NoError(t, err)
		c.ends(strategy.State{})
	})
}

// The way back of a rollout that did harm, and could not be ended, is gone on with.
func TestUndoOfARollbackThatFailed(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Gates: []string{"errors"}, Bake: time.Second}, 4)
		c.options.Gates["errors"] = answering("pass", "fail")
		c.options.Deadline = time.Minute
		c.world.Behave = on(v1, strategytest.Behaviour{NeverReady: true})
		result, err := c.rollout().Run(t.Context())
		require.Equal(t, rollout.RollbackFailed, result.Outcome, "%v", err)
		c.world.Behave = nil
		c.world.Kill(strategy.Pool{Revision: v1}, 4, "killed by a person")
		c.world.Limit(strategy.Limits{})
		_, err = c.undo(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v1, 4))
	})
}

// A process that dies while instances start is followed by one that moves the traffic only once they are
// available, on the way forward as on the way back.
func TestResumeWhileInstancesStart(t *testing.T) {
	for name, s := range strategies() {
		for at := 500 * time.Millisecond; at < 3*time.Minute; at += 1500 * time.Millisecond {
			bubble(t, fmt.Sprintf("%s cut after %s", name, at), func(t *testing.T) {
				c := newScene(t, s, 4)
				ctx, cancel := context.WithTimeoutCause(t.Context(), at, errCut)
				defer cancel()
				if _, err := c.rollout().Run(ctx); err != nil {
					r, err := rollout.Resume(c.target(), c.plan, c.last(), c.options)
					require.NoError(t, err)
					_, err = r.Run(t.Context())
					require.NoError(t, err)
				}
				c.ends(stableAt(v2, 4))
			})
			if t.Failed() {
				return
			}
		}
	}
}
