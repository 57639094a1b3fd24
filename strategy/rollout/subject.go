package rollout

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// ErrNoGroup is in the error of New where a gate needs a group that a step does not have which names it.
var ErrNoGroup = errors.New("a gate needs a group that is not there")

// subject is what gates judge in a step of a plan, but for the times. It names the groups by what they run,
// not by the role they have just now: the candidate is the new revision, also when it has become stable.
func subject(p strategy.Plan, step int) gate.Subject {
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

// unfit reports gates that could never answer in a step which names them, so that no release comes to stand
// there, half way, with nobody to say why.
func unfit(p strategy.Plan, o Options) error {
	var errs *multierror.Error
	for i, step := range p.Steps {
		for _, name := range step.Gates {
			if err := gate.Fits(o.Gates[name], subject(p, i)); err != nil {
				errs = multierror.Append(errs, fmt.Errorf("Plan.Steps[%d].Gates: %w: %q: %w", i, ErrNoGroup, name, err))
			}
		}
	}
	return errs.ErrorOrNil()
}
