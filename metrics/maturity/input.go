package maturity

import (
	"fmt"
	"slices"
	"strings"
)

// validate reports everything that is wrong with an input, each problem with its field.
func (in Input) validate(m Model) error {
	var p problems
	p.when("At", in.At)
	if err := in.Rules.Validate(); err != nil {
		p.add("Rules: %w", err)
	}
	seen := map[string]string{}
	for i, s := range in.Services {
		at := fmt.Sprintf("Services[%d]", i)
		p.text(at+".name", s.Name)
		p.once(seen, at+".name", s.Name)
		p.sometime(at+".observed", s.Observed)
		oneOf(&p, at+".standing", s.Standing, []Standing{"", Legacy, Current})
	}
	seen = map[string]string{}
	for i, r := range in.Releases {
		at := fmt.Sprintf("Releases[%d]", i)
		p.once(seen, at+".id", r.ID)
		p.release(at, r)
	}
	for i, d := range in.Declarations {
		at := fmt.Sprintf("Declarations[%d]", i)
		if !m.has(d.Practice) {
			p.add("%s.practice: model %s has no practice %q", at, m.Name, d.Practice)
		}
		p.maybe(at+".service", d.Service)
		p.text(at+".by", d.By)
		p.when(at+".at", d.At)
		p.maybe(at+".note", d.Note)
	}
	p.people(in.People)
	return p.err()
}

func (m Model) has(id string) bool {
	return slices.ContainsFunc(m.Dimensions, func(d Dimension) bool {
		return slices.ContainsFunc(d.Practices, func(p Practice) bool { return p.ID == id })
	})
}

func (p *problems) release(at string, r Release) {
	p.text(at+".id", r.ID)
	p.text(at+".service", r.Service)
	p.maybe(at+".version", r.Version)
	p.maybe(at+".by", r.By)
	p.when(at+".began", r.Began)
	p.sometime(at+".committed", r.Committed)
	for j, s := range r.Steps {
		at := fmt.Sprintf("%s.steps[%d]", at, j)
		p.text(at+".id", s.ID)
		p.maybe(at+".name", s.Name)
		p.maybe(at+".environment", s.Environment)
		p.maybe(at+".digest", s.Digest)
		oneOf(p, at+".kind", s.Kind, kinds)
		oneOf(p, at+".outcome", s.outcome(), outcomes)
		oneOf(p, at+".means", s.Means, []Means{"", Machine, Hand})
		for k, strategy := range s.Strategies {
			oneOf(p, fmt.Sprintf("%s.strategies[%d]", at, k), strategy, strategies)
		}
		for k, by := range s.By {
			p.text(fmt.Sprintf("%s.by[%d]", at, k), by)
		}
		p.when(at+".to", s.To)
		p.sometime(at+".from", s.From)
	}
}

func (p *problems) people(all []Person) {
	seen := map[string]string{}
	for i, is := range all {
		at := fmt.Sprintf("People[%d]", i)
		p.text(at+".name", is.Name)
		p.once(seen, at+".name", named(is.Name))
		p.maybe(at+".group", is.Group)
		if err := is.Hours.Validate(); err != nil {
			p.add("%s.hours: %w", at, err)
		}
	}
}

// named is a person's name as names are compared.
func named(name string) string { return strings.ToLower(strings.TrimSpace(name)) }
