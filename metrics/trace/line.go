package trace

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
)

// Line is what was counted of one group since its previous line.
type Line struct {
	// T is the time since the start of the trace. It is zero where At is set.
	T time.Duration
	// At is the time, where the trace is one of times: from 1970 to 9999, in UTC.
	At time.Time
	// Group is the label of the group. The parts of a group have its label, a slash and a number.
	Group string
	// Requests counts the answers since the line before, Errors those of them that failed.
	Requests, Errors uint64
	// Latency is the distribution of the time that answers took, in seconds. It may hold more or fewer
	// values than there were requests, and none at all.
	Latency metrics.Histogram
	// Counts and Gauges are those of a metrics.Window.
	Counts map[string]uint64
	Gauges map[string][]float64
}

// When is the time of the line in a trace that began at start.
func (l Line) When(start time.Time) time.Time {
	if !l.At.IsZero() {
		return l.At
	}
	return start.Add(l.T)
}

// Validate reports everything that is wrong with the line, each problem with its field as the format
// names it.
func (l Line) Validate() error {
	var errs *multierror.Error
	return multierror.Append(errs, l.problems()...).ErrorOrNil()
}

func (l Line) problems() (all []error) {
	bad := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	switch year := l.At.Year(); {
	case l.T < 0:
		bad("t: %s is before the start", l.T)
	case l.At.IsZero():
	case l.T != 0:
		bad("at: there is a t as well")
	case year < minYear || year > maxYear || l.At.Location() != time.UTC:
		bad("at: %s is not a time from %d to %d in UTC", l.At, minYear, maxYear)
	}
	if err := nameable(l.Group); err != nil {
		bad("group: %w", err)
	}
	if l.Errors > l.Requests {
		bad("errors: %d of %d requests", l.Errors, l.Requests)
	}
	if err := l.Latency.Validate(); err != nil {
		bad("latency: %s", flat(err))
	} else if len(l.Latency.Bounds) > 0 && l.Latency.Bounds[0] < 0 {
		bad("latency: le: %v seconds is below zero", l.Latency.Bounds[0])
	}
	return append(all, l.named()...)
}

// named are the problems with counts and gauges.
func (l Line) named() (all []error) {
	for _, name := range slices.Sorted(maps.Keys(l.Counts)) {
		if err := nameable(name); err != nil {
			all = append(all, fmt.Errorf("counts: %w", err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Gauges)) {
		if err := nameable(name); err != nil {
			all = append(all, fmt.Errorf("gauges: %w", err))
		}
		values := l.Gauges[name]
		if len(values) == 0 {
			all = append(all, fmt.Errorf("gauges: %s has no value", name))
		}
		for _, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				all = append(all, fmt.Errorf("gauges: %s: %v is not a finite number", name, v))
				break
			}
		}
	}
	return all
}

// nameable says why a text is no name of a group, a count or a gauge.
func nameable(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("the name is missing")
	case !utf8.ValidString(name):
		return fmt.Errorf("%q is not UTF-8", name)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%q has control characters", name)
	}
	return nil
}

// flat is an error with several problems on one line.
func flat(err error) string {
	many, ok := errors.AsType[*multierror.Error](err)
	if !ok {
		return err.Error()
	}
	texts := make([]string, len(many.Errors))
	for i, e := range many.Errors {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// LineError is a line that cannot be read, or does not fit those before it.
type LineError struct {
	// Line is its number, from 1.
	Line int
	// Err says what is wrong.
	Err error
}

// Error is the number and what is wrong.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap is Err.
func (e *LineError) Unwrap() error { return e.Err }
