package releasetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/release"
)

// lists expects exactly those releases, in order.
func lists(s release.Store, want ...string) error {
	got, err := collect(s.Releases(context.Background()))
	if err != nil {
		return fmt.Errorf("listing releases: %w", err)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("they are listed as %q, but were begun as %q", got, want)
	}
	return nil
}

// refuses expects a write behind an event that is not the last one to be refused.
func refuses(s release.Store, id string, expected uint64) error {
	if err := s.Append(context.Background(), id, expected, events(expected+1, expected+1)...); !errors.Is(err, release.ErrConflict) {
		return fmt.Errorf("a write to %s that expects %d gives %v, not ErrConflict", id, expected, err)
	}
	return nil
}

// remain expects releases to be open, of a store that can tell.
func remain(s release.Store, want ...string) error {
	if o, ok := s.(release.Opener); ok {
		return stays(o, want...)
	}
	return nil
}

func reopened(s release.Store, reopen func(release.Store) release.Store) error {
	err := first(
		func() error { return write(s, "late", events(1, 2)) },
		func() error { return write(s, "early", events(1, 1)) },
		func() error { return write(s, "over", append(events(1, 2), finished(3))) },
		func() error { return write(s, "late", events(3, 5)) },
	)
	if err != nil {
		return err
	}
	for last := uint64(5); last < 7; last++ {
		s = reopen(s)
		err := first(
			func() error { return lists(s, "late", "early", "over") },
			func() error { return holds(s, "late", 0, events(1, last)) },
			func() error { return holds(s, "early", 0, events(1, 1)) },
			func() error { return holds(s, "over", 0, append(events(1, 2), finished(3))) },
			func() error { return remain(s, "late", "early") },
			func() error { return refuses(s, "late", last-1) },
			func() error { return refuses(s, "early", 0) },
			func() error { return write(s, "late", events(last+1, last+1)) },
		)
		if err != nil {
			return fmt.Errorf("opened anew: %w", err)
		}
	}
	return nil
}

func shared(one, other release.Store) error {
	return first(
		func() error { return write(one, "a", events(1, 2)) },
		func() error { return holds(other, "a", 0, events(1, 2)) },
		func() error { return write(other, "a", events(3, 4)) },
		func() error { return holds(one, "a", 0, events(1, 4)) },
		func() error { return refuses(one, "a", 2) },
		func() error { return write(other, "b", events(1, 1)) },
		func() error { return refuses(one, "b", 0) },
		func() error { return lists(one, "a", "b") },
		func() error { return remain(one, "a", "b") },
		func() error { return write(one, "a", append(events(5, 5), finished(6))) },
		func() error { return remain(other, "b") },
		func() error { return lists(other, "a", "b") },
	)
}

func rivals(one, other release.Store) error { return race("rivals", one, other) }

func abroad(one, other release.Store) error {
	return leases(func(one release.Leaser) error {
		return leases(func(other release.Leaser) error {
			return first(
				func() error { return lease(one, "north", long) },
				func() error { return lives(other, "north", true, "though it has a lease by another handle") },
				func() error { return lease(other, "south", long) },
				func() error { return lives(one, "south", true, "though it has a lease by another handle") },
				func() error { return lease(other, "north", 0) },
				func() error { return lives(one, "north", false, "though another handle has ended its lease") },
			)
		})(other)
	})(one)
}

func heard(one, other release.Store) error {
	return tells(func(one release.Store, toOne release.Changer) error {
		return tells(func(other release.Store, toOther release.Changer) error {
			return first(
				func() error { return write(one, "a", events(1, 1)) },
				func() error { return tellsOf(toOther, long, "a") },
				func() error { return write(other, "b", events(1, 1)) },
				func() error { return tellsOf(toOne, long, "a", "b") },
			)
		})(other)
	})(one)
}
