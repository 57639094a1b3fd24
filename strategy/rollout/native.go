package rollout

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/strategy"
)

// move makes one pass of the target towards a state: by Apply, or, in a step that is left to the target, by
// Roll.
func (r *Rollout) move(ctx context.Context, l leg, s strategy.State) error {
	return r.call(ctx, l, func(ctx context.Context) error {
		if !l.step.Native {
			return r.target.Apply(ctx, s)
		}
		roller, ok := ability[Roller](r.target)
		if !ok {
			return Permanent(errors.New("the target does not walk by itself (it has no method Roll)"))
		}
		return roller.Roll(ctx, s, l.limits)
	})
}

// roll reaches a state that is left to the target, in one phase.
func (r *Rollout) roll(ctx context.Context, w *watch) error {
	s := w.leg.step.State
	r.tell(w.leg.event(PhaseStarted, fmt.Sprintf("%s: %s, %s", strategy.Roll, s, w.leg.limits)))
	return r.settle(ctx, w, aim{state: s, need: r.need(w.leg)})
}

// astray says what has changed between two looks that a target which walks by itself within the limits
// does not do: any mix of both revisions is its own doing, too many instances are not, nor that some
// which answered are gone from too few. An autoscaler bends the limits.
func (o Observation) astray(before Observation, l strategy.Limits) string {
	now, was, answer, answered := 0, 0, 0, 0
	for _, p := range o.Pools {
		now, answer = now+p.Running, answer+p.Available
		if p.Autoscaled > 0 {
			return ""
		}
	}
	for _, p := range before.Pools {
		was, answered = was+p.Running, answered+p.Available
		if p.Autoscaled > 0 {
			return ""
		}
	}
	switch {
	case l.MaxTotal > 0 && now > was && now > l.MaxTotal:
		return fmt.Sprintf("%d instances run, after %d, and at most %d may", now, was, l.MaxTotal)
	case now < was && now < l.MinAvailable && answer < answered:
		return fmt.Sprintf("%d instances run, after %d, and at least %d must", now, was, l.MinAvailable)
	}
	return ""
}

// reversed says that the pools have gone the other way between two looks, between which nothing was asked
// for, as they do when somebody takes the target's own way back. Instances that were about to end and run again
// after all are nobody's doing: that way back makes others.
func (o Observation) reversed(before Observation, s strategy.State) string {
	goal := s.Pool(strategy.Stable)
	now, was := o.Pool(goal).Running, before.Pool(goal).Running
	for _, p := range o.Pools {
		if p.Pool == goal || now >= was {
			continue
		}
		last := before.Pool(p.Pool)
		if n := last.Running; p.Running > n && p.exist() > last.exist() {
			return fmt.Sprintf("%s has %d instances after %d, and %s %d after %d: somebody takes it back", goal, now, was, p.Pool, p.Running, n)
		}
	}
	return ""
}

// byItself leaves a Restore to the target, where that cannot be in the states in between: one that runs a
// single group. The limits are the usual ones.
func (r *Rollout) byItself(l leg) (leg, error) {
	fitter, fits := ability[Fitter](r.target)
	roller, rolls := ability[Roller](r.target)
	s := l.step.State
	if !fits || !rolls || s.Stable.Replicas == 0 || s.Replicas() != s.Stable.Replicas {
		return l, nil
	}
	phases, err := strategy.Transition(r.seen.as(l.known...), s)
	if err != nil {
		phases = nil // more pools than a state can hold: what cannot be said does not fit
	}
	for _, phase := range phases {
		if err = fitter.Fits(phase.State); err != nil {
			break
		}
	}
	if err == nil {
		return l, nil
	}
	usual, err := strategy.Native{Replicas: s.Stable.Replicas}.Plan(strategy.State{}, s.Stable.Revision)
	if err != nil {
		return l, err
	}
	l.step.Native, l.limits = true, usual.Limits
	return l, roller.Rolls(l.limits)
}
