package gate

import (
	"fmt"
	"slices"
)

// Op holds a value against a limit: "<", "<=", ">", ">=", "==" or "!=".
type Op string

// Holds reports whether the value keeps the limit. A value or a limit that is no number keeps none, and
// neither does an operator that there is not.
func (o Op) Holds(value, limit float64) bool {
	if value != value || limit != limit {
		return false
	}
	switch o {
	case "<":
		return value < limit
	case "<=":
		return value <= limit
	case ">":
		return value > limit
	case ">=":
		return value >= limit
	case "==":
		return value == limit
	case "!=":
		return value != limit
	}
	return false
}

func (o Op) validate() error {
	if !slices.Contains([]Op{"<", "<=", ">", ">=", "==", "!="}, o) {
		return fmt.Errorf("%q is none of <, <=, >, >=, == and !=", string(o))
	}
	return nil
}

// Bound is a limit that a value must keep.
type Bound struct {
	Op    Op
	Limit float64
}

// AtMost is kept by values up to the limit.
func AtMost(limit float64) Bound { return Bound{"<=", limit} }

// AtLeast is kept by values from the limit on.
func AtLeast(limit float64) Bound { return Bound{">=", limit} }

// Below is kept by values that are less than the limit.
func Below(limit float64) Bound { return Bound{"<", limit} }

// Above is kept by values that are more than the limit.
func Above(limit float64) Bound { return Bound{">", limit} }

// Equal is kept by the limit alone. It compares exactly, and so suits counts.
func Equal(limit float64) Bound { return Bound{"==", limit} }

// NotEqual is kept by everything but the limit.
func NotEqual(limit float64) Bound { return Bound{"!=", limit} }

// String is the bound as people write it: "<= 0.01".
func (b Bound) String() string { return fmt.Sprintf("%s %g", b.Op, b.Limit) }

// bounds are limits that a value must keep, all of them.
type bounds []Bound

func (b bounds) validate(p *problems, field string) {
	if len(b) == 0 {
		p.add(field, "there is no bound to keep")
	}
	for i, one := range b {
		at := fmt.Sprintf("%s[%d]", field, i)
		p.check(at+".Op", one.Op.validate())
		if !finite(one.Limit) {
			p.add(at+".Limit", "%v is no number", one.Limit)
		}
	}
}

// judge holds a finite value against all bounds. what names it, unit is appended to numbers.
func (b bounds) judge(what string, value float64, samples uint64) Verdict {
	v := Verdict{Outcome: Pass}
	must := ""
	for i, one := range b {
		if i > 0 {
			must += " and "
		}
		must += one.String()
		v.Evidence = append(v.Evidence, Evidence{What: what, Value: value, Rule: string(one.Op), Limit: one.Limit, Samples: samples})
		if !one.Op.Holds(value, one.Limit) {
			v.Outcome = Fail
		}
	}
	v.Reason = fmt.Sprintf("%s is %s, and must be %s", what, number(value), must)
	return v
}

// number is a number for people.
func number(f float64) string { return fmt.Sprintf("%.6g", f) }
