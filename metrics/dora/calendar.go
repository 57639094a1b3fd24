package dora

import (
	"fmt"
	"time"
)

// Calendar has the working hours of a team, as data. The zero Calendar is Monday to Friday, 08:00 to 18:00.
type Calendar struct {
	// Hours are the working hours of a week, in the location of the query; they must not overlap.
	Hours []Hours `json:"hours,omitempty"`
	// Holidays are days without working hours, as "2025-12-25".
	Holidays []string `json:"holidays,omitempty"`
}

// Hours are working hours of one day of the week.
type Hours struct {
	Day Weekday `json:"day"`
	// From and To are "09:00" and "17:30"; To may be "24:00".
	From string `json:"from"`
	To   string `json:"to"`
}

// Validate reports everything that is wrong with a calendar, each problem with its field.
func (c Calendar) Validate() error {
	var p problems
	for i, h := range c.Hours {
		if _, ok := h.Day.number(); !ok || h.Day == "" {
			p.add("hours[%d].day: %q is no day of the week", i, h.Day)
		}
		from, err := minute(h.From)
		if err != nil {
			p.add("hours[%d].from: %w", i, err)
		}
		to, err := minute(h.To)
		if err != nil {
			p.add("hours[%d].to: %w", i, err)
		} else if to <= from {
			p.add("hours[%d].to: %s is not after %s", i, h.To, h.From)
		}
		for k, o := range c.Hours[:i] {
			a, _ := minute(o.From)
			b, _ := minute(o.To)
			if o.Day == h.Day && from < b && a < to {
				p.add("hours[%d]: overlaps hours[%d]", i, k)
			}
		}
	}
	for i, day := range c.Holidays {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			p.add("holidays[%d]: %q is no day such as 2025-12-25", i, day)
		}
	}
	return p.err()
}

// minute is the minute of the day of a time such as "09:30".
func minute(text string) (int, error) {
	if text == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time of day such as 09:30", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}
