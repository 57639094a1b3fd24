package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Relative holds a series of one group against the same series of another one: what is common to both,
// such as a bad hour of everybody's, cancels. The value must keep the limit
//
//	Ratio * (the value of the other group) + Difference
//
// so that Ratio 1.1 allows a tenth more, Difference 0.5 allows half a unit more, and both together allow
// their sum. A limit that is made by adding knows no division by zero. Like Series it is a bare
// threshold: whoever wants a stated rate of false alarms takes a judge.
type Relative struct {
	// Source and Name are the series, as those of Series.
	Source metrics.SeriesSource
	Name   string
	// Of is the group that is judged. Default: Candidate.
	Of Group
	// To is the group that it is held against. Default, where a candidate is judged: Baseline where the
	// step has one, or else Stable.
	To Group
	// Window, By, Quantile, MinPoints and MaxAge say how a number is made of the points, of both groups
	// alike.
	Window    time.Duration
	By        Aggregate
	Quantile  float64
	MinPoints int
	MaxAge    time.Duration
	// Op is how the value is held against the limit. Default: "<=".
	Op Op
	// Ratio is the factor of the other group's value, above zero. Default: 1.
	Ratio float64
	// Difference is added to that; it may be below zero.
	Difference float64
	// For is how long it must be so without a break, as that of Series.
	For time.Duration
}

var _ Gate = Relative{}

// Validate reports everything that is wrong with the settings.
func (g Relative) Validate() error {
	p := problems{of: "Relative"}
	named(&p, g.Source, g.Name)
	p.check("Of", g.Of.check(true))
	p.check("To", g.To.check(true))
	switch of := cmp.Or(g.Of, Candidate); {
	case g.To == of:
		p.add("To", "a group is not held against itself")
	case g.To == "" && of != Candidate:
		p.add("To", "is missing: %s is held against what?", of)
	}
	g.By.validate(&p, g.Quantile)
	p.check("Op", cmp.Or(g.Op, "<=").validate())
	if g.Ratio != 0 && !(g.Ratio > 0 && finite(g.Ratio)) {
		p.add("Ratio", "%v is not above zero", g.Ratio)
	}
	if !finite(g.Difference) {
		p.add("Difference", "%v is no number", g.Difference)
	}
	notNegative(&p, "Window", g.Window)
	notNegative(&p, "For", g.For)
	notNegative(&p, "MaxAge", g.MaxAge)
	if g.MinPoints < 0 {
		p.add("MinPoints", "%d is below zero", g.MinPoints)
	}
	return p.err()
}

// to is the group that the value is held against, and its label.
func (g Relative) to(s Subject) (Group, string, error) {
	to := g.To
	if to == "" {
		if to = Stable; s.Baseline != "" {
			to = Baseline
		}
	}
	label, err := to.label(s)
	return to, label, err
}

// Check reads both groups over the same window.
func (g Relative) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	label, err := g.Of.label(s)
	if err != nil {
		return Verdict{}, err
	}
	to, other, err := g.to(s)
	if err != nil {
		return Verdict{}, err
	}
	r := reading{g.Source, g.Name, g.Window, g.By, g.Quantile, g.MinPoints, g.MaxAge}
	value, n, err := r.read(ctx, label, s)
	beyond, far := (*BeyondError)(nil), err
	if err != nil && !errors.As(err, &beyond) {
		return Verdict{}, err
	}
	base, m, err := r.read(ctx, other, s)
	switch {
	case err != nil:
		return Verdict{}, err
	case beyond == nil && n < max(g.MinPoints, 1):
		return steady(s, g, g.For, r.lacking(r.what(label), n))
	case m < max(g.MinPoints, 1):
		return steady(s, g, g.For, r.lacking(r.what(other), m))
	}
	v, err := g.judge(r.what(label), fmt.Sprintf("%s %s", to, other), base, func(what string, b bounds) (Verdict, error) {
		if beyond != nil {
			return beyond.judge(what, b, far)
		}
		return b.judge(what, value, uint64(n)), nil
	})
	if err != nil {
		return Verdict{}, err
	}
	return steady(s, g, g.For, v)
}

// judge holds the value against what the other one makes the limit.
func (g Relative) judge(what, against string, base float64, hold func(what string, b bounds) (Verdict, error)) (Verdict, error) {
	ratio := cmp.Or(g.Ratio, 1)
	if base < 0 && ratio != 1 {
		return Verdict{}, fmt.Errorf("%s is %s, and a multiple of what is below zero is no limit: use Difference", against, number(base))
	}
	limit := ratio*base + g.Difference
	if !finite(limit) {
		return Verdict{}, fmt.Errorf("the limit that %s makes of %s is no number", number(base), against)
	}
	v, err := hold(what, bounds{{cmp.Or(g.Op, "<="), limit}})
	if err != nil {
		return Verdict{}, err
	}
	v.Evidence[0].Against = against
	v.Reason += fmt.Sprintf(" (%s; %s has %s)", g.rule(ratio), against, number(base))
	return v, nil
}

// rule is how the limit is made, in words: "1.1 times the other and 0.5 more".
func (g Relative) rule(ratio float64) string {
	text := fmt.Sprintf("%g times the other", ratio)
	switch {
	case g.Difference > 0:
		text += fmt.Sprintf(" and %g more", g.Difference)
	case g.Difference < 0:
		text += fmt.Sprintf(" and %g less", -g.Difference)
	}
	return text
}
