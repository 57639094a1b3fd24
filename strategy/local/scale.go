package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Scale makes the pool run n instances, as rollout.Fleet says. Where it must shrink by more than
// leaving names, instances that are not ready go first, then the youngest.
//
// A program that cannot be started is an error that names it. Where trying again cannot help, for
// example because there is no such file, the error is permanent and what this call had started
// is stopped again.
func (f *Fleet) Scale(ctx context.Context, pool strategy.Pool, n int, leaving ...string) error {
	if n < 0 {
		return rollout.Permanent(fmt.Errorf("scale %s to %d: below zero", pool, n))
	}
	if pool.Revision.IsZero() {
		return rollout.Permanent(fmt.Errorf("scale to %d: the pool has no revision", n))
	}
	if err := f.acquire(ctx); err != nil {
		return fmt.Errorf("scale %s to %d: %w", pool, n, err)
	}
	defer f.release()
	f.mu.Lock()
	closed := f.closed
	var live []*instance
	for _, i := range f.instances {
		if i.live() && i.record.Pool == pool {
			live = append(live, i)
		} else if slices.Contains(leaving, i.record.ID) && i.record.Pool != pool {
			f.mu.Unlock()
			return rollout.Permanent(fmt.Errorf("scale %s to %d: leaving: %s is of pool %s", pool, n, i.record.ID, i.record.Pool))
		}
	}
	goers := chooseLeavers(live, len(live)-n, leaving)
	f.mu.Unlock()
	switch {
	case closed:
		return fmt.Errorf("scale %s to %d: %w", pool, n, ErrFleetClosed)
	case len(live) < n:
		if err := f.grow(ctx, pool, n-len(live)); err != nil {
			return fmt.Errorf("scale %s to %d: %w", pool, n, err)
		}
	}
	f.stop(goers...)
	return nil
}

// acquire waits for its turn to start or stop instances.
func (f *Fleet) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case f.scaling <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *Fleet) release() { <-f.scaling }

// chooseLeavers picks the instances that go: those named, in the order of their names in leaving,
// then those that are not ready, then the youngest.
func chooseLeavers(live []*instance, excess int, leaving []string) []*instance {
	if excess <= 0 {
		return nil
	}
	order := slices.Clone(live)
	slices.Reverse(order)
	rank := func(i *instance) int {
		if named := slices.Index(leaving, i.record.ID); named >= 0 {
			return named
		}
		if i.phase != rollout.Ready {
			return len(leaving)
		}
		return len(leaving) + 1
	}
	slices.SortStableFunc(order, func(a, b *instance) int { return cmp.Compare(rank(a), rank(b)) })
	return order[:excess]
}

// stop tells the instances to end and does not wait for them.
func (f *Fleet) stop(all ...*instance) {
	for _, i := range all {
		f.mu.Lock()
		live := i.live()
		if live {
			i.phase, i.reason = rollout.Stopping, ""
			i.record.Stage = stageStopping
			i.record.ReadySince = time.Time{}
		}
		f.mu.Unlock()
		if live {
			f.saveOrLog(i)
			close(i.stop)
		}
	}
}
