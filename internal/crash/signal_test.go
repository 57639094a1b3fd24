package crash_test

import (
	"context"
	"iter"
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

// bare is a store without any further ability.
type bare struct{ release.Store }

// hooked is a store with something between its calls.
type hooked struct {
	release.Store
	mu     sync.Mutex
	append func()
	read   func()
}

func (h *hooked) hook(of *func()) func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if *of == nil {
		return func() {}
	}
	return *of
}

func (h *hooked) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	h.hook(&h.append)()
	return h.Store.Append(ctx, id, expected, events...)
}

func (h *hooked) Events(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		h.Store.Events(ctx, id, from)(yield)
		h.hook(&h.read)()
	}
}

// A signal comes while the release is taken up: the one has looked for a host of the release before there is
// one, and the other has read the history before the signal is in it.
func TestASignalWhileTheReleaseIsTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hooked{Store: bare{new(release.MemoryStore)}}
		bob := frozen(stage.Retry).people[0]
		s := frozen(stage.Retry)
		s.people = nil
		w := newWorld()
		m := &machine{world: w, died: make(chan struct{})}
		first := release.NewRunner(release.Config{Store: store})
		require.NoError(t, first.Begin(t.Context(), s.pipeline(m), release.Request{ID: id, Service: "shop", RequestedBy: "ada"}))
		synctest.Wait()
		first.Stop(t.Context())

		w.set("mended")
		next := release.NewRunner(release.Config{Store: store})
		reads, read, free, taken := 0, make(chan struct{}), make(chan struct{}), make(chan struct{})
		store.append = func() {
			store.mu.Lock()
			store.append = nil
			store.read = func() {
				if reads++; reads == 2 { // the first read is to see which releases are open
					close(read)
					<-free
				}
			}
			store.mu.Unlock()
			go func() {
				defer close(taken)
				ids, err := next.TakeUp(t.Context(), s.pipeline(m))
				assert.NoError(t, err)
				assert.Equal(t, []string{id}, ids)
			}()
			<-read
			store.mu.Lock()
			store.read = nil
			store.mu.Unlock()
		}
		require.NoError(t, next.Signal(t.Context(), id, bob.signal))
		close(free)
		<-taken
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		state, err := next.Wait(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, stage.Succeeded, state.Outcome)
		next.Stop(t.Context())
	})
}
