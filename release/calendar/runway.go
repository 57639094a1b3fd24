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
	st, w := s.look(t)
	r := Runway{Status: st, Need: need}
	if w == nil {
		for span := range s.Spans(t, r.Horizon) {
			if span.Length() >= need {
				r.Start = span.From
				break
			}
		}
		return r
	}
	r.Start = w.runway(st, need)
	r.Fits = r.Start.Equal(t)
	return r
}

// runway goes on from a status to the first span that is as long as the need, and tells when it begins; zero where there is
// none. To begin anew would take as long again, which is long where nothing opens.
func (w *sweep) runway(st Status, need time.Duration) time.Time {
	end := earlier(moment(w.limit), st.Horizon)
	from, to := st.NextOpening, st.NextClosing
	if st.Open {
		from = st.At
	}
	if to.IsZero() {
		to = end
	}
	if from.IsZero() || to.Sub(from) >= need {
		return from
	}
	for w.open() {
		from = moment(w.t)
		if w.close(); earlier(moment(w.t), end).Sub(from) >= need {
			return from
		}
	}
	return time.Time{}
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
