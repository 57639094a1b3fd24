package gate

import (
	"context"
	"strings"
)

// Muted asks a gate, and lets nothing depend on the answer: a dry run. Its verdict is a pass that has the
// evidence, and says in Muted what the gate would have said. A combination leaves it out of its count, so
// that a muted gate among others neither helps nor harms; where all are muted, so is the combination.
type Muted struct{ Gate Gate }

var _ Gate = Muted{}

// Unwrap is the gate.
func (m Muted) Unwrap() Gate { return m.Gate }

// Validate reports everything that is wrong with the gate.
func (m Muted) Validate() error {
	p := problems{of: "Muted"}
	p.gate("Gate", m.Gate)
	return p.err()
}

// Check asks the gate.
func (m Muted) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := m.Validate(); err != nil {
		return Verdict{}, err
	}
	v := Ask(ctx, m.Gate, s)
	if v.Muted == "" {
		v.Muted, v.Outcome, v.Extend = v.Outcome, Pass, false
	}
	if !strings.HasPrefix(v.Reason, "muted, ") {
		v.Reason = "muted, and would say " + string(v.Muted) + ": " + v.Reason
	}
	return v, nil
}
