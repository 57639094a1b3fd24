package gate

import (
	"context"
	"fmt"
)

// Score passes when gates of enough weight pass in one and the same sampling, among them all that must.
// Its score is the weight of those that pass, as a part of the weight of all. Whether it fails, waits or
// cannot tell follows from what the score may still become, as for a Quorum; of that and of what the gates
// that must pass say together, as All of them, the worse counts: fail, then inconclusive, then continue.
type Score struct {
	// Of are the gates. They must differ in what they are called: see Named.
	Of []Weighted
	// Least is the score that must be reached, above 0 and up to 1.
	Least float64
}

// Weighted is a gate with its weight in a Score.
type Weighted struct {
	Gate Gate
	// Weight is above zero, in any unit. Default: 1.
	Weight float64
	// Must says that without this gate there is no pass, and that its fail is one.
	Must bool
}

var _ Gate = Score{}

// Validate reports everything that is wrong with the gates and their weights.
func (g Score) Validate() error {
	p := problems{of: "Score"}
	if !(g.Least > 0 && g.Least <= 1) {
		p.add("Least", "%v is not above 0 and up to 1", g.Least)
	}
	sum := 0.0
	for i, w := range g.Of {
		if w.Weight != 0 && !(w.Weight > 0 && finite(w.Weight)) {
			p.add(fmt.Sprintf("Of[%d].Weight", i), "%v is not above zero", w.Weight)
		}
		sum += w.weight()
	}
	if !finite(sum) {
		p.add("Of", "the weights are too large to be added up")
	}
	g.family().validate(&p, func(i int) string { return fmt.Sprintf("Of[%d].Gate", i) })
	return p.err()
}

func (w Weighted) weight() float64 {
	if w.Weight == 0 {
		return 1
	}
	return w.Weight
}

func (g Score) family() family {
	f := make(family, len(g.Of))
	for i, w := range g.Of {
		f[i] = w.Gate
	}
	return f
}

// Check asks all gates.
func (g Score) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	verdicts, memory, lost, err := g.family().ask(ctx, s)
	if err != nil {
		return Verdict{}, err
	}
	by := map[string]Weighted{}
	for i, w := range g.Of {
		by[verdicts[i].Gate] = w
	}
	var score float64
	v := settle(verdicts, func(list []Verdict) (Outcome, string) {
		var weights []float64
		var must []Verdict
		for _, one := range list {
			weights = append(weights, by[one.Gate].weight())
			if by[one.Gate].Must {
				must = append(must, one)
			}
		}
		t := tally(list, weights)
		score = t.pass / t.all()
		needed := tally(must, nil)
		outcome := worse(t.outcome(g.Least*t.all()), needed.outcome(needed.all()))
		return outcome, fmt.Sprintf("the score is %.4g, %.4g must be reached", score, g.Least)
	})
	v.Evidence = append([]Evidence{{What: "score", Value: score, Rule: ">=", Limit: g.Least, Samples: uint64(len(verdicts))}}, v.Evidence...)
	v.Memory = memory
	return anew(v, lost), nil
}

// worse is the worse of two outcomes.
func worse(a, b Outcome) Outcome {
	for _, o := range []Outcome{Fail, Inconclusive, Continue} {
		if a == o || b == o {
			return o
		}
	}
	return Pass
}
