package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Cause is why a schedule is open or closed.
type Cause string

const (
	// Frozen: a freeze is active. It closes.
	Frozen Cause = "frozen"
	// Outside: a calendar has allow windows, and none is active. It closes.
	Outside Cause = "outside"
	// Allowed: an allow window is active.
	Allowed Cause = "allowed"
	// Lifted: a freeze would be active, or a calendar closed, but for an override.
	Lifted Cause = "lifted"
	// OutOfTime: the moment is in none of the years that a calendar knows. It closes.
	OutOfTime Cause = "out-of-time"
)

// Closes reports whether it keeps a schedule closed.
func (c Cause) Closes() bool { return c == Frozen || c == Outside || c == OutOfTime }

// Reason is one of the reasons of a status.
type Reason struct {
	Cause Cause `json:"cause"`
	// Calendar is its name, Window that of the window, Text what that says it is for. Window is empty where a
	// calendar as a whole is meant.
	Calendar string `json:"calendar,omitempty"`
	Window   string `json:"window,omitempty"`
	Text     string `json:"text,omitempty"`
	// From and Until are when the window is active; of Outside, Until is when the calendar's next window begins.
	// Zero: not before the horizon.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Override is what lifts it.
	Override *Override `json:"override,omitempty"`
}

// String is the reason in one line.
func (r Reason) String() string {
	text := ""
	switch r.Cause {
	case Frozen:
		text = fmt.Sprintf("frozen by %s/%s until %s", r.Calendar, r.Window, stamp(r.Until))
	case Outside:
		text = fmt.Sprintf("outside the windows of %s, the next of which begins %s", r.Calendar, stamp(r.Until))
	case Allowed:
		text = fmt.Sprintf("allowed by %s/%s until %s", r.Calendar, r.Window, stamp(r.Until))
	case Lifted:
		text = fmt.Sprintf("%s is lifted by %s until %s: %s", strings.TrimSuffix(r.Calendar+"/"+r.Window, "/"), r.Override.By, stamp(r.Override.Until), r.Override.Why)
	case OutOfTime:
		return fmt.Sprintf("calendars know the years from %d to %d", FirstYear, LastYear)
	}
	if r.Text != "" && r.Cause != Lifted {
		text += " (" + r.Text + ")"
	}
	return text
}

// why are the reasons at the moment at which a sweep begins, what closes first, and whether it is open then.
func (s *Schedule) why(w *sweep) (all []Reason, open bool) {
	n := 0
	for i := range w.cursors {
		if w.cursors[i].from <= w.t {
			n++
		}
	}
	all = make([]Reason, 0, n+len(w.allows))
	var lifted, allowed []Reason
	active := make([]bool, len(s.calendars)) // an allow window is
	for i := range w.cursors {
		c, k := &w.cursors[i], &s.courses[i]
		if c.from > w.t {
			continue
		}
		active[k.calendar] = active[k.calendar] || !k.freeze
		r := Reason{Cause: Frozen, Calendar: s.calendars[k.calendar].Name, Window: k.window.Name, Text: k.window.Text, From: moment(c.from), Until: moment(c.to)}
		switch {
		case k.override != nil:
			r.Cause, r.Override = Lifted, k.override
			lifted = append(lifted, r)
		case k.freeze:
			all = append(all, r)
		default:
			r.Cause = Allowed
			allowed = append(allowed, r)
		}
	}
	for i := range w.allows {
		u := &w.allows[i]
		if active[u.calendar] {
			continue
		}
		r := Reason{Cause: Outside, Calendar: s.calendars[u.calendar].Name, Text: s.calendars[u.calendar].Text}
		if i, ok := u.heap.top(w, w.t); ok {
			r.Until = moment(w.cursors[i].from)
		}
		all = append(all, r)
	}
	open = len(all) == 0
	return slices.Concat(all, lifted, s.lifted(w.t), allowed), open
}

// lifted are the freezes that would be active at a moment, but for an override.
func (s *Schedule) lifted(t int64) (all []Reason) {
	if len(s.overrides) == 0 {
		return nil
	}
	for i := range s.courses {
		if len(s.courses[i].lifts) == 0 {
			continue
		}
		k := s.courses[i]
		if !slices.ContainsFunc(k.lifts, func(p piece) bool { return p.from <= t && t < p.to }) {
			continue
		}
		without := *k.details
		without.lifts = nil
		k.details = &without
		c := cursor{part: int32(k.zone.part(t))}
		if c.advance(&k, t, t+1); c.from > t {
			continue
		}
		name := s.calendars[k.calendar].Name
		for _, o := range s.overrides {
			p := o.piece()
			by := slices.ContainsFunc(o.Lifts, func(word string) bool { _, one := target(word, name, k.window.Name); return one })
			if by && p.from <= t && t < p.to {
				all = append(all, Reason{Cause: Lifted, Calendar: name, Window: k.window.Name, Text: k.window.Text, From: moment(c.from), Until: moment(c.to), Override: &o})
				break
			}
		}
	}
	return all
}
