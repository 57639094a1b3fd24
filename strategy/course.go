package strategy

import "iter"

// Phases are those of the way into a step, counted from 0: those of Transition, and for a Native step
// the one that the target walks by itself.
//
// A step that the plan does not have has none. The error is ErrTooManyPools.
func (p Plan) Phases(step int) ([]Phase, error) {
	if step < 0 || step >= len(p.Steps) {
		return nil, nil
	}
	to := p.Steps[step]
	if to.Native {
		return []Phase{{Kind: Roll, State: to.State}}, nil
	}
	return Transition(p.StateBefore(step), to.State)
}

// Course are the states by which a step, counted from 0, is most likely reached, its own being the last:
// of a Native step those of a target that replaces as many instances at a time as the limits allow, of
// any other nothing but its own. What a native step promises are the limits alone; this is how long it
// takes, and what it exposes, if nothing goes wrong. A step that the plan does not have has none.
func (p Plan) Course(step int) iter.Seq[State] {
	return func(yield func(State) bool) {
		if step < 0 || step >= len(p.Steps) {
			return
		}
		from, to := p.StateBefore(step), p.Steps[step].State
		if p.Steps[step].Native && rolls(from, to, p.Limits) == nil && from.Stable.Revision != to.Stable.Revision {
			if !mixes(from, to, p.Limits, yield) {
				return
			}
		}
		yield(to)
	}
}

// mixes are the states between two that are left to the target, batch by batch. It reports whether all
// of them were wanted.
func mixes(from, to State, l Limits, yield func(State) bool) bool {
	old, fresh, want := from.Stable.Replicas, 0, to.Stable.Replicas
	ceiling := l.MaxTotal
	if ceiling == 0 {
		ceiling = old + want
	}
	for {
		started := max(0, min(want-fresh, ceiling-old-fresh))
		fresh += started
		stopped := max(0, old-max(0, l.MinAvailable-fresh))
		old -= stopped
		if old == 0 && fresh == want || started == 0 && stopped == 0 {
			return true
		}
		s := State{Sticky: to.Sticky, MinReady: to.MinReady}
		if total := old + fresh; total > 0 && !to.Dark() {
			s.Candidate.Share = Ratio(fresh, total)
			s.Stable.Share = s.Candidate.Share.Rest()
		}
		s.Stable.Revision, s.Stable.Replicas = from.Stable.Revision, old
		s.Candidate.Revision, s.Candidate.Replicas = to.Stable.Revision, fresh
		if s.drop(); !yield(s) {
			return false
		}
	}
}
