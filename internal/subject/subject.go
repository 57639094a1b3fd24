package subject

import (
	"fmt"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// Of is what gates judge in a step of a plan, counted from 0, but for the times. It names the groups by what they run,
// not by the role that they have just now: the candidate is the new revision, also when it has become stable.
func Of(p strategy.Plan, step int) gate.Subject {
	state := p.Steps[step].State
	s := gate.Subject{
		Step: fmt.Sprintf("step %d: %s", step+1, p.Steps[step].Reason), Share: state.On(p.To).Fraction(),
	}
	if old := p.Leaves(); old != p.To && !old.IsZero() {
		s.Replaced = strategy.Pool{Revision: old}.String()
	}
	if step+1 < len(p.Steps) {
		s.Next = p.Steps[step+1].State.On(p.To).Fraction()
	}
	for role, g := range state.Groups() {
		label := state.Pool(role).String()
		switch {
		case role == strategy.Baseline:
			s.Baseline = label
		case g.Revision == p.To:
			s.Candidate = label
		default:
			s.Stable = label
		}
	}
	return s
}
