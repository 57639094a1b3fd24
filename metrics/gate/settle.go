package gate

import (
	"slices"
	"strings"
)

// votes are the weights of the gates that gave each outcome.
type votes struct{ pass, open, stuck, fail float64 }

// tally counts verdicts by their weights; nil: one each.
func tally(verdicts []Verdict, weights []float64) (t votes) {
	for i, v := range verdicts {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		switch v.Outcome {
		case Pass:
			t.pass += w
		case Continue:
			t.open += w
		case Inconclusive:
			t.stuck += w
		default:
			t.fail += w
		}
	}
	return t
}

// all is the weight of all gates.
func (t votes) all() float64 { return t.pass + t.open + t.stuck + t.fail }

// outcome is what follows where gates of some weight must pass.
func (t votes) outcome(need float64) Outcome {
	switch {
	case t.reach(need, t.pass, t.open+t.stuck+t.fail):
		return Pass
	case !t.reach(need, t.pass+t.open+t.stuck, t.fail):
		return Fail
	case t.reach(need, t.pass+t.open, t.stuck+t.fail):
		return Continue
	}
	return Inconclusive
}

// reach reports whether gates of some weight are enough, where others of the weight rest are not among them.
// Sums of weights are compared with room for their rounding; nothing at all is never enough of something, and
// no gate is too light to be missed where all must be there.
func (t votes) reach(need, have, rest float64) bool {
	switch all := t.all(); {
	case rest == 0:
		return true
	case have == 0 || need >= all:
		return false
	}
	return have >= need*(1-1e-12)
}

// blind reports whether a verdict comes from data that is not there.
func (v Verdict) blind() bool { return v.NoData || v.Down }

// unseen reports whether nobody saw what a verdict says: for want of data, or of time.
func (v Verdict) unseen() bool { return v.blind() || v.Late }

// settle makes one verdict of several. decide counts the verdicts that it is given, and says what follows,
// and how the count stands.
func settle(verdicts []Verdict, decide func([]Verdict) (Outcome, string)) Verdict {
	var v Verdict
	v.Evidence, v.Looks = gathered(verdicts)
	deciding := slices.Collect(func(yield func(Verdict) bool) {
		for _, one := range verdicts {
			if one.Muted == "" && !yield(one) {
				return
			}
		}
	})
	if len(deciding) == 0 { // what all of them would say
		for _, one := range verdicts {
			one.Outcome = one.Muted
			deciding = append(deciding, one)
		}
		outcome, count := decide(deciding)
		v.Outcome, v.Muted, v.Reason = Pass, outcome, "muted, and would say "+string(outcome)+": "+reason(count, deciding, outcome)
		return v
	}
	var count string
	v.Outcome, count = decide(deciding)
	v.Reason = reason(count, deciding, v.Outcome)
	v.blame(deciding, decide)
	return v
}

// blame hands on why the answer is not better, where that is for want of data.
func (v *Verdict) blame(verdicts []Verdict, decide func([]Verdict) (Outcome, string)) {
	concerns := func(one Verdict) bool { return one.Outcome == Continue || one.Outcome == Inconclusive }
	if v.Outcome == Fail {
		concerns = func(one Verdict) bool { return one.Outcome == Fail }
		seen := slices.Clone(verdicts)
		for i := range seen {
			if seen[i].Outcome == Fail && seen[i].unseen() {
				seen[i].Outcome = Continue
			}
		}
		if outcome, _ := decide(seen); outcome == Fail {
			return // harm was seen, whatever was not
		}
	}
	for _, one := range verdicts {
		if v.Outcome != Pass && concerns(one) {
			v.NoData, v.Down, v.Late = v.NoData || one.NoData, v.Down || one.Down, v.Late || one.Late && v.Outcome != Continue
			v.Extend = v.Extend || one.Extend && v.Outcome == Continue
		}
	}
}

// reason says how the count stands, and what the gates say that it is due to: the worst first.
func reason(count string, verdicts []Verdict, o Outcome) string {
	var parts []string
	for _, worst := range []Outcome{Fail, Inconclusive, Continue, Pass} {
		if worst == Pass && o != Pass {
			break
		}
		for _, v := range verdicts {
			if v.Outcome == worst {
				parts = append(parts, v.Gate+" says "+string(v.Outcome)+": "+v.Reason)
			}
		}
	}
	return clip(count + " (" + strings.Join(parts, "; ") + ")")
}

// clip keeps a reason below what a person would read.
func clip(text string) string {
	const most = 2 << 10
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// gathered are the evidence of all verdicts, in order, and what they retain of the past, by time.
func gathered(verdicts []Verdict) (evidence []Evidence, looks []Look) {
	const most = 60
	for _, v := range verdicts {
		evidence = append(evidence, v.Evidence...)
		for _, l := range v.Looks {
			name := v.Gate
			if l.Gate != "" {
				name += "." + l.Gate
			}
			l.Gate = name
			looks = append(looks, l)
		}
	}
	slices.SortStableFunc(looks, func(a, b Look) int { return a.At.Compare(b.At) })
	return evidence[:min(len(evidence), most)], looks[max(0, len(looks)-most):]
}
