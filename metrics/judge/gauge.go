package judge

import (
	"math"
	"slices"
)

// The lines of a gauge that names no margin: what is no harm, and what passes.
const (
	gaugeTolerance = 1.1
	gaugePass      = 1.3
)

// allowed is a value of the candidate's put back by what it may be worse: where the result is as good
// as the baseline's, the value was within the margin.
func (g Gauge) allowed(v float64, which int) float64 {
	ratio, slack := 1+g.Margin, g.Slack
	if g.Margin == 0 && g.Slack == 0 {
		ratio = [...]float64{toFail: gaugeTolerance, toPass: gaugePass, toDoubt: 1}[which]
	} else if which == toDoubt {
		ratio, slack = 1, 0
	}
	if g.LowerIsWorse {
		slack = -slack
		if g.Margin > 0 {
			ratio = 1 - g.Margin
		} else {
			ratio = 1 / ratio
		}
	}
	if v < 0 {
		ratio = 1 / ratio // more of a debt is less
	}
	return v/ratio - slack
}

// waiting are values of one arm in whose sample the other arm had none: those Before are the last ones of
// an arm, those Between are the other arm's since.
type waiting struct {
	Baseline bool      `json:"arm,omitempty"` // whose those Before are
	Before   []float64 `json:"before,omitempty"`
	Between  []float64 `json:"between,omitempty"`
}

// maxPending is how many values wait for counterparts.
const maxPending = 32

// values takes those of one sample. Each value of the one arm is compared with each of the other. Where
// the arms are measured in turns, values wait until one arm has some before and after the other's: both
// are compared with what lies between, so that what grows in both arms speaks for neither.
func (t *track) values(q *question, candidate, baseline []float64) {
	for i, values := range [...][]float64{candidate, baseline} {
		for _, v := range values {
			t.Total.Values[i].Bad += v
			t.Total.Values[i].Of++
		}
	}
	if len(candidate) > 0 && len(baseline) > 0 {
		t.compare(q, 1, candidate, baseline)
		t.Pending = waiting{}
		return
	}
	values, ofBaseline := candidate, false
	if len(candidate) == 0 {
		values, ofBaseline = baseline, true
	}
	if len(values) == 0 {
		return
	}
	p := &t.Pending
	switch {
	case p.Before != nil && p.Baseline != ofBaseline:
		p.Between = lastOf(p.Between, values)
	case p.Between == nil:
		*p = waiting{Baseline: ofBaseline, Before: lastOf(nil, values)}
	default:
		for _, outer := range [...][]float64{p.Before, values} {
			if ofBaseline {
				t.compare(q, 0.5, p.Between, outer)
			} else {
				t.compare(q, 0.5, outer, p.Between)
			}
		}
		*p = waiting{}
	}
}

func lastOf(before, values []float64) []float64 {
	all := slices.Concat(before, values)
	return all[max(0, len(all)-maxPending):]
}

// compare adds one comparison, or a part of it, to the open block.
func (t *track) compare(q *question, part float64, candidate, baseline []float64) {
	c := &t.Cell
	for which := range c.X {
		c.X[which] += part * q.gauge.superiority(candidate, baseline, which)
	}
	c.Y += part * q.gauge.apart(candidate, baseline)
	c.Of += part
}

// apart is how far the arms are from each other, from -1 to 1: it grows with their ratio, or with their
// difference in units of the slack.
func (g Gauge) apart(candidate, baseline []float64) float64 {
	mean := func(values []float64) (sum float64) {
		for _, v := range slices.Sorted(slices.Values(values)) {
			sum += v / float64(len(values)) / 4 // the sum of all cannot overflow
		}
		return sum
	}
	x, y := mean(candidate), mean(baseline)
	if x == y {
		return 0
	}
	if g.Slack > 0 && g.Margin == 0 {
		return (x - y) / (g.Slack/4 + math.Abs(x-y))
	}
	return (x - y) / (math.Abs(x) + math.Abs(y))
}

// superiority is the part of all pairs in which the candidate is worse by more than it may; a tie is
// half a pair (Mann, Whitney).
func (g Gauge) superiority(candidate, baseline []float64, which int) float64 {
	sorted := slices.Sorted(slices.Values(baseline))
	var worse float64
	for _, v := range candidate {
		v = g.allowed(v, which)
		below, _ := slices.BinarySearch(sorted, v)
		upTo := below
		for upTo < len(sorted) && sorted[upTo] == v {
			upTo++
		}
		ties := float64(upTo - below)
		if g.LowerIsWorse {
			worse += float64(len(sorted)-upTo) + ties/2
		} else {
			worse += float64(below) + ties/2
		}
	}
	return worse / float64(len(candidate)*len(sorted))
}

// settleGauge bets on the mean of the block's comparisons: under "no worse" it is one half at most,
// whatever the distribution, and however the values of the block depend on each other. That blocks depend
// on each other is damped.
func (t *track) settleGauge(q *question, at bets) {
	c := &t.Cell
	if c.Of == 0 {
		return
	}
	if !at.cold {
		phi := t.Wander.factor()
		mean := func(which int) float64 { return c.X[which] / c.Of }
		var fail, pass, doubt [len(gaugeStakes)]float64
		for i, stake := range gaugeStakes {
			fail[i] = superiority(mean(toFail), stake)
			pass[i] = superiority(1-mean(toPass), stake)
			doubt[i] = superiority(mean(toDoubt), stake)
		}
		t.Fail.betOnHarm(fail[:], phi, at.failCap)
		t.Pass.bet(pass[:], phi, at.passCap)
		t.Doubt.betOnHarm(doubt[:], phi, at.failCap)
		t.Total.Of++
		t.Total.X += mean(toFail)
	}
	t.Wander.observe(c.Y / c.Of)
	t.Recent.Of, t.Recent.Blocks = t.Recent.Of*fade+c.Of, t.Recent.Blocks*fade+1
	t.Cell = cell{}
}
