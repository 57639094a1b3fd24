package rehearse

import (
	"fmt"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// subject is what gates judge in a step of a plan, but for the times. It names the groups by what they run, as
// a rollout does.
func subject(p strategy.Plan, index int) gate.Subject {
	step := p.Steps[index]
	s := gate.Subject{Step: fmt.Sprintf("step %d: %s", index+1, step.Reason), Share: step.State.On(p.To).Fraction()}
	if old := p.Leaves(); old != p.To && !old.IsZero() {
		s.Replaced = strategy.Pool{Revision: old}.String()
	}
	if index+1 < len(p.Steps) {
		s.Next = p.Steps[index+1].State.On(p.To).Fraction()
	}
	for role, g := range step.State.Groups() {
		label := step.State.Pool(role).String()
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
