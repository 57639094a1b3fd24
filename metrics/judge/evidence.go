package judge

import (
	"fmt"
	"math"
	"strconv"

	"github.com/davit-sdk/davit/metrics/gate"
)

// Judgement is what the judge thinks now; asking does not change it.
func (j *Judge) Judgement() Judgement {
	outcome, cause, reason := j.decide()
	st := &j.state
	g := Judgement{
		Outcome: outcome, Cause: cause, Reason: reason, At: st.End, Served: j.served(),
		Odds: natural(j.harm(true)), Limit: 1 / j.config.Alpha, MaxShare: j.allowed(),
	}
	unknown := false
	for i := range j.questions {
		e := j.evidence(&j.questions[i], &st.Tracks[i])
		if !j.questions[i].failOnly && !e.Passed {
			if e.Need.Requests > g.Need.Requests {
				g.Need = e.Need
			}
			unknown = unknown || e.Need.Requests == 0
		}
		g.Evidence = append(g.Evidence, e)
	}
	if unknown || cause == CauseNoData {
		g.Need = Need{} // as long as one metric does not get nearer to a pass, none of the others matters
	}
	switch {
	case outcome == gate.Fail:
		g.Reason, g.MaxShare, g.Need = "harm was shown: "+g.loudest(), 0, Need{}
	case outcome == gate.Pass:
		g.Need = Need{}
	case g.Odds >= suspicious && g.Odds < g.Limit:
		// One stretch never decides, whatever it says; who looks must not miss it.
		g.Reason += fmt.Sprintf("; harm is not shown yet, with odds of %s (limit %.0f:1): %s", odds(math.Log(g.Odds)), g.Limit, g.loudest())
	}
	return g
}

// loudest is what the metric says that speaks most of harm.
func (g *Judgement) loudest() string {
	worst := 0
	for i, e := range g.Evidence {
		if e.Odds > g.Evidence[worst].Odds {
			worst = i
		}
	}
	return g.Evidence[worst].sentence()
}

func (j *Judge) evidence(q *question, t *track) Evidence {
	e := Evidence{
		Metric: q.name, Tolerance: q.toleranceText(), Margin: q.marginText(),
		Odds: natural(t.harm(q)), PassOdds: natural(t.passing(q)), PassLimit: 1 / j.config.Beta, Passed: t.Passed,
		Doubt: natural(t.Doubt.log()), Noise: t.Guard.factor(),
		Candidate: Tally{Bad: t.Total.X, Of: t.Total.Of}, Baseline: Tally{Bad: t.Total.Y, Of: t.Total.Base},
		Need: j.need(q, t),
	}
	e.Low, e.High = t.Total.interval(e.Noise)
	if e.Odds > 1 {
		e.Best = q.bestText(t)
	}
	e.Limit = q.failLine(t).at(e.Baseline.Rate())
	switch q.kind {
	case slower:
		e.Limit = e.Baseline.Rate()
		e.Threshold = t.Edge.At
		if j.scale != nil {
			e.Candidate.Value = j.scale.quantileOf(j.state.Latencies.Candidate, q.quantile)
			e.Baseline.Value = j.scale.quantileOf(j.state.Latencies.Baseline, q.quantile)
		}
	case sampled:
		e.Noise = t.Wander.factor()
		e.Candidate.Value, e.Baseline.Value = t.Total.Values[0].mean(), t.Total.Values[1].mean()
		e.Limit = 0.5
		e.Baseline.Of, e.Baseline.Bad = e.Candidate.Of, e.Candidate.Of-e.Candidate.Bad
	}
	return e
}

func (c counts) mean() float64 {
	if c.Of == 0 {
		return 0
	}
	return c.Bad / c.Of
}

func (s *scale) quantileOf(seen buckets, q float64) float64 {
	d := distribution{scale: s, counts: seen}
	for _, n := range seen {
		d.total += float64(n)
	}
	if d.total == 0 {
		return 0
	}
	return d.quantile(q)
}

// interval encloses the ratio of rates: Mantel's and Haenszel's estimate with the variance of
// Greenland and Robins, and the boundary of a normal mixture (Robbins), which holds at all times as
// far as the estimate is normal. Noise widens it.
func (t *totals) interval(noise float64) (low, high float64) {
	if !(t.R > 0 && t.S > 0 && t.P > 0) {
		return 0, 0
	}
	ratio := t.R / t.S
	information := t.R * t.S / t.P / noise
	if information < leastKnown {
		return 0, 0
	}
	half := normalMixture(information, narrowest, 0.05) / information
	return ratio * math.Exp(-half), ratio * math.Exp(half)
}

// leastKnown is the information below which an interval would say nothing to anybody.
const leastKnown = 3

// narrowest is the parameter of the mixture that makes the interval narrowest at an information of 100,
// where the ratio is known to some 30 %.
const narrowest = 12.60056

// normalMixture is the boundary that a sum with intrinsic time v crosses with probability alpha at most,
// on either side, ever: sqrt((v+rho)·log((v+rho)/(rho·alpha²))) (Howard, Ramdas, McAuliffe, Sekhon 2021, eq. 14).
func normalMixture(v, rho, alpha float64) float64 {
	return math.Sqrt((v + rho) * math.Log((v+rho)/(rho*alpha*alpha)))
}

// natural are odds, as far as numbers go: JSON has no infinity.
func natural(log float64) float64 { return math.Exp(min(max(log, broke), rich)) }

// odds are for people: "340:1", or "1:20".
func odds(log float64) string {
	n := math.Exp(math.Abs(log))
	text := strconv.FormatFloat(n, 'g', 2, 64)
	switch {
	case math.Abs(log) > math.Log(1e6):
		text = "over 1000000"
	case n >= 9.95:
		text = strconv.FormatFloat(n, 'f', 0, 64)
	}
	if log < 0 {
		return "1:" + text
	}
	return text + ":1"
}

// percent is a part of one, for people.
func percent(p float64) string { return fmt.Sprintf("%.3g%%", 100*p) }
