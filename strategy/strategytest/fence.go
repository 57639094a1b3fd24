package strategytest

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Fenced is the world as a target that refuses a stale owner, as one host sees it: it is a
// rollout.Fencer, and each further one that is asked for is another host's.
func (w *World) Fenced() rollout.Target { return &fenced{Composed: w.Target(), world: w} }

// fenced is one host's view of a world that knows who owns it.
type fenced struct {
	*rollout.Composed
	world *World
	token uint64 // guarded by world.mu, as is world.owner
}

var (
	_ rollout.Target = (*fenced)(nil)
	_ rollout.Fencer = (*fenced)(nil)
)

// Unwrap keeps the abilities of the composed target.
func (f *fenced) Unwrap() any { return f.Composed }

func (f *fenced) Fence(ctx context.Context, token uint64) error {
	if err := errors.Join(ctx.Err(), f.world.call("Fence")); err != nil {
		return err
	}
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	if token < f.world.owner {
		return fmt.Errorf("%w: %d has it, not %d", rollout.ErrFenced, f.world.owner, token)
	}
	f.token, f.world.owner = token, token
	return nil
}

// owned is an error where another host has taken over.
func (f *fenced) owned() error {
	f.world.mu.Lock()
	defer f.world.mu.Unlock()
	if f.token < f.world.owner {
		return fmt.Errorf("%w: %d has it, not %d", rollout.ErrFenced, f.world.owner, f.token)
	}
	return nil
}

func (f *fenced) Apply(ctx context.Context, s strategy.State) error {
	if err := f.owned(); err != nil {
		return err
	}
	return f.Composed.Apply(ctx, s)
}

// provesFenced lets a second process take the target over, and the first one wake up.
func (s targetSubject) provesFenced(ctx context.Context) error {
	if _, ok := ability[rollout.Fencer](s.Target); !ok {
		return skip("the target is no Fencer")
	}
	if s.Reopen == nil {
		return skip("the harness has no Reopen")
	}
	sleeper := s.Target
	if err := s.fence(ctx, 7, nil); err != nil {
		return err
	}
	if err := s.through(ctx, s.old()); err != nil {
		return err
	}
	if err := s.reopen(); err != nil {
		return err
	}
	if err := s.fence(ctx, 6, rollout.ErrFenced); err != nil {
		return err
	}
	for range 2 { // the same token again is no error
		if err := s.fence(ctx, 8, nil); err != nil {
			return err
		}
	}
	if err := sleeper.Apply(ctx, s.beside()); !errors.Is(err, rollout.ErrFenced) {
		return fmt.Errorf("another host has taken over, and Apply of the one before gives %v, not ErrFenced", err)
	}
	if r, ok := ability[rollout.Roller](sleeper); ok {
		l := strategy.Limits{MaxTotal: s.Replicas + 1}
		if err := r.Roll(ctx, s.new(), l); r.Rolls(l) == nil && !errors.Is(err, rollout.ErrFenced) {
			return fmt.Errorf("another host has taken over, and Roll of the one before gives %v, not ErrFenced", err)
		}
	}
	seen, err := s.Target.Observe(ctx)
	if missing := seen.Missing(s.old()); err == nil && missing != "" {
		err = fmt.Errorf("applied by a host that no longer owns the target: %s", missing)
	}
	if err != nil {
		return err
	}
	if err := s.through(ctx, s.beside(), s.old()); err != nil {
		return fmt.Errorf("by the host that has taken over: %w", err)
	}
	s.Target = sleeper
	return s.fence(ctx, 7, rollout.ErrFenced)
}

// fence gives the target a token, and holds the answer against the one that is wanted.
func (s targetSubject) fence(ctx context.Context, token uint64, want error) error {
	f, ok := ability[rollout.Fencer](s.Target)
	if !ok {
		return errors.New("the reopened target is no Fencer")
	}
	if err := f.Fence(ctx, token); !errors.Is(err, want) {
		return fmt.Errorf("the token %d is answered with %v, not with %v", token, err, want)
	}
	return nil
}
