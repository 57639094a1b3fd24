package maturity

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Answer is whether something holds.
type Answer string

const (
	// Yes says that it holds.
	Yes Answer = "yes"
	// No says that it does not.
	No Answer = "no"
	// Unknown is neither.
	Unknown Answer = "unknown"
)

// judge compares a figure with what a check asks for, and says why.
func (c Check) judge(f figure) (Answer, string) {
	limit, most := c.limit()
	is, _ := c.Fact.kind()
	yes, no := f.low >= limit, f.high < limit
	if most {
		yes, no = f.high <= limit, f.low > limit
	}
	if is.unit == Count && !most { // what was counted was counted; that there is none takes some that are not
		no = no && f.n-f.k >= c.minN()
	}
	switch {
	case !f.known:
		return Unknown, f.why
	case metricOf(c.Fact) != "" && is.unit != Share && f.n < c.minN():
		return Unknown, fmt.Sprintf("%s told, %d needed", count(f.n, "sample"), c.minN())
	case yes:
		return Yes, f.says(c)
	case no:
		return No, f.says(c)
	case math.IsInf(f.high, 1) && c.Fact == FactAge:
		return Unknown, "none since the records begin, " + number(f.value, Days) + " ago"
	case f.endless(c):
		return Unknown, f.says(c) + ", which leaves it open"
	case f.lacking > 0:
		return Unknown, f.says(c) + fmt.Sprintf(", and %d more needed to tell", f.lacking)
	case f.missing > 0:
		return Unknown, f.says(c) + ", which leaves it open"
	case is.unit == Count:
		return Unknown, f.says(c) + fmt.Sprintf(", and %d without needed to tell", c.minN())
	}
	return Unknown, f.says(c) + ", as the records are younger than that"
}

// endless says whether all that is known of a recovery time is what it is above.
func (f figure) endless(c Check) bool { return c.Fact == FactRecovery && math.IsInf(f.high, 1) }

// says is the figure in words, beside what is asked for.
func (f figure) says(c Check) string {
	is, _ := c.Fact.kind()
	limit, most := c.limit()
	text := number(f.value, is.unit)
	switch {
	case is.unit == Truth:
		return map[bool]string{true: "so it is said", false: "it is said to be one"}[f.value == 1]
	case math.IsInf(f.high, 1) && c.Fact == FactAge:
		return "none since the records begin, " + text + " ago; asked for: at most " + number(limit, is.unit)
	case is.unit == Share && c.Fact != FactApprovalWait:
		text = fmt.Sprintf("%d of %d (%s)", f.k, f.n, text)
	case is.unit == Count && !is.less:
		text = fmt.Sprintf("%d of %d", f.k, f.n)
	case f.endless(c):
		text = fmt.Sprintf("above %s (n=%d, most have not ended)", text, f.n)
	default:
		text += fmt.Sprintf(" (n=%d)", f.n)
	}
	if f.missing > 0 {
		text += fmt.Sprintf(", %d not told", f.missing)
	}
	if most {
		return text + "; asked for: at most " + number(limit, is.unit)
	}
	return text + "; asked for: at least " + number(limit, is.unit)
}

// number is a value in its unit, as people read it.
func number(value float64, unit Unit) string {
	digits := func(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }
	switch unit {
	case Share:
		return digits(value*100) + " %"
	case Days:
		return digits(value) + " d"
	case Hours:
		return digits(value) + " h"
	case PerWeek:
		return strconv.FormatFloat(math.Round(value*100)/100, 'f', -1, 64) + " a week"
	}
	return digits(value)
}

// declared is the declaration that counts for a practice and a service at a time; nil: there is none.
func declared(all []Declaration, practice, service string, at time.Time) *Declaration {
	var best *Declaration
	for i := range all {
		d := &all[i]
		if d.Practice != practice || d.Service != "" && d.Service != service || d.At.After(at) {
			continue
		}
		if best == nil || d.compare(best) > 0 {
			best = d
		}
	}
	return best
}

// compare is above 0 where d counts before o.
func (d *Declaration) compare(o *Declaration) int {
	truth := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	return cmp.Or(truth(d.Service != "")-truth(o.Service != ""), d.At.Compare(o.At), truth(!d.Holds)-truth(!o.Holds),
		-cmp.Compare(d.By, o.By), -cmp.Compare(d.Note, o.Note))
}

// combine says whether a practice holds by what the evidence and a declaration say.
func (b Basis) combine(evidence, declaration Answer) Answer {
	switch b {
	case ByEvidence:
		return evidence
	case ByDeclaration:
		return declaration
	case ByBoth:
		switch {
		case evidence == No || declaration == No:
			return No
		case evidence == Yes && declaration == Yes:
			return Yes
		}
		return Unknown
	}
	if evidence != Unknown {
		return evidence
	}
	return declaration
}
