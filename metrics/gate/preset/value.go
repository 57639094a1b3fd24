package preset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// Value is a number that is taken from what was measured of a group: what the tools get from a query.
type Value struct {
	// Name says what it is, for people and in the memory: "success rate".
	Name string
	// Of takes it from a window. NaN says that the window has nothing to take it from, as a query
	// answers 0/0 for a rate of no requests.
	Of func(w metrics.Window) float64
}

// SuccessRate is the part of the requests that did not fail, from 0 to 1.
func SuccessRate() Value {
	return Value{"success rate", func(w metrics.Window) float64 {
		return ratio(w.Requests-min(w.Errors, w.Requests), w.Requests)
	}}
}

// ErrorRate is the part of the requests that failed, from 0 to 1.
func ErrorRate() Value {
	return Value{"error rate", func(w metrics.Window) float64 { return ratio(w.Errors, w.Requests) }}
}

// Errors is the number of requests that failed.
func Errors() Value {
	return Value{"errors", func(w metrics.Window) float64 { return float64(w.Errors) }}
}

// Requests is the number of requests.
func Requests() Value {
	return Value{"requests", func(w metrics.Window) float64 { return float64(w.Requests) }}
}

// Latency is a quantile (0 to 1) of the latency, in seconds. It is +Inf above the source's last bucket.
func Latency(q float64) Value {
	return Value{fmt.Sprintf("p%g latency", 100*q), func(w metrics.Window) float64 { return w.Latency.Quantile(q) }}
}

// Count is a further count of the window, by its name in the source; NaN where it was not measured.
func Count(name string) Value {
	return Value{name, func(w metrics.Window) float64 {
		if n, ok := w.Counts[name]; ok {
			return float64(n)
		}
		return math.NaN()
	}}
}

// Gauge is the mean of what was sampled of a gauge, by its name in the source; NaN where there is none.
func Gauge(name string) Value {
	return Value{name, func(w metrics.Window) float64 { return mean(w.Gauges[name]) }}
}

func ratio(a, b uint64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(b)
}

// mean is NaN where there is nothing.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func (v Value) validate(field string) error {
	if v.Of == nil {
		return fmt.Errorf("%s: is missing", field)
	}
	return nil
}

// errNoPoint says that a stretch has no measurement at all, as a query that answers no series.
var errNoPoint = fmt.Errorf("no value: %w", metrics.ErrNoData)

// measure reads a value of a group over a stretch of time. It is NaN where requests are missing, and
// errNoPoint where the source has nothing.
func measure(ctx context.Context, source metrics.Source, v Value, group string, from, to time.Time) (float64, error) {
	w, err := source.Read(ctx, metrics.Query{Group: group, From: from, To: to})
	switch {
	case errors.Is(err, metrics.ErrNoData):
		return math.NaN(), errNoPoint
	case err != nil:
		return math.NaN(), fmt.Errorf("read %s of %s: %w", v.Name, group, err)
	case w.Errors > w.Requests:
		return math.NaN(), fmt.Errorf("read %s of %s: %d errors in %d requests", v.Name, group, w.Errors, w.Requests)
	}
	if err := w.Latency.Validate(); err != nil {
		return math.NaN(), fmt.Errorf("read %s of %s: %w", v.Name, group, err)
	}
	return v.Of(w), nil
}

// Missing says why a look had no value.
type Missing string

const (
	// MissingData: the source works, and has nothing.
	MissingData Missing = "no data"
	// MissingSource: the source is down, or knows no such group.
	MissingSource Missing = "source down"
)

// missing is why a look had no value; empty, if it had one.
func missing(err error) Missing {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, metrics.ErrNoData), errors.Is(err, errMissing):
		return MissingData
	}
	return MissingSource
}

// told says in a verdict whether values were missing.
func told(v gate.Verdict, m ...Missing) gate.Verdict {
	v.Down = slices.Contains(m, MissingSource)
	v.NoData = !v.Down && (v.NoData || slices.Contains(m, MissingData))
	return v
}

// labelOf is the label under which a group is measured.
func labelOf(s gate.Subject, g gate.Group) (string, error) {
	label := ""
	switch cmp.Or(g, gate.Candidate) {
	case gate.Candidate:
		label = s.Candidate
	case gate.Stable:
		label = s.Stable
	case gate.Baseline:
		label = s.Baseline
	}
	if label == "" {
		return "", fmt.Errorf("%s has no %s group", s.Step, cmp.Or(g, gate.Candidate))
	}
	return label, nil
}

func validGroup(field string, g gate.Group) error {
	switch g {
	case "", gate.Candidate, gate.Stable, gate.Baseline:
		return nil
	}
	return fmt.Errorf("%s: unknown group %q", field, g)
}

// finite is a number that can be written as JSON: what has no value, or no finite one, is left out.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}
