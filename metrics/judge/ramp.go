package judge

import (
	"math"
	"time"
)

// ramp is which share of the traffic the evidence so far allows the candidate.
type ramp struct {
	// Share is what was allowed at the last look; zero before the first.
	Share float64 `json:"share"`
	// Seen fades: failed requests of both arms.
	Candidate counts `json:"c"`
	Baseline  counts `json:"b"`
}

// smallest is the least share ever allowed, as far as the budget goes: with less, nothing is learned.
const smallest = 0.01

func (r *ramp) see(l *look) {
	step := func(seen *counts, now counts) {
		seen.Bad, seen.Of = seen.Bad*fade+now.Bad, seen.Of*fade+now.Of
	}
	step(&r.Candidate, l.Candidate)
	step(&r.Baseline, l.Baseline)
}

// ramp moves the allowed share after a look: so that no more than the budget of requests would fail in
// the next one if the candidate was as bad as the data allow, and not faster than Growth. It stops growing
// while harm is suspected (with less traffic the answer would come later, and cost as much), and stays
// small while the candidate may be warming up.
func (j *Judge) ramp() {
	r, c := &j.state.Ramp, j.config.Ramp
	_, rate := j.state.Pace.rate()
	excess := upperRate(r.Candidate.Bad, r.Candidate.Of)
	if r.Baseline.Of > 0 {
		excess -= r.Baseline.Bad / r.Baseline.Of
	}
	affordable := 1.0
	if risk := rate * j.config.Look.Seconds() * max(excess, 1e-9); risk > c.Budget {
		affordable = c.Budget / risk
	}
	most := c.Max
	switch {
	case j.state.Suspended > 0 && j.state.End.Sub(j.state.Last) < max(time.Minute, j.config.MaxWarmUp-j.served()):
		most = min(most, 2*smallest)
	case !j.state.Warm:
		most = min(most, c.Cold)
	}
	if j.suspected() {
		most = min(most, r.Share)
	}
	share := r.Share
	if share == 0 {
		share = j.firstShare() / c.Growth
	}
	r.Share = min(most, share*c.Growth, max(affordable, min(smallest/10, c.Max)))
}

// firstShare is what is allowed before anything is known of the candidate: what the budget can bear if
// all its requests fail, as far as the rate of requests is known.
func (j *Judge) firstShare() float64 {
	c := j.config.Ramp
	if _, rate := j.state.Pace.rate(); rate > 0 {
		return min(c.Cold, c.Max, max(c.Budget/(rate*j.config.Look.Seconds()), smallest/10))
	}
	return min(c.Cold, c.Max, smallest)
}

// allowed is the largest share for now.
func (j *Judge) allowed() float64 {
	if j.state.Ramp.Share == 0 {
		return j.firstShare()
	}
	return j.state.Ramp.Share
}

// suspicious are odds of harm at which the share stops growing, and at which nothing passes.
const suspicious = 5

// suspected reports whether anything that a pass depends on speaks of harm.
func (j *Judge) suspected() bool {
	for i := range j.questions {
		if q := &j.questions[i]; q.suspected(&j.state.Tracks[i]) {
			return true
		}
	}
	return j.harm(true) >= math.Log(suspicious)
}

// suspected reports whether a question that cannot fail a release speaks of harm.
func (q *question) suspected(t *track) bool {
	return q.holds && !q.failOnly && t.harm(q) >= math.Log(suspicious)
}

// upperRate is the largest rate that x of n do not speak against at e^3:1, for small rates: the root of
// n·u - x + x·log(x/(n·u)) = 3 above x/n.
func upperRate(x, n float64) float64 {
	if n == 0 {
		return 1
	}
	lo, hi := max(x, 1e-9), x+3+math.Sqrt(6*x+9)+3
	for range 60 {
		mid := (lo + hi) / 2
		miss := mid - x
		if x > 0 {
			miss += x * math.Log(x/mid)
		}
		if miss < 3 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return min(hi/n, 1)
}

// unlikely is how much the data speak against a rate, in logarithms of odds, that a margin is no ratio of.
const unlikely = 1

// lowerRate is the smallest rate that x of n do not speak against at e^unlikely:1, for small rates: the
// root of n·u - x + x·log(x/(n·u)) = unlikely below x/n. Nothing bad, no rate.
func lowerRate(x, n float64) float64 {
	if !(x > 0 && n > 0) {
		return 0
	}
	lo, hi := 0.0, x
	for range 60 {
		if mid := (lo + hi) / 2; mid-x+x*math.Log(x/mid) > unlikely {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo / n
}
