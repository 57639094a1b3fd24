package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
)

// hours are when a person works.
func (p Person) hours() []Hours {
	if len(p.Hours) > 0 {
		return p.Hours
	}
	return []Hours{{[]calendar.Weekday{calendar.Monday, calendar.Tuesday, calendar.Wednesday, calendar.Thursday, calendar.Friday}, "09:00", "17:00"}}
}

// Working are the times within a span at which the person works. Clocks that change are those of their zone. The error says that the zone is
// not known, or that the hours are none.
func (p Person) Working(zones func(string) (*time.Location, error), in Span) ([]Span, error) {
	c := calendar.Calendar{Name: "hours", Zone: p.Zone}
	for i, h := range p.hours() {
		w, err := h.window(in.From)
		if err != nil {
			return nil, fmt.Errorf("Hours[%d]: %w", i, err)
		}
		w.Name = fmt.Sprint("hours-", i)
		c.Allow = append(c.Allow, w)
	}
	schedule, err := calendar.Compile(calendar.Options{Zones: zones}, c)
	if err != nil {
		return nil, err
	}
	var works []Span
	for s := range schedule.Spans(in.From, in.Until) {
		works = append(works, without(Span{s.From, s.To}, p.Away)...)
	}
	return works, nil
}

// window is the hours as a window that comes each week, from well before a time.
func (h Hours) window(from time.Time) (calendar.Window, error) {
	begin, err := clock(h.From)
	if err != nil {
		return calendar.Window{}, fmt.Errorf("From: %w", err)
	}
	end, err := clock(h.To)
	if err != nil {
		return calendar.Window{}, fmt.Errorf("To: %w", err)
	}
	if len(h.Days) == 0 {
		return calendar.Window{}, fmt.Errorf("Days: there is none")
	}
	rule := calendar.Rule{Freq: calendar.Weekly}
	for _, d := range h.Days {
		rule.ByDay = append(rule.ByDay, calendar.Day{On: d})
	}
	day := from.UTC().AddDate(0, 0, -14)
	last := day
	if end <= begin {
		last = day.AddDate(0, 0, 1)
	}
	local := func(day time.Time, at int) calendar.Local {
		return calendar.Clock(day.Year(), day.Month(), day.Day(), at/60, at%60)
	}
	return calendar.Window{Start: local(day, begin), End: local(last, end), Rule: rule}, nil
}

// clock is a time of day in minutes.
func clock(text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time of day such as 09:00", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// without is a span without others.
func without(s Span, others []Span) []Span {
	parts := []Span{s}
	for _, o := range others {
		var rest []Span
		for _, p := range parts {
			c, both := p.common(o)
			if !both {
				rest = append(rest, p)
				continue
			}
			if p.From.Before(c.From) {
				rest = append(rest, Span{p.From, c.From})
			}
			if c.Until.Before(p.Until) {
				rest = append(rest, Span{c.Until, p.Until})
			}
		}
		parts = rest
	}
	return parts
}

// same reports whether two names are those of one person: an approval compares them without regard to case and outer spaces, too.
func same(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// person is somebody by name; nil where there is nobody.
func (p *Plan) person(name string) *Person {
	i := slices.IndexFunc(p.People, func(one Person) bool { return one.Name == name })
	if i < 0 {
		return nil
	}
	return &p.People[i]
}

// group is a group by name; nil where there is none.
func (p *Plan) group(name string) *Group {
	i := slices.IndexFunc(p.Groups, func(one Group) bool { return one.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Groups[i]
}
