package preset

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
)

// The two metrics that Flagger knows by name.
const (
	// RequestSuccessRate is the part of the requests that did not fail, in per cent.
	RequestSuccessRate = "request-success-rate"
	// RequestDuration is the 99th percentile of the latency, in whole milliseconds.
	RequestDuration = "request-duration"
)

// Flagger decides as the canary analysis of Flagger does.
//
// It looks on each tick of its interval. A look fails when one metric is out of its range, has no value,
// or its source is down. A failed look halts: the gate answers continue. So many failed looks as the
// threshold, counted from the beginning of the release and never forgotten, are a fail; the tool finds
// that out on the tick after the last of them. A look that does not fail is a pass until the next tick.
//
// Beware of what the tool does: with Threshold 1, the default, one failed look takes the release back,
// and so does one tick without data, or with a source that is down.
//
// Give each step of the plan a bake of one Interval: a look judges the traffic since the tick before.
type Flagger struct {
	// Source is where the metrics are read.
	Source metrics.Source
	// Interval is the time between two ticks; less than 10 s is raised to that. Default: 60 s.
	Interval time.Duration
	// Threshold is how many looks may fail before the release is taken back. Default: 1.
	Threshold int
	// Metrics are looked at in their order, up to the first that is out of its range; at least one.
	Metrics []FlaggerMetric

	// StepWeight, or StepWeights, and MaxWeight (default: 100) are the weights in per cent that Advance
	// chooses from. A gate does not need them: the weights are the plan's.
	StepWeight, MaxWeight int
	StepWeights           []int
}

// FlaggerMetric is one metric of the analysis.
type FlaggerMetric struct {
	// Name is RequestSuccessRate, RequestDuration, or a name of your own.
	Name string
	// Interval is how far back it is measured. Default: one minute.
	Interval time.Duration
	// ThresholdRange is what the value must lie in.
	ThresholdRange Range
	// Threshold is the older form: the least success rate, or the largest value of any other metric. It
	// is used where the range has no end.
	Threshold float64
	// Value is what is measured; it is not given for the two metrics that are known by name.
	Value Value
}

// Range is a range with both ends included. An end that is nil is open.
type Range struct {
	Min, Max *float64
}

// open reports whether the range has no end at all.
func (r Range) open() bool { return r.Min == nil && r.Max == nil }

// out reports whether a value is outside the range. NaN is inside any.
func (r Range) out(v float64) bool { return r.Min != nil && v < *r.Min || r.Max != nil && v > *r.Max }

func (r Range) String() string {
	text := ""
	if r.Min != nil {
		text = fmt.Sprintf("%g <= ", *r.Min)
	}
	text += "value"
	if r.Max != nil {
		text += fmt.Sprintf(" <= %g", *r.Max)
	}
	return text
}

func (r Range) validate(field string) error {
	for _, end := range []*float64{r.Min, r.Max} {
		if end != nil && math.IsNaN(*end) {
			return fmt.Errorf("%s: NaN is no end of a range", field)
		}
	}
	if r.Min != nil && r.Max != nil && *r.Min > *r.Max {
		return fmt.Errorf("%s: %g to %g holds no value", field, *r.Min, *r.Max)
	}
	return nil
}

// Validate reports everything that is wrong with the settings.
func (f Flagger) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) {
		errs = multierror.Append(errs, fmt.Errorf("Flagger."+format, args...))
	}
	if f.Source == nil {
		bad("Source: is missing")
	}
	if f.Interval < 0 {
		bad("Interval: %s is below zero", f.Interval)
	}
	if len(f.Metrics) == 0 {
		bad("Metrics: there is none")
	}
	for _, w := range append([]int{f.StepWeight, f.MaxWeight}, f.StepWeights...) {
		if w < 0 || w > 100 {
			bad("StepWeight, StepWeights, MaxWeight: %d is no weight from 0 to 100", w)
		}
	}
	for i, m := range f.Metrics {
		if err := m.validate(); err != nil {
			errs = multierror.Append(errs, under(fmt.Sprintf("Flagger.Metrics[%d]", i), err))
		}
	}
	return errs.ErrorOrNil()
}

func (m FlaggerMetric) validate() error {
	var errs *multierror.Error
	known := m.Name == RequestSuccessRate || m.Name == RequestDuration
	switch {
	case m.Name == "":
		errs = multierror.Append(errs, fmt.Errorf("Name: is missing"))
	case known && m.Value.Of != nil:
		errs = multierror.Append(errs, fmt.Errorf("Value: %s is measured as the tool does", m.Name))
	case !known && m.Value.Of == nil:
		errs = multierror.Append(errs, fmt.Errorf("Value: is missing, and %q is not known by name", m.Name))
	}
	if m.Interval < 0 {
		errs = multierror.Append(errs, fmt.Errorf("Interval: %s is below zero", m.Interval))
	}
	if math.IsNaN(m.Threshold) {
		errs = multierror.Append(errs, fmt.Errorf("Threshold: is not a number"))
	}
	if err := m.ThresholdRange.validate("ThresholdRange"); err != nil {
		errs = multierror.Append(errs, err)
	}
	return errs.ErrorOrNil()
}

// value is what is measured.
func (m FlaggerMetric) value() Value {
	switch m.Name {
	case RequestSuccessRate:
		return Value{"success rate in %", func(w metrics.Window) float64 { return 100 * SuccessRate().Of(w) }}
	case RequestDuration:
		return Value{"p99 latency in ms", func(w metrics.Window) float64 { return math.Trunc(1000 * w.Latency.Quantile(0.99)) }}
	}
	return m.Value
}

// limits are the range that the value must lie in. Limits of a duration are whole milliseconds.
func (m FlaggerMetric) limits() Range {
	r := m.ThresholdRange
	switch {
	case r.open() && m.Name == RequestSuccessRate:
		r.Min = &m.Threshold
	case r.open():
		r.Max = &m.Threshold
	}
	if m.Name != RequestDuration {
		return r
	}
	for _, end := range []**float64{&r.Min, &r.Max} {
		if *end != nil {
			whole := math.Trunc(**end)
			*end = &whole
		}
	}
	return r
}

// interval is the time between two ticks.
func (f Flagger) interval() time.Duration {
	return max(cmp.Or(f.Interval, time.Minute), 10*time.Second)
}

func (f Flagger) threshold() int {
	if f.Threshold <= 0 {
		return 1
	}
	return f.Threshold
}

// settings tells one configuration from another.
func (f Flagger) settings() string {
	all := []any{f.interval(), f.threshold()}
	for _, m := range f.Metrics {
		all = append(all, m.Name, m.Interval, m.limits().String(), m.value().Name)
	}
	return fingerprint(all...)
}
