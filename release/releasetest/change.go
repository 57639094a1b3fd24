package releasetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release"
)

// enough is how long a law waits for a release to be named no more. A store may name it for ever.
const enough = 2 * time.Second

// namesIt reports whether a store names a release as changed within d, and expects that it names none twice.
func namesIt(c release.Changer, id string, d time.Duration) (bool, error) {
	got, err := collect(c.Changed(context.Background(), d))
	if err != nil {
		return false, fmt.Errorf("what has changed: %w", err)
	}
	if each := slices.Compact(slices.Sorted(slices.Values(got))); len(each) != len(got) {
		return false, fmt.Errorf("what has changed is %q: each should be named once", got)
	}
	return slices.Contains(got, id), nil
}

// tellsOf expects releases to be named that have changed within the time.
func tellsOf(c release.Changer, d time.Duration, ids ...string) error {
	for _, id := range ids {
		named, err := namesIt(c, id, d)
		if err != nil {
			return err
		}
		if !named {
			return fmt.Errorf("release %s has changed within %v, and is not named", id, d)
		}
	}
	return nil
}

func changed(s release.Store, c release.Changer) error {
	if got, err := collect(c.Changed(context.Background(), long)); err != nil || len(got) > 0 {
		return fmt.Errorf("in an empty store, %q have changed, with %v", got, err)
	}
	err := first(
		func() error { return write(s, "a", events(1, 1)) },
		func() error { return tellsOf(c, long, "a") },
		func() error { return write(s, "b", events(1, 2)) },
		func() error { return write(s, "a", events(2, 2)) },
		func() error { return write(s, "a", events(3, 4)) },
		func() error { return write(s, "b", append(events(3, 3), finished(4))) }, // its end is a change, too
		func() error { return tellsOf(c, long, "a", "b") },
	)
	if err != nil {
		return err
	}
	if err := s.Append(context.Background(), "ghost", 3, events(4, 4)...); !errors.Is(err, release.ErrConflict) {
		return fmt.Errorf("a write to what is not there gives %v, not ErrConflict", err)
	}
	if named, err := namesIt(c, "ghost", long); named || err != nil {
		return fmt.Errorf("a release that there is not is named: %t, with %v", named, err)
	}
	calls := 0
	c.Changed(context.Background(), long)(func(string, error) bool { calls++; return false })
	if calls != 1 {
		return fmt.Errorf("a read of what has changed that was left after the first gives %d", calls)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got, err := collect(c.Changed(ctx, long)); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("under a context that is over, %q have changed, with %v, not the context's error", got, err)
	}
	return write(s, "a", events(5, 5)) // the store is not held by the read that was left
}

func again(s release.Store, c release.Changer) error {
	if err := write(s, "a", events(1, 1)); err != nil {
		return err
	}
	for began := time.Now(); time.Since(began) < enough; time.Sleep(short / 10) {
		named, err := namesIt(c, "a", short)
		if err != nil {
			return err
		}
		if !named {
			break
		}
	}
	before := time.Now()
	if err := write(s, "a", events(2, 2)); err != nil {
		return err
	}
	return tellsOf(c, time.Since(before)+short, "a")
}
