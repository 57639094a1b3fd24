package integration_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/sqlstore"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-hclog"
)

// skewed is a store as a host sees it whose clock is off.
type skewed struct {
	*sqlstore.Store
	by time.Duration
}

func (s skewed) Append(ctx context.Context, id string, expected uint64, events ...ledger.Event) error {
	shifted := make([]ledger.Event, len(events))
	for i, e := range events {
		shifted[i] = shift(e, s.by)
	}
	return s.Store.Append(ctx, id, expected, shifted...)
}

func (s skewed) Events(ctx context.Context, id string, from uint64) iter.Seq2[ledger.Event, error] {
	return func(yield func(ledger.Event, error) bool) {
		for e, err := range s.Store.Events(ctx, id, from) {
			if err == nil {
				e = shift(e, -s.by)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func shift(e ledger.Event, by time.Duration) ledger.Event {
	add := func(t time.Time) time.Time {
		if t.IsZero() {
			return t
		}
		return t.Add(by)
	}
	e.Time = add(e.Time)
	switch b := e.Body.(type) {
	case ledger.Requested:
		b.Release.RequestedAt = add(b.Release.RequestedAt)
		e.Body = b
	case ledger.Ended:
		b.RetryAt, b.Until = add(b.RetryAt), add(b.Until)
		e.Body = b
	case ledger.Interrupted:
		b.Until = add(b.Until)
		e.Body = b
	case ledger.Signalled:
		b.Signal.At = add(b.Signal.At)
		e.Body = b
	}
	return e
}

// ships is a pipeline on a target: a is quick; b holds on until it is told to go on, then touches the
// target once more; c fails twice before it works.
type ships struct {
	task
	say func(format string, args ...any)
}

type work func(ctx context.Context, t *stage.Task) error

func (w work) Run(ctx context.Context, t *stage.Task) error { return w(ctx, t) }

func (s ships) pipeline() release.Pipeline {
	return release.Pipeline{Name: "ship", Stages: []release.Stage{
		{Name: "a", Do: work(s.quick)},
		{Name: "b", Do: work(s.hold), Needs: []string{"a"}},
		{Name: "c", Do: work(s.fickle), Needs: []string{"b"}, Retry: release.Retry{Attempts: 5, Backoff: 50 * time.Millisecond}},
	}}
}

func (s ships) touch(t *stage.Task, what string) error {
	return target(s.Target).touch(t.Release().ID, what, s.Host, t.Fence())
}

func (s ships) quick(_ context.Context, t *stage.Task) error { return s.touch(t, t.Stage()) }

func (s ships) fickle(_ context.Context, t *stage.Task) error {
	if t.Attempt() < 3 {
		return errors.New("not yet")
	}
	return s.touch(t, "c")
}

// hold records a checkpoint before each touch. Where that is refused, it tries to touch the target
// blindly, as a stage does that knows nothing of checkpoints, unless nobody else can have been there.
func (s ships) hold(ctx context.Context, t *stage.Task) error {
	id := t.Release().ID
	if err := t.Checkpoint(ctx, "begun"); err != nil {
		return err
	}
	if err := s.touch(t, "b1"); err != nil {
		return err
	}
	s.say("in %s", id)
	for !target(s.Target).told("go", "go."+s.Host, "go."+id) && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	if err := t.Checkpoint(context.WithoutCancel(ctx), "late"); err != nil {
		touched := "no"
		if target(s.Target).told("blind") {
			touched = fmt.Sprint(s.touch(t, "blind"))
		}
		s.say("late %s: %s", id, touched)
		return err
	}
	return s.touch(t, "b2")
}

// counts is a pipeline that waits for so many approvals, in its goroutine or at rest.
func (k task) counts(name string, rests bool) release.Pipeline {
	return release.Pipeline{Name: name, OnAbort: release.Stop, Stages: []release.Stage{{Name: "count", Do: counter{k.Many, rests}}}}
}

type counter struct {
	want  int
	rests bool
}

func (counter) Listens() []stage.SignalKind { return []stage.SignalKind{stage.Approve} }

func (c counter) Run(ctx context.Context, t *stage.Task) error {
	take := ctx
	if c.rests {
		past, cancel := context.WithCancel(ctx)
		cancel()
		take = past
	}
	for range c.want {
		if _, err := t.Next(take); err != nil {
			if c.rests && ctx.Err() == nil {
				return stage.Wait(time.Time{}, "for more")
			}
			return err
		}
	}
	return nil
}

// carrier is a host: it begins and takes up releases, and signals, as it is told.
func carrier(k task, in *bufio.Scanner, out io.Writer) error {
	db, store, err := k.open()
	if err != nil {
		return err
	}
	defer db.Close()
	host := release.NewRunner(release.Config{
		Store: skewed{store, k.Skew}, Lease: k.Lease,
		Logger: hclog.New(&hclog.LoggerOptions{Output: os.Stderr, Level: hclog.Info, Name: k.Host}),
	})
	var mu sync.Mutex
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, format+"\n", args...)
	}
	ship := ships{k, say}.pipeline()
	pipelines := []release.Pipeline{ship, k.counts("runs", false), k.counts("rests", true)}
	request := func(id string) release.Request {
		return release.Request{ID: id, Service: "shop", RequestedBy: "ada"}
	}
	ctx := context.Background()
	say("host %s", host.Host())
	for in.Scan() {
		words := strings.Fields(in.Text())
		switch words[0] {
		case "begin":
			if err := host.Begin(ctx, ship, request(words[1])); err != nil {
				return err
			}
		case "count": // one of those that count
			for _, p := range pipelines {
				if p.Name == words[2] {
					say("begun %s %v", words[1], host.Begin(ctx, p, request(words[1])))
				}
			}
		case "run":
			go func() {
				state, err := host.Run(ctx, ship, request(words[1]))
				say("ended %s as %s by %s: %v", words[1], state.Outcome, state.Host, err)
			}()
		case "takeup":
			taken, err := host.TakeUp(ctx, pipelines...)
			say("taken %d %v", len(taken), err)
		case "signal": // release, kind, stage or -, ID
			go func() {
				sig := stage.Signal{ID: words[4], Kind: stage.SignalKind(words[2]), Stage: strings.Trim(words[3], "-"), By: "grace"}
				say("signalled %s %s %v", words[1], words[4], host.Signal(ctx, words[1], sig))
			}()
		case "stop":
			host.Close()
			say("stopped")
			return nil
		}
	}
	return host.Close()
}
