package preset

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// What the tool's judge has fixed: the confidence of the interval, and the part of the estimated shift
// that its nearer end must be above.
const (
	kayentaConfidence = 0.98
	kayentaTolerance  = 0.25
)

// Class says how a metric of the candidate compares with that of the control.
type Class string

// The classes of a metric.
const (
	// ClassPass: no bad change is seen.
	ClassPass Class = "Pass"
	// ClassHigh and ClassLow: the candidate's values are higher, lower.
	ClassHigh Class = "High"
	ClassLow  Class = "Low"
	// ClassNodata: there is nothing to compare. It leaves the metric out of its group's score.
	ClassNodata Class = "Nodata"
	// ClassNodataFail: there is nothing to compare, and the metric must have data. It counts as bad.
	ClassNodataFail Class = "NodataFailMetric"
	// ClassError: it cannot be computed. It leaves the metric out of its group's score.
	ClassError Class = "Error"
)

// Classification is how a metric compares, and why.
type Classification struct {
	Class Class
	// Critical says that this makes the whole score zero.
	Critical bool
	// Deviation is the ratio of the means; NaN where one of them is zero.
	Deviation float64
	// Low and High are the ends of the 98 % confidence interval for the shift of the candidate, Shift is
	// the estimate. They are zero where no test was needed.
	Low, High, Shift float64
}

// Classify compares the candidate's values of a metric with the control's. NaN is a value that is
// missing. The settings must be valid.
func (m KayentaMetric) Classify(candidate, control []float64) Classification {
	return m.classify(candidate, control, kayentaConfidence, kayentaTolerance)
}

func (m KayentaMetric) classify(candidate, control []float64, confidence, tolerance float64) Classification {
	candidate, control = m.transform(candidate), m.transform(control)
	c := Classification{Class: ClassPass, Deviation: 1}
	switch {
	case len(candidate) == 0 || len(control) == 0:
		if m.NaNStrategy == "replace" {
			return c
		}
		c.Class, c.Critical = ClassNodata, m.Critical
		if m.MustHaveData && !m.Critical {
			c.Class = ClassNodataFail
		}
		return c
	case slices.Equal(slices.Sorted(slices.Values(candidate)), slices.Sorted(slices.Values(control))),
		constant(candidate) && constant(control) && candidate[0] == control[0]:
		return c
	}
	if constant(candidate) && constant(control) {
		candidate, control = spread(candidate), spread(control)
	}
	if !computable(candidate) || !computable(control) {
		return Classification{Class: ClassError}
	}
	s, err := shiftOf(candidate, control, confidence)
	if err != nil {
		return Classification{Class: ClassError}
	}
	c.Low, c.High, c.Shift = s.low, s.high, s.estimate
	c.Deviation = meanRatio(candidate, control)
	effect := c.Deviation
	if m.EffectSize.Measure == "cles" {
		effect = cles(candidate, control)
	}
	bound := tolerance * math.Abs(s.estimate)
	switch {
	case m.Direction != Decrease && s.low > bound && m.grown(effect, m.EffectSize.AllowedIncrease):
		c.Class, c.Critical = ClassHigh, m.Critical && m.grown(effect, m.EffectSize.CriticalIncrease)
	case m.Direction != Increase && s.high < -bound && m.shrunk(effect, m.EffectSize.AllowedDecrease):
		c.Class, c.Critical = ClassLow, m.Critical && m.shrunk(effect, m.EffectSize.CriticalDecrease)
	}
	return c
}

// transform removes or replaces what is missing, and removes outliers.
func (m KayentaMetric) transform(values []float64) []float64 {
	kept := make([]float64, 0, len(values))
	for _, v := range values {
		switch {
		case !math.IsNaN(v):
			kept = append(kept, v)
		case m.NaNStrategy == "replace":
			kept = append(kept, 0)
		}
	}
	if m.Outliers.Strategy != "remove" || len(kept) == 0 {
		return kept
	}
	sorted := slices.Sorted(slices.Values(kept))
	q1, q3 := percentile(sorted, 0.25), percentile(sorted, 0.75)
	far := cmp.Or(m.Outliers.OutlierFactor, 3) * (q3 - q1)
	low, high := min(percentile(sorted, 0.01), q1-far), max(percentile(sorted, 0.99), q3+far)
	return slices.DeleteFunc(kept, func(v float64) bool { return v < low || v > high })
}

// percentile is a quantile of ascending values by linear interpolation between the two nearest (method 7
// of Hyndman and Fan, Sample quantiles in statistical packages, 1996).
func percentile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// grown and shrunk say whether an effect is large enough; one that cannot be computed is.
func (m KayentaMetric) grown(effect, least float64) bool {
	return math.IsNaN(effect) || effect >= cmp.Or(least, m.noEffect())
}

func (m KayentaMetric) shrunk(effect, most float64) bool {
	return math.IsNaN(effect) || effect <= cmp.Or(most, m.noEffect())
}

// noEffect is the effect of two samples that are alike.
func (m KayentaMetric) noEffect() float64 {
	if m.EffectSize.Measure == "cles" {
		return 0.5
	}
	return 1
}

func meanRatio(candidate, control []float64) float64 {
	a, b := mean(candidate), mean(control)
	if a == 0 || b == 0 {
		return math.NaN()
	}
	return a / b
}

// cles is the part of all pairs in which the candidate's value is above the control's, ties by half
// (Vargha and Delaney, 2000).
func cles(candidate, control []float64) float64 {
	sum, _ := rankSum(slices.Sorted(slices.Values(candidate)), slices.Sorted(slices.Values(control)), 0, nil)
	n, m := float64(len(candidate)), float64(len(control))
	return (2*sum - n*(n+1)) / (2 * n * m)
}

func constant(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return v != values[0] })
}

// computable reports whether a rank test can be made of the values.
func computable(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return math.IsInf(v, 0) || math.Abs(v) > math.MaxFloat64/4 })
}

// spread takes constant values apart by the hundred-thousandth part, so that a rank test can tell two
// constants from each other. The tool draws normal noise for that; here it is the quantiles of that noise, so that
// the same values always give the same answer.
func spread(values []float64) []float64 {
	apart := make([]float64, len(values))
	for i, v := range values {
		at := (float64(i) + 0.5) / float64(len(values))
		apart[i] = v + v*1e-5*math.Sqrt2*math.Erfinv(2*at-1)
	}
	return apart
}

func (c Classification) String() string {
	text := string(c.Class)
	if c.Critical && c.Class != ClassPass {
		text += " (critical)"
	}
	if c.Low != 0 || c.High != 0 {
		text += fmt.Sprintf(", shifted by %.4g (%.4g to %.4g)", c.Shift, c.Low, c.High)
	}
	return text
}
