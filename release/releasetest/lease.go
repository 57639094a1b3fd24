package releasetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release"
)

const (
	// long is a lease that no test outlives, however slow the store.
	long = time.Hour
	// short is a lease that runs out while a test waits.
	short = 50 * time.Millisecond
	// patience is how long a short lease may take to run out.
	patience = 30 * time.Second
)

// lease takes a lease, and expects that to work.
func lease(l release.Leaser, host string, d time.Duration) error {
	if err := l.Lease(context.Background(), host, d); err != nil {
		return fmt.Errorf("a lease of %v for %s: %w", d, host, err)
	}
	return nil
}

// lives expects a host to be alive, or not.
func lives(l release.Leaser, host string, want bool, when string) error {
	got, err := l.Alive(context.Background(), host)
	switch {
	case err != nil:
		return fmt.Errorf("is %s alive: %w", host, err)
	case got && !want:
		return fmt.Errorf("host %s is alive %s", host, when)
	case !got && want:
		return fmt.Errorf("host %s is not alive %s", host, when)
	}
	return nil
}

// lapsed waits until a host's lease has run out.
func lapsed(l release.Leaser, host, which string) error {
	for began := time.Now(); ; time.Sleep(short / 10) {
		on, err := l.Alive(context.Background(), host)
		if err != nil {
			return fmt.Errorf("is %s alive: %w", host, err)
		}
		if !on {
			return nil
		}
		if time.Since(began) > patience {
			return fmt.Errorf("%s of %v for %s has not run out after %v", which, short, host, patience)
		}
	}
}

func alive(l release.Leaser) error {
	return first(
		func() error { return lives(l, "h1", false, "before anybody has a lease") },
		func() error { return lease(l, "h2", long) },
		func() error { return lives(l, "h2", true, "though it has a lease") },
		func() error { return lives(l, "h1", false, "without a lease") },
		func() error { return lives(l, "", false, "without a name") },
	)
}

func lapse(l release.Leaser) error {
	return first(
		func() error { return lease(l, "h1", short) },
		func() error { return lapsed(l, "h1", "a lease") },
		// The name of a host that has been away may not come back, but nothing in the store keeps it out.
		func() error { return lease(l, "h1", long) },
		func() error { return lives(l, "h1", true, "with a new lease") },
	)
}

func renew(l release.Leaser) error {
	return first(
		func() error { return lease(l, "h1", short) },
		func() error { return lease(l, "h1", long) },
		// By the store's clock, h2's lease runs out after h1's first one would have.
		func() error { return lease(l, "h2", short) },
		func() error { return lapsed(l, "h2", "a lease") },
		func() error { return lives(l, "h1", true, "when its first lease has run out, but not its second") },
		func() error { return lease(l, "h1", short) },
		func() error { return lapsed(l, "h1", "the renewal of a longer lease by one") },
	)
}

func end(l release.Leaser) error {
	return first(
		func() error { return lease(l, "h1", 0) }, // there is nothing to end
		func() error { return lease(l, "h1", long) },
		func() error { return lease(l, "h2", long) },
		func() error { return lease(l, "h3", long) },
		func() error { return lease(l, "h1", 0) },
		func() error { return lives(l, "h1", false, "though its lease was ended") },
		func() error { return lease(l, "h2", -long) },
		func() error { return lives(l, "h2", false, "though its lease was ended by a negative one") },
		func() error { return lives(l, "h3", true, "when the leases of others are ended") },
		func() error { return lease(l, "h1", long) },
		func() error { return lives(l, "h1", true, "with a lease after one that was ended") },
	)
}

func hosts(l release.Leaser) error {
	return first(
		func() error { return lease(l, "host-1", long) },
		func() error { return lease(l, "HOST-1", short) },
		func() error { return lapsed(l, "HOST-1", "a lease") },
		func() error { return lives(l, "host-1", true, "when the lease of HOST-1 has run out") },
	)
}

func crowd(l release.Leaser) error {
	const many, rounds = 8, 5
	errs := make([]error, many)
	var wg sync.WaitGroup
	for n := range many {
		wg.Go(func() {
			own := fmt.Sprintf("h%d", n)
			for range rounds {
				errs[n] = first(
					func() error { return errs[n] },
					func() error { return lease(l, own, long) },
					func() error { return lease(l, "both", long) },
					func() error { return lives(l, own, true, "while others lease") },
				)
			}
		})
	}
	wg.Wait()
	for n := range many {
		errs = append(errs, lives(l, fmt.Sprintf("h%d", n), true, "after many have leased at once"))
	}
	return errors.Join(append(errs, lives(l, "both", true, "after many have leased it at once"))...)
}

func impatient(l release.Leaser) error {
	if err := lease(l, "h1", long); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Lease(ctx, "h1", 0); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the end of a lease gives %v, not the context's error", err)
	}
	if err := l.Lease(ctx, "h2", long); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a lease gives %v, not the context's error", err)
	}
	if on, err := l.Alive(ctx, "h1"); on || !errors.Is(err, context.Canceled) {
		return fmt.Errorf("whether a host is alive gives %v and %v, not the context's error", on, err)
	}
	if err := lives(l, "h1", true, "though nothing was ended"); err != nil {
		return err
	}
	const many = 4
	err := hurry(many, 6, many, func(ctx context.Context, n int) error {
		own := fmt.Sprintf("i%d", n)
		if err := l.Lease(ctx, own, long); err != nil {
			return err
		}
		_, err := l.Alive(ctx, own)
		return err
	})
	return first(
		func() error { return err },
		func() error { return lease(l, "h1", long) },
		func() error { return lives(l, "h1", true, "with a lease after calls whose context ended") },
	)
}
