package strategytest

import (
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// old is where each proof begins: the first revision runs alone.
func (s targetSubject) old() strategy.State { return alone(s.Revisions[0], s.Replicas) }
func (s targetSubject) new() strategy.State { return alone(s.Revisions[1], s.Replicas) }

// both is a state of both revisions, the candidate with so many instances and that share.
func (s targetSubject) both(n int, share strategy.Share) strategy.State {
	both := s.old()
	both.Stable.Share = share.Rest()
	both.Candidate = strategy.Group{Revision: s.Revisions[1], Replicas: n, Share: share}
	return both
}

func (s targetSubject) canary() strategy.State    { return s.both(1, strategy.Percent(10)) }
func (s targetSubject) preview() strategy.State   { return s.both(1, strategy.Share{}) }
func (s targetSubject) blueGreen() strategy.State { return s.both(s.Replicas, strategy.All()) }

func (s targetSubject) dark() strategy.State {
	dark := s.old()
	dark.Stable.Share = strategy.Share{}
	return dark
}

// compared are states with a baseline.
func (s targetSubject) compared() (split, silent strategy.State) {
	split, silent = s.canary(), s.preview()
	split.Baseline = strategy.Group{Revision: s.Revisions[0], Replicas: 1, Share: strategy.Percent(10)}
	split.Stable.Share = strategy.Percent(80)
	silent.Baseline = strategy.Group{Revision: s.Revisions[0], Replicas: 1}
	return split, silent
}

// can is why the target, as it says itself, cannot be brought to a state; nil: it can.
func (s targetSubject) can(state strategy.State) error {
	if g, ok := ability[rollout.Grainer](s.Target); ok {
		grain := g.Grain()
		for role, g := range state.Groups() {
			if !g.Share.IsZero() && g.Share.Compare(grain) < 0 {
				return fmt.Errorf("%s gets %s, and the target splits traffic by %s at least", role, g.Share, grain)
			}
		}
	}
	if f, ok := ability[rollout.Fitter](s.Target); ok {
		return f.Fits(state)
	}
	return nil
}

// canWalk is why the target, as it says itself, cannot walk a plan; nil: it can.
func (s targetSubject) canWalk(plan strategy.Plan) error {
	for i, step := range plan.Steps {
		if step.Native {
			if _, err := s.roller(plan.Limits); err != nil {
				return err
			}
			continue
		}
		phases, err := plan.Phases(i)
		if err != nil {
			return err
		}
		for _, phase := range phases {
			if err := s.can(phase.State); err != nil {
				return fmt.Errorf("step %d, %s: %w", i+1, phase.State, err)
			}
		}
	}
	return nil
}

// roller is the target as one that walks by itself within the limits, or why it does not.
func (s targetSubject) roller(l strategy.Limits) (rollout.Roller, error) {
	r, ok := ability[rollout.Roller](s.Target)
	if !ok {
		return nil, errors.New("the target is no Roller")
	}
	if err := r.Rolls(l); err != nil {
		return nil, fmt.Errorf("the target does not roll with %s: %w", l, err)
	}
	return r, nil
}

// fitting are those of the states to which the target can be brought. What it says of the others is told.
func (s targetSubject) fitting(law string, states ...strategy.State) []strategy.State {
	var fit []strategy.State
	for _, state := range states {
		if err := s.can(state); err != nil {
			s.omit(law, fmt.Sprintf("%s is left out: %v", state, err))
			continue
		}
		fit = append(fit, state)
	}
	return fit
}

// first is the first of the states to which the target can be brought, and why not to the one before.
func (s targetSubject) first(states ...strategy.State) (strategy.State, error) {
	var why error
	for _, state := range states {
		err := s.can(state)
		if err == nil {
			return state, nil
		}
		why = err
	}
	return strategy.State{}, why
}

// beside is a state of both revisions, or, where the target cannot hold one, of the new one alone.
func (s targetSubject) beside() strategy.State {
	state, err := s.first(s.canary(), s.preview(), s.blueGreen())
	if err != nil {
		return s.new()
	}
	return state
}
