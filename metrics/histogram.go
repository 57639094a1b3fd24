package metrics

import "math"

// Histogram counts values in buckets with fixed upper bounds.
type Histogram struct {
	// Bounds are the buckets' upper bounds (included), ascending, in the unit of the values. A
	// last bucket without a bound follows them.
	Bounds []float64
	// Counts has one more entry than Bounds: how many values fell into each bucket.
	Counts []uint64
}

// Count is the number of values.
func (h Histogram) Count() uint64 {
	var n uint64
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Quantile estimates the value below which the fraction q (0 to 1) of all values lies, by linear
// interpolation within the bucket that holds it, as Prometheus' histogram_quantile does. Values
// above the last bound are reported as that bound. It is NaN where there is no value or q is not a
// fraction.
func (h Histogram) Quantile(q float64) float64 {
	total := h.Count()
	if total == 0 || len(h.Bounds) == 0 || !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	rank := q * float64(total)
	var below float64
	for i, c := range h.Counts {
		n := float64(c)
		if below+n < rank || n == 0 {
			below += n
			continue
		}
		if i == len(h.Bounds) {
			return h.Bounds[i-1]
		}
		lower := 0.0
		if i > 0 {
			lower = h.Bounds[i-1]
		} else if h.Bounds[0] <= 0 {
			return h.Bounds[0]
		}
		return lower + (h.Bounds[i]-lower)*(rank-below)/n
	}
	return h.Bounds[len(h.Bounds)-1]
}
