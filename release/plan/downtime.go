package plan

import (
	"fmt"
	"slices"
	"time"
)

// Outage is a time at which users were without the service. One that has not ended has no Until.
type Outage struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"`
}

// Spending is what is left of a downtime budget.
type Spending struct {
	// Down is how long users were without the service in the window, times at which several outages overlapped once.
	Down time.Duration `json:"down_ns"`
	// Planned is what the phases that have not begun will need.
	Planned time.Duration `json:"planned_ns,omitempty"`
	// Left is what is left of the budget, below zero where more was spent.
	Left time.Duration `json:"left_ns"`
	// Open says that an outage has not ended.
	Open bool `json:"open,omitempty"`
}

// Exceeded reports whether more was spent than there is.
func (s Spending) Exceeded() bool { return s.Left < 0 }

// Short reports whether what is left does not suffice for what is planned.
func (s Spending) Short() bool { return s.Left < s.Planned }

// String is the spending in one line.
func (s Spending) String() string {
	text := fmt.Sprintf("down for %s, %s of the budget left", s.Down, max(0, s.Left))
	switch {
	case s.Exceeded():
		text = fmt.Sprintf("down for %s, %s more than the budget", s.Down, -s.Left)
	case s.Short():
		text += fmt.Sprintf(", which is less than the %s that is still planned", s.Planned)
	}
	if s.Open {
		text += "; it is down now"
	}
	return text
}

// Spent holds outages against the budget, at a time. What lies outside of the window does not count; nor does what is still to come.
func (p Plan) Spent(outages []Outage, now time.Time) Spending {
	s := Spending{}
	counted := p.Window
	if now.Before(counted.Until) {
		counted.Until = now
	}
	var parts []Span
	for _, o := range outages {
		part := Span{o.From, o.Until}
		if o.Until.IsZero() {
			s.Open = s.Open || !o.From.After(now)
			part.Until = counted.Until
		}
		if part, both := part.common(counted); both {
			parts = append(parts, part)
		}
	}
	slices.SortFunc(parts, func(a, b Span) int { return a.From.Compare(b.From) })
	var end time.Time
	for _, part := range parts {
		if part.From.Before(end) {
			part.From = end
		}
		if part.From.Before(part.Until) {
			s.Down += part.Length()
			end = part.Until
		}
	}
	for _, ph := range p.Phases {
		if ph.From.After(now) {
			s.Planned += ph.Downtime
		}
	}
	s.Left = p.Downtime.Budget - s.Down
	return s
}
