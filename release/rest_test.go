package release_test

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read counts the events that are read from a store.
type read struct {
	release.MemoryStore
	events atomic.Int64
}

func (r *read) Events(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		for e, err := range r.MemoryStore.Events(ctx, id, from) {
			if r.events.Add(1); !yield(e, err) {
				return
			}
		}
	}
}

// What looks at something every second does not read all that it has recorded for each look.
func TestALookCostsTheSameHoweverManyThereWere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const looks = 500
		p := steps(do(func(_ context.Context, task *stage.Task) error {
			if task.Attempt() < looks {
				return stage.Wait(time.Now().Add(time.Second), "not yet")
			}
			return nil
		}))
		store := new(read)
		runner := release.NewRunner(release.Config{Store: store})
		defer runner.Close()
		state, err := runner.Run(t.Context(), p, request("r1"))
		require.NoError(t, err)
		assert.Equal(t, looks, state.Stage("b").Attempt)
		assert.Less(t, store.events.Load(), int64(10*looks))
	})
}

// A release at rest that goes on soon is not gone on with by what was known of it before.
func TestOthersMayGoOnWithAReleaseThatRestsBriefly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steps(listener{stage.Func(func(ctx context.Context, task *stage.Task) error {
			past, cancel := context.WithCancel(ctx)
			cancel()
			if sig, err := task.Next(past); err == nil {
				return stage.Skip(sig.Why)
			}
			return stage.Wait(time.Now().Add(50*time.Second), "not yet")
		}), []stage.SignalKind{stage.Approve}})
		store := new(release.MemoryStore)
		first, second := release.NewRunner(release.Config{Store: store}), release.NewRunner(release.Config{Store: store})
		defer first.Close()
		defer second.Close()
		require.NoError(t, first.Begin(t.Context(), p, request("r1")))
		synctest.Wait()
		_, err := second.TakeUp(t.Context(), p)
		require.NoError(t, err)
		require.NoError(t, second.Signal(t.Context(), "r1", stage.Signal{Kind: stage.Approve, Stage: "b", By: "grace", Why: "found nothing"}))
		state, err := first.Wait(t.Context(), "r1")
		require.NoError(t, err)
		assert.Equal(t, second.Host(), state.Host)
		assert.Equal(t, "found nothing", state.Stage("b").Reason)
	})
}

func TestWhoStopsTellsWhereAReleaseThatRestsBrieflyIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steps(listener{stage.Func(func(ctx context.Context, task *stage.Task) error {
			past, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := task.Next(past); err == nil {
				return sleeper(time.Hour).Run(ctx, task)
			}
			return stage.Wait(time.Now().Add(50*time.Second), "not yet")
		}), []stage.SignalKind{stage.Approve}})
		store := new(release.MemoryStore)
		first, second := release.NewRunner(release.Config{Store: store}), release.NewRunner(release.Config{Store: store})
		defer second.Close()
		ctx, stop := context.WithCancel(t.Context())
		told := make(chan error)
		go func() {
			_, err := first.Run(ctx, p, request("r1"))
			told <- err
		}()
		synctest.Wait()
		_, err := second.TakeUp(t.Context(), p)
		require.NoError(t, err)
		require.NoError(t, second.Signal(t.Context(), "r1", stage.Signal{Kind: stage.Approve, Stage: "b", By: "grace"}))
		synctest.Wait()
		stop()
		assert.ErrorIs(t, <-told, release.ErrElsewhere)
		first.Close()
	})
}

// A host that lives, and does not do what is due, is waited for no longer than a third of a lease.
func TestWhatALivingHostLeavesUndoneIsTakenFromIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steps(do(func(_ context.Context, task *stage.Task) error {
			if task.Attempt() == 1 {
				return stage.Wait(time.Now().Add(time.Hour), "not yet")
			}
			return nil
		}))
		store := new(release.MemoryStore)
		first, second := release.NewRunner(release.Config{Store: store}), release.NewRunner(release.Config{Store: store})
		defer second.Close()
		require.NoError(t, first.Begin(t.Context(), p, request("r1")))
		began := time.Now()
		synctest.Wait()
		require.NoError(t, first.Close())
		require.NoError(t, store.Lease(t.Context(), first.Host(), 24*time.Hour))
		_, err := second.TakeUp(t.Context(), p)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		state, err := second.Wait(ctx, "r1")
		require.NoError(t, err)
		assert.Equal(t, second.Host(), state.Host)
		assert.Equal(t, time.Hour+release.DefaultLease/3, time.Since(began))
	})
}

func TestASignalWhoseTimeIsOverIsNotRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fly(t, steps(sleeper(time.Minute)))
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 {
			assert.ErrorIs(t, f.runner.Signal(over, "r1", stage.Signal{Kind: stage.Pause, By: "grace"}), context.Canceled)
		}
		state, err := f.land()
		require.NoError(t, err)
		assert.Nil(t, state.Paused)
	})
}
