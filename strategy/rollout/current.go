package rollout

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/strategy"
)

// ErrUnderWay says that a target runs more than one revision, so that it cannot be told which of
// them is the stable one: a rollout was left half-way.
var ErrUnderWay = errors.New("a rollout is under way on the target (let it go on, or restore a state)")

// Current tells what a target runs as a state to plan from. A target on which nothing runs gives
// the empty state. The size is the one that is observed, also where an autoscaler decides about it. Where several revisions run, the error is ErrUnderWay: resume that rollout, go on
// from the Final state of a plan that holds back instances on purpose, or Restore a state that you
// know.
//
// Where one revision runs and gets no traffic the error is ErrDark, as after the end of a host whose
// router was in its own process. The state is then that revision with all of the traffic, for Restore:
//
//	now, err := rollout.Current(ctx, target)
//	if errors.Is(err, rollout.ErrDark) {
//		err = rollout.Restore(ctx, target, now, rollout.Options{})
//	}
func Current(ctx context.Context, target Target) (strategy.State, error) {
	o, err := see(ctx, target)
	if err != nil {
		return strategy.State{}, fmt.Errorf("look at the target: %w", err)
	}
	var s strategy.State
	for _, pool := range o.foreign() {
		if !s.Stable.IsZero() || pool.Baseline {
			return strategy.State{}, fmt.Errorf("%w: %s", ErrUnderWay, o)
		}
		t := o.TrafficOf(pool)
		s.Stable = strategy.Group{Revision: pool.Revision, Replicas: o.Pool(pool).Running, Share: t.Share, Match: t.Match, Mirror: t.Mirror}
	}
	s.Sticky = o.Sticky && !s.Dark()
	if s.Stable.Replicas > 0 && s.Dark() {
		s.Stable.Share = strategy.All()
		return s, fmt.Errorf("%w: %s", ErrDark, o)
	}
	if err := s.Validate(); err != nil {
		return strategy.State{}, fmt.Errorf("the target shows no state that can be planned from (%s): %w", o, err)
	}
	return s, nil
}
