package crash_test

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
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

// counted is a store that counts its calls, and can hang.
type counted struct {
	release.MemoryStore
	calls atomic.Int64
	hangs atomic.Bool
}

func (c *counted) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	c.calls.Add(1)
	if c.hangs.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return c.MemoryStore.Append(ctx, id, expected, events...)
}

func (c *counted) Events(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	c.calls.Add(1)
	return c.MemoryStore.Events(ctx, id, from)
}

func (c *counted) Lease(ctx context.Context, host string, d time.Duration) error {
	c.calls.Add(1)
	if c.hangs.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return c.MemoryStore.Lease(ctx, host, d)
}

// A runner that was stopped has no goroutine and no timer left, however it was stopped, and whatever it was
// about: the bubble ends, and the store is not called any more.
func TestStopLeavesNothing(t *testing.T) {
	asks := release.Pipeline{Name: "asks", Stages: []release.Stage{step("ask", approval.Stage{Deadline: 1000 * time.Hour})}}
	works := release.Pipeline{Name: "works", Stages: []release.Stage{step("a", stage.Func(forever))}}
	fails := release.Pipeline{Name: "fails", Stages: []release.Stage{step("a", stage.Func(fails("broken")))}}
	fails.Stages[0].Retry = release.Retry{Attempts: 9, Backoff: time.Hour, MaxBackoff: 9 * time.Hour}
	begin := func(t *testing.T, r *release.Runner, p release.Pipeline, n int) {
		for i := range n {
			require.NoError(t, r.Begin(t.Context(), p, release.Request{ID: fmt.Sprint(p.Name, i), Service: "shop", RequestedBy: "ada"}))
		}
	}
	at := func(d time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		_ = cancel // the end of its time ends it
		return ctx
	}
	for name, c := range map[string]struct {
		before func(t *testing.T, r *release.Runner, store *counted)
		stop   func(r *release.Runner)
	}{
		"before anything":      {nil, nil},
		"twice":                {nil, func(r *release.Runner) { r.Stop(context.Background()); r.Stop(context.Background()); _ = r.Close() }},
		"at rest":              {func(t *testing.T, r *release.Runner, _ *counted) { begin(t, r, asks, 3) }, nil},
		"ten thousand at rest": {func(t *testing.T, r *release.Runner, _ *counted) { begin(t, r, asks, 10000/stride) }, nil},
		"with timers set":      {func(t *testing.T, r *release.Runner, _ *counted) { begin(t, r, fails, 3) }, nil},
		"while stages run":     {func(t *testing.T, r *release.Runner, _ *counted) { begin(t, r, works, 3) }, func(r *release.Runner) { r.Stop(at(time.Minute)) }},
		"at once, from everywhere": {func(t *testing.T, r *release.Runner, _ *counted) { begin(t, r, works, 3); begin(t, r, asks, 3) }, func(r *release.Runner) {
			var all sync.WaitGroup
			for i := range 10 {
				all.Go(func() { r.Stop(at(time.Duration(i) * time.Second)) })
			}
			all.Wait()
		}},
		"with a store that hangs": {func(t *testing.T, r *release.Runner, store *counted) {
			begin(t, r, works, 3)
			begin(t, r, asks, 3)
			store.hangs.Store(true)
		}, func(r *release.Runner) { r.Stop(at(time.Minute)) }},
		"while releases are taken up": {func(t *testing.T, r *release.Runner, store *counted) {
			former := release.NewRunner(release.Config{Store: store})
			begin(t, former, asks, 20)
			begin(t, former, works, 20)
			synctest.Wait()
			_ = former.Close()
			go func() { _, _ = r.TakeUp(context.Background(), asks, works) }()
		}, nil},
		"while releases are begun": {func(t *testing.T, r *release.Runner, _ *counted) {
			for i := range 20 {
				go func() {
					_ = r.Begin(context.Background(), works, release.Request{ID: fmt.Sprint("r", i), Service: "shop", RequestedBy: "ada"})
				}()
			}
		}, nil},
		"while somebody looks on": {func(t *testing.T, r *release.Runner, _ *counted) {
			begin(t, r, asks, 1)
			for _, id := range []string{"asks0", "not begun"} {
				go func() {
					for range r.Watch(context.Background(), id, 0) {
					}
				}()
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := new(counted)
				r := release.NewRunner(release.Config{Store: store})
				if c.before != nil {
					c.before(t, r, store)
				}
				if c.stop == nil {
					c.stop = func(r *release.Runner) { _ = r.Close() }
				}
				began := time.Now()
				c.stop(r)
				assert.LessOrEqual(t, time.Since(began), 2*time.Minute)
				calls := store.calls.Load()
				synctest.Wait()
				time.Sleep(24 * time.Hour)
				assert.LessOrEqual(t, store.calls.Load()-calls, int64(4), "who looks on may look once more")
				assert.ErrorIs(t, r.Begin(t.Context(), works, release.Request{ID: "late", Service: "shop", RequestedBy: "ada"}), release.ErrStopped)
				_, err := r.TakeUp(t.Context(), works)
				assert.ErrorIs(t, err, release.ErrStopped)
			}) // a goroutine that is left makes the bubble panic
		})
	}
}
