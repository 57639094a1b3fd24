package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// undo takes back what was recorded last, as a new process.
func (a *atlas) undo(ctx context.Context) (rollout.WaveResult, error) {
	a.t.Helper()
	w, err := rollout.UndoWaves(a.targets(), a.plan, a.last(), "a later stage failed", a.options)
	require.NoError(a.t, err)
	return w.Run(ctx)
}

func TestUndoOfWaves(t *testing.T) {
	bubble(t, "after all were promoted, the latest wave first", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		_, err := a.waves().Run(t.Context())
		require.NoError(t, err)
		a.events = nil
		result, err := a.undo(t.Context())
		require.NoError(t, err)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.Equal(t, rollout.RolledBack, a.last().Outcome)
		assert.Equal(t, "eu rolled back, us rolled back, ap rolled back", outcomes(result))
		a.shows(a.all(v1))
		eu := a.of(rollout.GoingBack, "eu")[0].At
		for _, name := range []string{"us", "ap"} {
			assert.False(t, a.of(rollout.Ended, name)[0].At.After(eu))
		}
		assert.Empty(t, a.of(rollout.Judged, "us"), "nothing is asked on the way back")

		a.events = nil
		result, err = a.undo(t.Context())
		require.NoError(t, err, "undoing what is undone is no error")
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.Empty(t, a.of(rollout.PhaseStarted, "us"))
		a.shows(a.all(v1))
	})
	bubble(t, "what a bad wave has left", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		a.fails("us", always)
		result, _ := a.waves().Run(t.Context())
		require.Equal(t, rollout.Stopped, result.Outcome)
		result, err := a.undo(t.Context())
		require.NoError(t, err)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		a.shows(a.all(v1))
	})
	bubble(t, "nothing has begun", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		w, err := rollout.UndoWaves(a.targets(), a.plan, rollout.WaveCheckpoint{Plan: a.plan.Hash()}, "", a.options)
		require.NoError(t, err)
		result, err := w.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "eu untouched, us untouched, ap untouched", outcomes(result))
		a.shows(a.all(v1))
	})
}

// cut makes the n-th record from now on fail, and all after it.
func (a *atlas) cut(n int) (mend func()) {
	keep := a.options.Checkpoint
	a.options.Checkpoint = func(ctx context.Context, p rollout.WaveCheckpoint) error {
		a.mu.Lock()
		n--
		over := n < 0
		a.mu.Unlock()
		if over {
			return errCut
		}
		return keep(ctx, p)
	}
	return func() { a.options.Checkpoint = keep }
}

// Wherever waves were left by a position that could not be recorded, they go on, or can be taken back.
func TestWavesAreTakenUpFromEachPosition(t *testing.T) {
	for _, undo := range []bool{false, true} {
		bubble(t, fmt.Sprintf("undo=%t", undo), func(t *testing.T) {
			for n := 1; ; n += stride {
				a := newAtlas(t, brief(""))
				a.options.Each.GateInterval = 2 * time.Second
				mend := a.cut(n)
				result, err := a.waves().Run(t.Context())
				over := err == nil && a.last().Outcome != ""
				if err != nil {
					require.ErrorIs(t, err, errCut)
					require.Equal(t, rollout.Interrupted, result.Outcome, "%d: %v", n, err)
				}
				mend()
				if undo {
					_, err = a.undo(t.Context())
					require.NoError(t, err, "after %d records", n)
					a.shows(a.all(v1))
				} else {
					require.NoError(t, a.goOn(t), "after %d records", n)
					a.shows(a.all(v2))
				}
				if over {
					require.Greater(t, n, 10)
					return
				}
			}
		})
	}
}

// An undo that is killed at everything that it does goes on in a new process.
func TestUndoOfWavesGoesOnAfterDeath(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		for n := 1; ; n += stride {
			a := newAtlas(t, brief(""))
			a.options.Each.GateInterval = 2 * time.Second
			_, err := a.waves().Run(t.Context())
			require.NoError(t, err)
			d := newDoom(n)
			targets, o := a.mortal(d)
			w, err := rollout.UndoWaves(targets, a.plan, a.last(), "", o)
			require.NoError(t, err)
			died, err, bury := die(t, d, w)
			if died {
				time.Sleep(7 * time.Second)
				_, err = a.undo(t.Context())
			}
			require.NoError(t, err, "died at %d", n)
			a.shows(a.all(v1))
			bury()
			if !died {
				require.Greater(t, n, 20)
				return
			}
		}
	})
}

func TestUndoOfWavesEndsWithItsContext(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		for after := time.Second; ; after += 2 * time.Second {
			a := newAtlas(t, brief(""))
			_, err := a.waves().Run(t.Context())
			require.NoError(t, err)
			ctx, cancel := context.WithTimeoutCause(t.Context(), after, errCut)
			start := time.Now()
			result, err := a.undo(ctx)
			cancel()
			assert.LessOrEqual(t, time.Since(start), after+time.Second)
			if err == nil {
				require.Greater(t, after, 3*time.Second)
				return
			}
			require.ErrorIs(t, err, errCut)
			require.Equal(t, rollout.Interrupted, result.Outcome)
			_, err = a.undo(t.Context())
			require.NoError(t, err)
			a.shows(a.all(v1))
		}
	})
}

// What somebody else has released since is left alone in its region, and the others are taken back.
func TestUndoOfWavesLeavesAloneWhatIsNotItsOwn(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		_, err := a.waves().Run(t.Context())
		require.NoError(t, err)
		a.worlds["ap"].Limit(strategy.Limits{})
		a.worlds["ap"].Put(stableAt(v3, regionSize))
		result, err := a.undo(t.Context())
		require.ErrorIs(t, err, rollout.ErrSuperseded)
		assert.Equal(t, rollout.Frozen, result.Outcome)
		assert.Equal(t, "eu rolled back, us rolled back, ap refused", outcomes(result))
		want := a.all(v1)
		want["ap"] = v3
		a.shows(want)
		a.worlds["ap"].Put(stableAt(v2, regionSize)) // and once that is gone
		_, err = a.undo(t.Context())
		require.NoError(t, err)
		a.shows(a.all(v1))
	})
}

func TestWhatCannotBeUndone(t *testing.T) {
	irreversible := func(a *atlas, region string) {
		for i := range a.plan.Waves {
			for j := range a.plan.Waves[i].Regions {
				if g := &a.plan.Waves[i].Regions[j]; g.Region == region {
					marked, err := g.Plan.MarkIrreversible(0, "drops a column")
					require.NoError(a.t, err)
					g.Plan = marked
				}
			}
		}
	}
	bubble(t, "is not begun to be undone in any region", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		irreversible(a, "us")
		_, err := a.waves().Run(t.Context())
		require.NoError(t, err)
		_, err = rollout.UndoWaves(a.targets(), a.plan, a.last(), "", a.options)
		var never *strategy.IrreversibleError
		require.ErrorAs(t, err, &never)
		assert.ErrorContains(t, err, "region us")
		a.shows(a.all(v2))
	})
	bubble(t, "freezes its region, and the others of the wave are taken back", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		irreversible(a, "us")
		a.fails("ap", always)
		result, err := a.waves().Run(t.Context())
		assert.Equal(t, rollout.Frozen, result.Outcome)
		assert.Equal(t, "eu promoted, us frozen, ap rolled back", outcomes(result))
		var never *strategy.IrreversibleError
		require.ErrorAs(t, err, &never)
		assert.ErrorContains(t, err, "us frozen")
		o, err := a.worlds["ap"].Target().Observe(t.Context())
		require.NoError(t, err)
		assert.Empty(t, o.Missing(stableAt(v1, regionSize)))
	})
}

// Where every wave is wanted back and one region has moved on, a person is called.
func TestEveryWaveIsTakenBackAsFarAsItCan(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		s := twoWaves()
		s.TakeBack = strategy.EveryWave
		a := newAtlas(t, s)
		a.verdicts["us"] = func(gate.Subject) gate.Outcome {
			a.worlds["eu"].Limit(strategy.Limits{})
			a.worlds["eu"].Put(stableAt(v3, regionSize))
			return gate.Fail
		}
		result, err := a.waves().Run(t.Context())
		assert.Equal(t, rollout.Frozen, result.Outcome)
		assert.Equal(t, "eu refused, us rolled back, ap rolled back", outcomes(result))
		require.ErrorIs(t, err, rollout.ErrSuperseded)
		var harm *rollout.GateError
		require.ErrorAs(t, err, &harm)
		want := a.all(v1)
		want["eu"] = v3
		a.shows(want)
	})
}

// A way back of earlier waves that cannot be recorded stops, and goes on later.
func TestTheWayBackOfEarlierWavesIsTakenUp(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		for n := 1; ; n += stride {
			a := newAtlas(t, brief(strategy.EveryWave))
			a.options.Each.GateInterval = 2 * time.Second
			a.fails("ap", func(s gate.Subject) bool { return s.Now.Sub(s.Since) > 3*time.Second })
			mend := a.cut(n)
			result, err := a.waves().Run(t.Context())
			require.Error(t, err)
			mend()
			if a.last().Outcome != "" {
				a.shows(a.all(v1))
				require.Equal(t, rollout.RolledBack, result.Outcome)
				require.Greater(t, n, 10)
				return
			}
			if result.Outcome != rollout.RolledBack { // else but the last record was lost
				require.Equal(t, rollout.Interrupted, result.Outcome, "%d: %v", n, err)
				require.ErrorIs(t, err, errCut)
			}
			err = a.goOn(t)
			var failure *rollout.WaveError
			require.True(t, errors.As(err, &failure), "%d: %v", n, err)
			require.Equal(t, rollout.RolledBack, failure.Outcome, "%d: %v", n, err)
			a.shows(a.all(v1))
		}
	})
}

// The gates of a region are asked for once, when the waves are wired, also where it is taken back later.
func TestGatesOfARegionAreMadeOnce(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		s := twoWaves()
		s.TakeBack = strategy.EveryWave
		a := newAtlas(t, s)
		a.fails("us", always)
		made, gates := map[string]int{}, a.options.Gates
		a.options.Gates = func(region string) map[string]gate.Gate {
			made[region]++
			return gates(region)
		}
		result, err := a.waves().Run(t.Context())
		require.Error(t, err)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.Equal(t, map[string]int{"eu": 1, "us": 1, "ap": 1}, made)
	})
}
