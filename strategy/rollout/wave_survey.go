package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"
	"golang.org/x/sync/errgroup"

	"github.com/davit-sdk/davit/strategy"
)

// survey looks at every region before anything moves in any: what is not as the plan says, or cannot be
// reached, is found before the first wave and not in the last.
func (w *Waves) survey(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.mu.Lock()
	w.quit = cancel
	if w.at.Abort != nil {
		cancel(w.at.Abort)
	}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.quit = nil
		w.mu.Unlock()
	}()
	found := make([]error, len(w.regions))
	var group errgroup.Group
	for i, g := range w.regions {
		group.Go(func() error {
			found[i] = g.rollout.scout(ctx)
			return nil
		})
	}
	_ = group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var errs *multierror.Error
	for i, err := range found {
		if err != nil {
			w.regions[i].err = err
			errs = multierror.Append(errs, fmt.Errorf("region %s: %w", w.regions[i].name, err))
		}
	}
	return errs.ErrorOrNil()
}

// scout looks whether the target is in the state that the plan starts from, and moves nothing.
func (r *Rollout) scout(ctx context.Context) error {
	w := r.watch(r.leg(0))
	if err := r.fence(ctx, w); err != nil {
		return err
	}
	if err := r.look(ctx, w); err != nil {
		return err
	}
	return r.seen.stale(r.plan.From)
}

// fence tells every target who has taken over, before anything moves in any: an owner that slept must not
// go on with a later wave while the first one is still held. A target that does not answer is told once
// more when its region begins, and holds up none of the others.
func (w *Waves) fence(ctx context.Context) error {
	if w.o.Each.Fence == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, w.o.Each.CallTimeout)
	defer cancel()
	refused := make([]error, len(w.regions))
	var group errgroup.Group
	for i, g := range w.regions {
		if f, ok := ability[Fencer](g.target); ok {
			group.Go(func() error {
				err := sheltered("the target", func() error { return f.Fence(ctx, w.o.Each.Fence) })
				if errors.Is(err, ErrFenced) {
					refused[i] = fmt.Errorf("region %s: %w", g.name, err)
				}
				return nil
			})
		}
	}
	_ = group.Wait()
	var errs *multierror.Error
	for _, err := range refused {
		if err != nil {
			errs = multierror.Append(errs, err)
		}
	}
	return errs.ErrorOrNil()
}

// relight gives the traffic back to regions that are not under way, where a router has lost its table with
// the host, as one in its process does: those of waves that are over, and those whose wave is to come. A
// region where that does not succeed is told, and holds up none of the others.
func (w *Waves) relight(ctx context.Context) {
	var group errgroup.Group
	for _, g := range w.regions {
		s, known := w.rests(g)
		if !known || s.Dark() {
			continue
		}
		group.Go(func() error {
			if err := w.light(ctx, g, s); err != nil {
				w.tell(Event{Kind: Degraded, Region: g.name, Wave: g.wave, Text: fmt.Sprintf("region %s: %v", g.name, err)})
			}
			return nil
		})
	}
	_ = group.Wait()
}

// rests is the state that a region is in when its position says true; false where it is under way, and its
// own rollout sees to it.
func (w *Waves) rests(g *region) (strategy.State, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, begun := w.at.Regions[g.name]
	c := p.Rollout
	switch {
	case !begun || p.back():
		return g.plan.From, true
	case p.Undo != nil:
		return strategy.State{}, false
	case c.Outcome == Promoted:
		return g.plan.Final(), true
	case w.undo != "" && c.Outcome == "" && !c.Back && !c.Reached.IsZero() && c.Step < len(g.plan.Steps):
		return g.plan.Steps[c.Step].State, true // it may have to wait until it is its turn
	}
	return strategy.State{}, false
}

// light is Relight where something runs: a region that is not under way may have been emptied on purpose.
func (w *Waves) light(ctx context.Context, g *region, s strategy.State) error {
	seen, err := seeWithin(ctx, g.target, w.o.Each.CallTimeout)
	if err != nil {
		return fmt.Errorf("look at the target: %w", err)
	}
	runs := slices.ContainsFunc(seen.Pools, func(p PoolStatus) bool { return p.Running > 0 })
	if len(seen.Traffic) > 0 || !runs {
		return nil
	}
	return Restore(ctx, g.target, s, w.o.Each)
}
