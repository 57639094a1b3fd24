package dora

import (
	"math"
	"slices"
)

// LoadTimes is how long users wait, before and after a release, in the unit of the samples.
type LoadTimes struct {
	Before LoadTime `json:"before"`
	After  LoadTime `json:"after"`
	// P50Ratio and P95Ratio are after by before: above 1 is slower. Absent where before is 0.
	P50Ratio Figure `json:"p50_ratio,omitzero"`
	P95Ratio Figure `json:"p95_ratio,omitzero"`
}

// LoadTime is a distribution of load times.
type LoadTime struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
}

// CompareLoadTimes compares samples of latencies. There must be some on both sides; what is negative, NaN or infinite is an error.
func CompareLoadTimes(before, after []float64) (LoadTimes, error) {
	var p problems
	for _, side := range []struct {
		field   string
		samples []float64
	}{{"before", before}, {"after", after}} {
		if len(side.samples) == 0 {
			p.add("%s: there are no samples", side.field)
		}
		for i, v := range side.samples {
			if !(v >= 0) || math.IsInf(v, 1) {
				p.add("%s[%d]: %v is no load time", side.field, i, v)
			}
		}
	}
	if err := p.err(); err != nil {
		return LoadTimes{}, err
	}
	l := LoadTimes{Before: loadTime(before), After: loadTime(after)}
	if l.Before.P50 > 0 {
		l.P50Ratio = Known(l.After.P50 / l.Before.P50)
	}
	if l.Before.P95 > 0 {
		l.P95Ratio = Known(l.After.P95 / l.Before.P95)
	}
	return l, nil
}

func loadTime(samples []float64) LoadTime {
	sorted := slices.Sorted(slices.Values(samples))
	return LoadTime{len(sorted), quantileOf(sorted, 50), quantileOf(sorted, 95)}
}

// quantileOf interpolates between sorted values.
func quantileOf(sorted []float64, percent int) float64 {
	n := len(sorted) - 1
	low, rest := n*percent/100, n*percent%100
	if rest == 0 {
		return sorted[low]
	}
	return sorted[low] + (sorted[low+1]-sorted[low])*float64(rest)/100
}
