package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Burn holds a group to a service level objective by how fast it burns the error budget, in several
// windows at once, as chapter 5 of The Site Reliability Workbook ("Alerting on SLOs", multiwindow,
// multi-burn-rate) does. The burn rate is the error rate as a multiple of what the objective allows: at 1
// the budget of a Period lasts exactly a Period.
//
// It fails when in one of the Windows the long and the short stretch both burn at the rate of that window
// or faster: the long one says that it matters, the short one that it still goes on. It passes when none
// does, each long stretch has enough requests, and each short one has any. Until then it answers continue:
// also where the one of the two that can be told burns slowly, as a calm minute says nothing of an hour.
type Burn struct {
	// Source is where the counts are read.
	Source metrics.Source
	// Of is the group; Whole is the sum of the groups that the step has. Default: Candidate.
	Of Group
	// SLO is the part of the requests that must not fail: 0.999. It is above 0 and below 1.
	SLO float64
	// Period is what the objective is for. Default: 30 days.
	Period time.Duration
	// Windows are the stretches and their rates. Default: BurnWindows of the period, without those that
	// would need an error rate above 1.
	Windows []BurnWindow
	// MinRequests is how many requests a long stretch must have. Default: 100.
	MinRequests uint64
	// MaxAge is how old the end of what is measured may be, for it to pass: what nobody measures any more is no
	// data. Default: 5 min.
	MaxAge time.Duration
}

// BurnWindow is a pair of stretches, both up to the time of asking, and the burn rate that is too much in
// both.
type BurnWindow struct {
	Long, Short time.Duration
	Rate        float64
}

// DefaultPeriod is what an objective is for where it does not say.
const DefaultPeriod = 30 * 24 * time.Hour

// BurnWindows are the windows that the workbook recommends for alerts that call a person, for the budget
// of any period: 2 per cent of it within 1 h (and 5 min), 5 per cent within 6 h (and 30 min), and 10 per
// cent within 3 days (and 6 h). For 30 days the rates are 14.4, 6 and 1. Windows that are longer than the
// period, or whose rate would be below 1, which is no reason to worry, are left out.
func BurnWindows(period time.Duration) []BurnWindow {
	var all []BurnWindow
	for _, w := range []struct {
		long, short time.Duration
		budget      float64
	}{{time.Hour, 5 * time.Minute, 0.02}, {6 * time.Hour, 30 * time.Minute, 0.05}, {72 * time.Hour, 6 * time.Hour, 0.1}} {
		rate := w.budget * float64(period) / float64(w.long)
		if w.long <= period && rate >= 1-1e-9 {
			all = append(all, BurnWindow{w.long, w.short, rate})
		}
	}
	return all
}

var _ Gate = Burn{}

// Validate reports everything that is wrong with the settings.
func (g Burn) Validate() error {
	p := problems{of: "Burn"}
	objective(&p, g.Source, g.Of, g.SLO, g.Period)
	notNegative(&p, "MaxAge", g.MaxAge)
	if len(g.windows()) == 0 {
		p.add("Windows", "there is none, and none by default for a period of %s", g.period())
	}
	for i, w := range g.Windows {
		field := fmt.Sprintf("Windows[%d]", i)
		if !(w.Rate > 0 && finite(w.Rate)) {
			p.add(field+".Rate", "%v is not above zero", w.Rate)
		}
		if w.Short <= 0 || w.Short >= w.Long {
			p.add(field+".Short", "%s is not above zero and below the long stretch of %s", w.Short, w.Long)
		}
		if w.Rate*(1-g.SLO) > 1 {
			p.add(field+".Rate", "%g: an error rate of %.4g would be needed, and none is above 1", w.Rate, w.Rate*(1-g.SLO))
		}
	}
	return p.err()
}

// objective reports what is wrong with a service level objective.
func objective(p *problems, source metrics.Source, of Group, slo float64, period time.Duration) {
	if source == nil {
		p.add("Source", "is missing")
	}
	p.check("Of", of.check(true))
	if !(slo > 0 && slo < 1) {
		p.add("SLO", "%v is not above 0 and below 1", slo)
	}
	notNegative(p, "Period", period)
}

func (g Burn) period() time.Duration {
	if g.Period == 0 {
		return DefaultPeriod
	}
	return g.Period
}

func (g Burn) windows() []BurnWindow {
	if len(g.Windows) > 0 {
		return g.Windows
	}
	return slices.DeleteFunc(BurnWindows(g.period()), func(w BurnWindow) bool { return w.Rate*(1-g.SLO) > 1 })
}

// Check reads both stretches of each window.
func (g Burn) Check(ctx context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	v := Verdict{Outcome: Pass}
	var burning, untold, fine []string
	requests, to := uint64(0), time.Time{}
	for _, w := range g.windows() {
		long, err := totals(ctx, g.Source, g.Of, s, w.Long)
		if err != nil {
			return Verdict{}, err
		}
		short, err := totals(ctx, g.Source, g.Of, s, w.Short)
		if err != nil {
			return Verdict{}, err
		}
		requests += long.Requests
		to = earliest(to, long.to)
		text, burns := g.judge(&v, w, long, short)
		switch burns {
		case yes:
			burning = append(burning, text)
		case maybe:
			untold = append(untold, text)
		default:
			fine = append(fine, text)
		}
	}
	switch {
	case len(burning) > 0:
		v.Outcome, v.Reason = Fail, strings.Join(burning, "; ")
	case len(untold) > 0:
		v.Outcome, v.Reason, v.NoData = Continue, strings.Join(untold, "; "), requests == 0
	default:
		v.Reason = strings.Join(fine, "; ")
	}
	return fresh(v, to, s.Now, g.MaxAge), nil
}

// answer is a yes, a no, or neither.
type answer int

const (
	no answer = iota
	maybe
	yes
)

// and is the answer to two questions at once. A no does not hide that the other one cannot be told: nothing
// passes by half of what it is held to.
func (a answer) and(b answer) answer {
	if a == maybe || b == maybe {
		return maybe
	}
	return min(a, b)
}

// judge says whether both stretches of a window burn too fast, adds the evidence, and says it in words.
func (g Burn) judge(v *Verdict, w BurnWindow, long, short total) (string, answer) {
	rates := [2]float64{long.rate() / (1 - g.SLO), short.rate() / (1 - g.SLO)}
	least := [2]uint64{max(g.MinRequests, 1), 1}
	if g.MinRequests == 0 {
		least[0] = defaultMinRequests
	}
	burns := yes
	for i, t := range []total{long, short} {
		one := no
		switch {
		case t.Requests < least[i]:
			one = maybe
		case rates[i] >= w.Rate*(1-1e-12): // rounding of the division must not decide at the limit
			one = yes
		}
		burns = burns.and(one)
		length := [2]time.Duration{w.Long, w.Short}[i]
		v.Evidence = append(v.Evidence, Evidence{
			What: fmt.Sprintf("burn rate of %s in %s", t.name, length), Value: rates[i], Rule: "<", Limit: w.Rate, Samples: t.Requests,
		})
	}
	text := fmt.Sprintf("%s burns its error budget at %s in %s and at %s in %s (%g in both is too fast)",
		long.name, rate(long, rates[0]), w.Long, rate(short, rates[1]), w.Short, w.Rate)
	if long.Requests < least[0] {
		text += fmt.Sprintf("; %d requests are needed to tell, there are %d", least[0], long.Requests)
	}
	return text, burns
}

func rate(t total, r float64) string {
	if t.Requests == 0 {
		return "an unknown rate"
	}
	return fmt.Sprintf("%.3g", r)
}
