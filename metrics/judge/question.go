package judge

import (
	"fmt"
	"math"
)

// kind says by which e-value a question is judged.
type kind int

const (
	proportion kind = iota // failed requests
	slower                 // requests above a threshold that is a quantile of the baseline
	events                 // events by exposure
	sampled                // values of a gauge
)

// question is one comparison of the two arms: a metric, or one threshold of it. It follows from the
// configuration; what was seen is in its track.
type question struct {
	kind     kind
	name     string // as evidence says it
	of       string // the name of the count or gauge
	weight   float64
	failOnly bool
	holds    bool // never fails a release, whatever it says
	cold     bool // waits for the warm-up

	tolerance float64 // ratio up to which nothing is harm
	pass      float64 // ratio below which it passes
	margin    float64 // absolute, instead of both; zero: none
	floor     float64 // rate below which it passes anyway; zero: none
	limit     float64 // rate above which it fails anyway; zero: none
	usual     float64 // known rate; zero: none
	prior     float64 // rate to begin with where nothing is known
	quantile  float64
	perShare  bool
	gauge     Gauge
}

// The alternatives that money is put on, each list evenly. Rates of failures differ by orders of
// magnitude; slowness is a matter of odds.
var (
	failRatios   = [...]float64{1.25, 1.5, 2, 3, 5, 10, 30, 100, 1000}
	failOdds     = [...]float64{1.1, 1.25, 1.6, 2.5, 5, 12, 100}
	doubtRatios  = [...]float64{1.2, 1.5, 2, 4}
	doubtOdds    = [...]float64{1.05, 1.12, 1.3, 2}
	passExcess   = [...]float64{0, -0.5}      // of the margin, above the baseline's rate
	marginExcess = [...]float64{0, -0.5, 0.5} // the same where somebody said what may be worse
	passFloors   = [...]float64{0.5, 0.25}
	passOdds     = [...]float64{0.75, 0.5, 0.25} // besides "as fast as the baseline", and half way there
	gaugeStakes  = [...]float64{0.1, 0.25, 0.5, 0.75, 0.95}
	limitOdds    = [...]float64{1.25, 2, 5, 20} // of the odds of the limit
	ratioChances = [...]float64{0.5, 0.1, 0.01} // of half the intended share
)

// questions are those of all metrics, with weights that add up to one.
func (c Config) questions() []question {
	var all []question
	for _, m := range c.Metrics {
		switch m := m.(type) {
		case Errors:
			all = append(all, m.withDefaults().question())
		case Latency:
			all = append(all, m.withDefaults().questions()...)
		case Count:
			all = append(all, m.withDefaults().question())
		case Gauge:
			all = append(all, m.withDefaults().question())
		}
	}
	var sum float64
	for i := range all {
		if all[i].holds {
			all[i].weight = 0
		}
		sum += all[i].weight
	}
	for i := range all {
		if sum > 0 {
			all[i].weight /= sum
		}
	}
	return all
}

func (e Errors) question() question {
	return question{
		kind: proportion, name: e.Name(), weight: e.Weight, failOnly: e.FailOnly,
		tolerance: e.Tolerance, pass: e.PassRatio, margin: e.Margin, floor: floorOf(e.Margin, e.Floor), limit: e.Limit, usual: e.Usual, prior: 0.001,
	}
}

func (l Latency) questions() []question {
	var all []question
	for _, q := range l.Quantiles {
		all = append(all, question{
			kind: slower, name: "latency " + percentile(q), weight: l.Weight, failOnly: l.FailOnly, cold: true,
			tolerance: l.Tolerance, pass: l.Pass, margin: l.Margin, quantile: q, prior: 1 - q,
		})
	}
	return all
}

func (c Count) question() question {
	prior := 0.001
	if c.PerShare {
		prior = c.Margin
	}
	return question{
		kind: events, name: c.Of, of: c.Of, weight: c.Weight, failOnly: c.FailOnly,
		tolerance: c.Tolerance, pass: c.PassRatio, margin: c.Margin, floor: floorOf(c.Margin, c.Floor), prior: prior, perShare: c.PerShare,
	}
}

func (g Gauge) question() question {
	return question{kind: sampled, name: g.Of, of: g.Of, weight: g.Weight, failOnly: g.FailOnly, holds: !g.Fails, cold: true, gauge: g}
}

// floorOf: who names a margin means that one.
func floorOf(margin, floor float64) float64 {
	if margin > 0 || floor < 0 {
		return 0
	}
	return floor
}

func percentile(q float64) string { return fmt.Sprintf("p%.6g", 100*q) }

// doubts reports whether small harm within the margins delays a pass.
func (q *question) doubts() bool { return q.margin == 0 && q.gauge.Margin == 0 && q.gauge.Slack == 0 }

// failLine is what is no harm.
func (q *question) failLine(t *track) line {
	switch {
	case q.kind == slower:
		return line{t.Edge.FailRatio, 0}
	case q.margin > 0:
		return line{1, q.margin}
	}
	return line{q.tolerance, 0}
}

// passLine is what is too much to pass. The margin is an absolute one also where it comes from a
// ratio: in an incident, four in a hundred against three would look fine.
func (q *question) passLine(t *track) line {
	switch {
	case q.kind == slower:
		return line{t.Edge.PassRatio, t.Edge.PassPlus}
	case q.margin > 0:
		return line{1, q.margin}
	}
	return line{1, (q.pass - 1) * t.usual(q)}
}

// worse is the candidate's rate under an alternative of harm: so many times the rate c, or the odds
// of slowness. It stays below 1.
func (q *question) worse(c, by float64) float64 {
	switch q.kind {
	case slower:
		return timesOdds(c, by)
	case events:
		return by * c
	}
	return min(by*c, 1-(1-c)/50)
}

// timesOdds is the rate with so many times the odds of rate p.
func timesOdds(p, by float64) float64 { return by * p / (1 - p + by*p) }

func (q *question) failAlternatives() []float64 {
	switch q.kind {
	case slower:
		return failOdds[:]
	case sampled:
		return gaugeStakes[:]
	}
	return failRatios[:]
}

func (q *question) doubtAlternatives() []float64 {
	switch q.kind {
	case slower:
		return doubtOdds[:]
	case sampled:
		return gaugeStakes[:]
	}
	return doubtRatios[:]
}

func (q *question) passAlternatives() int {
	switch q.kind {
	case slower:
		return len(passOdds) + 2
	case sampled:
		return len(gaugeStakes)
	}
	return len(q.passExcess())
}

func (q *question) passExcess() []float64 {
	if q.margin > 0 {
		return marginExcess[:]
	}
	return passExcess[:]
}

// evalue is the e-value of a block by the question's kind.
func (q *question) evalue(b block, qc, qb float64, l line) float64 {
	if q.kind == events {
		return b.rates(qc, qb, l)
	}
	return b.proportions(clampRate(qc), clampRate(qb), l)
}

// alone is the e-value of the candidate alone against a fixed rate.
func (q *question) alone(b block, alternative, rate float64) float64 {
	if q.kind == events {
		return oneRate(b.x, b.nc, alternative, rate)
	}
	return oneArm(b.x, b.nc, clampRate(alternative), rate)
}

// passGains are the logarithms of the e-values against the line, for each alternative of harmlessness.
func (q *question) passGains(to []float64, b block, qb float64, t *track) []float64 {
	l := q.passLine(t)
	if q.kind != slower {
		for _, excess := range q.passExcess() {
			qc := max(qb+excess*l.d, qb/4)
			to = append(to, q.evalue(b, qc, qb, l))
		}
		return to
	}
	c := clampRate(l.at(qb))
	if !(l.at(qb) < 1) || t.Edge.Blind {
		return append(to, 0, 0, 0, 0, 0)
	}
	same := t.Edge.PassOdds
	for _, odds := range [...]float64{same, math.Sqrt(same), passOdds[0], passOdds[1], passOdds[2]} {
		to = append(to, q.evalue(b, q.worse(c, odds), qb, l))
	}
	return to
}
