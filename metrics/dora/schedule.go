package dora

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"time"
)

// schedule is a calendar made concrete.
type schedule struct {
	location *time.Location
	hours    [7][][2]int // minutes of the day, ascending
	holidays []string    // sorted
	clock    clock
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

// Working are the stretches of working hours within [from, to), by the clocks of a location (nil is UTC), in order: an hour that is
// skipped when clocks go forward is none, and one that comes twice is two. The calendar must be valid (see Validate), and both times
// between the years 1700 and 2239.
func (c Calendar) Working(location *time.Location, from, to time.Time) iter.Seq2[time.Time, time.Time] {
	if location == nil {
		location = time.UTC
	}
	return func(yield func(from, to time.Time) bool) {
		for _, at := range c.schedule(location).stretches(from.UnixNano(), to.UnixNano()) {
			if !yield(time.Unix(0, at[0]).In(location), time.Unix(0, at[1]).In(location)) {
				return
			}
		}
	}
}

// between is how much working time lies between two instants, by the hands of real clocks: an hour that is
// skipped does not count, and one that comes twice counts twice.
func (s *schedule) between(from, to int64) int64 {
	if to <= from {
		return to - from
	}
	var sum int64
	s.each(from, to, func(a, b int64) { sum += b - a })
	return sum
}

// stretches are the working hours within [from, to), in order; those that touch are one.
func (s *schedule) stretches(from, to int64) [][2]int64 {
	var all [][2]int64
	s.each(from, to, func(a, b int64) { all = append(all, [2]int64{a, b}) })
	slices.SortFunc(all, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	joined := all[:0]
	for _, at := range all {
		if n := len(joined); n > 0 && joined[n-1][1] == at[0] {
			joined[n-1][1] = at[1]
		} else {
			joined = append(joined, at)
		}
	}
	return joined
}

// each visits the stretches of working hours within [from, to), day by day. Clocks may go back into the day before: the
// stretches of two days need not follow each other.
func (s *schedule) each(from, to int64, visit func(a, b int64)) {
	if to <= from {
		return
	}
	dated := func(t int64, more int) time.Time {
		y, m, d := time.Unix(0, t).In(s.location).Date()
		return time.Date(y, m, d+more, 0, 0, 0, 0, time.UTC)
	}
	last := dated(to-1, 1)
	for day := dated(from, -1); !day.After(last); day = day.AddDate(0, 0, 1) {
		hours := s.hours[day.Weekday()]
		if len(hours) == 0 || s.holiday(day) {
			continue
		}
		for _, h := range hours {
			s.shown(day.UnixNano()+int64(h[0])*int64(time.Minute), day.UnixNano()+int64(h[1])*int64(time.Minute), func(a, b int64) {
				if a, b = max(a, from), min(b, to); a < b {
					visit(a, b)
				}
			})
		}
	}
}

// furthest is more than clocks have ever been away from UTC.
const furthest = int64(26 * time.Hour)

// shown visits the stretches in which clocks show what those of UTC show in [from, to): one, unless they are changed meanwhile.
func (s *schedule) shown(from, to int64, visit func(a, b int64)) {
	for t := from - furthest; t < to+furthest; {
		c := s.at(t)
		if a, b := max(from-c.ahead, c.from), min(to-c.ahead, c.to); a < b {
			visit(a, b)
		}
		t = c.to
	}
}

// clock is a stretch of time [from, to) in which the clocks of a place are ahead of UTC by the same.
type clock struct{ from, to, ahead int64 }

// at is the clock at an instant. The last one is kept: clocks are seldom changed.
func (s *schedule) at(t int64) clock {
	if s.clock.from <= t && t < s.clock.to {
		return s.clock
	}
	local := time.Unix(0, t).In(s.location)
	_, ahead := local.Zone()
	s.clock = clock{math.MinInt64, math.MaxInt64, int64(ahead) * int64(time.Second)}
	from, to := local.ZoneBounds()
	if !from.IsZero() && from.Unix() > earliest {
		s.clock.from = from.UnixNano()
	}
	if !to.IsZero() && to.Unix() < latest {
		s.clock.to = to.UnixNano()
	}
	return s.clock
}
