package maturity

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrUnknownModel is the error of Named for a name that it does not know.
var ErrUnknownModel = errors.New("unknown maturity model")

// Assess says how mature each service is by a model, and all of them together. The services are those of the input, and all that its records, declarations and history name.
//
// The error names everything that is wrong with the model or the input, and what keeps the delivery metrics from being computed.
func Assess(m Model, in Input) (*Assessment, error) {
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if err := in.validate(m); err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	figures := &figures{in: in}
	if err := figures.prepare(m); err != nil {
		return nil, err
	}
	a := &Assessment{
		Model: m.Name, Title: m.Title, Version: m.Version, Year: m.Year, Source: m.Source, Levels: slices.Clone(m.Levels),
		Rule: rule, At: in.At.UTC(), Services: []Profile{}, Next: []Advice{},
	}
	all := views(in, figures)
	for _, v := range all {
		a.Services = append(a.Services, m.profile(v, in))
	}
	a.Spreads = m.spread(a.Services)
	a.Legacy = m.legacy(all)
	a.Next = m.advice(a.Services)
	return a, nil
}

const rule = "a level is reached when every practice of it and of all levels below holds; unknown does not count as held"

// profile assesses one service.
func (m Model) profile(v *view, in Input) Profile {
	p := Profile{Service: v.Name, Standing: v.Standing, Next: []Advice{}}
	for _, d := range m.Dimensions {
		var findings []Finding
		for _, practice := range d.Practices {
			findings = append(findings, m.finding(practice, v, in))
		}
		slices.SortStableFunc(findings, func(a, b Finding) int { return a.Level - b.Level })
		p.Dimensions = append(p.Dimensions, reached(d.Name, findings))
	}
	p.Next = m.advice([]Profile{p})
	return p
}

// reached is the level by findings, which are sorted by level.
func reached(dimension string, findings []Finding) Reached {
	r := Reached{Dimension: dimension, Findings: findings}
	r.Level = level(findings, func(a Answer) bool { return a == Yes })
	r.Possible = level(findings, func(a Answer) bool { return a != No })
	for _, f := range findings {
		if f.Level > r.Level && (r.Next == 0 || f.Level == r.Next) {
			if r.Next = f.Level; f.Answer != Yes {
				r.Missing = append(r.Missing, f.Practice)
			}
		}
	}
	return r
}

// level is the highest one that has practices, and up to which all hold.
func level(findings []Finding, holds func(Answer) bool) int {
	top := 0
	for _, f := range findings {
		if !holds(f.Answer) {
			below := 0
			for _, g := range findings {
				if g.Level < f.Level {
					below = g.Level
				}
			}
			return below
		}
		top = f.Level
	}
	return top
}

// finding says whether a practice holds for a service.
func (m Model) finding(p Practice, v *view, in Input) Finding {
	f := Finding{Practice: p.ID, Name: p.Name, Level: p.Level, Source: p.Source, Basis: p.basis()}
	evidence := Unknown
	if p.Check != nil {
		f.Evidence = p.Check.evidence(v, in)
		evidence = f.Evidence.Answer
	}
	if d := declared(in.Declarations, p.ID, v.Name, in.At); d != nil {
		f.Declared = &Declared{Holds: d.Holds, By: d.By, At: d.At.UTC(), Note: d.Note, Stale: in.At.Sub(d.At) > time.Duration(m.staleDays(p))*24*time.Hour}
		if d.Service == "" {
			f.Declared.For = "all services"
		}
		f.Contradiction = evidence != Unknown && d.Holds != (evidence == Yes)
	}
	f.Answer = f.Basis.combine(evidence, f.Declared.answer())
	f.Why = f.why()
	return f
}

// why says what the answer rests on.
func (f Finding) why() string {
	said := "nobody has declared it"
	if d := f.Declared; d != nil {
		said = fmt.Sprintf("declared by %s on %s", d.By, d.At.Format(time.DateOnly))
		if !d.Holds {
			said = fmt.Sprintf("declared not to hold by %s on %s", d.By, d.At.Format(time.DateOnly))
		}
		if d.Stale {
			said += ", which is too long ago"
		}
	}
	switch e := f.Evidence; {
	case e == nil:
		return said
	case f.Contradiction:
		return e.Why + "; but it was " + said
	case f.Basis == ByBoth || e.Answer == Unknown && f.Basis != ByEvidence:
		return e.Why + "; " + said
	default:
		return e.Why
	}
}

// evidence is what the records of a service say about a check.
func (c Check) evidence(v *view, in Input) *Evidence {
	f := v.measure(c)
	is, _ := c.Fact.kind()
	e := &Evidence{Fact: c.Fact, What: is.what, Unit: is.unit, K: f.k, N: f.n, Missing: f.missing, AtLeast: c.AtLeast, AtMost: c.AtMost}
	if f.known && !f.endless(c) {
		value := f.value
		e.Value = &value
	}
	if c.Days > 0 {
		e.From = v.since(c.Days).UTC()
	}
	e.Answer, e.Why = c.judge(f)
	refs := f.pro
	if e.Answer == No {
		refs = f.con
	}
	e.show(refs, in.MaxIDs)
	return e
}

// show shows the latest events, which are the last ones.
func (e *Evidence) show(refs []ref, most int) {
	if most == 0 {
		most = defaultIDs
	}
	if len(refs) == 0 || most < 0 {
		return
	}
	if first, last := refs[0].at, refs[len(refs)-1].at; !first.IsZero() {
		e.First, e.Last = first.UTC(), last.UTC()
	}
	for i := len(refs) - 1; i >= 0 && len(e.Events) < most; i-- {
		e.Events = append(e.Events, refs[i].id)
	}
	e.More = len(refs) - len(e.Events)
}
