package gate

import "context"

// Not passes when its gate fails, and fails when it passes. Continue stays continue, and inconclusive
// stays inconclusive. A fail that nobody saw is no pass, and becomes continue: one for want of data, as a
// Guard or a preset may give, and one that is Late, as a Schedule may.
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
	case v.Outcome == Fail && v.unseen():
		v.Outcome, v.Late = Continue, false
	case v.Outcome == Fail:
		v.Outcome = Pass
	}
	v.Reason = "it must not be that: " + v.Reason
	return v, nil
}
