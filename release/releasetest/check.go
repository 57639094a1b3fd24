package releasetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Violation says which law a store breaks, and how.
type Violation struct{ Law, Reason string }

// Error is the law and the reason.
func (v *Violation) Error() string { return fmt.Sprintf("law %s: %s", v.Law, v.Reason) }

// absent is the error of a law about an ability that the store, or its suite, does not have.
type absent string

func (a absent) Error() string { return string(a) }

func epoch() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.UTC) }

// events are events with the numbers from first to last, with bodies of several kinds.
func events(first, last uint64) []ledger.Event {
	var out []ledger.Event
	for n := first; n <= last; n++ {
		e := ledger.Event{Seq: n, Time: epoch().Add(time.Duration(n) * time.Second), Stage: "build", Attempt: 1}
		switch n % 4 {
		case 0:
			e.Body = ledger.Began{}
		case 1:
			e.Body = ledger.Noted{Name: "note", Data: json.RawMessage(fmt.Sprintf(`{"n":%d,"text":"ü\u0000 <&>"}`, n))}
		case 2:
			e.Body = ledger.Signalled{Signal: stage.Signal{ID: fmt.Sprint(n), Kind: stage.Pause, By: "ada", At: epoch()}}
		case 3:
			e.Body = ledger.Ended{Outcome: stage.Failed, Reason: "two\nlines"}
		}
		out = append(out, e)
	}
	return out
}

// read reads a release from a number on, as lines of JSON.
func read(s release.Store, id string, from uint64) (lines []string, err error) {
	for e, err := range s.Events(context.Background(), id, from) {
		if err != nil {
			return lines, fmt.Errorf("reading %s: %w", id, err)
		}
		line, err := json.Marshal(e)
		if err != nil {
			return lines, err
		}
		lines = append(lines, string(line))
	}
	return lines, nil
}

// holds reports whether the release holds exactly those events from a number on.
func holds(s release.Store, id string, from uint64, want []ledger.Event) error {
	got, err := read(s, id, from)
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return fmt.Errorf("%s from %d on: %d events, %d were expected", id, from, len(got), len(want))
	}
	for i, e := range want {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if got[i] != string(line) {
			return fmt.Errorf("%s: event %d is %s, not %s", id, e.Seq, got[i], line)
		}
	}
	return nil
}

// write appends events and expects that to work.
func write(s release.Store, id string, list []ledger.Event) error {
	if err := s.Append(context.Background(), id, list[0].Seq-1, list...); err != nil {
		return fmt.Errorf("appending event %d to %s: %w", list[0].Seq, id, err)
	}
	return nil
}

// first is the first error.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func order(s release.Store) error {
	return first(
		func() error { return write(s, "a", events(1, 1)) },
		func() error { return write(s, "a", events(2, 7)) },
		func() error { return holds(s, "a", 0, events(1, 7)) },
		func() error { return write(s, "a", events(8, 8)) },
		func() error { return holds(s, "a", 1, events(1, 8)) },
	)
}

func from(s release.Store) error {
	if err := write(s, "a", events(1, 5)); err != nil {
		return err
	}
	for n := uint64(2); n <= 5; n++ {
		if err := holds(s, "a", n, events(n, 5)); err != nil {
			return err
		}
	}
	return first(
		func() error { return holds(s, "a", 6, nil) },
		func() error { return holds(s, "a", 1<<62, nil) },
	)
}

func fence(s release.Store) error {
	if err := write(s, "a", events(1, 3)); err != nil {
		return err
	}
	for _, expected := range []uint64{0, 2, 4} {
		err := s.Append(context.Background(), "a", expected, events(expected+1, expected+1)...)
		if !errors.Is(err, release.ErrConflict) {
			return fmt.Errorf("after 3 events, a write that expects %d gives %v, not ErrConflict", expected, err)
		}
	}
	if err := s.Append(context.Background(), "b", 1, events(2, 2)...); !errors.Is(err, release.ErrConflict) {
		return fmt.Errorf("in a new release, a write that expects 1 gives %v, not ErrConflict", err)
	}
	return first(
		func() error { return holds(s, "a", 0, events(1, 3)) },
		func() error { return holds(s, "b", 0, nil) },
	)
}

func whole(s release.Store) error {
	if err := write(s, "a", events(1, 1)); err != nil {
		return err
	}
	gap := append(events(2, 3), events(5, 5)...)
	if err := s.Append(context.Background(), "a", 1, gap...); err == nil {
		return errors.New("events with a gap in their numbers are taken")
	}
	return first(
		func() error { return holds(s, "a", 0, events(1, 1)) },
		func() error { return write(s, "a", events(2, 2)) },
	)
}

func apart(s release.Store) error {
	return first(
		func() error { return write(s, "a", events(1, 2)) },
		func() error { return write(s, "b", events(1, 4)) },
		func() error { return write(s, "a", events(3, 3)) },
		func() error { return holds(s, "a", 0, events(1, 3)) },
		func() error { return holds(s, "b", 0, events(1, 4)) },
	)
}

func listed(s release.Store) error {
	want := []string{"b", "c", "a"}
	for _, id := range want {
		if err := write(s, id, events(1, 2)); err != nil {
			return err
		}
	}
	if err := write(s, "b", events(3, 3)); err != nil {
		return err
	}
	return lists(s, want...)
}

func unknown(s release.Store) error { return holds(s, "nobody", 0, nil) }

func cancelled(s release.Store) error {
	if err := write(s, "a", events(1, 2)); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Append(ctx, "a", 2, events(3, 3)...); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a write gives %v, not the context's error", err)
	}
	var last error
	for _, err := range s.Events(ctx, "a", 0) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		return fmt.Errorf("a read ends with %v, not the context's error", last)
	}
	return holds(s, "a", 0, events(1, 2))
}

func snapshot(s release.Store) error {
	if err := write(s, "a", events(1, 3)); err != nil {
		return err
	}
	seen := uint64(0)
	for e, err := range s.Events(context.Background(), "a", 0) {
		if err != nil {
			return err
		}
		seen++
		if e.Seq != seen {
			return fmt.Errorf("event %d comes where %d should", e.Seq, seen)
		}
		if seen > 3 {
			return errors.New("a read gives events that were written after it began")
		}
		// A write in the middle of a read neither waits for it nor shows in it.
		if err := write(s, "a", events(seen+3, seen+3)); err != nil {
			return err
		}
	}
	return holds(s, "a", 0, events(1, 6))
}

func contest(s release.Store) error { return race("a", s) }

// race lets many writers have the same expectation, and expects one to win.
func race(id string, handles ...release.Store) error {
	const writers, rounds = 8, 25
	for round := uint64(0); round < rounds; round++ {
		results := make([]error, writers)
		var wg sync.WaitGroup
		for i := range writers {
			s := handles[i%len(handles)]
			wg.Go(func() { results[i] = s.Append(context.Background(), id, round*2, events(round*2+1, round*2+2)...) })
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, release.ErrConflict):
				return fmt.Errorf("a writer that lost got %w, not ErrConflict", err)
			}
		}
		if won != 1 {
			return fmt.Errorf("%d of %d writers won", won, writers)
		}
	}
	for _, s := range handles {
		if err := holds(s, id, 0, events(1, rounds*2)); err != nil {
			return err
		}
	}
	return nil
}
