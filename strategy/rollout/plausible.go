package rollout

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
)

// Validate reports everything in an observation that cannot be true: counts below zero, more available
// instances than ready ones, or more ready ones than run, a pool that is told twice, more than all of the
// traffic. A rollout takes such an answer for none, as nothing is proved by it: neither that a step is done,
// nor that a release was taken back.
func (o Observation) Validate() error {
	errs := &multierror.Error{ErrorFormat: onOneLine} // it becomes a part of a deadline's error
	add := func(format string, args ...any) {
		errs = multierror.Append(errs, fmt.Errorf("Observation."+format, args...))
	}
	pools := map[strategy.Pool]bool{}
	for i, p := range o.Pools {
		if pools[p.Pool] {
			add("Pools[%d].Pool: %s is told twice", i, p.Pool)
		}
		pools[p.Pool] = true
		if min(p.Running, p.Draining, p.Stopping, p.Ready, p.Available, p.Autoscaled) < 0 {
			add("Pools[%d]: %s has a count below zero: %d running, %d draining, %d stopping, %d ready, %d available, %d autoscaled",
				i, p.Pool, p.Running, p.Draining, p.Stopping, p.Ready, p.Available, p.Autoscaled)
		}
		if p.Available > p.Ready || p.Ready > p.Running {
			add("Pools[%d]: %s has %d available of %d ready of %d running instances", i, p.Pool, p.Available, p.Ready, p.Running)
		}
	}
	sum := 0
	routed := map[strategy.Pool]bool{}
	for i, t := range o.Traffic {
		if routed[t.Pool] {
			add("Traffic[%d].Pool: %s is told twice", i, t.Pool)
		}
		routed[t.Pool] = true
		if err := cmp.Or(t.Share.Valid(), t.Mirror.Valid()); err != nil {
			add("Traffic[%d]: %s: %w", i, t.Pool, err)
		}
		sum += t.Share.Millionths()
	}
	all := strategy.All().Millionths()
	if slack := len(o.Traffic) * max(1, o.Grain.Millionths()); sum > all+slack {
		add("Traffic: the shares are %d millionths together", sum)
	}
	return errs.ErrorOrNil()
}

func onOneLine(errs []error) string {
	parts := make([]string, len(errs))
	for i, err := range errs {
		parts[i] = err.Error()
	}
	return strings.Join(parts, "; ")
}
