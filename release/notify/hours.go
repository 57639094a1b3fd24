package notify

import (
	"fmt"
	"slices"
	"time"
)

// Hours are a part of each day by the wall clock of a zone.
type Hours struct {
	// From and To are times of day since midnight: 9*time.Hour is 09:00, whatever the zone does to its clocks on that day. Where To is not after
	// From, the hours end on the next day: 22:00 to 07:00. From 0 to 24 hours is the whole day.
	From, To time.Duration
	// Days are the days on which the hours begin. Nil: all days.
	Days []time.Weekday
}

// Weekdays are Monday to Friday.
func Weekdays() []time.Weekday {
	return []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
}

const day = 24 * time.Hour

// check calls bad with each thing that is wrong.
func (h Hours) check(bad func(format string, args ...any)) {
	for _, t := range []struct {
		field string
		time.Duration
	}{{"From", h.From}, {"To", h.To}} {
		if t.Duration < 0 || t.Duration > day {
			bad("%s: %s is no time of day", t.field, t.Duration)
		}
	}
	if h.From == h.To {
		bad("From, To: both are %s; the whole day is from 0 to 24h", h.From)
	}
	if h.From == day {
		bad("From: a day begins before 24h")
	}
	for _, d := range h.Days {
		if d < time.Sunday || d > time.Saturday {
			bad("Days: %d is no day of the week", int(d))
		}
	}
}

// begins reports whether the hours begin on that day of the week.
func (h Hours) begins(d time.Weekday) bool { return h.Days == nil || slices.Contains(h.Days, d) }

// holds reports whether the moment is within the hours. The moment at which they begin is, that at which they end is not.
func (h Hours) holds(t time.Time) bool {
	clock := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second +
		time.Duration(t.Nanosecond())
	today, yesterday := t.Weekday(), (t.Weekday()+6)%7
	if h.From < h.To {
		return h.begins(today) && clock >= h.From && clock < h.To
	}
	return h.begins(today) && clock >= h.From || h.begins(yesterday) && clock < h.To
}

// within reports whether the moment is within any of the hours, by the clock of the zone.
func within(list []Hours, t time.Time, zone *time.Location) bool {
	local := t.In(zone)
	return slices.ContainsFunc(list, func(h Hours) bool { return h.holds(local) })
}

// edges are the moments from t on, in order, at which any of the hours begins or ends, in the eight days that follow. Whether the hours hold can
// only change there.
func edges(list []Hours, t time.Time, zone *time.Location) []time.Time {
	var all []time.Time
	y, m, d := t.In(zone).Date()
	for n := -1; n <= 9; n++ {
		for _, h := range list {
			for _, at := range []time.Duration{h.From, h.To} {
				for _, moment := range wall(y, m, d+n, at, zone) {
					if moment.After(t) {
						all = append(all, moment)
					}
				}
			}
		}
	}
	// Where clocks are turned back, an hour comes again that has ended already.
	for n := t; len(all) > 0; {
		_, end := n.In(zone).ZoneBounds()
		if end.IsZero() || end.Sub(t) > 10*day {
			break
		}
		all, n = append(all, end), end
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// wall is when the clocks of a zone show that time on that day: twice where they are turned back over it, and where they skip it, the moment at
// which they do.
func wall(y int, m time.Month, d int, at time.Duration, zone *time.Location) []time.Time {
	shown := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(at)
	_, before := shown.Add(-day).In(zone).Zone()
	_, after := shown.Add(day).In(zone).Zone()
	var found []time.Time
	for _, offset := range []int{before, after} {
		moment := shown.Add(-time.Duration(offset) * time.Second)
		if _, is := moment.In(zone).Zone(); is == offset && (len(found) == 0 || !found[0].Equal(moment)) {
			found = append(found, moment)
		}
	}
	if len(found) > 0 {
		return found
	}
	// Clocks are put forward over it: by the later offset the moment lies before the change.
	_, change := shown.Add(-time.Duration(max(before, after)) * time.Second).In(zone).ZoneBounds()
	return []time.Time{change}
}

// zoneOf loads a zone by its IANA name. What the machine means by "Local" is no zone of a person.
func zoneOf(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, fmt.Errorf(`"Local" is the zone of a machine: name one, such as Europe/Berlin`)
	}
	return time.LoadLocation(name)
}
