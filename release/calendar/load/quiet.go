package load

import (
	"cmp"
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
	all := p.candidates(q)
	slices.SortStableFunc(all, func(a, b Time) int { return cmp.Compare(a.Load, b.Load) })
	best := apart(all, q.Count)
	if best == nil {
		unknown := 0
		for _, e := range p.slots {
			if e.Weeks < p.needed {
				unknown++
			}
		}
		return nil, fmt.Errorf("%w: %s between %s and %s, where %d of the %d slots of a week are not known", ErrNowhere, q.Length,
			q.From.UTC().Format(time.RFC3339), q.To.UTC().Format(time.RFC3339), unknown, len(p.slots))
	}
	return best, nil
}

// candidates are all times that are open, long enough and known, by time.
func (p *Profile) candidates(q Question) (all []Time) {
	if len(p.slots) == 0 {
		return nil
	}
	l := p.line(q.From, q.To)
	for open := range q.Schedule.Spans(q.From, q.To) {
		for at := open.From; !at.Add(q.Length).After(open.To); at = at.Add(p.left(at)) {
			if t, ok := l.over(at, at.Add(q.Length)); ok {
				all = append(all, t)
			}
		}
	}
	return all
}

// apart are the first of the times, all of one length, that do not overlap.
func apart(all []Time, count int) (best []Time) {
	var taken []Time // the same by time
	for _, t := range all {
		if len(best) == count {
			break
		}
		i, _ := slices.BinarySearchFunc(taken, t, func(a, b Time) int { return a.From.Compare(b.From) })
		if i > 0 && taken[i-1].To.After(t.From) || i < len(taken) && t.To.After(taken[i].From) {
			continue
		}
		best, taken = append(best, t), slices.Insert(taken, i, t)
	}
	return best
}
