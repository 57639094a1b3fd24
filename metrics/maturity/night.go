package maturity

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// shortest is how long a stretch outside of the working hours is at least to be a night: a break is shorter.
const shortest = 4 * time.Hour

// span is [from, to).
type span struct{ from, to time.Time }

// sleeps says whether any part of [from, to) lies in a night of the person, weekends and holidays included.
func (is Person) sleeps(from, to time.Time) bool {
	// A week has all that there is; whoever waits for longer needs no more of it.
	const enough = 9 * 24 * time.Hour
	if !from.Before(to) {
		return false
	}
	if to.Sub(from) > enough {
		to = from.Add(enough)
	}
	work := is.work(from.Add(-enough), to.Add(enough))
	off := from.Add(-enough) // since when it is
	for _, w := range append(work, span{to.Add(enough), to.Add(enough)}) {
		if w.from.Sub(off) >= shortest && off.Before(to) && from.Before(w.from) {
			return true
		}
		off = w.to
	}
	return false
}

// work are the working hours of the days that touch [from, to), by the clocks of the place, in order. They are instants: a night
// on which clocks change is an hour shorter, or longer.
func (is Person) work(from, to time.Time) []span {
	var all []span
	first := from.In(is.Location)
	y, m, d := first.Date()
	for i := 0; ; i++ {
		noon := time.Date(y, m, d+i, 12, 0, 0, 0, is.Location)
		if noon.Add(-36 * time.Hour).After(to) {
			break
		}
		if slices.Contains(is.Hours.Holidays, noon.Format(time.DateOnly)) {
			continue
		}
		for _, h := range is.hours(noon.Weekday()) {
			all = append(all, span{
				time.Date(y, m, d+i, 0, h[0], 0, 0, is.Location),
				time.Date(y, m, d+i, 0, h[1], 0, 0, is.Location),
			})
		}
	}
	slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
	return all
}

// hours are the working hours of a day, as minutes of the day.
func (is Person) hours(day time.Weekday) [][2]int {
	if len(is.Hours.Hours) == 0 {
		if day == time.Saturday || day == time.Sunday {
			return nil
		}
		return [][2]int{{8 * 60, 18 * 60}}
	}
	var all [][2]int
	for _, h := range is.Hours.Hours {
		if strings.EqualFold(string(h.Day), day.String()) {
			all = append(all, [2]int{minute(h.From), minute(h.To)})
		}
	}
	return all
}

// minute is the minute of the day of a time that was found to be one, such as "09:30".
func minute(text string) int {
	hours, minutes, _ := strings.Cut(text, ":")
	h, _ := strconv.Atoi(hours)
	m, _ := strconv.Atoi(minutes)
	return 60*h + m
}
