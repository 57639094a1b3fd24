package strategytest

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/strategy/rollout"
)

func (s fleetSubject) provesSince(ctx context.Context) error {
	pool, since := s.Pools[0], map[string]time.Time{}
	if err := s.Fleet.Scale(ctx, pool, 2); err != nil {
		return err
	}
	look := func() error {
		all, err := s.in(ctx, pool)
		if err != nil {
			return err
		}
		ready := 0
		for _, in := range all {
			if err := sinceOf(in, since); err != nil {
				return found{err}
			}
			if in.Phase == rollout.Ready {
				ready++
			}
		}
		if ready != 2 {
			return fmt.Errorf("want 2 instances ready, have %s", phases(all))
		}
		return nil
	}
	if err := until(ctx, s.Poll, look); err != nil {
		return err
	}
	for end := time.Now().Add(s.Settle); time.Now().Before(end); {
		if err := look(); err != nil {
			return err
		}
		if err := sleep(ctx, s.Poll); err != nil {
			return err
		}
	}
	if err := s.Fleet.Scale(ctx, pool, 0); err != nil {
		return err
	}
	return until(ctx, s.Poll, func() error {
		all, err := s.in(ctx, pool)
		if err != nil {
			return err
		}
		for _, in := range all {
			if err := sinceOf(in, since); err != nil {
				return found{err}
			}
		}
		if len(all) > 0 {
			return fmt.Errorf("want no instance, have %s", phases(all))
		}
		return nil
	})
}

// sinceOf holds ReadySince of an instance against what it was when it was seen ready before.
func sinceOf(in rollout.Instance, since map[string]time.Time) error {
	before, was := since[in.ID]
	switch {
	case in.Phase != rollout.Ready && !in.ReadySince.IsZero():
		return fmt.Errorf("%s is %s, and ready since %s", in.ID, in.Phase, in.ReadySince)
	case in.Phase != rollout.Ready:
		delete(since, in.ID)
	case in.ReadySince.IsZero():
		return fmt.Errorf("%s is ready, and does not tell since when", in.ID)
	case in.ReadySince.After(time.Now()):
		return fmt.Errorf("%s is ready since %s, which is yet to come", in.ID, in.ReadySince)
	case was && !before.Equal(in.ReadySince):
		return fmt.Errorf("%s has stayed ready since %s, and now since %s", in.ID, before, in.ReadySince)
	default:
		since[in.ID] = in.ReadySince
	}
	return nil
}
