package strategytest

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// native are the settings with which a target is made to roll.
func native() strategy.Native {
	return strategy.Native{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}
}

// provesRolls turns round at each state in between, goes through, and on with another size.
func (s targetSubject) provesRolls(ctx context.Context) error {
	plan, err := native().Plan(s.old(), s.Revisions[1])
	if err != nil {
		return err
	}
	l := plan.Limits
	if _, err := s.roller(l); err != nil {
		return skip("%v", err)
	}
	if err := s.rolled(ctx, s.old(), strategy.Limits{MaxTotal: l.MaxTotal}); err != nil {
		return fmt.Errorf("the first instances: %w", err)
	}
	turns := []int{1, 2, 3, 4, 6, 8, 11}
	if s.Quick {
		turns = []int{3}
	}
	for _, n := range turns {
		there, err := s.roll(ctx, s.new(), l, n)
		if err != nil {
			return err
		}
		if err := s.rolled(ctx, s.old(), l); err != nil {
			return fmt.Errorf("turned round after %d changes: %w", n, err)
		}
		if there {
			break
		}
	}
	if _, err := s.roll(ctx, s.new(), l, 2); err != nil {
		return err
	}
	if s.Reopen != nil {
		if err := s.reopen(); err != nil {
			return err
		}
	}
	if err := s.rolled(ctx, s.new(), l); err != nil {
		return fmt.Errorf("by a new process: %w", err)
	}
	if err := s.rollsInVain(ctx, l); err != nil {
		return err
	}
	return s.rollsToSizes(ctx)
}

// rollsInVain asks for what is there, and with a context that is over for something else.
func (s targetSubject) rollsInVain(ctx context.Context, l strategy.Limits) error {
	roller, err := s.roller(l)
	if err != nil {
		return err
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := roller.Roll(over, s.old(), l); err == nil {
		return errors.New("Roll takes a context that is over")
	}
	return s.idle(ctx, s.new(), func() error { return roller.Roll(ctx, s.new(), l) })
}

// rollsToSizes asks for more and for fewer of what runs.
func (s targetSubject) rollsToSizes(ctx context.Context) error {
	from := s.new()
	for _, n := range []int{s.Replicas + 1, s.Replicas - 1} {
		settings := native()
		settings.Replicas = n
		plan, err := settings.Plan(from, s.Revisions[1])
		if err != nil {
			return err
		}
		if err := s.rolled(ctx, plan.Final(), plan.Limits); err != nil {
			return fmt.Errorf("another size: %w", err)
		}
		from = plan.Final()
	}
	return nil
}

// rolled asks for a state until it shows.
func (s targetSubject) rolled(ctx context.Context, state strategy.State, l strategy.Limits) error {
	_, err := s.roll(ctx, state, l, 0)
	return err
}

// roll asks for a state until it shows, which it reports, or until the target has shown so many changes,
// where that is not zero. All that it shows must be within the limits.
func (s targetSubject) roll(ctx context.Context, state strategy.State, l strategy.Limits, changes int) (there bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	roller, err := s.roller(l)
	if err != nil {
		return false, err
	}
	last, seen := "", -1 // the first look is no change
	err = until(ctx, s.Poll, func() error {
		if err := roller.Roll(ctx, state, l); err != nil {
			return fmt.Errorf("roll: %w", err)
		}
		o, err := s.Target.Observe(ctx)
		if err != nil {
			return fmt.Errorf("observe: %w", err)
		}
		if err := outside(o, l, true); err != nil {
			return found{err}
		}
		if now := o.String(); now != last {
			last, seen = now, seen+1
		}
		missing := o.Missing(state)
		if there = missing == ""; there || changes > 0 && seen >= changes {
			return nil
		}
		return errors.New(missing)
	})
	return there, name(fmt.Sprintf("roll to %s", state), err)
}

// outside is what an observation shows that limits forbid. A target that rolls need not count what was told
// to end. An autoscaler is not bound by limits.
func outside(o rollout.Observation, l strategy.Limits, rolls bool) error {
	total, available := 0, 0
	for _, p := range o.Pools {
		if p.Autoscaled > 0 {
			return nil
		}
		if total += p.Running; !rolls {
			total += p.Stopping
		}
		if !o.TrafficOf(p.Pool).Share.IsZero() {
			available += p.Available
		}
	}
	switch {
	case l.MaxTotal > 0 && total > l.MaxTotal:
		return fmt.Errorf("%d instances existed, at most %d may: %s", total, l.MaxTotal, o)
	case available < l.MinAvailable:
		return fmt.Errorf("%d instances were available, at least %d must be: %s", available, l.MinAvailable, o)
	}
	return nil
}
