package pace

import (
	"math"
	"slices"
	"time"
)

// Figures are how long something takes, by the runs of it that are known. Durations are nanoseconds in JSON.
type Figures struct {
	// Real and Rehearsed are how many runs of either kind they rest on.
	Real      int `json:"real"`
	Rehearsed int `json:"rehearsed,omitempty"`
	// Median and P95 are quantiles; the intervals beside them say how sure they are.
	Median         time.Duration `json:"median_ns"`
	MedianInterval Interval      `json:"median_interval"`
	P95            time.Duration `json:"p95_ns"`
	P95Interval    Interval      `json:"p95_interval"`
}

// Runs is how many runs they rest on.
func (f Figures) Runs() int { return f.Real + f.Rehearsed }

// Interval has a quantile in it with Options.Confidence.
type Interval struct {
	// Low is zero where too few runs are known: it may be any time below.
	Low time.Duration `json:"low_ns"`
	// High is zero where Open: it may be any time above.
	High time.Duration `json:"high_ns,omitempty"`
	Open bool          `json:"open,omitempty"`
}

// quantile is that of sorted times: between the two next to it, in proportion. q is from 0 to 1; of nothing it is 0.
func quantile(sorted []time.Duration, q float64) time.Duration {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	at := q * float64(n-1)
	i := min(int(at), n-1)
	if i == n-1 {
		return sorted[i]
	}
	return sorted[i] + time.Duration(math.Round((at-float64(i))*float64(sorted[i+1]-sorted[i])))
}

// below is the share of the distribution that quantile goes through which lies at or below a time.
func below(sorted []time.Duration, d time.Duration) float64 {
	n := len(sorted)
	i, _ := slices.BinarySearchFunc(sorted, d+1, func(a, b time.Duration) int { return int(min(1, max(-1, a-b))) })
	switch {
	case i == 0:
		return 0
	case i == n:
		return 1
	}
	low, high := sorted[i-1], sorted[i]
	return (float64(i-1) + float64(d-low)/float64(high-low)) / float64(n-1)
}

// interval lies between the highest run that is below the quantile with half of the rest of the confidence at most, and the lowest that is above it.
func interval(sorted []time.Duration, q, confidence float64) Interval {
	n, tail := len(sorted), (1-confidence)/2
	in := Interval{Open: true}
	sum := 0.0 // of the chances that k of n runs or fewer are below the quantile
	for k := 0; k < n; k++ {
		sum += chance(n, k, q)
		if sum <= tail*(1+1e-12) {
			in.Low = sorted[k]
		}
		if in.Open && 1-sum <= tail*(1+1e-12) {
			in.High, in.Open = sorted[k], false
		}
	}
	return in
}

// chance is that k of n runs are below the quantile q.
func chance(n, k int, q float64) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	some, _ := math.Lgamma(float64(k + 1))
	rest, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(all - some - rest + float64(k)*math.Log(q) + float64(n-k)*math.Log1p(-q))
}
