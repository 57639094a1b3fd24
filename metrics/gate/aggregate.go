package gate

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Aggregate makes one number of the points of a series.
type Aggregate string

const (
	// Last is the latest point. It is what an empty Aggregate means.
	Last Aggregate = "last"
	// Min is the smallest value, Max the largest one.
	Min Aggregate = "min"
	// Max is the largest value.
	Max Aggregate = "max"
	// Mean is the sum of all values by their number.
	Mean Aggregate = "mean"
	// Quantile is the value below which a part of the values lies, with linear interpolation between the
	// two nearest ones (definition 7 of Hyndman and Fan, 1996). The part is a further setting.
	Quantile Aggregate = "quantile"
)

func (a Aggregate) validate(p *problems, quantile float64) {
	switch a {
	case "", Last, Min, Max, Mean:
		if quantile != 0 {
			p.add("Quantile", "%v is given, and By is not %q", quantile, Quantile)
		}
	case Quantile:
		if !(quantile >= 0 && quantile <= 1) {
			p.add("Quantile", "%v is not a fraction from 0 to 1", quantile)
		}
	default:
		p.add("By", "unknown aggregate %q", string(a))
	}
}

// name is the aggregate in words: "max", "p99".
func (a Aggregate) name(quantile float64) string {
	switch a {
	case "":
		return string(Last)
	case Quantile:
		return fmt.Sprintf("p%g", 100*quantile)
	}
	return string(a)
}

// of is the aggregate of at least one finite value. It is finite, or what the values add up to is not.
func (a Aggregate) of(values []float64, quantile float64) float64 {
	switch a {
	case Min:
		return slices.Min(values)
	case Max:
		return slices.Max(values)
	case Mean:
		mean := 0.0
		for i, v := range values { // the running mean does not overflow where the sum would
			mean += v/float64(i+1) - mean/float64(i+1)
		}
		return mean
	case Quantile:
		sorted := slices.Sorted(slices.Values(values))
		at := quantile * float64(len(sorted)-1)
		below, part := int(at), at-math.Floor(at)
		above := min(below+1, len(sorted)-1)
		between := sorted[below]*(1-part) + sorted[above]*part
		return min(max(between, sorted[below]), sorted[above]) // rounding must not leave what was measured
	}
	return values[len(values)-1]
}

// values are the values of points that a source has answered for a query, or what is wrong with them.
func values(points []metrics.Point, q metrics.SeriesQuery) ([]float64, error) {
	all := make([]float64, len(points))
	var last time.Time
	for i, p := range points {
		switch {
		case !finite(p.Value):
			return nil, fmt.Errorf("its value at %s is %v", p.At.UTC().Format(time.RFC3339), p.Value)
		case p.At.Before(q.From) || !p.At.Before(q.To):
			return nil, fmt.Errorf("the source answered a point of %s, which was not asked for", p.At.UTC().Format(time.RFC3339))
		case i > 0 && p.At.Before(last):
			return nil, fmt.Errorf("the source answered a point of %s behind a later one", p.At.UTC().Format(time.RFC3339))
		}
		all[i], last = p.Value, p.At
	}
	return all, nil
}
