package gate

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// Calendar says when releases are allowed: windows, freezes, hours of the day. It is a pure function of
// the time, whose zone is for it to choose, and is called from any number of goroutines at once.
type Calendar interface {
	// Open reports whether the moment is open, and why, in words for people: "the freeze of the end of
	// the year lasts until 2 January".
	Open(at time.Time) (open bool, why string)
}

// CalendarFunc is a function as a Calendar.
type CalendarFunc func(at time.Time) (open bool, why string)

var _ Calendar = CalendarFunc(nil)

// Open calls f.
func (f CalendarFunc) Open(at time.Time) (bool, string) { return f(at) }

// InTime passes while a calendar is open. While it is closed it answers continue: a time that is not open
// is no harm that would have to be taken back. For how long that is waited for is the caller's patience.
type InTime struct {
	Calendar Calendar
	// Closed is what it answers while the calendar is closed: Continue, Fail or Inconclusive. Default:
	// Continue.
	Closed Outcome
}

var _ Gate = InTime{}

// Validate reports everything that is wrong with the settings.
func (g InTime) Validate() error {
	p := problems{of: "InTime"}
	if g.Calendar == nil {
		p.add("Calendar", "is missing")
	}
	if f, ok := g.Calendar.(CalendarFunc); ok && f == nil {
		p.add("Calendar", "the function is nil")
	}
	switch g.Closed {
	case "", Continue, Fail, Inconclusive:
	default:
		p.add("Closed", "%q is neither %s nor %s nor %s", string(g.Closed), Continue, Fail, Inconclusive)
	}
	return p.err()
}

// Check asks the calendar for the subject's time.
func (g InTime) Check(_ context.Context, s Subject) (Verdict, error) {
	if err := g.Validate(); err != nil {
		return Verdict{}, err
	}
	if s.Now.IsZero() {
		return Verdict{}, errors.New("the subject has no time")
	}
	open, why := g.Calendar.Open(s.Now)
	at := s.Now.UTC().Format("Mon 2 Jan 2006 15:04 MST")
	v := Verdict{Outcome: Pass, Reason: at + " is open for releases"}
	if !open {
		v = Verdict{Outcome: cmp.Or(g.Closed, Continue), Reason: at + " is closed for releases"}
	}
	if why != "" {
		v.Reason += ": " + why
	}
	return v, nil
}
