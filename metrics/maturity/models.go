package maturity

import (
	"fmt"
	"slices"
)

// Models are those that come along; each call makes them anew.
func Models() []Model {
	return []Model{delivery2026(), cncf(), dsomm(), dora2023()}
}

// Named is the model of that name, out of Models: "delivery", "cncf", "dsomm" or "dora". The error wraps ErrUnknownModel.
func Named(name string) (Model, error) {
	all := Models()
	if i := slices.IndexFunc(all, func(m Model) bool { return m.Name == name }); i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, m := range all {
		names = append(names, m.Name)
	}
	return Model{}, fmt.Errorf("%w %q; there are %q", ErrUnknownModel, name, names)
}

// says is a practice that is declared.
func says(level int, id, name, source string, impact, effort int) Practice {
	return Practice{ID: id, Name: name, Level: level, Source: source, Impact: impact, Effort: effort}
}

// by adds the evidence for a practice.
func (p Practice) by(c Check) Practice {
	p.Check = &c
	return p
}

// only takes the evidence alone: what it says cannot be declared.
func (p Practice) only(c Check) Practice {
	p.Check, p.Basis = &c, ByEvidence
	return p
}

func least(fact Fact, value float64, days int) Check {
	return Check{Fact: fact, AtLeast: &value, Days: days}
}

func most(fact Fact, value float64, days int) Check {
	return Check{Fact: fact, AtMost: &value, Days: days}
}

// kind asks for a step of a kind, in a share of the releases.
func (k Kind) before(value float64, days int) Check {
	c := least(FactStep, value, days)
	c.Kind = k
	return c
}

// by asks for strategies, in a share of the deployments.
func bySome(value float64, days int, some ...Strategy) Check {
	c := least(FactStrategy, value, days)
	c.Strategies = some
	return c
}

// of asks for a number of samples.
func (c Check) of(n int) Check {
	c.MinN = n
	return c
}

// progressive are the strategies that let a part of the users meet a version before the others do; gapless those that leave them no gap.
var (
	progressive = []Strategy{Canary, Waves}
	gapless     = []Strategy{Rolling, BlueGreen, Canary, Waves, Native}
)

const quarter, half, year = 90, 180, 365
