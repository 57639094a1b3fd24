package release_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
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

func numbers(events iter.Seq2[ledger.Event, error]) (seqs []uint64, err error) {
	for e, err := range events {
		if err != nil {
			return seqs, err
		}
		seqs = append(seqs, e.Seq)
	}
	return seqs, nil
}

func upTo(from, to uint64) (seqs []uint64) {
	for n := from; n <= to; n++ {
		seqs = append(seqs, n)
	}
	return seqs
}

// talker records a number of details, as fast as it can.
func talker(n int) stage.Stage {
	return do(func(ctx context.Context, t *stage.Task) error {
		for i := range n {
			if err := t.Detail(ctx, "word", i); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestWatchersSeeEachEventOnce has many releases at once, each with watchers that begin before it, in
// the middle of it and after it, and that are slow or give up.
func TestWatchersSeeEachEventOnce(t *testing.T) {
	r := release.NewRunner(release.Config{})
	p := release.Pipeline{Name: "shop", Parallel: 3}
	for i := range 6 {
		p.Stages = append(p.Stages, release.Stage{Name: fmt.Sprintf("s%d", i), Do: talker(20)})
	}
	const last = 1 + 6*(20+2) + 1
	var wg sync.WaitGroup
	for i := range 20 {
		id := fmt.Sprintf("r%d", i)
		for _, from := range []uint64{0, 1, 7, last} {
			wg.Go(func() {
				seqs, err := numbers(r.Watch(t.Context(), id, from))
				assert.NoError(t, err)
				assert.Equal(t, upTo(max(from, 1), last), seqs)
			})
		}
		wg.Go(func() { // begins to watch in the middle
			for e := range r.Watch(t.Context(), id, 0) {
				if e.Seq == 50 {
					break
				}
			}
			seqs, err := numbers(r.Watch(t.Context(), id, 51))
			assert.NoError(t, err)
			assert.Equal(t, upTo(51, last), seqs)
		})
		wg.Go(func() {
			_, err := r.Run(t.Context(), p, request(id))
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	seqs, err := numbers(r.Watch(t.Context(), "r3", 0))
	require.NoError(t, err)
	assert.Equal(t, upTo(1, last), seqs)
}

func TestWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := release.NewRunner(release.Config{})
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: sleeper(time.Hour)}}}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { r.Run(t.Context(), p, request("r1")) })
		wg.Go(func() {
			_, err := numbers(r.Watch(ctx, "r1", 0))
			assert.ErrorIs(t, err, context.Canceled, "when its context does")
		})
		wg.Go(func() {
			seqs, err := numbers(r.Watch(t.Context(), "r1", 0))
			assert.NoError(t, err, "when the release is interrupted")
			assert.Equal(t, upTo(1, 4), seqs) // request, begin, interruption, end
		})
		wg.Go(func() {
			_, err := numbers(r.Watch(t.Context(), "r2", 0))
			assert.ErrorIs(t, err, release.ErrStopped, "when there will be no such release")
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		gone, cut := context.WithCancel(t.Context())
		cut()
		r.Stop(gone)
		wg.Wait()
		seqs, err := numbers(r.Watch(t.Context(), "r1", 9))
		assert.NoError(t, err)
		assert.Empty(t, seqs, "there is nothing from there on")
	})
}

func TestProgressIsThinnedOutButNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(release.MemoryStore)
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: do(func(ctx context.Context, t *stage.Task) error {
			for i := range 1000 {
				if err := t.Progress(ctx, stage.Progress{Done: float64(i), Total: 1000}); err != nil {
					return err
				}
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Minute)
			if err := t.Progress(ctx, stage.Progress{Done: 999.5, Total: 1000}); err != nil {
				return err
			}
			return t.Progress(ctx, stage.Progress{Done: 1000, Total: 1000})
		})}}}
		state, err := release.NewRunner(release.Config{Store: store}).Run(t.Context(), p, request("r1"))
		require.NoError(t, err)
		assert.Equal(t, 1000.0, state.Stage("a").Progress.Done)
		var shown []float64
		for e := range store.Events(t.Context(), "r1", 0) {
			if b, ok := e.Body.(ledger.Progressed); ok {
				shown = append(shown, b.Done)
			}
		}
		assert.Len(t, shown, 13, "%v", shown)
		assert.Equal(t, []float64{999, 999.5, 1000}, shown[10:], "the last of a burst is shown in time")
	})
}

// faulty is a store whose n-th write fails.
type faulty struct {
	release.MemoryStore
	left atomic.Int64
}

var errDisk = errors.New("the disk is full")

func (f *faulty) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	if f.left.Add(-1) < 0 {
		return errDisk
	}
	return f.MemoryStore.Append(ctx, id, expected, events...)
}

// TestAStoreThatFailsStopsEverything lets each write fail in turn: the release stops where it is, its
// stages are told, and nothing is acted upon that was not recorded.
func TestAStoreThatFailsStopsEverything(t *testing.T) {
	writes := int64(0)
	for ; ; writes++ {
		done := false
		synctest.Test(t, func(t *testing.T) {
			store := new(faulty)
			store.left.Store(writes)
			var began []string
			track := func(s stage.Stage) stage.Stage {
				return do(func(ctx context.Context, task *stage.Task) error {
					began = append(began, task.Stage())
					if err := task.Checkpoint(ctx, 1); err != nil {
						return err
					}
					return s.Run(ctx, task)
				})
			}
			p := release.Pipeline{Name: "shop", Parallel: 1, Stages: []release.Stage{
				{Name: "a", Do: track(sleeper(time.Minute))},
				{Name: "b", Do: track(sleeper(time.Minute)), Needs: []string{"a"}},
			}}
			_, err := release.NewRunner(release.Config{Store: store}).Run(t.Context(), p, request("r1"))
			if err == nil {
				done = true
				return
			}
			require.ErrorIs(t, err, errDisk)
			state, err := ledger.Fold(store.Events(t.Context(), "r1", 0))
			require.NoError(t, err)
			for _, name := range began {
				assert.NotZero(t, state.Stage(name).Attempt, "%s ran without a record", name)
			}
			assert.False(t, state.Over())
		})
		if done {
			break
		}
	}
	assert.Equal(t, int64(5), writes, "what ends and what begins upon it are one write")
}

func TestReleasesShareARunner(t *testing.T) {
	store := new(release.MemoryStore)
	r := release.NewRunner(release.Config{Store: store})
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "a", Do: talker(3)}, {Name: "b", Do: talker(3), Needs: []string{"a"}},
	}}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			_, err := r.Run(t.Context(), p, request(fmt.Sprintf("r%d", i)))
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	var ids []string
	for id, err := range store.Releases(t.Context()) {
		require.NoError(t, err)
		ids = append(ids, id)
	}
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(ids))), 100)
}
