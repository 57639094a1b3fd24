package release_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// flight is a release that runs in a bubble.
type flight struct {
	t      *testing.T
	runner *release.Runner
	state  *ledger.State
	err    error
	done   chan struct{}
}

func fly(t *testing.T, p release.Pipeline) *flight {
	f := &flight{t: t, runner: release.NewRunner(release.Config{}), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.state, f.err = f.runner.Run(context.Background(), p, request("r1"))
	}()
	synctest.Wait()
	return f
}

func (f *flight) say(kind stage.SignalKind, name, by string) error {
	f.t.Helper()
	err := f.runner.Signal(f.t.Context(), "r1", stage.Signal{Kind: kind, Stage: name, By: by, Why: "because"})
	synctest.Wait()
	return err
}

func (f *flight) land() (*ledger.State, error) {
	<-f.done
	return f.state, f.err
}

func TestAnApprovalThatComesEarlyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fly(t, release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "build", Do: sleeper(time.Minute)},
			{Name: "approve", Do: approval.Stage{FourEyes: true}, Needs: []string{"build"}},
		}})
		require.NoError(t, f.say(stage.Approve, "approve", "ada")) // who asked for it
		require.NoError(t, f.say(stage.Approve, "approve", "grace"))
		began := time.Now()
		state, err := f.land()
		require.NoError(t, err)
		assert.Equal(t, stage.Succeeded, state.Outcome)
		assert.Equal(t, time.Minute, time.Since(began))
		err = f.say(stage.Reject, "approve", "linus")
		assert.ErrorIs(t, err, ledger.ErrTooLate)
	})
}

func TestARejectionEndsTheRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fly(t, release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "approve", Do: approval.Stage{}},
			{Name: "deploy", Do: nothing, Needs: []string{"approve"}},
		}})
		require.NoError(t, f.say(stage.Reject, "approve", "grace"))
		state, err := f.land()
		assert.Equal(t, stage.Rejected, outcome(t, err))
		assert.EqualError(t, err, "rejected by grace: stage approve: because")
		assert.Equal(t, stage.Skipped, state.Stage("deploy").Outcome)
	})
}

func TestAnAbortReachesStagesWithWhoAndWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fly(t, release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "deploy", Do: do(func(ctx context.Context, task *stage.Task) error {
				<-ctx.Done()
				var cause *stage.Error
				if !errors.As(context.Cause(ctx), &cause) || cause.By != "grace" {
					return fmt.Errorf("the cause is %v", context.Cause(ctx))
				}
				time.Sleep(time.Minute) // takes it back
				if err := task.Detail(ctx, "rolled-back", "to 1.0.0"); err != nil {
					return err
				}
				return &stage.Error{Outcome: stage.RolledBack, Reason: "on 1.0.0 again"}
			})},
			{Name: "tell", Do: nothing, Needs: []string{"deploy"}, Always: true},
		}})
		require.NoError(t, f.say(stage.Abort, "", "grace"))
		state, err := f.land()
		assert.Equal(t, stage.Aborted, outcome(t, err))
		assert.Equal(t, stage.RolledBack, state.Stage("deploy").Outcome)
		assert.Equal(t, stage.Succeeded, state.Stage("tell").Outcome)
	})
}

func TestPauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []stage.SignalKind
		canary := listener{
			Func: func(ctx context.Context, task *stage.Task) error {
				for len(heard) < 3 {
					sig, err := task.Next(ctx)
					if err != nil {
						return err
					}
					heard = append(heard, sig.Kind)
				}
				return nil
			},
			kinds: []stage.SignalKind{stage.Pause, stage.Resume, stage.Promote},
		}
		f := fly(t, release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "canary", Do: canary},
			{Name: "build", Do: sleeper(time.Second)},
			{Name: "next", Do: nothing, Needs: []string{"build"}},
		}})
		require.NoError(t, f.say(stage.Pause, "", "grace"))
		time.Sleep(time.Minute)
		state, err := f.runner.State(t.Context(), "r1")
		require.NoError(t, err)
		assert.Equal(t, stage.Succeeded, state.Stage("build").Outcome)
		assert.Empty(t, state.Stage("next").Outcome, "nothing begins in a pause")
		assert.NotNil(t, state.Paused)
		require.NoError(t, f.say(stage.Resume, "", "grace"))
		require.NoError(t, f.say(stage.Promote, "canary", "grace"))
		_, err = f.land()
		require.NoError(t, err)
		assert.Equal(t, []stage.SignalKind{stage.Pause, stage.Resume, stage.Promote}, heard)
	})
}

func TestASignalIsOneHoweverOftenItIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fly(t, release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "approve", Do: approval.Stage{Quorum: 2}}}})
		for range 3 {
			require.NoError(t, f.runner.Signal(t.Context(), "r1", stage.Signal{ID: "click-1", Kind: stage.Approve, Stage: "approve", By: "grace"}))
		}
		state, err := f.runner.State(t.Context(), "r1")
		require.NoError(t, err)
		assert.Len(t, state.Stage("approve").Inbox, 1)
		require.NoError(t, f.say(stage.Approve, "approve", "linus"))
		_, err = f.land()
		require.NoError(t, err)
	})
}

func TestSignalsToNobody(t *testing.T) {
	r := release.NewRunner(release.Config{})
	abort := stage.Signal{Kind: stage.Abort, By: "ada"}
	assert.ErrorIs(t, r.Signal(t.Context(), "r1", abort), release.ErrUnknown)
	_, err := r.Run(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: nothing}}}, request("r1"))
	require.NoError(t, err)
	assert.ErrorIs(t, r.Signal(t.Context(), "r1", abort), ledger.ErrTooLate)
	_, err = r.State(t.Context(), "r2")
	assert.ErrorIs(t, err, release.ErrUnknown)
	_, err = r.Review(t.Context(), "r2")
	assert.ErrorIs(t, err, release.ErrUnknown)
}

// TestAbortAtEveryMoment aborts a release after each of its events, and sees it end every time, with
// nothing that still runs.
func TestAbortAtEveryMoment(t *testing.T) {
	pipeline := func(running *int) release.Pipeline {
		count := func(s stage.Stage) stage.Stage {
			return do(func(ctx context.Context, t *stage.Task) error {
				*running++
				defer func() { *running-- }()
				if err := t.Checkpoint(ctx, 1); err != nil {
					return err
				}
				return s.Run(ctx, t)
			})
		}
		return release.Pipeline{Name: "shop", Parallel: 1, Stages: []release.Stage{
			{Name: "build", Do: count(sleeper(time.Minute))},
			{Name: "lint", Do: count(sleeper(time.Minute))},
			{Name: "deploy", Do: count(sleeper(time.Minute)), Needs: []string{"build", "lint"}},
			{Name: "tell", Do: count(nothing), Needs: []string{"deploy"}, Always: true},
		}}
	}
	aborted := 0
	for after := uint64(1); ; after++ {
		over := false
		synctest.Test(t, func(t *testing.T) {
			running := 0
			r := release.NewRunner(release.Config{})
			watching := make(chan struct{})
			go func() {
				defer close(watching)
				for e := range r.Watch(t.Context(), "r1", after) {
					if _, last := e.Body.(ledger.Finished); last {
						over = true
						return
					}
					err := r.Signal(t.Context(), "r1", stage.Signal{Kind: stage.Abort, By: "grace"})
					if !errors.Is(err, ledger.ErrTooLate) {
						require.NoError(t, err)
					}
					return
				}
			}()
			synctest.Wait()
			state, err := r.Run(t.Context(), pipeline(&running), request("r1"))
			<-watching
			assert.True(t, state.Over())
			assert.Zero(t, running)
			assert.Equal(t, stage.Succeeded, state.Stage("tell").Outcome, "what runs always runs")
			if outcome(t, err) == stage.Aborted {
				aborted++
			}
		})
		if over {
			break
		}
	}
	assert.Greater(t, aborted, 8)
}
