package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

var (
	old   = strategy.Revision{Version: "1.0.0", Digest: "sha256:1111"}
	fresh = strategy.Revision{Version: "1.1.0", Digest: "sha256:2222"}
	built = stage.Artifact{Digest: "sha256:2222", Location: "/artifacts/shop"}
)

func alone(r strategy.Revision) strategy.State {
	return strategy.State{Stable: strategy.Group{Revision: r, Replicas: 3, Share: strategy.All()}}
}

func answers(o gate.Outcome) gate.Gate {
	return gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		return gate.Verdict{Outcome: o, Reason: "as the test wants"}, nil
	})
}

func world() *strategytest.World {
	w := &strategytest.World{}
	w.Put(alone(old))
	return w
}

func deployment(w *strategytest.World, g gate.Gate) deploy.Stage {
	return deploy.Stage{
		Target:   w.Target(),
		Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: time.Minute, Gates: []string{"errors"}}}},
		Options:  rollout.Options{Gates: map[string]gate.Gate{"errors": g}},
	}
}

func host(s stage.Stage) *stagetest.Host {
	return given(s, built)
}

// given is a host that hands on an artifact of version 1.1.0.
func given(s stage.Stage, a stage.Artifact) *stagetest.Host {
	return stagetest.NewHost(s, stagetest.Given(stage.Version, "1.1.0"), stagetest.Given(stage.Built, a))
}

func runs(t *testing.T, w *strategytest.World, want strategy.State) {
	t.Helper()
	now, err := rollout.Current(context.Background(), w.Target())
	require.NoError(t, err)
	assert.True(t, now.Equal(want), "%s", now)
	assert.Empty(t, w.Violations())
}

func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func TestConformance(t *testing.T) {
	inputs := []stagetest.Input{stagetest.Given(stage.Version, "1.1.0"), stagetest.Given(stage.Built, built)}
	for outcome, want := range map[gate.Outcome]stage.Outcome{gate.Pass: stage.Succeeded, gate.Fail: stage.RolledBack} {
		t.Run(string(outcome), func(t *testing.T) {
			var s deploy.Stage
			begin := func() stage.Stage {
				w := &strategytest.World{Start: 3 * time.Millisecond, Stop: 3 * time.Millisecond, Request: 3 * time.Millisecond}
				w.Put(alone(old))
				s = deployment(w, answers(outcome))
				s.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: 10 * time.Millisecond, Gates: []string{"errors"}}}}
				s.Options.Poll, s.Options.GateInterval = time.Millisecond, time.Millisecond
				return s
			}
			stagetest.Run(t, begin, stagetest.Case{Name: string(outcome), Inputs: inputs, Want: want})
		})
	}
}

func TestPromotes(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		s := deployment(w, answers(gate.Pass))
		var prepared []strategy.Revision
		s.Prepare = func(_ context.Context, r strategy.Revision, a stage.Artifact) error {
			assert.Equal(t, built, a)
			prepared = append(prepared, r)
			return nil
		}
		h := host(s)
		require.NoError(t, s.Run(t.Context(), h.Task()))
		runs(t, w, alone(fresh))
		assert.Equal(t, []strategy.Revision{fresh}, prepared)
		var table string
		require.NoError(t, json.Unmarshal(h.Details()[0].Data, &table))
		assert.Contains(t, table, "50%")
		last := h.Details()[len(h.Details())-1]
		var e rollout.Event
		require.NoError(t, json.Unmarshal(last.Data, &e))
		assert.Equal(t, rollout.Ended, e.Kind)
		require.NoError(t, s.Run(t.Context(), h.Task()), "a second attempt finds all done")
		w.Kill(strategy.Pool{Revision: fresh}, 3, "died with the host")
		w.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })
		require.NoError(t, s.Run(t.Context(), h.Task()), "and where all of it died with the host, it is started anew")
		runs(t, w, alone(fresh))

		h = host(s)
		assert.Equal(t, stage.Skipped, stage.OutcomeOf(s.Run(t.Context(), h.Task())), "another release of the same has nothing to do")
	})
}

func TestHarm(t *testing.T) {
	bubble(t, "rolled back, with evidence", func(t *testing.T) {
		w := world()
		s := deployment(w, answers(gate.Fail))
		h := host(s)
		err := s.Run(t.Context(), h.Task())
		var e *stage.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, stage.RolledBack, e.Outcome)
		require.Len(t, e.Evidence, 1)
		assert.Equal(t, gate.Fail, e.Evidence[0].Outcome)
		var harm *rollout.GateError
		require.ErrorAs(t, err, &harm)
		runs(t, w, alone(old))
		err = s.Run(t.Context(), h.Task())
		assert.Equal(t, stage.RolledBack, stage.OutcomeOf(err), "what was taken back is not tried again by itself")
		runs(t, w, alone(old))
	})
	bubble(t, "stranded", func(t *testing.T) {
		w := world()
		s := deployment(w, answers(gate.Fail))
		s.Edit = func(p strategy.Plan) (strategy.Plan, error) { return p.MarkIrreversible(0, "drops a column") }
		err := s.Run(t.Context(), host(s).Task())
		assert.Equal(t, stage.Stranded, stage.OutcomeOf(err))
		assert.ErrorContains(t, err, "drops a column")
	})
}

// A stage that is killed goes on inside its plan: with the bake that had begun.
func TestGoesOnAfterInterruption(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		s := deployment(w, answers(gate.Pass))
		h := host(s)
		ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Second, &stage.Error{Outcome: stage.Interrupted, Reason: "the host stops"})
		defer cancel()
		err := s.Run(ctx, h.Task())
		assert.Equal(t, stage.Interrupted, stage.OutcomeOf(err), "%v", err)
		_, err = rollout.Current(t.Context(), w.Target())
		require.ErrorIs(t, err, rollout.ErrUnderWay, "all is left as it was")

		s.Target = w.Target()
		start := time.Now()
		require.NoError(t, s.Run(t.Context(), h.Task()))
		assert.Less(t, time.Since(start), time.Minute, "half of the bake was over")
		runs(t, w, alone(fresh))
	})
	// begun leaves a deployment half-way, for a host in which the stage may be another one.
	begun := func(t *testing.T, change func(*deploy.Stage)) (*strategytest.World, deploy.Stage, *stagetest.Host) {
		w := world()
		s := deployment(w, answers(gate.Pass))
		change(&s)
		h := host(s)
		ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Second, &stage.Error{Outcome: stage.Interrupted, Reason: "the host stops"})
		defer cancel()
		require.Equal(t, stage.Interrupted, stage.OutcomeOf(s.Run(ctx, h.Task())))
		return w, s, h
	}
	same := func(*deploy.Stage) {}
	bubble(t, "by its own plan, in a host with another strategy", func(t *testing.T) {
		w, s, h := begun(t, same)
		s.Strategy, s.Edit = strategy.Recreate{}, func(p strategy.Plan) (strategy.Plan, error) { return p, errors.New("not now") }
		start := time.Now()
		require.NoError(t, s.Run(t.Context(), h.Task()))
		assert.Less(t, time.Since(start), time.Minute, "half of the bake was over")
		runs(t, w, alone(fresh))
	})
	bubble(t, "but not without its gates", func(t *testing.T) {
		w, s, h := begun(t, same)
		s.Strategy, s.Options.Gates = strategy.Recreate{}, nil
		err := s.Run(t.Context(), h.Task())
		assert.Equal(t, stage.Stranded, stage.OutcomeOf(err), "it is half-way: a person has to look")
		assert.ErrorContains(t, err, "was begun, and cannot go on as the stage is now")
		assert.ErrorIs(t, err, rollout.ErrNoGate)
		_, err = rollout.Current(t.Context(), w.Target())
		require.ErrorIs(t, err, rollout.ErrUnderWay, "all is left as it was")
	})
	bubble(t, "nor with another strategy where the plan is too large to be kept", func(t *testing.T) {
		_, s, h := begun(t, func(s *deploy.Stage) { s.Strategy = strategy.Rolling{Replicas: 300, Batch: strategy.Count(1)} })
		s.Strategy = strategy.Rolling{Replicas: 300, Batch: strategy.Count(2)}
		err := s.Run(t.Context(), h.Task())
		assert.Equal(t, stage.Stranded, stage.OutcomeOf(err))
		assert.ErrorContains(t, err, "the checkpoint belongs to plan")
		err = s.Undo(t.Context(), h.UndoTask())
		assert.Equal(t, stage.Stranded, stage.OutcomeOf(err))
		assert.ErrorContains(t, err, "was begun, and cannot be taken back as the stage is now")
	})
	bubble(t, "and back, also where its gates are gone", func(t *testing.T) {
		w, s, h := begun(t, same)
		s.Strategy, s.Options.Gates = strategy.Recreate{}, nil
		require.NoError(t, s.Undo(t.Context(), h.UndoTask()), "nobody asks them on the way back")
		runs(t, w, alone(old))
	})
}

// In a pipeline, a person's word reaches the rollout.
func TestSignals(t *testing.T) {
	hands := stage.Declared{
		Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
			return errors.Join(stage.Version.Set(t, "1.1.0"), stage.Built.Set(t, built))
		}),
		Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()},
	}
	for _, c := range []struct {
		name    string
		signals []stage.SignalKind
		target  string
		want    stage.Outcome
		state   strategy.State
		least   time.Duration
	}{
		{"abort the release", []stage.SignalKind{stage.Abort}, "", stage.Aborted, alone(old), 0},
		{"reject", []stage.SignalKind{stage.Reject}, "deploy", stage.Aborted, alone(old), 0},
		{"pause and resume", []stage.SignalKind{stage.Pause, stage.Resume}, "deploy", stage.Succeeded, alone(fresh), time.Hour},
		{"promote", []stage.SignalKind{stage.Promote}, "deploy", stage.Succeeded, alone(fresh), 0},
	} {
		bubble(t, c.name, func(t *testing.T) {
			w := world()
			s := deployment(w, answers(gate.Pass))
			runner := release.NewRunner(release.Config{})
			defer runner.Stop(context.Background())
			go func() {
				time.Sleep(20 * time.Second)
				for _, kind := range c.signals {
					assert.NoError(t, runner.Signal(t.Context(), "r1", stage.Signal{Kind: kind, Stage: c.target, By: "ada", Why: "because"}))
					time.Sleep(time.Hour)
				}
			}()
			start := time.Now()
			state, err := runner.Run(t.Context(), release.Pipeline{Name: "p", Stages: []release.Stage{
				{Name: "build", Do: hands}, {Name: "deploy", Do: s, Needs: []string{"build"}},
			}}, release.Request{ID: "r1", Service: "shop", RequestedBy: "bob"})
			require.NotNil(t, state, "%v", err)
			d := state.Stage("deploy")
			assert.Equal(t, c.want, d.Outcome, "%s", d.Reason)
			if c.want == stage.Aborted {
				assert.Equal(t, "ada", d.By)
			}
			assert.GreaterOrEqual(t, time.Since(start), c.least)
			runs(t, w, c.state)
			review, err := runner.Review(t.Context(), "r1")
			require.NoError(t, err)
			assert.NotEmpty(t, review.Details)
			time.Sleep(3 * time.Hour)
		})
	}
	bubble(t, "a host that stops", func(t *testing.T) {
		w := world()
		runner := release.NewRunner(release.Config{})
		go func() {
			time.Sleep(20 * time.Second)
			grace, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			runner.Stop(grace)
		}()
		state, err := runner.Run(t.Context(), release.Pipeline{Name: "p", Stages: []release.Stage{
			{Name: "build", Do: hands}, {Name: "deploy", Do: deployment(w, answers(gate.Pass)), Needs: []string{"build"}},
		}}, release.Request{ID: "r1", Service: "shop", RequestedBy: "bob"})
		require.NotNil(t, state, "%v", err)
		assert.Equal(t, stage.Interrupted, state.Stage("deploy").Outcome)
		_, err = rollout.Current(t.Context(), w.Target())
		require.ErrorIs(t, err, rollout.ErrUnderWay, "a stop takes nothing back")
		time.Sleep(time.Minute)
	})
}

func TestValidateNamesEachField(t *testing.T) {
	s := deploy.Stage{
		Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50)}, {Share: strategy.Percent(20)}}},
		Options: rollout.Options{
			Poll: -1, Gates: map[string]gate.Gate{"errors": nil},
			Checkpoint: func(context.Context, rollout.Checkpoint) error { return nil },
		},
	}
	err := s.Validate()
	require.Error(t, err)
	for _, field := range []string{"Stage.Target", "Stage.Strategy", "Steps[1].Share", "Stage.Options.Checkpoint", "Options.Poll", `Gates["errors"]`} {
		assert.ErrorContains(t, err, field)
	}
	s = deploy.Stage{Strategy: strategy.Canary{Gates: []string{"erors"}}, Options: rollout.Options{Gates: map[string]gate.Gate{"errors": answers(gate.Pass)}}}
	err = s.Validate()
	assert.ErrorContains(t, err, "Stage.Target")
	assert.ErrorContains(t, err, `the strategy names "erors"`, "beside whatever else is wrong")
	w := world()
	s = deployment(w, answers(gate.Pass))
	s.Edit = func(p strategy.Plan) (strategy.Plan, error) { return p, p.Steps[45].Validate() }
	s.Strategy = strategy.Rolling{Batch: strategy.Count(1)}
	require.NoError(t, s.Validate(), "that a made-up plan has no such step says nothing of the real one")
	s = deployment(w, answers(gate.Pass))
	s.Options.Gates = nil
	require.ErrorIs(t, s.Run(t.Context(), host(s).Task()), rollout.ErrNoGate)
}

func TestBadInput(t *testing.T) {
	bubble(t, "nothing to run", func(t *testing.T) {
		w := world()
		s := deployment(w, answers(gate.Pass))
		require.ErrorIs(t, s.Run(t.Context(), stagetest.NewHost(s).Task()), stage.ErrNoValue)
		s.Prepare = func(context.Context, strategy.Revision, stage.Artifact) error { return errors.New("no such file") }
		require.ErrorContains(t, s.Run(t.Context(), host(s).Task()), "prepare 1.1.0@2222: no such file")
		runs(t, w, alone(old))
	})
	bubble(t, "another rollout was left half-way", func(t *testing.T) {
		w := world()
		w.Add(strategy.Pool{Revision: strategy.Revision{Version: "0.9.0"}}, 1)
		s := deployment(w, answers(gate.Pass))
		require.ErrorIs(t, s.Run(t.Context(), host(s).Task()), rollout.ErrUnderWay)
	})
}

// A target that does not walk by itself is told before anything moves, and a revision that is stuck ends
// as one that did harm: taken back.
func TestNative(t *testing.T) {
	bubble(t, "is refused", func(t *testing.T) {
		w := world()
		s := deployment(w, answers(gate.Pass))
		s.Strategy = strategy.Native{}
		require.NoError(t, s.Validate())
		err := s.Run(t.Context(), host(s).Task())
		require.ErrorContains(t, err, "the target does not walk by itself (it has no method Roll)")
		runs(t, w, alone(old))
	})
	bubble(t, "is stuck", func(t *testing.T) {
		w := world()
		s := deployment(w, answers(gate.Pass))
		s.Strategy, s.Target = strategy.Native{}, w.Cluster()
		w.Stick(strategy.Pool{Revision: fresh}, "image not found")
		err := s.Run(t.Context(), host(s).Task())
		assert.Equal(t, stage.RolledBack, stage.OutcomeOf(err))
		var stuck *rollout.StuckError
		require.ErrorAs(t, err, &stuck)
		assert.Equal(t, "image not found", stuck.Reason)
		runs(t, w, alone(old))
	})
}
