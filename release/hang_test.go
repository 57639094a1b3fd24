package release_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hanging is a store whose third write, and each after it, hangs until its context ends.
type hanging struct {
	release.MemoryStore
	mu     sync.Mutex
	writes int
}

func (h *hanging) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	h.mu.Lock()
	h.writes++
	hangs := h.writes >= 3
	h.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return h.MemoryStore.Append(ctx, id, expected, events...)
}

func TestAStoreThatHangsMakesNobodyDeaf(t *testing.T) {
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: nothing}, {Name: "b", Do: nothing, Needs: []string{"a"}}}}
	for name, c := range map[string]struct {
		stop func(cancel context.CancelFunc, r *release.Runner)
		took time.Duration
	}{
		"nobody stops it":  {func(context.CancelFunc, *release.Runner) {}, 20 * time.Second},
		"its caller stops": {func(cancel context.CancelFunc, _ *release.Runner) { cancel() }, 7 * time.Second},
		"the runner stops": {func(_ context.CancelFunc, r *release.Runner) {
			now, cut := context.WithCancel(context.Background())
			cut()
			r.Stop(now)
		}, 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := release.NewRunner(release.Config{Store: new(hanging), StoreTimeout: 20 * time.Second})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() {
					time.Sleep(time.Second)
					hurried, done := context.WithTimeout(t.Context(), time.Second)
					defer done()
					err := r.Signal(hurried, "r1", stage.Signal{Kind: stage.Abort, By: "ada"})
					assert.ErrorIs(t, err, context.DeadlineExceeded, "a signal waits no longer than its sender")
					assert.Equal(t, 2*time.Second, time.Since(began(t)))
					c.stop(cancel, r)
				}()
				start := time.Now()
				_, err := r.Run(ctx, p, request("r1"))
				assert.ErrorContains(t, err, "the store did not answer in time")
				assert.Equal(t, c.took, time.Since(start))
				synctest.Wait()
			})
		})
	}
}

// began is when a bubble's clock starts.
func began(*testing.T) time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// What Run has returned is final: a signal that comes as it returns, and later, is recorded for whoever
// carries the release next, and changes nothing in the state that was returned.
func TestNobodyChangesWhatRunReturned(t *testing.T) {
	for range 50 {
		r := release.NewRunner(release.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		begun := make(chan struct{})
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: do(func(ctx context.Context, _ *stage.Task) error {
			close(begun)
			<-ctx.Done()
			return context.Cause(ctx)
		})}}}
		const people, each = 4, 25
		var wg sync.WaitGroup
		for range people {
			wg.Go(func() {
				<-begun
				for range each {
					assert.NoError(t, r.Signal(context.Background(), "r1", stage.Signal{Kind: stage.Pause, By: "ada"}))
				}
			})
		}
		go func() {
			<-begun
			cancel()
		}()
		state, err := r.Run(ctx, p, request("r1"))
		require.Error(t, err)
		last := state.Seq
		wg.Wait()
		assert.Equal(t, last, state.Seq)
		review, err := r.Review(t.Context(), "r1")
		require.NoError(t, err)
		assert.Len(t, review.Signals, people*each)
	}
}

// page is a log in memory.
type page struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func TestAStageThatIgnoresItsCancelIsNamed(t *testing.T) {
	for name, broken := range map[string]bool{"a timeout": false, "a store that fails": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, store := new(page), new(faulty)
				store.left.Store(1000)
				r := release.NewRunner(release.Config{Store: store, Logger: hclog.New(&hclog.LoggerOptions{Output: log})})
				p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "deaf", Timeout: time.Second, Do: do(func(ctx context.Context, task *stage.Task) error {
					if broken {
						store.left.Store(0)
						_ = task.Detail(ctx, "x", 1)
					}
					time.Sleep(time.Minute)
					return nil
				})}}}
				state, err := r.Run(t.Context(), p, request("r1"))
				require.Error(t, err)
				text := log.String()
				assert.Equal(t, 1, strings.Count(text, "stage is cancelled"), "%s", text)
				assert.Equal(t, 3, strings.Count(text, "stage still runs after its cancel"), "after 10, 20 and 40 s:\n%s", text)
				assert.Contains(t, text, "stage=deaf")
				if !broken {
					assert.Equal(t, stage.Failed, state.Stage("deaf").Outcome, "success comes too late")
					assert.Contains(t, state.Reason, "timeout of 1s")
				}
			})
		})
	}
}

func TestMakingLightOfARefusalFails(t *testing.T) {
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "a", Do: do(func(_ context.Context, task *stage.Task) error {
		_ = stage.Version.Set(task, "1.2.3")
		return nil
	})}}}
	state, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
	assert.Equal(t, stage.Failed, outcome(t, err))
	assert.Contains(t, state.Reason, "sets key version")
}
