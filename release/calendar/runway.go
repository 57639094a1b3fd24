package calendar

import (
	"fmt"
	"time"
)

// Runway is whether something that takes a while would be done before the schedule closes.
type Runway struct {
	// Status is that of the moment that was asked for.
	Status
	// Need is how long it is expected to take. It is not part of the JSON.
	Need time.Duration `json:"-"`
	// Fits is whether it may begin at that moment: the schedule is open, and stays so for as long as Need.
	Fits bool `json:"fits"`
	// Start is when it may begin at the earliest, in UTC. Zero: not before Horizon.
	Start time.Time `json:"start,omitzero"`
}

// Fits says when something that takes so long may begin at the earliest, from t on: it must be done by the time that
// the schedule closes. A need of zero or below asks when it is open. What lies behind the horizon is not known, and so
// counts as closed: a need that is longer than the horizon never fits.
func (s *Schedule) Fits(t time.Time, need time.Duration) Runway {
	r := Runway{Status: s.At(t), Need: need}
	for span := range s.Spans(t, r.Horizon) {
		if span.Length() >= need {
			r.Start = span.From
			break
		}
	}
	r.Fits = r.Start.Equal(t) && !r.Start.IsZero()
	return r
}

// String is the runway in one line.
func (r Runway) String() string {
	switch {
	case r.Fits:
		return fmt.Sprintf("%s fits: %s", r.Need, r.Status)
	case r.Start.IsZero():
		return fmt.Sprintf("%s fits nowhere before %s: %s", r.Need, stamp(r.Horizon), r.Status)
	}
	return fmt.Sprintf("%s fits from %s on: %s", r.Need, stamp(r.Start), r.Status)
}
