package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/strategy"
)

// reach brings the target to the leg's state, phase by phase. The phases are planned from what is
// observed, not from what ought to be there, so that a new process goes on where the old one was.
func (r *Rollout) reach(ctx context.Context, w *watch) error {
	l := w.leg
	w.begin()
	if err := r.look(ctx, w); err != nil {
		return err
	}
	if pools := r.seen.foreign(l.known...); len(pools) > 0 {
		if err := r.drifted(w, fmt.Sprintf("%s is not part of this rollout", pools[0])); err != nil {
			return err
		}
	}
	if l.step.Native {
		return r.roll(ctx, w)
	}
	if err := r.relight(ctx, w); err != nil {
		return err
	}
	now := r.seen.as(l.known...)
	now.MinReady = l.step.State.MinReady
	now = r.seen.level(now, l.step.State)
	phases, err := strategy.Transition(now, l.step.State)
	if err != nil {
		return fmt.Errorf("find a way from %s to %s: %w", r.seen, l.step.State, err)
	}
	if phases[0].Kind == strategy.Route && !now.Dark() && r.seen.short(phases[0].State, r.need(l)) {
		// What an earlier process has started is not available yet: the traffic stays until it is.
		phases = slices.Insert(phases, 0, strategy.Phase{Kind: strategy.Grow, State: now})
	}
	for _, phase := range phases {
		e := l.event(PhaseStarted, fmt.Sprintf("%s: %s", phase.Kind, phase.State))
		e.State = phase.State
		r.tell(e)
		a := aim{state: phase.State, need: r.need(l)}
		if phase.Kind == strategy.Shrink {
			a.before = &now
		}
		if err := r.settle(ctx, w, a); err != nil {
			return err
		}
		now = phase.State
	}
	return nil
}

// aim is what settle goes for.
type aim struct {
	state strategy.State
	// need is how many instances of a group must be available.
	need func(strategy.Pool, strategy.Group) int
	// before is the state that a shrink begins from. While what remains is not available it is
	// kept: the old instances are not stopped as long as the new ones cannot carry the traffic.
	before *strategy.State
}

// need is how many available instances the leg waits for. Nobody waits for what is to be taken back,
// as its being broken may be the very reason, nor for old instances that were missing beforehand.
func (r *Rollout) need(l leg) func(strategy.Pool, strategy.Group) int {
	old := r.plan.Leaves()
	return func(p strategy.Pool, g strategy.Group) int {
		switch {
		case p.Revision == old && !p.Baseline:
			return max(0, g.Replicas-r.at.Short)
		case l.back && !l.exact:
			return 0
		}
		return g.Replicas
	}
}

// now is the state to apply at this moment.
func (r *Rollout) now(w *watch, a aim) (s strategy.State, kept bool) {
	s = a.state
	if a.before != nil && r.seen.short(s, a.need) {
		s, kept = *a.before, true
	}
	if w.leg.back && !w.leg.exact {
		s = r.relieve(s)
	}
	return s, kept
}

// short reports whether a group that answers traffic lacks available instances.
func (o Observation) short(s strategy.State, need func(strategy.Pool, strategy.Group) int) bool {
	for role, g := range o.sized(s).Groups() {
		if !g.Share.IsZero() && o.Pool(s.Pool(role)).Available < need(s.Pool(role), g) {
			return true
		}
	}
	return false
}

// settle applies one state until the target shows it.
func (r *Rollout) settle(ctx context.Context, w *watch, a aim) error {
	w.begin()
	for first := true; ; first = false {
		before := r.seen
		if err := r.mayMove(ctx, w); err != nil {
			return err
		}
		if !first {
			// Look before applying again: a change by somebody else must be seen, not painted over.
			if err := r.fought(ctx, w); err != nil {
				return err
			}
		}
		s, kept := r.now(w, a)
		if err := r.apply(ctx, w, s); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if w.last == nil && !kept && r.seen.missing(s, a.need) == "" {
			return nil
		}
		if err := r.hopeless(w, a.state, a.need); err != nil {
			return err
		}
		if w.progressed(r.seen, a.state) && r.seen.String() != before.String() {
			e := w.leg.event(Progressed, r.seen.String())
			e.State = s
			r.tell(e)
		}
		if err := w.overdue(r.seen.missing(a.state, a.need)); err != nil {
			return err
		}
		r.control.sleep(ctx, r.o.Poll)
	}
}

// apply makes one pass and looks at its effect. What passes is kept in mind as w.last.
func (r *Rollout) apply(ctx context.Context, w *watch, s strategy.State) error {
	applied := r.move(ctx, w.leg, s)
	if final(applied) {
		return fmt.Errorf("apply %s: %w", s, applied)
	}
	w.applied = s
	before, failed := r.seen, len(r.failed)
	observed := r.observe(ctx, w.leg)
	w.last = errors.Join(applied, observed)
	if final(observed) {
		return observed
	}
	if observed != nil {
		return nil
	}
	w.routed = r.seen.missingTraffic(s) == ""
	r.stuck(w)
	if err := r.failures(w); err != nil {
		return err
	}
	seen := beyond(r.seen, before, s)
	if w.leg.step.Native {
		seen = r.seen.astray(before, w.leg.limits)
	}
	if seen != "" && failed == len(r.failed) {
		return r.drifted(w, seen)
	}
	return nil
}

// relight gives traffic back to what runs, where a router lost its table, as one in the host's own
// process does when the host dies: nobody is to wait in the dark until further instances are ready, nor
// until somebody ends a pause. What the plan wants dark stays dark.
func (r *Rollout) relight(ctx context.Context, w *watch) error {
	lost := (r.resumed || w.leg.restore) && !w.leg.known[0].Dark() && !w.leg.step.State.Dark()
	if !lost || len(r.seen.Traffic) > 0 {
		return nil
	}
	nobody := func(strategy.Pool, strategy.Group) int { return 0 }
	for _, s := range r.lights(w.leg) {
		if lit, ok := r.seen.lit(s, w.leg.known); ok {
			l := w.leg
			l.restore = true
			return r.settle(ctx, r.watch(l), aim{state: lit, need: nobody})
		}
	}
	return nil
}

// lights are the ways to give traffic to what runs, the best one first: as it was before the step, or
// as it shall be, and where a group of those has nobody, all of it to one pool, the old one first. On
// the way back the new revision gets nothing, as nobody knows what it had.
func (r *Rollout) lights(l leg) []strategy.State {
	alone := func(p strategy.Pool) strategy.State {
		return strategy.State{Stable: strategy.Group{Revision: p.Revision, Share: strategy.All()}}
	}
	old := alone(strategy.Pool{Revision: r.plan.Leaves()})
	switch {
	case l.back && r.undo != nil:
		return []strategy.State{old, alone(strategy.Pool{Revision: r.plan.To})} // it has done no harm
	case l.back:
		return []strategy.State{old}
	}
	lights := []strategy.State{l.known[0], l.step.State, old}
	for _, status := range r.seen.Pools {
		if !status.Pool.Baseline {
			lights = append(lights, alone(status.Pool))
		}
	}
	return lights
}

// lit is what runs now, with the traffic of a state. It is false where the state is dark, or gives
// traffic to a pool that has nobody to answer.
func (o Observation) lit(s strategy.State, known []strategy.State) (strategy.State, bool) {
	now := o.as(known...)
	now.Sticky, now.MinReady = s.Sticky, 0 // they had traffic before
	answer := true
	for role, g := range now.Groups() {
		_, want, _ := s.Find(now.Pool(role))
		g.Share, g.Match, g.Mirror = want.Share, want.Match, want.Mirror
		answer = answer && (!g.Routed() || o.Pool(now.Pool(role)).Available > 0)
		now.Set(role, g)
	}
	return now, answer && !now.Dark() && now.Validate() == nil
}
