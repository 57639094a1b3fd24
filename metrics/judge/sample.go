package judge

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
)

// Sample is what was measured of both arms over one stretch of time.
type Sample struct {
	// From (included) and To (excluded) are the stretch. A sample begins where the one before ended or
	// later: what lies in a gap is not known, and counts for neither side. The numbers are those of
	// this stretch alone, never running totals. From and To of the windows are not looked at.
	From, To time.Time
	// Candidate and Baseline are the two arms. An arm of which nothing was measured is the zero Window.
	Candidate, Baseline metrics.Window
	// Parts are the parts of the baseline, for the noise guard: one for each instance, say, in the
	// same order in each sample. May be empty.
	Parts []metrics.Window
	// Share is which part of the traffic the candidate is meant to get, from 0 to 1. The baseline has the
	// rest, or with Config.FreshBaseline as much. A candidate that gets less than four fifths of it of
	// late does not pass; where it is shown at 1000:1 to get less than half of it, the judgement is
	// Inconclusive. Zero: nobody knows, for example as clients stick to a version.
	Share float64
}

// ErrOverlap says that a sample begins before the one before it ended, so that requests would count
// twice. Late data comes too late: leave it out, or read later.
var ErrOverlap = errors.New("the sample overlaps what was judged before")

// validate reports everything that is wrong with the sample by itself.
func (s Sample) validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if s.From.IsZero() || !s.To.After(s.From) {
		bad("Sample.To: %s is not after From, %s", s.To.Format(time.RFC3339Nano), s.From.Format(time.RFC3339Nano))
	}
	if !(s.Share >= 0 && s.Share <= 1) {
		bad("Sample.Share: %v is not a fraction from 0 to 1", s.Share)
	}
	check := func(field string, w metrics.Window) {
		if err := arm(w); err != nil {
			bad("Sample.%s: %w", field, err)
		}
	}
	check("Candidate", s.Candidate)
	check("Baseline", s.Baseline)
	for i, w := range s.Parts {
		check(fmt.Sprintf("Parts[%d]", i), w)
	}
	return errs.ErrorOrNil()
}

// maxCount is the largest count that arithmetic in float64 still tells from its neighbours.
const maxCount = 1 << 53

func arm(w metrics.Window) error {
	var errs *multierror.Error
	if w.Errors > w.Requests {
		errs = multierror.Append(errs, fmt.Errorf("%d errors in %d requests", w.Errors, w.Requests))
	}
	if w.Requests > maxCount {
		errs = multierror.Append(errs, fmt.Errorf("%d requests are more than can be judged", w.Requests))
	}
	if err := w.Latency.Validate(); err != nil {
		errs = multierror.Append(errs, fmt.Errorf("Latency: %w", err))
	} else if w.Latency.Count() > maxCount {
		errs = multierror.Append(errs, fmt.Errorf("Latency: %d values are more than can be judged", w.Latency.Count()))
	}
	return errs.ErrorOrNil()
}
