package preset

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// AnalysisStrategy says what PipeCD compares a metric with.
type AnalysisStrategy string

const (
	// Threshold holds each value against a range. It is the default.
	Threshold AnalysisStrategy = "THRESHOLD"
	// Previous compares with the last deployment that succeeded, at the same time after its beginning.
	Previous AnalysisStrategy = "PREVIOUS"
	// CanaryBaseline compares the candidate with the baseline group, CanaryPrimary with the stable one.
	CanaryBaseline AnalysisStrategy = "CANARY_BASELINE"
	CanaryPrimary  AnalysisStrategy = "CANARY_PRIMARY"
)

// Deviation says which difference is a failure.
type Deviation string

const (
	// DeviationEither is the default.
	DeviationEither Deviation = "EITHER"
	DeviationHigh   Deviation = "HIGH"
	DeviationLow    Deviation = "LOW"
)

// PipeCD decides as the ANALYSIS stage of PipeCD does.
//
// Each metric is looked at once an interval. A look fails when a value lies outside the expected range,
// or when the candidate's values of that interval differ from the others by a Mann-Whitney test with
// p <= 0.05. So many failed looks as the limit, and one more, are a fail; a stage that is over without
// that is a pass.
//
// Beware of what the tool does: a look that finds no value at all is passed (THRESHOLD, and a
// comparison where both sides have none), so that a metric which is never measured lets the release
// pass; the first deployment passes PREVIOUS unseen; and each look tests anew with p <= 0.05, so that an
// identical release is taken back the more often the longer the stage. See Strict.
type PipeCD struct {
	// Source is where the metrics are read.
	Source metrics.Source
	// Metrics are looked at, at least one.
	Metrics []PipeCDMetric
	// Duration is how long the stage takes. Default: until the bake is over.
	Duration time.Duration
	// Strict answers continue where a metric would pass without a single look that had values. Default:
	// as the tool does.
	Strict bool
}

// PipeCDMetric is one metric of the stage.
type PipeCDMetric struct {
	// Name is the name of the metric. Each has another.
	Name string
	// Strategy says what it is compared with. Default: Threshold.
	Strategy AnalysisStrategy
	// Value is what is measured.
	Value Value
	// Of is the group whose values are looked at, for Threshold and Previous. Default: the candidate.
	Of gate.Group
	// Interval is the time between two looks, and how far back each looks. Required.
	Interval time.Duration
	// FailureLimit is how many looks may fail. Default: 0.
	FailureLimit int
	// SkipOnNoData passes a look in which a value is missing (NaN). Default: it fails.
	SkipOnNoData bool
	// Expected is the range, for Threshold.
	Expected Range
	// Deviation is the difference that is a failure, for the comparisons. Default: DeviationEither.
	Deviation Deviation
	// LastStart is when the analysis of the last deployment that succeeded began, and LastGroup the label
	// under which it was measured, for Previous. Zero: there is none.
	LastStart time.Time
	LastGroup string
}

// Validate reports everything that is wrong with the settings.
func (p PipeCD) Validate() error {
	var errs *multierror.Error
	if p.Source == nil {
		errs = multierror.Append(errs, errors.New("PipeCD.Source: is missing"))
	}
	if len(p.Metrics) == 0 {
		errs = multierror.Append(errs, errors.New("PipeCD.Metrics: there is none"))
	}
	if p.Duration < 0 {
		errs = multierror.Append(errs, fmt.Errorf("PipeCD.Duration: %s is below zero", p.Duration))
	}
	names := map[string]bool{}
	for i, m := range p.Metrics {
		field := fmt.Sprintf("PipeCD.Metrics[%d]", i)
		if m.Name == "" || names[m.Name] {
			errs = multierror.Append(errs, fmt.Errorf("%s.Name: %q is empty or taken", field, m.Name))
		}
		names[m.Name] = true
		if err := m.validate(); err != nil {
			errs = multierror.Append(errs, under(field, err))
		}
	}
	return errs.ErrorOrNil()
}

func (m PipeCDMetric) validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	switch m.strategy() {
	case Threshold:
		if m.Expected.open() {
			bad("Expected: is missing for %s", Threshold)
		}
		if err := m.Expected.validate("Expected"); err != nil {
			bad("%w", err)
		}
	case Previous, CanaryBaseline, CanaryPrimary:
	default:
		bad("Strategy: %q is unknown", m.Strategy)
	}
	switch m.Deviation {
	case "", DeviationEither, DeviationHigh, DeviationLow:
	default:
		bad("Deviation: %q is unknown", m.Deviation)
	}
	if err := m.Value.validate("Value"); err != nil {
		bad("%w", err)
	}
	if err := validGroup("Of", m.Of); err != nil {
		bad("%w", err)
	}
	if m.Interval < time.Second || m.Interval > 24*time.Hour {
		bad("Interval: %s is not from a second to a day", m.Interval)
	}
	if m.FailureLimit < 0 {
		bad("FailureLimit: %d is below zero", m.FailureLimit)
	}
	return errs.ErrorOrNil()
}

func (m PipeCDMetric) strategy() AnalysisStrategy { return cmp.Or(m.Strategy, Threshold) }

// step is the time between two values of a look.
func (m PipeCDMetric) step() time.Duration { return min(time.Minute, m.Interval) }

// settings tells one configuration from another.
func (p PipeCD) settings() string {
	all := []any{p.Duration, p.Strict}
	for _, m := range p.Metrics {
		all = append(all, m.Name, m.strategy(), m.Value.Name, m.Of, m.Interval, m.FailureLimit, m.SkipOnNoData, m.Expected.String(), m.Deviation, m.LastStart.UnixNano(), m.LastGroup)
	}
	return fingerprint(all...)
}
