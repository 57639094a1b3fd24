package rehearse

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/hashicorp/go-multierror"
)

// Traffic is who asks, and how they are answered.
type Traffic struct {
	// Rate is the number of requests a second, over all groups, on average. They come independently of
	// each other.
	Rate float64
	// Service is how the revision that runs now answers.
	Service Service
	// Harm is what the new revision does worse. The zero Harm is a release that does none.
	Harm Harm
}

// Service is how a revision answers.
type Service struct {
	// ErrorRate is the part of the requests that fail, from 0 to 1.
	ErrorRate float64
	// Median and P99 are latencies; in between and beyond them the latency is log-normal. Both zero:
	// latency is not measured.
	Median, P99 time.Duration
}

// Harm is what one revision does worse than another.
type Harm struct {
	// Errors is the part of the requests that fail beside those that fail anyway: 0.01 is one point
	// more. Below zero it is an improvement.
	Errors float64
	// Slower is by which part all answers are slower: 0.2 is 20 %. Below zero they are faster.
	Slower float64
	// Tail is the part of the requests that take TailBy times as long.
	Tail, TailBy float64
	// After is how long an instance of the new revision does no harm at first. It counts from when the
	// revision first gets traffic.
	After time.Duration
}

// IsZero reports whether it is no harm at all.
func (h Harm) IsZero() bool { return h.Errors == 0 && h.Slower == 0 && h.Tail == 0 }

// String says it for people: "1 point more errors, 20 % slower".
func (h Harm) String() string {
	var text string
	add := func(format string, args ...any) {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf(format, args...)
	}
	if h.Errors != 0 {
		add("%+.3g points of errors", 100*h.Errors)
	}
	if h.Slower != 0 {
		add("latency %+.3g %%", 100*h.Slower)
	}
	if h.Tail != 0 {
		add("%.3g %% of the requests %.3g times as slow", 100*h.Tail, h.TailBy)
	}
	if text == "" {
		return "no harm"
	}
	if h.After > 0 {
		add("after %s", h.After)
	}
	return text
}

// validate reports everything that is wrong, with its field below that name.
func (t Traffic) validate(field string) error {
	var errs *multierror.Error
	bad := func(name, format string, args ...any) {
		errs = multierror.Append(errs, fmt.Errorf("%s.%s: %s", field, name, fmt.Sprintf(format, args...)))
	}
	const fastest = 1e9 // more would overflow what is counted
	if !(t.Rate >= 0 && t.Rate <= fastest) {
		bad("Rate", "%v is not from 0 to %g requests a second", t.Rate, fastest)
	}
	s, h := t.Service, t.Harm
	if !(s.ErrorRate >= 0 && s.ErrorRate <= 1) {
		bad("Service.ErrorRate", "%v is not a fraction from 0 to 1", s.ErrorRate)
	}
	if s.Median < 0 || s.P99 < s.Median || s.Median == 0 && s.P99 > 0 {
		bad("Service.P99", "a median of %s with a p99 of %s is no distribution", s.Median, s.P99)
	}
	if p := s.ErrorRate + h.Errors; !(p >= 0 && p <= 1) {
		bad("Harm.Errors", "%v on top of an error rate of %v is no fraction from 0 to 1", h.Errors, s.ErrorRate)
	}
	if !(h.Slower > -1) || math.IsInf(h.Slower, 1) {
		bad("Harm.Slower", "%v is not above -1", h.Slower)
	}
	if !(h.Tail >= 0 && h.Tail <= 1) {
		bad("Harm.Tail", "%v is not a fraction from 0 to 1", h.Tail)
	}
	if h.Tail > 0 && (!(h.TailBy > 0) || math.IsInf(h.TailBy, 1)) {
		bad("Harm.TailBy", "%v is not above zero", h.TailBy)
	}
	if h.After < 0 {
		bad("Harm.After", "%s is below zero", h.After)
	}
	if (h.Slower != 0 || h.Tail != 0) && s.Median == 0 {
		errs = multierror.Append(errs, errors.New(field+".Service.Median: is missing, so that nothing can be slower than it"))
	}
	return errs.ErrorOrNil()
}

// answers is how a revision answers, as probabilities.
type answers struct {
	errors float64
	// latency is the part of the requests below each bound, ascending to 1; nil where latency is not
	// measured.
	latency []float64
}

// answers are those of the service with some harm.
func (s Service) answers(h Harm, bounds []float64) answers {
	a := answers{errors: min(max(s.ErrorRate+h.Errors, 0), 1)}
	if s.Median == 0 {
		return a
	}
	a.latency = make([]float64, len(bounds)+1)
	for i, b := range bounds {
		b /= 1 + h.Slower
		a.latency[i] = (1 - h.Tail) * s.below(b)
		if h.Tail > 0 {
			a.latency[i] += h.Tail * s.below(b/h.TailBy)
		}
	}
	a.latency[len(bounds)] = 1
	return a
}

// z99 is the 99th percentile of the standard normal distribution.
const z99 = 2.3263478740408408

// below is the part of the requests that take at most so many seconds.
func (s Service) below(seconds float64) float64 {
	median, p99 := s.Median.Seconds(), s.P99.Seconds()
	if median == p99 {
		if seconds >= median {
			return 1
		}
		return 0
	}
	sigma := math.Log(p99/median) / z99
	return 0.5 * math.Erfc(-math.Log(seconds/median)/sigma/math.Sqrt2)
}
