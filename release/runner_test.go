package release_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func do(f func(ctx context.Context, t *stage.Task) error) stage.Stage { return stage.Func(f) }

var nothing = do(func(context.Context, *stage.Task) error { return nil })

// sleeper takes d and says how it was cancelled, if it was.
func sleeper(d time.Duration) stage.Stage {
	return do(func(ctx context.Context, t *stage.Task) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// listener is a stage that takes signals.
type listener struct {
	stage.Func
	kinds []stage.SignalKind
}

func (l listener) Listens() []stage.SignalKind { return l.kinds }

func request(id string) release.Request {
	return release.Request{ID: id, Service: "shop", RequestedBy: "ada"}
}

func outcome(t *testing.T, err error) stage.Outcome {
	t.Helper()
	var e *stage.Error
	if err != nil {
		require.ErrorAs(t, err, &e)
	}
	return stage.OutcomeOf(err)
}

func TestStagesRunAtOnceAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "deploy", Do: sleeper(time.Minute), Needs: []string{"lint", "test"}},
			{Name: "lint", Do: sleeper(time.Minute)},
			{Name: "test", Do: sleeper(3 * time.Minute)},
		}}
		r := release.NewRunner(release.Config{})
		began := time.Now()
		state, err := r.Run(t.Context(), p, request("r1"))
		require.NoError(t, err)
		assert.Equal(t, stage.Succeeded, state.Outcome)
		assert.Equal(t, 4*time.Minute, time.Since(began))
		assert.Equal(t, 3*time.Minute, state.Stage("test").Took())
	})
}

func TestParallelBoundsStages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := release.Pipeline{Name: "shop", Parallel: 2}
		for i := range 5 {
			p.Stages = append(p.Stages, release.Stage{Name: fmt.Sprintf("s%d", i), Do: sleeper(time.Minute)})
		}
		began := time.Now()
		_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
		require.NoError(t, err)
		assert.Equal(t, 3*time.Minute, time.Since(began))
	})
}

func TestPanicIsAFailureWithItsStack(t *testing.T) {
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "boom", Do: do(func(context.Context, *stage.Task) error { panic("kaput") })},
	}}
	store := new(release.MemoryStore)
	_, err := release.NewRunner(release.Config{Store: store}).Run(t.Context(), p, request("r1"))
	assert.Equal(t, stage.Failed, outcome(t, err))
	assert.ErrorContains(t, err, "kaput")
	var stack string
	for e := range store.Events(t.Context(), "r1", 0) {
		if b, ok := e.Body.(ledger.Ended); ok {
			stack = b.Stack
		}
	}
	assert.Contains(t, stack, "TestPanicIsAFailureWithItsStack")
}

func TestGoexitIsAFailure(t *testing.T) {
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "gone", Do: do(func(context.Context, *stage.Task) error { runtime.Goexit(); return nil })},
	}}
	_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
	assert.Equal(t, stage.Failed, outcome(t, err))
	assert.ErrorContains(t, err, "Goexit")
}

func TestEndOfTheCallersContextInterrupts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told stage.Outcome
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "deploy", Do: do(func(ctx context.Context, task *stage.Task) error {
				if err := task.Checkpoint(ctx, 7); err != nil {
					return err
				}
				<-ctx.Done()
				told = stage.OutcomeOf(context.Cause(ctx))
				// What is recorded after the end of the context is recorded all the same.
				if err := task.Checkpoint(ctx, 8); err != nil {
					return err
				}
				return fmt.Errorf("stopped at step 8: %w", context.Cause(ctx))
			})},
			{Name: "after", Do: nothing, Needs: []string{"deploy"}},
			{Name: "tell", Do: nothing, Needs: []string{"deploy"}, Always: true},
		}}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("the terminal was closed"))
		defer cancel()
		state, err := release.NewRunner(release.Config{}).Run(ctx, p, request("r1"))
		assert.Equal(t, stage.Interrupted, outcome(t, err))
		assert.ErrorContains(t, err, "the terminal was closed")
		assert.Equal(t, stage.Interrupted, told)
		assert.Equal(t, stage.Interrupted, state.Stage("deploy").Outcome)
		assert.Contains(t, state.Stage("deploy").Reason, "stopped at step 8")
		assert.JSONEq(t, "8", string(state.Stage("deploy").Checkpoint))
		assert.Empty(t, state.Stage("after").Outcome)
		assert.Empty(t, state.Stage("tell").Outcome)
		assert.False(t, state.Over(), "an interrupted release can go on")
	})
}

func TestStopIsSoftThenHard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := release.NewRunner(release.Config{})
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "quick", Do: sleeper(10 * time.Second)},
			{Name: "slow", Do: sleeper(time.Hour)},
			{Name: "next", Do: nothing, Needs: []string{"quick"}},
		}}
		var state *ledger.State
		var err error
		var wg sync.WaitGroup
		wg.Go(func() { state, err = r.Run(t.Context(), p, request("r1")) })
		time.Sleep(time.Second)
		grace, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		wg.Go(func() { r.Stop(context.Background()) })
		r.Stop(grace)
		assert.Equal(t, time.Minute, time.Since(began))
		wg.Wait()
		assert.Equal(t, stage.Interrupted, outcome(t, err))
		assert.Equal(t, stage.Succeeded, state.Stage("quick").Outcome)
		assert.Equal(t, stage.Interrupted, state.Stage("slow").Outcome)
		assert.Empty(t, state.Stage("next").Outcome)
		_, err = r.Run(t.Context(), p, request("r2"))
		assert.ErrorIs(t, err, release.ErrStopped)
		r.Stop(context.Background())
	})
}

func TestStopBeforeStart(t *testing.T) {
	r := release.NewRunner(release.Config{})
	r.Stop(context.Background())
	r.Stop(context.Background())
	_, err := r.Run(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: nothing}}}, request("r1"))
	assert.ErrorIs(t, err, release.ErrStopped)
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "slow", Do: sleeper(time.Hour), Timeout: time.Minute},
		}}
		began := time.Now()
		_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
		assert.Equal(t, stage.Failed, outcome(t, err))
		assert.ErrorContains(t, err, "timeout of 1m0s")
		assert.Equal(t, time.Minute, time.Since(began))
	})
}

func TestATakenIDIsAConflict(t *testing.T) {
	r := release.NewRunner(release.Config{})
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: nothing}}}
	_, err := r.Run(t.Context(), p, request("r1"))
	require.NoError(t, err)
	_, err = r.Run(t.Context(), p, request("r1"))
	assert.ErrorIs(t, err, release.ErrConflict)
	assert.ErrorContains(t, err, "the ID is taken")
}

func TestRequestIsChecked(t *testing.T) {
	r := release.NewRunner(release.Config{})
	p := release.Pipeline{Name: "shop", Inputs: []stage.Ref{stage.Version.Ref()}, Stages: []release.Stage{{Name: "a", Do: nothing}}}
	_, err := r.Run(t.Context(), p, release.Request{ID: "../etc", Inputs: []release.Value{release.Input(stage.Notes, "x")}})
	for _, want := range []string{"Request.ID", "Request.Service", "Request.RequestedBy", "does not take notes (string)", "version (string) is missing"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestInputsReachStages(t *testing.T) {
	var got string
	p := release.Pipeline{Name: "shop", Inputs: []stage.Ref{stage.Version.Ref()}, Stages: []release.Stage{
		{Name: "a", Do: stage.Declared{Read: []stage.Ref{stage.Version.Ref()}, Stage: do(func(ctx context.Context, task *stage.Task) (err error) {
			got, err = stage.Version.Get(task)
			return err
		})}},
	}}
	req := request("r1")
	req.Inputs = []release.Value{release.Input(stage.Version, "2.0.0")}
	_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, req)
	require.NoError(t, err)
	assert.Equal(t, "2.0.0", got)
}

func TestAGoroutineThatAStageLeftBehindCannotWriteOn(t *testing.T) {
	var task *stage.Task
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "a", Do: do(func(_ context.Context, t *stage.Task) error { task = t; return nil })},
		{Name: "b", Needs: []string{"a"}, Do: do(func(ctx context.Context, _ *stage.Task) error {
			if err := task.Detail(ctx, "late", 1); !errors.Is(err, stage.ErrEnded) {
				return fmt.Errorf("the late detail: %w", err)
			}
			return nil
		})},
	}}
	_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
	assert.NoError(t, err)
}
