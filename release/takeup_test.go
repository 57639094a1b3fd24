package release_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// half is a host that was stopped when stage b of its release ran.
func half(t *testing.T, p release.Pipeline) *release.MemoryStore {
	store := new(release.MemoryStore)
	host := release.NewRunner(release.Config{Store: store})
	require.NoError(t, host.Begin(t.Context(), p, request("r1")))
	synctest.Wait()
	require.NoError(t, host.Close())
	return store
}

func steps(b stage.Stage) release.Pipeline {
	return release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "a", Do: nothing}, {Name: "b", Do: b, Needs: []string{"a"}}, {Name: "c", Do: nothing, Needs: []string{"b"}},
	}}
}

func TestAReleaseIsTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := half(t, steps(sleeper(time.Hour)))
		host := release.NewRunner(release.Config{Store: store})
		defer host.Close()
		taken, err := host.TakeUp(t.Context(), steps(sleeper(time.Minute)))
		require.NoError(t, err)
		assert.Equal(t, []string{"r1"}, taken)
		state, err := host.Wait(t.Context(), "r1")
		require.NoError(t, err)
		assert.Equal(t, 1, state.Stage("a").Attempt)
		assert.Equal(t, 2, state.Stage("b").Attempt)
		assert.Equal(t, host.Host(), state.Host)
	})
}

func TestAReleaseGoesOnByItsOwnPlan(t *testing.T) {
	old := steps(sleeper(time.Hour))
	renamed := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: nothing}, {Name: "bee", Do: nothing}, {Name: "c", Do: nothing}}}
	former := renamed
	former.Former = map[string]stage.Stage{"b": nothing}
	more := steps(nothing)
	more.Stages = append(more.Stages, release.Stage{Name: "d", Do: do(failing)})
	reads := steps(stage.Declared{Stage: nothing, Read: []stage.Ref{stage.Version.Ref()}})
	reads.Inputs = []stage.Ref{stage.Version.Ref()}
	other := steps(nothing)
	other.Name = "blog"
	for name, c := range map[string]struct {
		pipeline release.Pipeline
		err      string
	}{
		"a stage was renamed":            {renamed, "release r1: pipeline shop no longer has its stage b: name it in Pipeline.Former"},
		"its old name is known":          {former, ""},
		"a stage was added":              {more, ""},
		"a stage reads more":             {reads, "stage b has come to read key version (string), which its plan does not say"},
		"the pipeline is not among them": {other, "release r1: pipeline shop: unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := half(t, old)
				host := release.NewRunner(release.Config{Store: store})
				defer host.Close()
				taken, err := host.TakeUp(t.Context(), c.pipeline)
				if c.err != "" {
					assert.ErrorContains(t, err, c.err)
					assert.Empty(t, taken)
					state, err := host.State(t.Context(), "r1")
					require.NoError(t, err)
					assert.False(t, state.Over(), "it is left as it was")
					return
				}
				require.NoError(t, err)
				state, err := host.Wait(t.Context(), "r1")
				require.NoError(t, err)
				assert.Len(t, state.Stages, 3)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		_, err := release.NewRunner(release.Config{Store: half(t, old)}).TakeUp(t.Context(), renamed)
		var unknown *release.UnknownStageError
		require.ErrorAs(t, err, &unknown)
		assert.Equal(t, release.UnknownStageError{Release: "r1", Pipeline: "shop", Stage: "b"}, *unknown)
	})
}

// once runs at most once.
type once struct{ stage.Stage }

func (once) Effect() stage.Effect  { return stage.AtMostOnce }
func (o once) Unwrap() stage.Stage { return o.Stage }

func TestWhatMayNotRunTwiceWaitsForAPerson(t *testing.T) {
	for kind, want := range map[stage.SignalKind]struct {
		attempts int
		outcome  stage.Outcome
	}{
		stage.Retry: {2, stage.Succeeded}, stage.SkipStage: {1, stage.Succeeded}, stage.Abort: {1, stage.Aborted},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := half(t, steps(once{sleeper(time.Hour)}))
			host := release.NewRunner(release.Config{Store: store})
			defer host.Close()
			_, err := host.TakeUp(t.Context(), steps(once{nothing}))
			require.NoError(t, err)
			time.Sleep(time.Hour)
			state, err := host.State(t.Context(), "r1")
			require.NoError(t, err)
			assert.Contains(t, state.Stage("b").Parked, "may not run twice")
			require.NoError(t, host.Signal(t.Context(), "r1", stage.Signal{Kind: kind, Stage: "b", By: "grace"}))
			state, err = host.Wait(t.Context(), "r1")
			assert.Equal(t, want.outcome, outcome(t, err))
			assert.Equal(t, want.attempts, state.Stage("b").Attempt)
		})
	}
}

// A signal for a release that nobody carries is recorded, and found by whoever takes it up.
func TestASignalWaitsForAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steps(approval.Stage{})
		store := half(t, p)
		aside := release.NewRunner(release.Config{Store: store})
		require.NoError(t, aside.Signal(t.Context(), "r1", stage.Signal{ID: "1", Kind: stage.Approve, Stage: "b", By: "grace"}))
		require.NoError(t, aside.Signal(t.Context(), "r1", stage.Signal{ID: "1", Kind: stage.Approve, Stage: "b", By: "grace"}), "once more is once")
		assert.ErrorIs(t, aside.Signal(t.Context(), "r2", stage.Signal{Kind: stage.Abort, By: "grace"}), release.ErrUnknown)
		host := release.NewRunner(release.Config{Store: store})
		state, err := host.Resume(t.Context(), p, "r1")
		require.NoError(t, err)
		assert.Equal(t, stage.Succeeded, state.Outcome)
		assert.Len(t, state.Stage("b").Inbox, 1)
	})
}

func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steps(sleeper(time.Hour))
		store := half(t, p)
		host := release.NewRunner(release.Config{Store: store})
		_, err := host.Resume(t.Context(), p, "r2")
		assert.ErrorIs(t, err, release.ErrUnknown)
		go func() {
			time.Sleep(time.Minute)
			_, err := host.Resume(t.Context(), p, "r1")
			assert.ErrorIs(t, err, release.ErrConflict, "it is under way")
		}()
		state, err := host.Resume(t.Context(), p, "r1")
		require.NoError(t, err)
		assert.Equal(t, stage.Succeeded, state.Outcome)
		again, err := host.Resume(t.Context(), p, "r1")
		require.NoError(t, err)
		assert.Equal(t, state.Seq, again.Seq, "a release that is over gives its outcome")
	})
}

// Releases that wait for people hold no goroutine and little memory, and each goes on when
// it is told to.
func TestManyReleasesWait(t *testing.T) {
	const n = 2000
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "approve", Do: waiter{}}, {Name: "deploy", Do: nothing, Needs: []string{"approve"}},
	}}
	store := new(release.MemoryStore)
	first := release.NewRunner(release.Config{Store: store})
	for i := range n {
		require.NoError(t, first.Begin(t.Context(), p, request(fmt.Sprintf("r%d", i))))
	}
	require.NoError(t, first.Close())
	goroutines, before := runtime.NumGoroutine(), heap()
	host := release.NewRunner(release.Config{Store: store})
	defer host.Close()
	taken, err := host.TakeUp(t.Context(), p)
	require.NoError(t, err)
	require.Len(t, taken, n)
	each := (heap() - before) / n
	t.Logf("%d bytes for each release that waits", each)
	assert.Less(t, each, uint64(8<<10))
	assert.Less(t, runtime.NumGoroutine(), goroutines+50)
	for _, id := range []string{"r0", "r1000", "r1999"} {
		require.NoError(t, host.Signal(t.Context(), id, stage.Signal{Kind: stage.Approve, Stage: "approve", By: "grace"}))
		state, err := host.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, stage.Succeeded, state.Outcome)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// waiter waits for an approval without holding anything.
type waiter struct{}

func (waiter) Listens() []stage.SignalKind { return []stage.SignalKind{stage.Approve} }
func (waiter) Run(_ context.Context, t *stage.Task) error {
	past, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := t.Next(past); err == nil {
		return nil
	}
	return stage.Wait(time.Time{}, "for an approval")
}

// leaky reveals a secret wherever it can.
type leaky struct{ logs bool }

func (leaky) Secrets() []string { return []string{"token"} }
func (l leaky) Run(ctx context.Context, t *stage.Task) error {
	s, err := t.Secret(ctx, "token")
	if err != nil {
		return err
	}
	open := s.Reveal()
	t.Logger().Info("using "+open, "token", open, "s", s, "all", []string{open}, "err", errors.New(open))
	t.Logger().With("with", open).Named(open).Warn("again")
	if err := t.Progress(ctx, stage.Progress{Text: "with " + open}); err != nil {
		return err
	}
	if err := t.Evidence(ctx, gate.Verdict{Gate: "g", Outcome: gate.Pass, Reason: open, Evidence: []gate.Evidence{{What: open}}}); err != nil {
		return err
	}
	for what, err := range map[string]error{
		"checkpoint": t.Checkpoint(ctx, open), "detail": t.Detail(ctx, "d", open), "secret": t.Checkpoint(ctx, s),
	} {
		if !errors.Is(err, stage.ErrSecret) {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if _, err := t.Secret(ctx, "other"); !errors.Is(err, stage.ErrUndeclared) {
		return errors.New("a secret that is not declared is given")
	}
	return fmt.Errorf("it broke with %s: %w", open, &stage.Error{Outcome: stage.Failed, Reason: open, Evidence: []gate.Verdict{{Gate: open, Outcome: gate.Fail, Reason: open}}})
}

func TestASecretIsNeverSeen(t *testing.T) {
	const canary = `s3cr3t"<canary>` + "\n"
	for _, asJSON := range []bool{false, true} {
		var logs bytes.Buffer
		store := new(release.MemoryStore)
		host := release.NewRunner(release.Config{
			Store: store, Logger: hclog.New(&hclog.LoggerOptions{Output: &logs, Level: hclog.Trace, JSONFormat: asJSON}),
			Secrets: func(_ context.Context, name string) (stage.Secret, error) {
				assert.Equal(t, "token", name)
				return stage.NewSecret(canary), nil
			},
		})
		_, err := host.Run(t.Context(), release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: leaky{}}}}, request("r1"))
		assert.Equal(t, stage.Failed, outcome(t, err))
		review, err2 := host.Review(t.Context(), "r1")
		require.NoError(t, err2)
		all := logs.String() + err.Error() + review.String()
		for e, err := range store.Events(t.Context(), "r1", 0) {
			require.NoError(t, err)
			text, err := e.MarshalJSON()
			require.NoError(t, err)
			all += string(text)
		}
		assert.Contains(t, all, "it broke with ***")
		assert.Contains(t, all, "using ***", "the lines are there")
		assert.NotContains(t, all, "s3cr3t")
	}
}

func TestSecretsAreAskedForBeforeAnythingRuns(t *testing.T) {
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: leaky{}}}}
	_, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
	assert.ErrorContains(t, err, "stage a: it asks for secret token, and Config.Secrets is nil")
	assert.False(t, strings.Contains(err.Error(), "r1 "))
}
