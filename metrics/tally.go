package metrics

import (
	"fmt"
	"math"
	"slices"
)

// LogBounds are bounds from low to high of which each is at most growth times the one before:
// LogBounds(0.0005, 60, 1.02) are some 590 buckets that tell latencies from 0.5 ms to 60 s apart to
// two per cent. It is nil where low is not above zero, high is not above low, or growth is not above 1.
func LogBounds(low, high, growth float64) []float64 {
	if !(low > 0 && high > low && growth > 1) || math.IsInf(high, 1) {
		return nil
	}
	n := int(math.Ceil(math.Log(high/low) / math.Log(growth)))
	bounds := make([]float64, 0, n+1)
	for i := range n {
		bounds = append(bounds, low*math.Pow(high/low, float64(i)/float64(n)))
	}
	return append(bounds, high)
}

// NewHistogram is an empty histogram with these bounds.
func NewHistogram(bounds []float64) Histogram {
	return Histogram{Bounds: bounds, Counts: make([]uint64, len(bounds)+1)}
}

// Observe counts values; NaN is counted as above the last bound, as what cannot be known to be good.
// The histogram must come from NewHistogram, or be valid otherwise.
func (h Histogram) Observe(values ...float64) {
	for _, v := range values {
		i := len(h.Bounds)
		if v == v {
			i, _ = slices.BinarySearch(h.Bounds, v)
		}
		h.Counts[i]++
	}
}

// Plus is the histogram of both. The bounds must be the same, unless one of the two has none.
func (h Histogram) Plus(o Histogram) (Histogram, error) {
	switch {
	case len(o.Bounds) == 0 && len(o.Counts) == 0:
		o = Histogram{Bounds: h.Bounds, Counts: make([]uint64, len(h.Counts))}
	case len(h.Bounds) == 0 && len(h.Counts) == 0:
		h = Histogram{Bounds: o.Bounds, Counts: make([]uint64, len(o.Counts))}
	}
	if !slices.Equal(h.Bounds, o.Bounds) || len(h.Counts) != len(o.Counts) {
		return Histogram{}, fmt.Errorf("histograms with %d and %d bounds that are not the same cannot be added", len(h.Bounds), len(o.Bounds))
	}
	sum := Histogram{Bounds: h.Bounds, Counts: slices.Clone(h.Counts)}
	for i, n := range o.Counts {
		if sum.Counts[i] += n; sum.Counts[i] < n {
			return Histogram{}, fmt.Errorf("Counts[%d]: more values than can be counted", i)
		}
	}
	return sum, nil
}

// Coarsen is the histogram at those of its bounds that are among others, which ascend: there, a
// cumulative count stays exact. So histograms with different bounds can be compared. It is the zero
// Histogram where there is no such bound. The histogram must be valid.
func (h Histogram) Coarsen(others []float64) Histogram {
	if slices.Equal(h.Bounds, others) {
		return h
	}
	var c Histogram
	var below uint64
	for i, b := range h.Bounds {
		below += h.Counts[i]
		if _, shared := slices.BinarySearch(others, b); shared {
			c.Bounds, c.Counts, below = append(c.Bounds, b), append(c.Counts, below), 0
		}
	}
	if len(c.Bounds) == 0 {
		return Histogram{}
	}
	c.Counts = append(c.Counts, below+h.Counts[len(h.Bounds)])
	return c
}
