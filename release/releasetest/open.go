package releasetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// finished is the event that ends a release.
func finished(n uint64) ledger.Event {
	return ledger.Event{Seq: n, Time: epoch().Truncate(time.Second), Body: ledger.Finished{Outcome: stage.Succeeded}}
}

// collect is all that a sequence has, up to its error.
func collect(ids iter.Seq2[string, error]) (all []string, err error) {
	for id, err := range ids {
		if err != nil {
			return all, err
		}
		all = append(all, id)
	}
	return all, nil
}

// stays expects exactly those releases to be open.
func stays(o release.Opener, want ...string) error {
	got, err := collect(o.Open(context.Background()))
	if err != nil {
		return fmt.Errorf("what is open: %w", err)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("open are %q, not %q", got, want)
	}
	return nil
}

func open(s release.Store, o release.Opener) error {
	if err := stays(o); err != nil {
		return err
	}
	on := append(events(1, 1), finished(2))
	err := first(
		func() error { return write(s, "a", events(1, 2)) },
		func() error { return write(s, "b", events(1, 1)) },
		func() error { return write(s, "c", append(events(1, 2), finished(3))) }, // in one write
		func() error { return stays(o, "a", "b") },
		func() error { return write(s, "b", []ledger.Event{finished(2)}) },
		func() error { return stays(o, "a") },
		// A store does not know what may follow what: what counts is the last event.
		func() error { return write(s, "d", append(on, events(3, 3)...)) },
		func() error { return stays(o, "a", "d") },
		func() error { return write(s, "b", events(3, 3)) },
		func() error { return stays(o, "a", "b", "d") },
	)
	if err != nil {
		return err
	}
	if err := s.Append(context.Background(), "a", 1, finished(2)); !errors.Is(err, release.ErrConflict) {
		return fmt.Errorf("a late write gives %v, not ErrConflict", err)
	}
	if err := stays(o, "a", "b", "d"); err != nil {
		return fmt.Errorf("after a write that was refused: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got, err := collect(o.Open(ctx)); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("under a context that is over, open are %q, with %v, not the context's error", got, err)
	}
	return nil
}

func queue(s release.Store, o release.Opener) error {
	for _, id := range []string{"c", "b", "d", "a"} {
		if err := write(s, id, events(1, 1)); err != nil {
			return err
		}
	}
	err := first(
		func() error { return write(s, "c", events(2, 2)) },
		func() error { return write(s, "b", []ledger.Event{finished(2)}) },
		func() error { return stays(o, "c", "d", "a") },
	)
	if err != nil {
		return err
	}
	all, calls := o.Open(context.Background()), 0
	all(func(string, error) bool { calls++; return false })
	if calls != 1 {
		return fmt.Errorf("a read of what is open that was left after the first gives %d", calls)
	}
	for range 2 {
		got, err := collect(all)
		if err != nil {
			return err
		}
		if len(got) != 3 {
			return fmt.Errorf("read again, a sequence has %q open of 3", got)
		}
	}
	return write(s, "c", events(3, 3)) // the store is not held by the read that was left
}

func agree(s release.Store, o release.Opener) error {
	const many = 150
	for n := range uint64(many) {
		list := events(1, n%3+1)
		if n%5 == 0 {
			list = append(list, finished(n%3+2))
		}
		if err := write(s, fmt.Sprintf("r%03d", n), list); err != nil {
			return err
		}
	}
	var want []string
	for id, err := range s.Releases(context.Background()) {
		if err != nil {
			return err
		}
		over := false
		for e, err := range s.Events(context.Background(), id, 0) {
			if err != nil {
				return err
			}
			_, over = e.Body.(ledger.Finished)
		}
		if !over {
			want = append(want, id)
		}
	}
	if len(want) != many-many/5 {
		return fmt.Errorf("by their events, %d of %d are open", len(want), many)
	}
	return stays(o, want...)
}
