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
)

// takenOver is a rollout of a host that slept while another one took the release over.
func takenOver(t *testing.T, c *scene, when rollout.EventKind) (rollout.Result, error) {
	t.Helper()
	c.options.Fence = 7
	notify := c.options.Notify
	var later rollout.Target
	c.options.Notify = func(e rollout.Event) {
		notify(e)
		if e.Kind == when && later == nil {
			later = c.world.Fenced()
			assert.NoError(t, later.(rollout.Fencer).Fence(t.Context(), 8))
		}
	}
	r, err := rollout.New(c.world.Fenced(), c.plan, c.options)
	require.NoError(t, err)
	result, err := r.Run(t.Context())
	require.NotNil(t, later)
	seen := result.Observed.String()
	time.Sleep(time.Minute)
	now, observed := later.Observe(t.Context())
	require.NoError(t, observed)
	assert.Equal(t, seen, now.String(), "nothing is moved any more")
	return result, err
}

// The sleeper's next write is refused, and it takes nothing back either.
func TestAStaleOwnerMovesNothing(t *testing.T) {
	bubble(t, "on the way forward", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Deadline: time.Hour, Bake: time.Minute, Surge: strategy.Count(1), Unavailable: strategy.Count(0)}, 3)
		result, err := takenOver(t, c, rollout.StepReached)
		require.ErrorIs(t, err, rollout.ErrFenced)
		assert.Equal(t, rollout.Interrupted, result.Outcome)
		assert.Empty(t, c.last().Outcome, "who has it now goes on from the position")
		c.options.Fence = 8
		r, err := rollout.Resume(c.world.Fenced(), c.plan, c.last(), c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 3))
	})
	bubble(t, "on the way back", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.Gates["errors"] = answering(gate.Pass, gate.Fail)
		result, err := takenOver(t, c, rollout.GoingBack)
		require.ErrorIs(t, err, rollout.ErrFenced)
		assert.Equal(t, rollout.Interrupted, result.Outcome)
	})
	bubble(t, "before it begins", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		require.NoError(t, c.world.Fenced().(rollout.Fencer).Fence(t.Context(), 8))
		c.options.Fence = 7
		for name, begin := range map[string]func() (*rollout.Rollout, error){
			"new": func() (*rollout.Rollout, error) { return rollout.New(c.world.Fenced(), c.plan, c.options) },
			"resume": func() (*rollout.Rollout, error) {
				return rollout.Resume(c.world.Fenced(), c.plan, rollout.Checkpoint{Plan: c.plan.Hash()}, c.options)
			},
			"back": func() (*rollout.Rollout, error) {
				return rollout.Resume(c.world.Fenced(), c.plan, rollout.Checkpoint{Plan: c.plan.Hash(), Back: true, Cause: "harm"}, c.options)
			},
			"undo": func() (*rollout.Rollout, error) {
				return rollout.Undo(c.world.Fenced(), c.plan, rollout.Checkpoint{Plan: c.plan.Hash()}, "", c.options)
			},
		} {
			r, err := begin()
			require.NoError(t, err)
			result, err := r.Run(t.Context())
			require.ErrorIs(t, err, rollout.ErrFenced, name)
			want := rollout.Interrupted
			if name == "new" {
				want = rollout.Refused
			}
			assert.Equal(t, want, result.Outcome, name)
			c.ends(stableAt(v1, 3))
		}
		assert.ErrorIs(t, rollout.Restore(t.Context(), c.world.Fenced(), stableAt(v2, 3), c.options), rollout.ErrFenced)
		c.ends(stableAt(v1, 3))
	})
}

func TestAFenceIsTriedAgain(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{}, 3)
		c.options.Fence = 7
		asked := 0
		c.world.Before = func(call string) error {
			if call != "Fence" {
				return nil
			}
			if asked++; asked < 4 {
				return errors.New("no answer")
			}
			return nil
		}
		r, err := rollout.New(c.world.Fenced(), c.plan, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 4, asked)
		c.world.Before = func(string) error { return errors.New("no answer") }
		r, err = rollout.Undo(c.world.Fenced(), c.plan, c.last(), "", c.options)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		result, err := r.Run(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, rollout.Interrupted, result.Outcome)
	})
}

// A target that says for good that it cannot take the token ends the rollout at once, and nothing is moved.
func TestAFenceThatIsRefusedForGoodEndsIt(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{}, 3)
		c.options.Fence = 7
		never := errors.New("no right to write")
		c.world.Before = func(call string) error {
			if call == "Fence" {
				return rollout.Permanent(never)
			}
			return nil
		}
		began := time.Now()
		r, err := rollout.New(c.world.Fenced(), c.plan, c.options)
		require.NoError(t, err)
		result, err := r.Run(t.Context())
		require.ErrorIs(t, err, never)
		assert.Equal(t, rollout.Refused, result.Outcome)
		r, err = rollout.Resume(c.world.Fenced(), c.plan, rollout.Checkpoint{Plan: c.plan.Hash()}, c.options)
		require.NoError(t, err)
		result, err = r.Run(t.Context())
		require.ErrorIs(t, err, never)
		assert.Equal(t, rollout.Interrupted, result.Outcome, "whoever has the right goes on from the position")
		assert.Zero(t, time.Since(began))
		c.ends(stableAt(v1, 3))
	})
}

// A target that another rollout of this process has is not moved by one that goes on from a checkpoint.
func TestABusyTargetIsNotMovedByOneThatIsOnItsWayBack(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		target := c.world.Target()
		release, err := target.Claim()
		require.NoError(t, err)
		defer release()
		r, err := rollout.Resume(target, c.plan, rollout.Checkpoint{Plan: c.plan.Hash(), Back: true, Cause: "harm"}, c.options)
		require.NoError(t, err)
		result, err := r.Run(t.Context())
		require.ErrorIs(t, err, rollout.ErrBusy)
		assert.Equal(t, rollout.Interrupted, result.Outcome)
		assert.Empty(t, c.points, "what it would be doing is not forgotten")
	})
}
