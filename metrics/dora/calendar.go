package dora

import (
	"fmt"
	"slices"
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

// schedule is a calendar made concrete.
type schedule struct {
	location *time.Location
	hours    [7][][2]int // minutes of the day, ascending
	holidays []string    // sorted
}

func (c Calendar) schedule(location *time.Location) *schedule {
	s := &schedule{location: location, holidays: slices.Sorted(slices.Values(c.Holidays))}
	if len(c.Hours) == 0 {
		for day := time.Monday; day <= time.Friday; day++ {
			s.hours[day] = [][2]int{{8 * 60, 18 * 60}}
		}
		return s
	}
	for _, h := range c.Hours {
		day, _ := h.Day.number()
		from, _ := minute(h.From)
		to, _ := minute(h.To)
		s.hours[day] = append(s.hours[day], [2]int{from, to})
	}
	for _, hours := range s.hours {
		slices.SortFunc(hours, func(a, b [2]int) int { return a[0] - b[0] })
	}
	return s
}

func (s *schedule) holiday(t time.Time) bool {
	if len(s.holidays) == 0 {
		return false
	}
	_, found := slices.BinarySearch(s.holidays, t.Format(time.DateOnly))
	return found
}

// between is how much working time lies between two instants, by the hands of real clocks: an hour that is
// skipped does not count, and one that comes twice counts twice.
func (s *schedule) between(from, to int64) int64 {
	if to <= from {
		return to - from
	}
	var sum int64
	first := time.Unix(0, from).In(s.location)
	y, m, d := first.Date()
	for i := 0; ; i++ {
		noon := time.Date(y, m, d+i, 12, 0, 0, 0, s.location)
		if i > 0 && midnight(first, i).UnixNano() >= to {
			return sum
		}
		if s.holiday(noon) {
			continue
		}
		for _, h := range s.hours[noon.Weekday()] {
			a := clock(first, i, h[0])
			b := clock(first, i, h[1])
			sum += max(0, min(b, to)-max(a, from))
		}
	}
}

// clock is the instant at which clocks show a minute of a day.
func clock(first time.Time, days, minute int) int64 {
	switch minute {
	case 0:
		return midnight(first, days).UnixNano()
	case 24 * 60:
		return midnight(first, days+1).UnixNano()
	}
	y, m, d := first.Date()
	return time.Date(y, m, d+days, 0, minute, 0, 0, first.Location()).UnixNano()
}
