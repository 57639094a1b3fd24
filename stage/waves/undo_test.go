package waves_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

func TestUndo(t *testing.T) {
	bubble(t, "after all was well", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		h := host(s)
		require.NoError(t, s.Undo(t.Context(), h.UndoTask()), "nothing was done")
		require.NoError(t, s.Run(t.Context(), h.Task()))
		a.shows(t, fresh)
		s.Targets = a.targets() // a new process
		require.NoError(t, s.Undo(t.Context(), h.UndoTask()))
		a.shows(t, old)
		told := len(h.Details())
		require.NoError(t, s.Undo(t.Context(), h.UndoTask()), "undoing what is undone is no error")
		assert.Len(t, h.Details(), told)
		err := s.Run(t.Context(), h.Task())
		require.ErrorContains(t, err, "the deployment of 1.1.0@2222 was undone")
		a.shows(t, old)
	})
	bubble(t, "something else was released in a region", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		h := host(s)
		require.NoError(t, s.Run(t.Context(), h.Task()))
		newer := strategy.Revision{Version: "1.2.0"}
		a["us"].Put(alone(newer))
		for range 2 {
			err := s.Undo(t.Context(), h.UndoTask())
			require.ErrorIs(t, err, rollout.ErrSuperseded)
			assert.Equal(t, stage.Stranded, stage.OutcomeOf(err))
			now, err := rollout.Current(t.Context(), a["us"].Target())
			require.NoError(t, err)
			assert.True(t, now.Equal(alone(newer)))
		}
		a["us"].Put(alone(fresh))
		require.NoError(t, s.Undo(t.Context(), h.UndoTask()))
		a.shows(t, old)
	})
	bubble(t, "a step that cannot be undone", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		s.Edit = func(p strategy.WavePlan) (strategy.WavePlan, error) {
			g := &p.Waves[1].Regions[0]
			var err error
			g.Plan, err = g.Plan.MarkIrreversible(0, "drops a column")
			return p, err
		}
		h := host(s)
		require.NoError(t, s.Run(t.Context(), h.Task()))
		err := s.Undo(t.Context(), h.UndoTask())
		var never *strategy.IrreversibleError
		require.ErrorAs(t, err, &never)
		assert.Equal(t, stage.Stranded, stage.OutcomeOf(err))
		a.shows(t, fresh)
	})
	bubble(t, "nothing is begun that cannot be taken back", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		s.Recall = func(_ context.Context, region string, _ strategy.Revision) error {
			if region == "ap" {
				return errors.New("its artifact was deleted")
			}
			return nil
		}
		h := host(s)
		assert.ErrorContains(t, s.Run(t.Context(), h.Task()), "recall 1.0.0@1111, which runs before in region ap: its artifact was deleted")
		assert.Nil(t, h.Saved())
		a.shows(t, old)
	})
}

// Whenever a deployment was left, and whenever its undo was, the undo that follows ends it.
func TestUndoGoesOn(t *testing.T) {
	interrupted := &stage.Error{Outcome: stage.Interrupted, Reason: "the host stops"}
	for first := 2 * time.Second; first < 160*time.Second; first = first*2 + time.Second {
		for second := time.Second; ; second += 5 * time.Second {
			over := false
			bubble(t, fmt.Sprintf("after %s and %s", first, second), func(t *testing.T) {
				a := newAtlas()
				s := deployment(a, nil)
				h := host(s)
				ctx, cancel := context.WithTimeoutCause(t.Context(), first, interrupted)
				defer cancel()
				_ = s.Run(ctx, h.Task())
				ctx, cancel = context.WithTimeoutCause(t.Context(), second, interrupted)
				defer cancel()
				began := time.Now()
				s.Targets = a.targets()
				err := s.Undo(ctx, h.UndoTask())
				assert.LessOrEqual(t, time.Since(began), second+time.Second)
				if over = err == nil; !over {
					assert.Equal(t, stage.Interrupted, stage.OutcomeOf(err), "%v", err)
					s.Targets = a.targets()
					require.NoError(t, s.Undo(t.Context(), h.UndoTask()))
				}
				a.shows(t, old)
			})
			if over || t.Failed() {
				break
			}
		}
	}
}

// A deployment that did well is taken back in all regions when a later stage fails.
func TestAReleaseTakesItsDeploymentBack(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas()
		p := pipeline(release.Stage{Do: deployment(a, nil)})
		p.Stages[2].Do = stage.Func(func(context.Context, *stage.Task) error { return errors.New("the orders do not add up") })
		p.Stages[2].OnFailure = release.Undo
		runner := release.NewRunner(release.Config{})
		defer runner.Stop(context.Background())
		state, err := runner.Run(t.Context(), p, byBob)
		require.ErrorContains(t, err, "the orders do not add up")
		assert.Equal(t, stage.Succeeded, state.Stage("deploy").Outcome)
		a.shows(t, old)
	})
}

// A host that slept moves nothing in any region once another one has taken over.
func TestAHostThatSleptMovesNothing(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas()
		fenced := func() map[string]rollout.Target {
			targets := map[string]rollout.Target{}
			for name, w := range a {
				targets[name] = w.Fenced()
			}
			return targets
		}
		s := deployment(a, nil)
		s.Targets = fenced()
		h := host(s)
		h.Fence = 7
		go func() {
			time.Sleep(30 * time.Second)
			for _, target := range fenced() {
				assert.NoError(t, target.(rollout.Fencer).Fence(t.Context(), 8))
			}
		}()
		err := s.Run(t.Context(), h.Task())
		require.Error(t, err)
		a.shows(t, old, "eu")
		require.ErrorIs(t, s.Undo(t.Context(), h.UndoTask()), rollout.ErrFenced)
		a.shows(t, old, "eu")
		h.Fence = 8
		s.Targets = fenced()
		require.NoError(t, s.Undo(t.Context(), h.UndoTask()))
		a.shows(t, old)
	})
}

// A host dies when its waves have ended and the stage has not, and its routers with it: whoever goes on gives
// the traffic back.
func TestTheTrafficOfEndedWavesIsGivenBack(t *testing.T) {
	for bad, want := range map[string]struct {
		outcome stage.Outcome
		stay    []string
	}{
		"nobody": {stage.Succeeded, regions}, "eu": {stage.RolledBack, nil}, "us": {stage.Failed, []string{"eu"}},
	} {
		bubble(t, bad, func(t *testing.T) {
			a := newAtlas()
			s := deployment(a, map[string]gate.Outcome{bad: gate.Fail})
			h := host(s)
			require.Equal(t, want.outcome, stage.OutcomeOf(s.Run(t.Context(), h.Task())))
			for _, w := range a {
				w.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })
			}
			require.Equal(t, want.outcome, stage.OutcomeOf(s.Run(t.Context(), h.Task())))
			a.shows(t, old, want.stay...)
		})
	}
}

// current is the target of the world that there is now.
type current struct{ rollout.Target }

// The kit runs, cancels and repeats the stage, and undoes what was done, what was cut off, and what is undone
// already.
func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name string
		bad  map[string]gate.Outcome
		want stage.Outcome
	}{{"promoted", nil, ""}, {"bad at first", map[string]gate.Outcome{"eu": gate.Fail}, stage.RolledBack}, {"bad at last", map[string]gate.Outcome{"ap": gate.Fail}, stage.Failed}} {
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			a := atlas{}
			s := deployment(newAtlas(), c.bad)
			targets := map[string]*current{}
			for _, name := range regions {
				targets[name] = new(current)
				s.Targets[name] = targets[name]
			}
			s.Waves.Hold.Bake = 10 * time.Millisecond
			s.Options.Each.Poll, s.Options.Each.GateInterval = time.Millisecond, time.Millisecond
			stagetest.Run(t, func() stage.Stage { return s }, stagetest.Case{
				Inputs: []stagetest.Input{stagetest.Given(stage.Version, "1.1.0"), stagetest.Given(stage.Built, built)},
				Want:   c.want,
				Prepare: func(*stagetest.Host) {
					mu.Lock()
					defer mu.Unlock()
					for _, name := range regions {
						a[name] = &strategytest.World{Start: 3 * time.Millisecond, Stop: 3 * time.Millisecond, Request: 3 * time.Millisecond}
						a[name].Put(alone(old))
						targets[name].Target = a[name].Target()
					}
				},
				Undone: func() (err error) {
					for _, name := range regions {
						now, wrong := rollout.Current(context.Background(), targets[name])
						if wrong == nil && !now.Equal(alone(old)) {
							wrong = fmt.Errorf("%s runs %s", name, now)
						}
						err = errors.Join(err, wrong)
						for _, v := range a[name].Violations() {
							err = errors.Join(err, errors.New(v))
						}
					}
					return err
				},
			})
		})
	}
}
