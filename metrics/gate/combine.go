package gate

import (
	"context"
	"fmt"
)

// All passes when all of its gates pass in one and the same sampling, and fails as soon as one fails. It
// is a Quorum of all of them.
type All []Gate

// Any passes as soon as one of its gates passes, and fails when all fail. It is a Quorum of one.
type Any []Gate

// Quorum passes when N of its gates pass in one and the same sampling. All gates are asked about the same
// moment, with a memory of their own each. It answers
//
//	pass          when N gates pass
//	fail          when N can never be reached, whatever becomes of those that have not decided
//	continue      when N may be reached yet, by those that answer continue
//	inconclusive  otherwise: N can be reached only if a person decides for a gate that cannot
//
// For two gates that is, with P, F, C, I for the four, and rows and columns for what the two say:
//
//	All  P  C  I  F      Any  P  C  I  F
//	P    P  C  I  F      P    P  P  P  P
//	C    C  C  I  F      C    P  C  C  C
//	I    I  I  I  F      I    P  C  I  I
//	F    F  F  F  F      F    P  C  I  F
//
// So naming several gates in a step of a rollout is the same as naming All of them. A gate that gives no
// verdict counts as one that answers continue; NoData, Down and Extend are handed on where the answer is
// open because of such a gate. A gate that is Muted is left out of the count, and N is at most as many as
// are left. The verdict has the evidence of all gates, in order.
type Quorum struct {
	// N is how many gates must pass, from 1 to all of them.
	N int
	// Of are the gates. They must differ in what they are called: see Named.
	Of []Gate
}

var (
	_ Gate = All(nil)
	_ Gate = Any(nil)
	_ Gate = Quorum{}
)

// Validate reports everything that is wrong with the gates, each problem with its place.
func (g All) Validate() error { return listed("All", family(g)) }

// Check asks all gates.
func (g All) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	return quorum(ctx, s, family(g), len(g))
}

// Validate reports everything that is wrong with the gates, each problem with its place.
func (g Any) Validate() error { return listed("Any", family(g)) }

// Check asks all gates.
func (g Any) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	return quorum(ctx, s, family(g), 1)
}

// listed reports everything that is wrong with a list of gates.
func listed(of string, f family) error {
	p := problems{of: of}
	f.validate(&p, func(i int) string { return fmt.Sprintf("[%d]", i) })
	return p.err()
}

// Validate reports everything that is wrong with the gates, each problem with its place.
func (g Quorum) Validate() error {
	p := problems{of: "Quorum"}
	if g.N < 1 || g.N > len(g.Of) {
		p.add("N", "%d is not from 1 to the %d gates that there are", g.N, len(g.Of))
	}
	family(g.Of).validate(&p, func(i int) string { return fmt.Sprintf("Of[%d]", i) })
	return p.err()
}

// Check asks all gates.
func (g Quorum) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	return quorum(ctx, s, g.Of, g.N)
}

// quorum asks all gates of a family, n of which must pass.
func quorum(ctx context.Context, s Subject, f family, n int) (Verdict, error) {
	verdicts, memory, lost, err := f.ask(ctx, s)
	if err != nil {
		return Verdict{}, err
	}
	v := settle(verdicts, func(votes []Verdict) (Outcome, string) {
		t := tally(votes, nil)
		need := min(float64(n), t.all())
		return t.outcome(need), fmt.Sprintf("%g of %g gates pass, %g must", t.pass, t.all(), need)
	})
	v.Memory = memory
	return anew(v, lost), nil
}
