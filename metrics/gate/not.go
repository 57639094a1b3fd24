package gate

import "context"

// Not passes when its gate fails, and fails when it passes. Continue stays continue, and inconclusive
// stays inconclusive. A fail for want of data, as a Guard may give, is no pass: it becomes continue.
type Not struct{ Gate Gate }

var _ Gate = Not{}

// Unwrap is the gate.
func (n Not) Unwrap() Gate { return n.Gate }

// Validate reports everything that is wrong with the gate.
func (n Not) Validate() error {
	p := problems{of: "Not"}
	p.gate("Gate", n.Gate)
	return p.err()
}

// Check asks the gate.
func (n Not) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := n.Validate(); err != nil {
		return Verdict{}, err
	}
	v := Ask(ctx, n.Gate, s)
	if v.Muted != "" {
		return v, nil
	}
	switch {
	case v.Outcome == Pass:
		v.Outcome = Fail
	case v.Outcome == Fail && v.blind():
		v.Outcome = Continue
	case v.Outcome == Fail:
		v.Outcome = Pass
	}
	v.Reason = "it must not be that: " + v.Reason
	return v, nil
}
