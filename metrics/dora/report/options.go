package report

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics/dora"
)

// Options say how a report is shown. The zero value is usable.
type Options struct {
	// Title is the heading of text, Markdown and HTML. Empty: "Delivery".
	Title string
	// LeadTimes are all lead times of the window in seconds, in any order, as History.LeadTimes answers them, for their distribution in
	// HTML. Empty: it is drawn from the quantiles of the report alone.
	LeadTimes []float64
	// Comparison is shown with the report, in all forms but that of Prometheus. Nil: none.
	Comparison *dora.Comparison
	// Weeks is how many weeks, the last ones, text and Markdown show. 0: 12; -1: all.
	Weeks int
	// Listed is how many single things text, Markdown and HTML show of one kind: ids of an anomaly, events of a comparison. The others are
	// counted. 0: 12; -1: all.
	Listed int
}

const (
	defaultTitle  = "Delivery"
	defaultWeeks  = 12
	defaultListed = 12
)

// Validate reports everything that is wrong with the options, each problem with its field.
func (o Options) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	for i, seconds := range o.LeadTimes {
		if !(seconds >= 0) || math.IsInf(seconds, 1) {
			bad("LeadTimes[%d]: %v is not a duration", i, seconds)
			break // there may be millions
		}
	}
	if o.Weeks < -1 {
		bad("Weeks: %d is not a number of weeks, nor -1 for all", o.Weeks)
	}
	if o.Listed < -1 {
		bad("Listed: %d is not a number of things, nor -1 for all", o.Listed)
	}
	return errs.ErrorOrNil()
}

// ready are the options with their defaults, for a report that is there.
func (o Options) ready(r *dora.Report) (Options, error) {
	if r == nil {
		return o, errors.New("there is no report")
	}
	if err := o.Validate(); err != nil {
		return o, err
	}
	if o.Title == "" {
		o.Title = defaultTitle
	}
	if o.Weeks == 0 {
		o.Weeks = defaultWeeks
	}
	if o.Listed == 0 {
		o.Listed = defaultListed
	}
	return o, nil
}

// most is how many of n are shown where at most that many are; -1: all.
func most(n, limit int) int {
	if limit < 0 {
		return n
	}
	return min(n, limit)
}

// deliver writes all at once.
func deliver(w io.Writer, text []byte) error {
	n, err := w.Write(text)
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	return err
}
