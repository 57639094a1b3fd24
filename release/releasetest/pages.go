package releasetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/davit-sdk/davit/release"
)

// beyond is more than stores read at once.
const beyond = 1100

// pages has more releases, and more events in one of them, than a store reads at once.
func pages(s release.Store) error {
	const writers = 20
	errs := make([]error, writers)
	var want []string
	for n := range beyond {
		want = append(want, fmt.Sprintf("p%04d", n))
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := w; n < beyond && errs[w] == nil; n += writers {
				errs[w] = write(s, want[n], events(1, 1))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	all, err := each("Releases", s.Releases(context.Background()), want)
	if err != nil {
		return err
	}
	if o, ok := s.(release.Opener); ok {
		open, err := each("Open", o.Open(context.Background()), want)
		if err != nil {
			return err
		}
		if !slices.Equal(open, all) {
			return errors.New("Open lists releases in another order than Releases")
		}
	}
	if c, ok := s.(release.Changer); ok {
		if _, err := each("Changed", c.Changed(context.Background(), long), want); err != nil {
			return err
		}
	}
	return first(
		func() error { return write(s, want[0], events(2, beyond)) },
		func() error { return holds(s, want[0], 0, events(1, beyond)) },
	)
}

// each expects a sequence to have exactly those IDs, each once, in any order.
func each(name string, ids iter.Seq2[string, error], want []string) ([]string, error) {
	got, err := collect(ids)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if sorted := slices.Sorted(slices.Values(got)); !slices.Equal(sorted, want) {
		return nil, fmt.Errorf("%s has %d releases, and not each of %d once", name, len(got), len(want))
	}
	return got, nil
}
