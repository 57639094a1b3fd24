package gate

import (
	"cmp"
	"errors"
)

// Fitter is implemented by a gate that can tell whether it has anything to judge in a step: whoever wires
// gates to steps asks it by Fits.
type Fitter interface {
	// Fits reports that the subject lacks a group without which the gate never gives a verdict.
	Fits(s Subject) error
}

// Fits reports that the subject lacks a group without which the gate never gives a verdict: one that holds
// the candidate against stable has nothing to hold it against where only the candidate is left. It is told by
// the gate itself, or else by the gate that it wraps (see Fitter). A gate that cannot tell fits: one of
// several that may pass without each other (Any, Quorum, Score), say, and one that is muted.
func Fits(g Gate, s Subject) error {
	if f, ok := As[Fitter](g); ok {
		return f.Fits(s)
	}
	return nil
}

// Fits reports each gate that does not fit.
func (g All) Fits(s Subject) error {
	var errs []error
	for _, one := range g {
		errs = append(errs, Fits(one, s))
	}
	return errors.Join(errs...)
}

// Fits is nil: a gate that is muted decides nothing.
func (m Muted) Fits(Subject) error { return nil }

// Fits reports a group that is missing.
func (g Relative) Fits(s Subject) error {
	_, _, err := g.to(s)
	return errors.Join(g.Of.in(s), err)
}

// Fits reports a group that is missing.
func (g Series) Fits(s Subject) error { return g.Of.in(s) }

// Fits reports a group that is missing.
func (g ErrorRate) Fits(s Subject) error { return g.Of.in(s) }

// Fits reports a group that is missing.
func (g Latency) Fits(s Subject) error { return g.Of.in(s) }

// Fits reports a group that is missing.
func (g Burn) Fits(s Subject) error { return g.Of.in(s) }

// Fits reports a group that is missing.
func (g Budget) Fits(s Subject) error { return cmp.Or(g.Of, Stable).in(s) }

// in reports that a step does not have the group.
func (g Group) in(s Subject) error {
	_, err := g.label(s)
	return err
}
