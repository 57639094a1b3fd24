package strategytest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// provesWaitless needs no stopwatch: a Scale that waits for what never comes does not return.
func (s fleetSubject) provesWaitless(ctx context.Context) error {
	if s.Stuck == (strategy.Pool{}) {
		return skip("the harness has no pool that is stuck, so that waiting cannot be told from being quick")
	}
	err := s.Fleet.Scale(ctx, s.Stuck, 1)
	if ctx.Err() != nil {
		return errors.New("Scale waited for an instance that never becomes ready")
	}
	if err != nil {
		return fmt.Errorf("scale a pool that never becomes ready: %w", err)
	}
	all, err := s.running(ctx, s.Stuck)
	if err != nil {
		return err
	}
	if len(all) != 1 || all[0].Phase != rollout.Starting {
		return fmt.Errorf("want one instance that starts, have %s", phases(all))
	}
	return s.still(ctx, s.Stuck, ids(all))
}

// kill makes the first of two instances die, and waits until the fleet knows. It gives the one
// that lives, and the dead one as it is listed.
func (s fleetSubject) kill(ctx context.Context) (lives, dead rollout.Instance, err error) {
	if s.Kill == nil {
		return lives, dead, skip("the harness has no Kill")
	}
	ready, err := s.scale(ctx, s.Pools[0], 2)
	if err != nil {
		return lives, dead, err
	}
	if err := s.Kill(ready[0].ID); err != nil {
		return lives, dead, fmt.Errorf("the harness could not kill %s: %w", ready[0].ID, err)
	}
	err = until(ctx, s.Poll, func() error {
		all, err := s.in(ctx, s.Pools[0])
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(in rollout.Instance) bool { return in.ID == ready[0].ID })
		if i < 0 {
			return found{fmt.Errorf("%s died, and is not listed as failed", ready[0].ID)}
		}
		if dead = all[i]; dead.Phase != rollout.Failed {
			return fmt.Errorf("%s died, and is listed as %s", dead.ID, dead.Phase)
		}
		return nil
	})
	return ready[1], dead, err
}

func (s fleetSubject) provesFailed(ctx context.Context) error {
	_, dead, err := s.kill(ctx)
	if err != nil {
		return err
	}
	if dead.Reason == "" {
		return fmt.Errorf("%s failed, and does not say why", dead.ID)
	}
	if !dead.ReadySince.IsZero() {
		return fmt.Errorf("%s failed, and is ready since %s", dead.ID, dead.ReadySince)
	}
	return nil
}

func (s fleetSubject) provesReplaced(ctx context.Context) error {
	lives, dead, err := s.kill(ctx)
	if err != nil {
		return err
	}
	if err := s.still(ctx, s.Pools[0], []string{lives.ID}); err != nil {
		return fmt.Errorf("%s died, and nobody asked for another: %w", dead.ID, err)
	}
	ready, err := s.scale(ctx, s.Pools[0], 2)
	if err != nil {
		return fmt.Errorf("%s died, and was to be replaced: %w", dead.ID, err)
	}
	if got := ids(ready); !slices.Contains(got, lives.ID) || slices.Contains(got, dead.ID) {
		return fmt.Errorf("%s died beside %s, and now %q run", dead.ID, lives.ID, got)
	}
	return nil
}

func (s fleetSubject) provesReopened(ctx context.Context) error {
	if s.Reopen == nil {
		return skip("the harness has no Reopen")
	}
	ready, err := s.scale(ctx, s.Pools[0], 2)
	if err != nil {
		return err
	}
	if s.Fleet, err = s.Reopen(); err != nil {
		return fmt.Errorf("the harness could not reopen the fleet: %w", err)
	}
	again, err := s.settled(ctx, s.Pools[0], 2)
	if err != nil {
		return fmt.Errorf("seen by a new process: %w", err)
	}
	for i, in := range again {
		if in.ID != ready[i].ID || in.Addr != ready[i].Addr || in.Pool != ready[i].Pool {
			return fmt.Errorf("%s at %s is seen as %s at %s", ready[i].ID, ready[i].Addr, in.ID, in.Addr)
		}
	}
	_, err = s.scale(ctx, s.Pools[0], 1, again[0].ID)
	if err != nil {
		return fmt.Errorf("stopped by a new process: %w", err)
	}
	return name("stopped one by a new process", s.still(ctx, s.Pools[0], []string{again[1].ID}))
}
