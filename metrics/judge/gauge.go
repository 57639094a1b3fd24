package judge

import "slices"

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

// values takes those of one sample. Each value of the one arm is compared with each of the other; what
// has no counterpart yet waits for one, as far as there is room.
func (t *track) values(q *question, candidate, baseline []float64) {
	for i, values := range [...][]float64{candidate, baseline} {
		for _, v := range values {
			t.Total.Values[i].Bad += v
			t.Total.Values[i].Of++
		}
		t.Pending[i] = append(t.Pending[i], values...)
	}
	if len(t.Pending[0]) == 0 || len(t.Pending[1]) == 0 {
		for i, p := range t.Pending {
			if len(p) > maxPending {
				t.Pending[i] = slices.Clone(p[len(p)-maxPending:])
			}
		}
		return
	}
	for which := range t.Cell.X {
		t.Cell.X[which] += q.gauge.superiority(t.Pending[0], t.Pending[1], which)
	}
	t.Cell.Of++
	t.Pending = [2][]float64{}
}

// maxPending is how many values wait for counterparts.
const maxPending = 32

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
// whatever the distribution, and however the values of the block depend on each other.
func (t *track) settleGauge(q *question, at bets) {
	c := &t.Cell
	if c.Of == 0 {
		return
	}
	if !at.cold {
		mean := func(which int) float64 { return c.X[which] / c.Of }
		var fail, pass, doubt [len(gaugeStakes)]float64
		for i, stake := range gaugeStakes {
			fail[i] = superiority(mean(toFail), stake)
			pass[i] = superiority(1-mean(toPass), stake)
			doubt[i] = superiority(mean(toDoubt), stake)
		}
		t.Fail.betOnHarm(fail[:], 1, at.failCap)
		t.Pass.bet(pass[:], 1, at.passCap)
		t.Doubt.betOnHarm(doubt[:], 1, at.failCap)
		t.Total.Of++
		t.Total.X += mean(toFail)
	}
	t.Recent.Of, t.Recent.Blocks = t.Recent.Of*fade+c.Of, t.Recent.Blocks*fade+1
	t.Cell = cell{}
}
