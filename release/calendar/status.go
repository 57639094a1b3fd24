package calendar

import (
	"fmt"
	"iter"
	"strings"
	"time"
)

// Status is what a schedule says of a moment.
type Status struct {
	// At is the moment, in UTC.
	At time.Time `json:"at"`
	// Open is whether releases may run.
	Open bool `json:"open"`
	// Why are the reasons: of one that is closed, all that closes it; of one that is open, what allows it, if
	// anything does. Freezes that are lifted are told in either case.
	Why []Reason `json:"why,omitempty"`
	// NextOpening is when it is next opened, NextClosing when it is next closed, in UTC: of one that is open the
	// closing comes first, of one that is closed the opening. Zero: there is none before Horizon.
	NextOpening time.Time `json:"next_opening,omitzero"`
	NextClosing time.Time `json:"next_closing,omitzero"`
	// Horizon is how far was looked.
	Horizon time.Time `json:"horizon"`
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "not before the horizon"
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// String is the status in one line.
func (s Status) String() string {
	word, next := "closed", "opens "+stamp(s.NextOpening)
	if s.Open {
		word, next = "open", "closes "+stamp(s.NextClosing)
	}
	return strings.TrimSuffix(fmt.Sprintf("%s, %s: %s", word, next, s.reasons()), ": ")
}

// reasons are all reasons in one line; the first of them, where they are many.
func (s Status) reasons() string {
	const most = 20
	var why []string
	for i, r := range s.Why {
		if i == most {
			why = append(why, fmt.Sprintf("and %d more", len(s.Why)-most))
			break
		}
		why = append(why, r.String())
	}
	return strings.Join(why, "; ")
}

// Span is a stretch of time: From is a part of it, To is not.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Length is how long it is.
func (s Span) Length() time.Duration { return s.To.Sub(s.From) }

// At says whether the schedule is open at a moment, why, and when that changes next.
func (s *Schedule) At(t time.Time) Status {
	st, _ := s.look(t)
	return st
}

// look is the status of a moment, and the sweep that found it, which is at the last change that it tells; nil where
// there is none.
func (s *Schedule) look(t time.Time) (Status, *sweep) {
	st := Status{At: t.UTC(), Horizon: t.Add(s.horizon).UTC()}
	if !known(t) {
		st.Why = []Reason{{Cause: OutOfTime}}
		return st, nil
	}
	limit := min(ceil(st.Horizon), lastSecond)
	w := s.sweep(t.Unix(), limit)
	st.Why, st.Open = s.why(w)
	if st.Open {
		if w.close(); w.t < limit {
			st.NextClosing = moment(w.t)
		}
		if w.open() {
			st.NextOpening = moment(w.t)
		}
		return st, w
	}
	if w.open() {
		st.NextOpening = moment(w.t)
		if w.close(); w.t < limit {
			st.NextClosing = moment(w.t)
		}
	}
	return st, w
}

// Open reports whether the schedule is open at a moment, and why, in words for people. So a schedule is a Calendar of
// metrics/gate, which gate.InTime asks. It costs less than At, as it looks for no change.
func (s *Schedule) Open(at time.Time) (open bool, why string) {
	st := Status{Why: []Reason{{Cause: OutOfTime}}}
	if known(at) {
		st.Why, st.Open = s.why(s.sweep(at.Unix(), min(at.Add(s.horizon).Unix(), lastSecond)))
	}
	return st.Open, st.reasons()
}

// Spans are the stretches within [from, to) that are open, by time; they do not touch. Years that no calendar
// knows are closed.
func (s *Schedule) Spans(from, to time.Time) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		at, limit := max(from.Unix(), firstSecond), min(ceil(to), lastSecond)
		if at >= limit {
			return
		}
		w := s.sweep(at, limit)
		for w.open() {
			span := Span{From: later(moment(w.t), from)}
			w.close()
			if span.To = earlier(moment(w.t), to); span.From.Before(span.To) && !yield(span) {
				return
			}
		}
	}
}

func known(t time.Time) bool { return t.Unix() >= firstSecond && t.Unix() < lastSecond }

func moment(s int64) time.Time { return time.Unix(s, 0).UTC() }

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b.UTC()
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.After(b) {
		return b.UTC()
	}
	return a
}
