package maturity

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-multierror"
)

// maxText bounds names, maxLevels and maxDays what is sensible.
const maxText, maxLevels, maxDays = 1000, 20, 36500

// problems collects what is wrong with the fields of one thing.
type problems struct{ errs *multierror.Error }

func (p *problems) add(format string, args ...any) {
	p.errs = multierror.Append(p.errs, fmt.Errorf(format, args...))
}

func (p *problems) err() error { return p.errs.ErrorOrNil() }

// text checks a text that must be there.
func (p *problems) text(field, text string) {
	if strings.TrimSpace(text) == "" {
		p.add("%s: there is none", field)
		return
	}
	p.maybe(field, text)
}

func (p *problems) maybe(field, text string) {
	switch {
	case len(text) > maxText:
		p.add("%s: %d bytes; at most %d", field, len(text), maxText)
	case !utf8.ValidString(text):
		p.add("%s: %q is not UTF-8", field, text)
	}
}

// id checks a name that programs use.
func (p *problems) id(field, id string) {
	if id == "" {
		p.add("%s: there is none", field)
		return
	}
	if p.maybe(field, id); strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		p.add("%s: %q has other than lower case letters, digits, dots and hyphens", field, id)
	}
}

func (p *problems) between(field string, n, least, most int) {
	if n < least || n > most {
		p.add("%s: %d is not one of %d to %d", field, n, least, most)
	}
}

// when checks a time that must be there; time.Time counts nanoseconds in JSON to the year 9999, and nothing of ours is older than 1700.
func (p *problems) when(field string, t time.Time) {
	if t.IsZero() {
		p.add("%s: there is none", field)
		return
	}
	p.sometime(field, t)
}

func (p *problems) sometime(field string, t time.Time) {
	if y := t.UTC().Year(); !t.IsZero() && (y < 1700 || y >= 2240) {
		p.add("%s: the year %d is not one of 1700 to 2239", field, y)
	}
}

func oneOf[T ~string](p *problems, field string, value T, all []T) {
	if !slices.Contains(all, value) {
		p.add("%s: %q is none of %q", field, value, all)
	}
}

// Validate reports everything that is wrong with a model, each problem with its field.
func (m Model) Validate() error {
	var p problems
	p.id("name", m.Name)
	p.text("title", m.Title)
	p.text("version", m.Version)
	p.between("year", m.Year, 1900, 2239)
	p.text("source", m.Source)
	p.between("stale_days", m.StaleDays, 0, maxDays)
	p.between("legacy_days", m.LegacyDays, 0, maxDays)
	if len(m.Levels) == 0 || len(m.Levels) > maxLevels {
		p.add("levels: %d; there must be 1 to %d", len(m.Levels), maxLevels)
	}
	for i, name := range m.Levels {
		p.text(fmt.Sprintf("levels[%d]", i), name)
	}
	if len(m.Dimensions) == 0 {
		p.add("dimensions: there are none")
	}
	dimensions, practices := map[string]string{}, map[string]string{}
	for i, d := range m.Dimensions {
		at := fmt.Sprintf("dimensions[%d]", i)
		p.id(at+".name", d.Name)
		p.once(dimensions, at+".name", d.Name)
		p.text(at+".title", d.Title)
		if len(d.Practices) == 0 {
			p.add("%s.practices: there are none", at)
		}
		for j, practice := range d.Practices {
			at := fmt.Sprintf("%s.practices[%d]", at, j)
			p.once(practices, at+".id", practice.ID)
			p.practice(at, practice, len(m.Levels))
		}
	}
	return p.err()
}

// once reports a name that was there before.
func (p *problems) once(seen map[string]string, field, name string) {
	if before, ok := seen[name]; ok && name != "" {
		p.add("%s: %q is that of %s already", field, name, strings.TrimSuffix(strings.TrimSuffix(before, ".name"), ".id"))
		return
	}
	seen[name] = field
}

func (p *problems) practice(at string, is Practice, levels int) {
	p.id(at+".id", is.ID)
	p.text(at+".name", is.Name)
	p.maybe(at+".source", is.Source)
	p.between(at+".level", is.Level, 1, levels)
	p.between(at+".impact", is.Impact, 1, 5)
	p.between(at+".effort", is.Effort, 1, 5)
	p.between(at+".stale_days", is.StaleDays, 0, maxDays)
	oneOf(p, at+".basis", is.basis(), []Basis{ByEither, ByEvidence, ByDeclaration, ByBoth})
	switch {
	case is.Check == nil && is.basis() != ByDeclaration:
		p.add("%s.check: there is none, and the basis is %q", at, is.Basis)
	case is.Check != nil && is.basis() == ByDeclaration:
		p.add("%s.check: it counts for nothing, as the basis is %q", at, is.Basis)
	case is.Check != nil:
		p.check(at+".check", *is.Check)
		p.measured(at, is)
	}
}

// measured: of what is measured alone, one more sample may turn what is not known into a no. It must not be one that turns what is declared into a no: more evidence never lowers a level.
func (p *problems) measured(at string, is Practice) {
	c := *is.Check
	alone := c.Fact == FactFrequency || (c.Fact == FactLeadTime || c.Fact == FactRecovery) && c.minN() > 1
	if alone && is.basis() == ByEither {
		p.add("%s.basis: %q cannot be declared; it takes %q or %q", at, c.Fact, ByEvidence, ByBoth)
	}
}

func (p *problems) check(at string, c Check) {
	is, known := c.Fact.kind()
	if !known {
		p.add("%s.fact: %q is no fact", at, c.Fact)
		return
	}
	field, limit, other := ".at_least", c.AtLeast, c.AtMost
	if is.less {
		field, limit, other = ".at_most", c.AtMost, c.AtLeast
	}
	switch {
	case limit == nil:
		p.add("%s%s: there is none", at, field)
	case math.IsNaN(*limit) || math.IsInf(*limit, 0) || *limit < 0:
		p.add("%s%s: %v is no number from 0 on", at, field, *limit)
	case (is.unit == Share || is.unit == Truth) && *limit > 1:
		p.add("%s%s: %v is more than 1, which is all", at, field, *limit)
	case !is.less && *limit == 0:
		p.add("%s%s: 0 asks for nothing", at, field)
	}
	if other != nil {
		p.add("%s: of %s, only %s can be asked for", at, c.Fact, field[1:])
	}
	p.between(at+".days", c.Days, 0, maxDays)
	if c.Days != 0 && (c.Fact == FactAge || c.Fact == FactCurrent) {
		p.add("%s.days: they count for nothing with %q", at, c.Fact)
	}
	p.between(at+".min_n", c.MinN, 0, math.MaxInt32)
	if c.Fact == FactStrategy {
		if len(c.Strategies) == 0 {
			p.add("%s.strategies: there are none", at)
		}
		for i, s := range c.Strategies {
			oneOf(p, fmt.Sprintf("%s.strategies[%d]", at, i), s, strategies)
		}
	} else if len(c.Strategies) > 0 {
		p.add("%s.strategies: they are for %q alone", at, FactStrategy)
	}
	if c.Fact == FactStep {
		oneOf(p, at+".kind", c.Kind, kinds)
	} else if c.Kind != "" {
		p.add("%s.kind: it is for %q alone", at, FactStep)
	}
}
