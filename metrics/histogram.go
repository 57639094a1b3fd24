package metrics

import (
	"fmt"
	"math"

	"github.com/hashicorp/go-multierror"
)

// Histogram counts values in buckets with fixed upper bounds.
type Histogram struct {
	// Bounds are the buckets' upper bounds (included), ascending, in the unit of the values. A
	// last bucket without a bound follows them; it is not written down as +Inf.
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

// Validate reports everything that is wrong with the shape of the histogram, each problem with its
// field. The zero Histogram, in which nothing was measured, is valid.
func (h Histogram) Validate() error {
	if len(h.Bounds) == 0 && len(h.Counts) == 0 {
		return nil
	}
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if len(h.Bounds) == 0 {
		bad("Bounds: there is none, so that no count says anything")
	}
	for i, b := range h.Bounds {
		switch {
		case math.IsNaN(b) || math.IsInf(b, 0):
			bad("Bounds[%d]: %v is not a finite number", i, b)
		case i > 0 && !(b > h.Bounds[i-1]):
			bad("Bounds[%d]: %v is not above the %v before it", i, b, h.Bounds[i-1])
		}
	}
	if want := len(h.Bounds) + 1; len(h.Counts) != want {
		bad("Counts: %d of them; %d bounds need %d", len(h.Counts), len(h.Bounds), want)
	}
	var n uint64
	for i, c := range h.Counts {
		if n += c; n < c {
			bad("Counts[%d]: up to it there are more values than can be counted", i)
			break
		}
	}
	return errs.ErrorOrNil()
}

// Quantile estimates the value below which the fraction q (0 to 1) of all values lies, by linear
// interpolation within the bucket that holds it, as Prometheus' histogram_quantile does.
//
// Above the last bound it is +Inf: how far above, the histogram does not know. It is NaN where there
// is no value, q is not a fraction, or Validate refuses the histogram.
func (h Histogram) Quantile(q float64) float64 {
	total := h.Count()
	if total == 0 || !(q >= 0 && q <= 1) || h.Validate() != nil {
		return math.NaN()
	}
	rank := q * float64(total)
	var below float64
	last := 0 // the highest bucket with a value, for a rank that rounding puts above all of them
	for i, c := range h.Counts {
		if c == 0 {
			continue
		}
		last = i
		n := float64(c)
		if below+n >= rank {
			return h.within(i, (rank-below)/n)
		}
		below += n
	}
	return h.within(last, 1)
}

// within is the value at a fraction of a bucket.
func (h Histogram) within(bucket int, fraction float64) float64 {
	if bucket == len(h.Bounds) {
		return math.Inf(1)
	}
	lower, upper := 0.0, h.Bounds[bucket]
	if bucket > 0 {
		lower = h.Bounds[bucket-1]
	} else if upper <= 0 {
		return upper
	}
	// Written so that bounds far apart do not overflow; rounding must not leave the bucket.
	return min(max(lower*(1-fraction)+upper*fraction, lower), upper)
}
