package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// pipeline deploys between a stage that makes the revision and one that needs the deployment.
func pipeline(d release.Stage) release.Pipeline {
	hands := stage.Declared{
		Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
			return errors.Join(stage.Version.Set(t, "1.1.0"), stage.Built.Set(t, built))
		}),
		Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()},
	}
	d.Name, d.Needs = "deploy", []string{"build"}
	return release.Pipeline{Name: "p", Stages: []release.Stage{
		{Name: "build", Do: hands}, d,
		{Name: "after", Needs: []string{"deploy"}, Do: stage.Func(func(context.Context, *stage.Task) error { return nil })},
	}}
}

var byBob = release.Request{ID: "r1", Service: "shop", RequestedBy: "bob"}

func (c cut) run(t *testing.T, s deploy.Stage) (*ledger.State, error) {
	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(20 * time.Second)
		for _, sig := range c.signals {
			sig.Why = "not today"
			assert.NoError(t, runner.Signal(t.Context(), "r1", sig))
			time.Sleep(100 * time.Millisecond)
		}
	}()
	state, err := runner.Run(t.Context(), pipeline(release.Stage{Do: s, Timeout: c.timeout, OnFailure: c.onFailure}), byBob)
	<-done
	require.NotNil(t, state, "%v", err)
	return state, err
}

// cut is a way to end a deployment from outside, in the middle of it.
type cut struct {
	signals   []stage.Signal
	timeout   time.Duration
	onFailure release.Policy
}

// Whatever cuts a deployment off, it is taken back, and recorded as what it was.
func TestCutOffWhileRunning(t *testing.T) {
	skip := stage.Signal{Kind: stage.SkipStage, Stage: "deploy", By: "ada"}
	reject := stage.Signal{Kind: stage.Reject, Stage: "deploy", By: "eve"}
	abort := stage.Signal{Kind: stage.Abort, Stage: "deploy", By: "ada"}
	for _, c := range []struct {
		name string
		cut
		stage, release stage.Outcome
		by, reason     string
	}{
		{"skipped", cut{signals: []stage.Signal{skip}}, stage.Skipped, stage.Succeeded, "ada", "not today"},
		{"aborted", cut{signals: []stage.Signal{abort}}, stage.Aborted, stage.Aborted, "ada", "not today"},
		{"rejected before it was skipped", cut{signals: []stage.Signal{reject, skip}}, stage.Aborted, stage.Aborted, "eve", "not today"},
		{"out of time", cut{timeout: 30 * time.Second}, stage.RolledBack, stage.RolledBack, "", "it took longer than its timeout of 30s"},
		{"out of time, allowed", cut{timeout: 30 * time.Second, onFailure: release.GoOn}, stage.RolledBack, stage.Succeeded, "", "timeout"},
	} {
		bubble(t, c.name, func(t *testing.T) {
			w := world()
			state, err := c.run(t, deployment(w, answers(gate.Pass)))
			d := state.Stage("deploy")
			assert.Equal(t, c.stage, d.Outcome, "%s", d.Reason)
			assert.Equal(t, c.by, d.By)
			assert.Contains(t, d.Reason, c.reason)
			assert.NotContains(t, d.Reason, "engine")
			assert.Equal(t, c.release, state.Outcome)
			if c.release == stage.Succeeded {
				assert.NoError(t, err)
				assert.Equal(t, stage.Succeeded, state.Stage("after").Outcome, "the release goes on")
			}
			runs(t, w, alone(old))
		})
	}
}

func TestApproveAnswersAPause(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		s := deployment(w, answers(gate.Pass))
		s.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Pause: &strategy.Pause{Reason: "is it well?", Deadline: time.Hour}}}}
		c := cut{signals: []stage.Signal{{Kind: stage.Approve, Stage: "deploy", By: "ada"}}}
		state, err := c.run(t, s)
		require.NoError(t, err)
		assert.Equal(t, stage.Succeeded, state.Outcome)
		runs(t, w, alone(fresh))
	})
}

// engine is a stage.Host that can break down.
type engine struct {
	values         map[string]any
	saved          json.RawMessage
	signal, detail error
	records, full  int // how many checkpoints were taken, and from which on none are; zero: never
}

var errFull = errors.New("the disk is full")

func (e *engine) Value(name string) (json.RawMessage, bool) {
	raw, err := json.Marshal(e.values[name])
	return raw, err == nil
}
func (e *engine) SetValue(string, json.RawMessage) error { return nil }
func (e *engine) Checkpoint(_ context.Context, data json.RawMessage, _ int) error {
	if e.records++; e.full > 0 && e.records >= e.full {
		return errFull
	}
	e.saved = data
	return nil
}

func (e *engine) Signal(ctx context.Context, _ int) (stage.Signal, error) {
	if e.signal != nil {
		time.Sleep(20 * time.Second)
		return stage.Signal{}, e.signal
	}
	<-ctx.Done()
	return stage.Signal{}, context.Cause(ctx)
}
func (e *engine) Progress(context.Context, stage.Progress) error { return nil }
func (e *engine) Evidence(context.Context, gate.Verdict) error   { return nil }
func (e *engine) Detail(_ context.Context, name string, _ json.RawMessage) error {
	if name == deploy.DetailEvent {
		return e.detail
	}
	return nil
}

func (e *engine) run(t *testing.T, s deploy.Stage, version string) error {
	e.values = map[string]any{"version": version, "artifact": built}
	return s.Run(t.Context(), e.task(s))
}

func (e *engine) task(s deploy.Stage) *stage.Task {
	return stage.NewTask(stage.Setup{
		Stage: "deploy", Attempt: 1, Checkpoint: e.saved, Reads: s.Reads(), Listens: s.Listens(),
	}, e)
}

func TestNobodyIsLeftAloneWithADeafRollout(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		broken := errors.New("the inbox is gone")
		err := (&engine{signal: broken}).run(t, deployment(w, answers(gate.Pass)), "1.1.0")
		require.ErrorIs(t, err, broken)
		assert.ErrorContains(t, err, "listen for signals")
		_, err = rollout.Current(t.Context(), w.Target())
		assert.ErrorIs(t, err, rollout.ErrUnderWay, "it stopped where it was")
	})
}

func TestLostRecordsAreReported(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		lost := errors.New("the disk is full")
		assert.ErrorIs(t, (&engine{detail: lost}).run(t, deployment(w, answers(gate.Pass)), "1.1.0"), lost)
		runs(t, w, alone(fresh))
	})
}

func TestADeploymentGoesOnWithItsOwnRevisionOnly(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		e := &engine{signal: errors.New("the inbox is gone")}
		s := deployment(w, answers(gate.Pass))
		require.Error(t, e.run(t, s, "1.1.0"))
		e.signal = nil
		assert.ErrorContains(t, e.run(t, s, "1.2.0"), "the deployment of 1.1.0@2222 was begun, it cannot go on with 1.2.0@2222")
	})
}

// A rollout that was refused has moved nothing, so a further attempt begins anew.
func TestARefusedDeploymentIsTriedAgain(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		e := new(engine)
		s := deployment(w, answers(gate.Pass))
		calls := 0
		w.Before = func(string) error {
			if calls++; calls > 2 { // planning looks once; what comes next is the rollout's
				return errors.New("no answer")
			}
			return nil
		}
		require.ErrorContains(t, e.run(t, s, "1.1.0"), "no answer")
		var at struct{ Rollout rollout.Checkpoint }
		require.NoError(t, json.Unmarshal(e.saved, &at))
		require.Equal(t, rollout.Refused, at.Rollout.Outcome)
		w.Before = nil
		require.NoError(t, e.run(t, s, "1.1.0"))
		runs(t, w, alone(fresh))
	})
}

// A host dies when its rollout has ended and the stage has not, and its router with it: whoever goes on gives
// the traffic back.
func TestTheTrafficOfAnEndedRolloutIsGivenBack(t *testing.T) {
	for name, c := range map[string]struct {
		answer gate.Outcome
		end    stage.Outcome
		runs   strategy.Revision
	}{
		"promoted":    {gate.Pass, stage.Succeeded, fresh},
		"rolled back": {gate.Fail, stage.RolledBack, old},
	} {
		bubble(t, name, func(t *testing.T) {
			w := world()
			e := new(engine)
			s := deployment(w, answers(c.answer))
			require.Equal(t, c.end, stage.OutcomeOf(e.run(t, s, "1.1.0")))
			w.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })
			require.Equal(t, c.end, stage.OutcomeOf(e.run(t, s, "1.1.0")))
			runs(t, w, alone(c.runs))
		})
	}
}

func TestALongPlanIsClipped(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		s := deployment(w, answers(gate.Pass))
		s.Edit = func(p strategy.Plan) (strategy.Plan, error) {
			p.Steps[0].Reason = "x" + strings.Repeat("ü", 20<<10)
			return p, nil
		}
		h := host(s)
		require.NoError(t, s.Run(t.Context(), h.Task()))
		var table string
		require.NoError(t, json.Unmarshal(h.Details()[0].Data, &table))
		assert.Less(t, len(table), stage.MaxDetail/2+10)
		assert.True(t, strings.HasSuffix(table, "…\n"))
	})
}

// What is told on the way back has no place in the count of the steps, and failures are told once.
func TestTheWayBackIsToldApart(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		w.Behave = func(pool strategy.Pool, n int) strategytest.Behaviour {
			if pool.Revision == fresh {
				return strategytest.Behaviour{Crash: 2 * time.Second, Reason: fmt.Sprintf("crash %d", n)}
			}
			return strategytest.Behaviour{}
		}
		s := deployment(w, answers(gate.Pass))
		h := host(s)
		require.Error(t, s.Run(t.Context(), h.Task()))
		runs(t, w, alone(old))
		back := 0
		for _, p := range h.Shown() {
			if strings.HasPrefix(p.Text, "way back: ") {
				back++
				assert.Zero(t, p.Done)
				assert.Zero(t, p.Total)
			}
		}
		assert.NotZero(t, back)
		for _, d := range h.Details()[1:] {
			var e rollout.Event
			require.NoError(t, json.Unmarshal(d.Data, &e))
			if e.Observed != nil {
				for _, pool := range e.Observed.Pools {
					assert.Empty(t, pool.Failures, "%s", e.Kind)
				}
			}
		}
	})
}
