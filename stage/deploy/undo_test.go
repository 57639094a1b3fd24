package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

var strategies = map[string]strategy.Strategy{
	"rolling":    strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0), Bake: time.Second},
	"blue-green": strategy.BlueGreen{Preview: strategy.Count(1), Warm: 10 * time.Second},
	"canary":     strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: time.Minute, Gates: []string{"errors"}}}},
	"recreate":   strategy.Recreate{Bake: time.Minute},
	"native":     strategy.Native{After: strategy.Hold{Bake: time.Minute, Gates: []string{"errors"}}},
}

// target is one that can walk by that strategy.
func target(w *strategytest.World, s strategy.Strategy) rollout.Target {
	if _, ok := s.(strategy.Native); ok {
		return w.Cluster()
	}
	return w.Target()
}

// by is a deployment by a strategy in a world that holds the plan's limits.
func by(t *testing.T, w *strategytest.World, s strategy.Strategy) deploy.Stage {
	t.Helper()
	plan, err := s.Plan(alone(old), fresh)
	require.NoError(t, err)
	w.Limit(plan.Limits)
	d := deployment(w, answers(gate.Pass))
	d.Strategy, d.Target = s, target(w, s)
	return d
}

// again is the stage of a new process.
func again(d deploy.Stage, w *strategytest.World) deploy.Stage {
	d.Target = target(w, d.Strategy)
	return d
}

func TestUndo(t *testing.T) {
	for name, s := range strategies {
		bubble(t, name, func(t *testing.T) {
			w := world()
			d := by(t, w, s)
			var recalled []strategy.Revision
			d.Recall = func(_ context.Context, r strategy.Revision) error {
				recalled = append(recalled, r)
				return nil
			}
			h := host(d)
			require.NoError(t, d.Run(t.Context(), h.Task()))
			runs(t, w, alone(fresh))
			require.Equal(t, []strategy.Revision{old}, recalled, "before anything moves")
			require.NoError(t, again(d, w).Undo(t.Context(), h.UndoTask()))
			runs(t, w, alone(old))
			require.Equal(t, []strategy.Revision{old, old}, recalled)
			last := h.Details()[len(h.Details())-1]
			var e rollout.Event
			require.NoError(t, json.Unmarshal(last.Data, &e))
			assert.Equal(t, rollout.RolledBack, e.Outcome)
			told := len(h.Details())
			require.NoError(t, d.Undo(t.Context(), h.UndoTask()), "undoing what is undone is no error")
			runs(t, w, alone(old))
			assert.Len(t, h.Details(), told)
			err := d.Run(t.Context(), h.Task())
			assert.ErrorContains(t, err, "the deployment of 1.1.0@2222 was undone", "what was undone is not done again by itself")
			runs(t, w, alone(old))
		})
	}
}

// Whenever a deployment was left, and whenever its undo was, the undo that follows ends it.
func TestUndoGoesOn(t *testing.T) {
	interrupted := &stage.Error{Outcome: stage.Interrupted, Reason: "the host stops"}
	for name, s := range strategies {
		for first := 500 * time.Millisecond; first < 80*time.Second; first = first*3/2 + time.Second {
			for second := 500 * time.Millisecond; ; second += 2 * time.Second {
				over := false
				bubble(t, fmt.Sprintf("%s after %s and %s", name, first, second), func(t *testing.T) {
					w := world()
					d := by(t, w, s)
					h := host(d)
					ctx, cancel := context.WithTimeoutCause(t.Context(), first, interrupted)
					defer cancel()
					_ = d.Run(ctx, h.Task())
					ctx, cancel = context.WithTimeoutCause(t.Context(), second, interrupted)
					defer cancel()
					began := time.Now()
					err := again(d, w).Undo(ctx, h.UndoTask())
					assert.LessOrEqual(t, time.Since(began), second+time.Second)
					if over = err == nil; !over {
						assert.Equal(t, stage.Interrupted, stage.OutcomeOf(err), "%v", err)
						require.NoError(t, again(d, w).Undo(t.Context(), h.UndoTask()))
					}
					runs(t, w, alone(old))
				})
				if over || t.Failed() {
					break
				}
			}
		}
	}
}

// A position of the way back that cannot be recorded is not gone to.
func TestUndoStopsWhereItCannotBeRecorded(t *testing.T) {
	for name, s := range strategies {
		for n := 1; ; n += stride {
			over := false
			bubble(t, fmt.Sprintf("%s after %d records", name, n), func(t *testing.T) {
				w := world()
				d := by(t, w, s)
				e := new(engine)
				require.NoError(t, e.run(t, d, "1.1.0"))
				e.records, e.full = 0, n
				err := again(d, w).Undo(t.Context(), e.task(d))
				if over = err == nil; !over {
					require.ErrorIs(t, err, errFull)
					assert.Equal(t, stage.Interrupted, stage.OutcomeOf(err))
				}
				e.full = 0
				require.NoError(t, again(d, w).Undo(t.Context(), e.task(d)))
				runs(t, w, alone(old))
			})
			if over || t.Failed() {
				break
			}
		}
	}
}

func TestNothingToUndo(t *testing.T) {
	bubble(t, "it never began", func(t *testing.T) {
		w := world()
		d := deployment(w, answers(gate.Pass))
		require.NoError(t, d.Undo(t.Context(), host(d).UndoTask()))
		runs(t, w, alone(old))
	})
	bubble(t, "it was taken back", func(t *testing.T) {
		w := world()
		d := deployment(w, answers(gate.Fail))
		h := host(d)
		require.Error(t, d.Run(t.Context(), h.Task()))
		w.Put(alone(strategy.Revision{Version: "2.0.0"}))
		require.NoError(t, d.Undo(t.Context(), h.UndoTask()))
		runs(t, w, alone(strategy.Revision{Version: "2.0.0"}))
	})
	bubble(t, "it was refused", func(t *testing.T) {
		w := world()
		d := deployment(w, answers(gate.Pass))
		h := host(d)
		calls := 0
		w.Before = func(string) error {
			if calls++; calls > 2 {
				return errors.New("no answer")
			}
			return nil
		}
		require.Error(t, d.Run(t.Context(), h.Task()))
		require.NoError(t, d.Undo(t.Context(), h.UndoTask()))
	})
	bubble(t, "nothing ran before", func(t *testing.T) {
		w := &strategytest.World{}
		d := deployment(w, answers(gate.Pass))
		d.Strategy = strategy.Rolling{Replicas: 3}
		d.Recall = func(context.Context, strategy.Revision) error { return errors.New("there is none") }
		h := host(d)
		require.NoError(t, d.Run(t.Context(), h.Task()))
		runs(t, w, alone(fresh))
		require.NoError(t, d.Undo(t.Context(), h.UndoTask()))
		runs(t, w, strategy.State{})
	})
}

func TestWhatCannotBeUndone(t *testing.T) {
	promoted := func(t *testing.T, change func(d *deploy.Stage)) (*strategytest.World, deploy.Stage, *stagetest.Host) {
		w := world()
		d := deployment(w, answers(gate.Pass))
		change(&d)
		h := host(d)
		require.NoError(t, d.Run(t.Context(), h.Task()))
		return w, d, h
	}
	same := func(*deploy.Stage) {}
	bubble(t, "a step that cannot be", func(t *testing.T) {
		w, d, h := promoted(t, func(d *deploy.Stage) {
			d.Edit = func(p strategy.Plan) (strategy.Plan, error) { return p.MarkIrreversible(0, "drops a column") }
		})
		err := d.Undo(t.Context(), h.UndoTask())
		assert.Equal(t, stage.Stranded, stage.OutcomeOf(err))
		assert.ErrorContains(t, err, "1.1.0@2222 stays where it is")
		assert.ErrorContains(t, err, "drops a column")
		var e *stage.Error
		require.ErrorAs(t, err, &e)
		assert.True(t, e.Final)
		runs(t, w, alone(fresh))
	})
	bubble(t, "something newer runs", func(t *testing.T) {
		w, d, h := promoted(t, same)
		newer := alone(strategy.Revision{Version: "1.2.0"})
		w.Put(newer)
		err := d.Undo(t.Context(), h.UndoTask())
		require.ErrorIs(t, err, rollout.ErrSuperseded)
		assert.Equal(t, stage.Stranded, stage.OutcomeOf(err))
		assert.ErrorContains(t, err, "1.2.0")
		runs(t, w, newer)
		w.Put(alone(fresh))
		require.NoError(t, d.Undo(t.Context(), h.UndoTask()), "once that is gone")
		runs(t, w, alone(old))
	})
	bubble(t, "the time is up", func(t *testing.T) {
		w, d, h := promoted(t, same)
		w.Start = time.Minute
		ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Second, &stage.Error{Outcome: stage.Failed, Reason: "it took longer than 30s"})
		defer cancel()
		err := d.Undo(ctx, h.UndoTask())
		assert.Equal(t, stage.Stranded, stage.OutcomeOf(err))
		assert.ErrorContains(t, err, "it was not taken back in time: it took longer than 30s")
		require.NoError(t, d.Undo(t.Context(), h.UndoTask()), "a further one goes on")
		runs(t, w, alone(old))
	})
	bubble(t, "the old revision does not start", func(t *testing.T) {
		w, d, h := promoted(t, func(d *deploy.Stage) { d.Options.Deadline = time.Minute })
		w.Behave = func(p strategy.Pool, _ int) strategytest.Behaviour {
			return strategytest.Behaviour{NeverReady: p.Revision == old}
		}
		err := d.Undo(t.Context(), h.UndoTask())
		assert.Equal(t, stage.Stranded, stage.OutcomeOf(err))
		assert.ErrorContains(t, err, "ROLLBACK FAILED")
		w.Behave = nil
		w.Kill(strategy.Pool{Revision: old}, 3, "killed by a person")
		require.NoError(t, d.Undo(t.Context(), h.UndoTask()))
		runs(t, w, alone(old))
	})
	bubble(t, "the old revision is not known any more", func(t *testing.T) {
		w, d, h := promoted(t, same)
		d.Recall = func(context.Context, strategy.Revision) error { return errors.New("its artifact was deleted") }
		assert.ErrorContains(t, d.Undo(t.Context(), h.UndoTask()), "recall 1.0.0@1111, which runs before: its artifact was deleted")
		runs(t, w, alone(fresh))
	})
	bubble(t, "another rollout has the target", func(t *testing.T) {
		w, d, h := promoted(t, same)
		release, err := d.Target.(rollout.Claimer).Claim()
		require.NoError(t, err)
		err = d.Undo(t.Context(), h.UndoTask())
		require.ErrorIs(t, err, rollout.ErrBusy)
		assert.Equal(t, stage.Failed, stage.OutcomeOf(err))
		release()
		require.NoError(t, d.Undo(t.Context(), h.UndoTask()))
		runs(t, w, alone(old))
	})
	bubble(t, "by a strategy of another kind it can: it goes by the plan that was begun", func(t *testing.T) {
		w, d, h := promoted(t, same)
		d.Strategy = strategy.Recreate{}
		require.NoError(t, d.Undo(t.Context(), h.UndoTask()))
		runs(t, w, alone(old))
	})
	bubble(t, "there is no strategy", func(t *testing.T) {
		w, d, h := promoted(t, same)
		d.Strategy = nil
		assert.ErrorContains(t, d.Undo(t.Context(), h.UndoTask()), "Stage.Strategy: is missing")
		runs(t, w, alone(fresh))
	})
}

func TestNothingIsBegunThatCannotBeTakenBack(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		d := deployment(w, answers(gate.Pass))
		d.Recall = func(context.Context, strategy.Revision) error { return errors.New("its artifact was deleted") }
		h := host(d)
		assert.ErrorContains(t, d.Run(t.Context(), h.Task()), "its artifact was deleted")
		assert.Nil(t, h.Saved())
		runs(t, w, alone(old))
	})
}

// The target is told whose word counts, and a host that slept moves it neither forth nor back.
func TestAHostThatSleptMovesNothing(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		d := deployment(w, answers(gate.Pass))
		d.Target = w.Fenced()
		h := host(d)
		h.Fence = 7
		go func() {
			time.Sleep(30 * time.Second)
			assert.NoError(t, w.Fenced().(rollout.Fencer).Fence(t.Context(), 8))
		}()
		err := d.Run(t.Context(), h.Task())
		require.ErrorIs(t, err, rollout.ErrFenced)
		assert.Equal(t, stage.Interrupted, stage.OutcomeOf(err))
		require.ErrorIs(t, d.Undo(t.Context(), h.UndoTask()), rollout.ErrFenced)
		_, err = rollout.Current(t.Context(), d.Target)
		require.ErrorIs(t, err, rollout.ErrUnderWay, "all is left as it was")
		h.Fence = 8
		d.Target = w.Fenced()
		require.NoError(t, d.Undo(t.Context(), h.UndoTask()))
		runs(t, w, alone(old))
	})
}

func TestWhatIsDeclared(t *testing.T) {
	d := deployment(world(), answers(gate.Pass))
	assert.True(t, stage.CanUndo(d))
	assert.Equal(t, stage.Idempotent, stage.EffectOf(d), "it goes on from its checkpoint")
	d.Options.Fence = 1
	assert.ErrorContains(t, d.Validate(), "Stage.Options.Fence: belongs to the stage")
}

// current is the target of the world that there is now.
type current struct{ rollout.Target }

// The kit undoes what was done, what was cut off, and what is undone already.
func TestUndoConformance(t *testing.T) {
	var w *strategytest.World
	target := new(current)
	d := deployment(world(), answers(gate.Pass))
	d.Target = target
	d.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: 10 * time.Millisecond, Gates: []string{"errors"}}}}
	d.Options.Poll, d.Options.GateInterval = time.Millisecond, time.Millisecond
	stagetest.Run(t, func() stage.Stage { return d }, stagetest.Case{
		Inputs: []stagetest.Input{stagetest.Given(stage.Version, "1.1.0"), stagetest.Given(stage.Built, built)},
		Prepare: func(*stagetest.Host) {
			w = &strategytest.World{Start: 3 * time.Millisecond, Stop: 3 * time.Millisecond, Request: 3 * time.Millisecond}
			w.Put(alone(old))
			target.Target = w.Target()
		},
		Undone: func() error {
			now, err := rollout.Current(context.Background(), target)
			if err == nil && !now.Equal(alone(old)) {
				err = fmt.Errorf("it runs %s", now)
			}
			for _, v := range w.Violations() {
				err = errors.Join(err, errors.New(v))
			}
			return err
		},
	})
}
