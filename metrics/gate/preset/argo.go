package preset

import (
	"fmt"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// argoErrorRetry is how long after an error a metric is measured again, whatever its interval.
const argoErrorRetry = 10 * time.Second

// ArgoRollouts decides as an AnalysisRun of Argo Rollouts does.
//
// Each metric is measured on its interval, and each measurement succeeds, fails, is inconclusive or an
// error by the metric's conditions. A metric ends as Failed, Inconclusive or Error as soon as there are
// more of these than its limit, and the run ends with it, as the worst of its metrics. Failed and Error
// are a fail of the gate, Inconclusive is inconclusive, Successful is a pass.
//
// Beware of three things that the tool does. With FailureLimit 0, the default, one bad measurement ends
// the run: at little traffic an identical release is taken back more often than not. After an error it
// measures again in 10 s, whatever the interval: a source that has no data for 40 s ends the run. And a
// failure condition alone lets NaN pass. See Strict.
type ArgoRollouts struct {
	// Source is where the metrics are read.
	Source metrics.Source
	// Metrics are measured, at least one.
	Metrics []ArgoMetric
	// Background says that one run goes on over the steps of the release, as the tool's background
	// analysis does. Default: each step begins a run of its own, as an analysis step does.
	Background bool
	// Strict answers continue where the tool would pass without a measurement, and takes NaN for an
	// error. Default: as the tool does.
	Strict bool
}

// ArgoMetric is one metric of an analysis template.
type ArgoMetric struct {
	// Name is the name of the metric. Each has another.
	Name string
	// Interval is the time between two measurements, at least a second. Default: there is only one, or,
	// after an error, another one 10 s later.
	Interval time.Duration
	// InitialDelay is how long after the beginning it is first measured. Default: at once.
	InitialDelay time.Duration
	// Count is how many measurements end the metric. Errors do not count. Default: one; with an Interval
	// it goes on until the bake is over.
	Count int
	// SuccessCondition and FailureCondition are conditions on the measurement: "result[0] >= 0.95".
	// With one of them, what does not meet it is the opposite. With both, a failure comes first, and
	// what meets neither is inconclusive. With none, each measurement succeeds.
	//
	// They may compare result (or result[0]) with numbers, calculate (+ - * /), ask isNaN(result) and
	// isInf(result), use asFloat(result) and asInt(result), and be joined by && || ! and brackets. Where there is no
	// measurement at all, len(result) is 0, isNil(result) is so, and default(result, 0) is what it says; any other
	// use of result is an error then. A gate passes by such a condition only if there was a number once.
	SuccessCondition, FailureCondition string
	// FailureLimit is how many measurements may fail. -1: any number, where a ConsecutiveSuccessLimit
	// is set. Default: 0.
	FailureLimit int
	// InconclusiveLimit is how many measurements may be inconclusive. Default: 0.
	InconclusiveLimit int
	// ConsecutiveErrorLimit is how many errors there may be in a row. Default: 4.
	ConsecutiveErrorLimit *int
	// ConsecutiveSuccessLimit is how many successes in a row end the metric. Default: 0, that is not
	// asked for.
	ConsecutiveSuccessLimit int
	// DryRun leaves the metric out of the verdict.
	DryRun bool

	// Query is what is measured.
	Query Query
}

// Query is what a metric measures: a value of a group over a stretch of time that ends at the look.
type Query struct {
	// Value is taken from what was measured.
	Value Value
	// Of is the group. Default: the candidate.
	Of gate.Group
	// Range is how long the stretch is: the [5m] of a rate(...[5m]). Default: one minute.
	Range time.Duration
}

func (q Query) validate() error {
	var errs *multierror.Error
	if err := q.Value.validate("Value"); err != nil {
		errs = multierror.Append(errs, err)
	}
	if err := validGroup("Of", q.Of); err != nil {
		errs = multierror.Append(errs, err)
	}
	if q.Range < 0 {
		errs = multierror.Append(errs, fmt.Errorf("Range: %s is below zero", q.Range))
	}
	return errs.ErrorOrNil()
}

// Validate reports everything that is wrong with the settings.
func (a ArgoRollouts) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) {
		errs = multierror.Append(errs, fmt.Errorf("ArgoRollouts."+format, args...))
	}
	if a.Source == nil {
		bad("Source: is missing")
	}
	if len(a.Metrics) == 0 {
		bad("Metrics: there is none")
	}
	names := map[string]bool{}
	for i, m := range a.Metrics {
		field := fmt.Sprintf("ArgoRollouts.Metrics[%d]", i)
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

func (m ArgoMetric) validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if m.Interval != 0 && m.Interval < time.Second {
		bad("Interval: %s is less than a second", m.Interval)
	}
	if m.InitialDelay < 0 {
		bad("InitialDelay: %s is below zero", m.InitialDelay)
	}
	if m.Count < 0 {
		bad("Count: %d is below zero", m.Count)
	}
	if m.Count > 1 && m.Interval == 0 {
		bad("Interval: is needed for %d measurements", m.Count)
	}
	if m.FailureLimit < -1 || m.FailureLimit == -1 && m.ConsecutiveSuccessLimit == 0 {
		bad("FailureLimit: %d; it is at least 0, or -1 with a ConsecutiveSuccessLimit", m.FailureLimit)
	}
	if m.InconclusiveLimit < 0 {
		bad("InconclusiveLimit: %d is below zero", m.InconclusiveLimit)
	}
	if m.ConsecutiveErrorLimit != nil && *m.ConsecutiveErrorLimit < 0 {
		bad("ConsecutiveErrorLimit: %d is below zero", *m.ConsecutiveErrorLimit)
	}
	if m.ConsecutiveSuccessLimit < 0 {
		bad("ConsecutiveSuccessLimit: %d is below zero", m.ConsecutiveSuccessLimit)
	}
	if least := max(max(m.FailureLimit, 0)+m.ConsecutiveSuccessLimit, m.InconclusiveLimit); m.Count > 0 && m.Count < least {
		bad("Count: %d measurements, and the limits need %d", m.Count, least)
	}
	if _, err := m.conditions(); err != nil {
		errs = multierror.Append(errs, err)
	}
	if err := m.Query.validate(); err != nil {
		errs = multierror.Append(errs, under("Query", err))
	}
	return errs.ErrorOrNil()
}

// conditions are the parsed conditions, nil where there is none.
func (m ArgoMetric) conditions() (c [2]condition, err error) {
	var errs *multierror.Error
	for i, text := range []string{m.SuccessCondition, m.FailureCondition} {
		if text == "" {
			continue
		}
		var err error
		if c[i], err = parseCondition(text); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("%s: %w", []string{"SuccessCondition", "FailureCondition"}[i], err))
		}
	}
	return c, errs.ErrorOrNil()
}

// settings tells one configuration from another.
func (a ArgoRollouts) settings() string {
	all := []any{a.Background, a.Strict}
	for _, m := range a.Metrics {
		all = append(all, m.Name, m.Interval, m.InitialDelay, m.Count, m.SuccessCondition, m.FailureCondition, m.FailureLimit,
			m.InconclusiveLimit, m.consecutiveErrorLimit(), m.ConsecutiveSuccessLimit, m.DryRun, m.Query.Value.Name, m.Query.Of, m.Query.Range)
	}
	return fingerprint(all...)
}
