package load

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/hashicorp/go-multierror"
)

// The bounds of a Question.
const (
	// DefaultAhead is how far ahead is looked.
	DefaultAhead = 14 * 24 * time.Hour
	// MaxAhead is how far ahead may be looked.
	MaxAhead = 366 * 24 * time.Hour
)

// Question asks for the quietest times.
type Question struct {
	// Schedule says when releases may run. Nil: always.
	Schedule *calendar.Schedule
	// From is when it may begin at the earliest, and To when it must be done. To zero: DefaultAhead after From.
	From, To time.Time
	// Length is how long it takes: above zero, and at most a week.
	Length time.Duration
	// Count is how many times are asked for at most. Zero: 3.
	Count int
}

// Validate reports everything that is wrong.
func (q Question) Validate() error {
	var errs *multierror.Error
	if q.From.Year() < 1970 || q.From.Year() > calendar.LastYear {
		errs = multierror.Append(errs, errors.New("Question.From: is missing, or out of bounds"))
	}
	if !q.To.IsZero() && (!q.From.Before(q.To) || q.To.Sub(q.From) > MaxAhead) {
		errs = multierror.Append(errs, errors.New("Question.To: is not after From, or more than 366 days after it"))
	}
	if q.Length <= 0 || q.Length > 7*24*time.Hour {
		errs = multierror.Append(errs, fmt.Errorf("Question.Length: %s is not above zero, or above a week", q.Length))
	}
	if q.Count < 0 || q.Count > 1000 {
		errs = multierror.Append(errs, fmt.Errorf("Question.Count: %d is below zero, or above 1000", q.Count))
	}
	return errs.ErrorOrNil()
}

// Time is a time for a release, and the load that is expected in it.
type Time struct {
	calendar.Span
	// Load is the mean over the span of what is expected, Peak the highest of it with its spread, both in the unit of
	// the series.
	Load float64 `json:"load"`
	Peak float64 `json:"peak"`
	// Weeks is how many weeks stand behind it, where they are fewest.
	Weeks int `json:"weeks"`
}

// Quietest are the times with the least load, the quietest first, of equal ones the earliest. They do not overlap. They
// begin with a slot, or when the schedule opens. The error is ErrNowhere where there is none.
func (p *Profile) Quietest(q Question) ([]Time, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	if q.To.IsZero() {
		q.To = q.From.Add(DefaultAhead)
	}
	if q.Count == 0 {
		q.Count = 3
	}
	if q.Schedule == nil {
		var err error
		if q.Schedule, err = calendar.Compile(calendar.Options{}); err != nil {
			return nil, err
		}
	}
	var all []Time
	for open := range q.Schedule.Spans(q.From, q.To) {
		for at := open.From; !at.Add(q.Length).After(open.To); at = at.Add(p.left(at)) {
			if t, ok := p.over(at, at.Add(q.Length)); ok {
				all = append(all, t)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Time) int {
		switch {
		case a.Load < b.Load:
			return -1
		case a.Load > b.Load:
			return 1
		}
		return 0
	})
	var best []Time
	for _, t := range all {
		if len(best) == q.Count {
			break
		}
		if !slices.ContainsFunc(best, func(o Time) bool { return t.From.Before(o.To) && o.From.Before(t.To) }) {
			best = append(best, t)
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%w: %s between %s and %s", ErrNowhere, q.Length, q.From.UTC().Format(time.RFC3339), q.To.UTC().Format(time.RFC3339))
	}
	return best, nil
}

// over is the load in a span; false where a part of it is not known.
func (p *Profile) over(from, to time.Time) (Time, bool) {
	t := Time{Span: calendar.Span{From: from, To: to}}
	for at := from; at.Before(to); {
		e, ok := p.At(at)
		if !ok {
			return Time{}, false
		}
		end := at.Add(p.left(at))
		if end.After(to) {
			end = to
		}
		t.Load += e.Load * (float64(end.Sub(at)) / float64(to.Sub(from)))
		if peak := e.Load + e.Spread; at.Equal(from) || peak > t.Peak {
			t.Peak = peak
		}
		if t.Weeks == 0 || e.Weeks < t.Weeks {
			t.Weeks = e.Weeks
		}
		at = end
	}
	return t, true
}
