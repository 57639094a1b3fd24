package notify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// room is a channel that keeps what it was sent.
type room struct {
	mu   sync.Mutex
	sent []notify.Message
	at   []time.Time
	fail func(m notify.Message, try int) error
	try  map[string]int
}

func (r *room) Send(_ context.Context, m notify.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.try == nil {
		r.try = map[string]int{}
	}
	r.try[m.ID]++
	if r.fail != nil {
		if err := r.fail(m, r.try[m.ID]); err != nil {
			return err
		}
	}
	r.sent, r.at = append(r.sent, m), append(r.at, time.Now())
	return nil
}

func (r *room) got() []notify.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.sent)
}

// lines are what the room was told, one line each.
func (r *room) lines() []string {
	var all []string
	for _, m := range r.got() {
		all = append(all, fmt.Sprintf("%s: %s", m.To, m.Subject))
	}
	return all
}

func (r *room) times() []time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.at)
}

// begin runs a notifier until the test ends, or the function is called.
func begin(t *testing.T, o notify.Options) (stop func()) {
	t.Helper()
	n, err := notify.New(o)
	require.NoError(t, err)
	return run(t, n)
}

func run(t *testing.T, n *notify.Notifier) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			assert.NoError(t, <-done)
		})
	}
	t.Cleanup(stop)
	return stop
}

// team is one person on one channel.
func team(channel string) []notify.Group {
	return []notify.Group{{Name: "team", Recipients: []notify.Recipient{{Name: "ada", Channel: channel}}}}
}

// asking is a pipeline that builds, asks, and deploys.
func asking(build stage.Func) release.Pipeline {
	deploy := stage.Func(func(context.Context, *stage.Task) error { return nil })
	return release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: build},
		{Name: "approve", Do: approval.Stage{Ask: "Release to production?"}, Needs: []string{"build"}},
		{Name: "deploy", Do: deploy, Needs: []string{"approve"}, Environment: "production"},
	}}
}

func well(context.Context, *stage.Task) error { return nil }

// launch carries a release in the background, with a runner of its own.
func launch(t *testing.T, store release.Store, p release.Pipeline, id string) (*release.Runner, <-chan struct{}) {
	r := release.NewRunner(release.Config{Store: store})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = r.Run(t.Context(), p, release.Request{ID: id, Service: "shop", RequestedBy: "ada", Reason: "weekly"})
	}()
	t.Cleanup(func() { r.Stop(t.Context()) })
	return r, done
}

func TestAReleaseIsToldFromBeginToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ch := new(release.MemoryStore), &room{}
		begin(t, notify.Options{
			Store: store, Channels: map[string]notify.Channel{"room": ch}, Groups: team("room"),
			Rules: []notify.Rule{{Name: "all", To: []string{"team"}}},
		})
		synctest.Wait()
		r, done := launch(t, store, asking(well), "shop-1")
		time.Sleep(time.Minute)
		require.NoError(t, r.Signal(t.Context(), "shop-1", stage.Signal{Kind: stage.Approve, Stage: "approve", By: "grace"}))
		<-done
		time.Sleep(5 * time.Second)
		assert.Equal(t, []string{
			"ada: shop (shop-1) begins, asked for by ada",
			"ada: shop (shop-1), build begins",
			"ada: shop (shop-1), build is done",
			"ada: shop (shop-1), approve begins",
			"ada: shop (shop-1), approve needs an answer: Release to production? 0 of 1 approvals",
			"ada: shop (shop-1), approve: grace says approve",
			"ada: shop (shop-1), approve is done",
			"ada: shop (shop-1), deploy begins",
			"ada: shop (shop-1), deploy is done",
			"ada: shop (shop-1) is released",
		}, ch.lines())
		ids := map[string]bool{}
		for _, m := range ch.got() {
			ids[m.ID] = true
		}
		assert.Len(t, ids, 10)
	})
}

var errDown = errors.New("down")
