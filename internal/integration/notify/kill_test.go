package notify_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/davit-sdk/davit/internal/integration/process"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/release/notify/mail"
	"github.com/davit-sdk/davit/release/notify/notifytest"
	"github.com/davit-sdk/davit/release/notify/webhook"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if process.Play(map[string]process.Role{"host": process.Of(host)}) {
		return
	}
	os.Exit(m.Run())
}

// work is what a host does: releases, and to tell of them.
type work struct {
	Folder, Server, CA, Hook string
	Releases                 int
}

const password, key = "open sesame", "a key that nobody guesses"

// options are those of the notifier of the host. Without channels of its own it sends nowhere.
func (w work) options(store release.Store) (notify.Options, error) {
	cursors, err := notify.NewFileCursors(filepath.Join(w.Folder, "cursors"))
	return notify.Options{
		Store: store, Cursors: cursors, Since: time.Unix(0, 0), Poll: 20 * time.Millisecond, Timeout: 500 * time.Millisecond,
		Retry: notify.Retry{Backoff: 10 * time.Millisecond, MaxBackoff: 100 * time.Millisecond, Attempts: 1 << 20},
		Channels: map[string]notify.Channel{
			"mail": &mail.Channel{Server: w.Server, From: "davit@example.com", Username: "davit", Password: stage.NewSecret(password), TLS: trust(w.CA)},
			"hook": &webhook.Channel{URL: w.Hook, Keys: []stage.Secret{stage.NewSecret(key)}},
		},
		Groups: []notify.Group{{Name: "all", Recipients: []notify.Recipient{
			{Name: "ada", Channel: "mail", Address: "ada@example.com"}, {Name: "program", Channel: "hook"},
		}}},
		Rules: []notify.Rule{{Name: "all", To: []string{"all"}}},
	}, err
}

// host carries releases and tells of them, until all are done and told.
func host(w work, _ *bufio.Scanner, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	store, err := journal.Open(filepath.Join(w.Folder, "releases"), journal.Options{})
	if err != nil {
		return err
	}
	defer store.Close()
	o, err := w.options(store)
	if err != nil {
		return err
	}
	n, err := notify.New(o)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	runner := release.NewRunner(release.Config{Store: store})
	defer runner.Stop(ctx)
	pipeline := line()
	if _, err := runner.TakeUp(ctx, pipeline); err != nil {
		return err
	}
	for i := range w.Releases {
		id := fmt.Sprintf("shop-%d", i)
		if _, err := runner.Run(ctx, pipeline, release.Request{ID: id, Service: "shop", RequestedBy: "ada"}); err != nil && !errors.Is(err, release.ErrConflict) {
			var ended *stage.Error
			if !errors.As(err, &ended) {
				return err
			}
		}
	}
	if err := quiet(n); err != nil {
		return err
	}
	cancel()
	if err := <-ended; err != nil {
		return err
	}
	fmt.Fprintln(out, "done")
	return nil
}

// line is a pipeline of some stages, of which one fails at times.
func line() release.Pipeline {
	p := release.Pipeline{Name: "shop"}
	for i := range 4 {
		do := stage.Func(func(ctx context.Context, t *stage.Task) error {
			select {
			case <-time.After(3 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		s := release.Stage{Name: fmt.Sprintf("s%d", i), Do: do}
		if i > 0 {
			s.Needs = []string{fmt.Sprintf("s%d", i-1)}
		}
		p.Stages = append(p.Stages, s)
	}
	return p
}

// quiet waits until a notifier has nothing to tell for a while.
func quiet(n *notify.Notifier) error {
	still := 0
	for range 6000 {
		still++
		for _, s := range n.Status() {
			if !s.Open || s.Waiting > 0 || s.Behind {
				still = 0
			}
		}
		if still == 30 {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("there is still something to tell: %+v", n.Status())
}

// A host is killed again and again while servers fail in all ways. In the end everything was told, and what came twice was the same.
func TestKilledHostsTellEverything(t *testing.T) {
	const releases, kills = 40, 8
	o := newOffice(true)
	defer o.Close()
	var mu sync.Mutex
	bodies := map[string][]notify.Message{}
	hook := notifytest.NewServer(func(r *http.Request, body []byte) ([]notifytest.Arrival, error) {
		r.Body = io.NopCloser(bytes.NewReader(body))
		m, err := webhook.Read(r, stage.NewSecret(key))
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			bodies[m.ID] = append(bodies[m.ID], m)
		}
		return []notifytest.Arrival{{ID: m.ID}}, err
	})
	defer hook.Close()
	w := work{Folder: t.TempDir(), Server: o.address, CA: o.ca, Hook: hook.URL, Releases: releases}
	r := rand.New(rand.NewPCG(7, 8))
	// A server that refuses a message for good is left out: such a message is a dead letter, as it should be.
	failures := []notifytest.Failure{notifytest.None, notifytest.None, notifytest.Refuse, notifytest.Cut, notifytest.Hang}
	for range kills {
		p := process.Start(t, "host", w)
		o.Fail(failures[r.IntN(len(failures))])
		hook.Fail(failures[r.IntN(len(failures))])
		arrived := len(o.Arrived()) + len(hook.Arrived())
		for n := 0; n < 20+r.IntN(60) && len(o.Arrived())+len(hook.Arrived()) < arrived+50; n++ {
			time.Sleep(10 * time.Millisecond)
			o.mu.Lock()
			o.slow = time.Duration(r.IntN(30)) * time.Millisecond
			o.later = n%7 == 0 // it takes a mail, and is cut off before it says so
			o.mu.Unlock()
		}
		p.Shoot()
		_ = p.Wait()
	}
	o.Fail(notifytest.None)
	hook.Fail(notifytest.None)
	o.mu.Lock()
	o.later, o.slow = false, 0
	o.mu.Unlock()
	for range 2 { // the second one finds what began and ended between two looks of the first
		p := process.Start(t, "host", w)
		require.Equal(t, "done", p.Line(), p.Said())
		require.NoError(t, p.Wait())
	}

	want := expected(t, w)
	unique := func(list []notifytest.Arrival) map[string]int {
		ids := map[string]int{}
		for _, a := range list {
			ids[a.ID]++
		}
		return ids
	}
	mails, hooks := unique(o.Arrived()), unique(hook.Arrived())
	var lost []string
	for id, channel := range want {
		if channel == "mail" && mails[id] == 0 || channel == "hook" && hooks[id] == 0 {
			lost = append(lost, channel+" "+id)
		}
	}
	assert.Empty(t, lost)
	assert.Equal(t, len(want), len(mails)+len(hooks), "and nothing else")
	twice := 0
	for _, texts := range o.raw {
		for _, text := range texts[1:] {
			twice++
			assert.Equal(t, texts[0], text, "what comes twice is the same")
		}
	}
	for _, list := range bodies {
		for _, m := range list[1:] {
			twice++
			a, _ := json.Marshal(list[0])
			b, _ := json.Marshal(m)
			assert.JSONEq(t, string(a), string(b))
		}
	}
	t.Logf("%d messages, %d of them came again", len(want), twice)
}

// expected are the IDs of all that is to be told of what the host has recorded, by a notifier that is never killed.
func expected(t *testing.T, w work) map[string]string {
	store, err := journal.Open(filepath.Join(w.Folder, "releases"), journal.Options{})
	require.NoError(t, err)
	defer store.Close()
	o, err := w.options(store)
	require.NoError(t, err)
	o.Cursors = nil
	ids := make(chan [2]string, 1<<16)
	for name := range o.Channels {
		o.Channels[name] = notify.Func(func(_ context.Context, m notify.Message) error {
			ids <- [2]string{m.ID, name}
			return nil
		})
	}
	n, err := notify.New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	require.NoError(t, quiet(n))
	cancel()
	require.NoError(t, <-ended)
	close(ids)
	all := map[string]string{}
	for pair := range ids {
		all[pair[0]] = pair[1]
	}
	return all
}
