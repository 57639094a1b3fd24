package dora

import (
	"fmt"
	"math"
	"time"
)

// window is a query made concrete.
type window struct {
	from, to int64
	location *time.Location
	weeks    []int64 // where weeks begin; the last one is where the last week ends
	days     []int64 // the same of days
	complete bool    // only whole weeks count
	calendar *schedule
}

func (h *History) window(r Rules, q Query) (*window, error) {
	w := &window{from: nanos(q.From), to: nanos(q.To), location: q.Location}
	if w.location == nil {
		w.location = time.UTC
	}
	if w.from == never || w.to == never {
		first, last := h.extent()
		if first == never {
			return nil, ErrNoWindow
		}
		if w.from == never {
			w.from = midnight(time.Unix(0, first).In(w.location), 0).UnixNano()
		}
		if w.to == never {
			// The hour before midnight may come again after it: then it belongs to the next day.
			for days := 1; w.to == never || w.to <= last; days++ {
				w.to = midnight(time.Unix(0, last).In(w.location), days).UnixNano()
			}
		}
		if w.to <= w.from {
			return nil, fmt.Errorf("the window ends on %s, before it begins on %s", instant(w.to).Format(time.RFC3339), instant(w.from).Format(time.RFC3339))
		}
	}
	start := q.WeekStart
	if start == "" {
		start = r.WeekStart
	}
	first, _ := start.number()
	w.split(first)
	weeks := q.Weeks
	if weeks == "" {
		weeks = r.Weeks
	}
	w.complete = weeks != WeeksAll
	w.calendar = q.Calendar.schedule(w.location)
	return w, nil
}

// split finds where the days and weeks of the window begin.
func (w *window) split(first time.Weekday) {
	from, to := time.Unix(0, w.from).In(w.location), w.to
	for i := 0; ; i++ {
		day := midnight(from, i).UnixNano()
		if n := len(w.days); n > 0 && day <= w.days[n-1] {
			continue // a day that a calendar has skipped
		}
		w.days = append(w.days, day)
		if day >= to {
			break
		}
	}
	back := -int((from.Weekday() - first + 7) % 7)
	for i := back; ; i += 7 {
		week := midnight(from, i).UnixNano()
		w.weeks = append(w.weeks, week)
		if week >= to {
			break
		}
	}
}

// length is how many days the window has: a whole one is one, however many hours it has.
func (w *window) length() float64 {
	n := len(w.days) - 1
	part := func(d int) float64 {
		return float64(min(w.days[d+1], w.to)-max(w.days[d], w.from)) / float64(w.days[d+1]-w.days[d])
	}
	if n == 1 {
		return part(0)
	}
	return part(0) + float64(n-2) + part(n-1)
}

// midnight is the first instant of the day that is some days after that of t. It need not be 00:00.
func midnight(t time.Time, days int) time.Time {
	y, m, d := t.Date()
	day := time.Date(y, m, d+days, 0, 0, 0, 0, t.Location())
	y, m, d = time.Date(y, m, d+days, 12, 0, 0, 0, time.UTC).Date()
	// Where a day begins twice, the first counts.
	if e := day.Add(-time.Hour); sameDay(e, y, m, d) {
		day = e
	}
	// Where 00:00 does not exist, time.Date may answer the evening before.
	if !sameDay(day, y, m, d) {
		_, end := day.ZoneBounds()
		if !end.IsZero() {
			day = end.In(t.Location())
		}
	}
	return day
}

func sameDay(t time.Time, y int, m time.Month, d int) bool {
	ty, tm, td := t.Date()
	return ty == y && tm == m && td == d
}

// extent is when the first and the last event was, never where there is none. Commits and the beginning of work do not count where there
// is anything else: what was deployed may be years old, and one clock that is wrong would make a window of decades.
func (h *History) extent() (first, last int64) {
	first, last = math.MaxInt64, never
	see := func(t int64) {
		if t != never {
			first, last = min(first, t), max(last, t)
		}
	}
	for i := range h.deployed {
		see(h.deployed[i].finish)
	}
	for i := range h.harm {
		see(h.harm[i].opened)
		see(h.harm[i].resolved)
	}
	for i := range h.worked {
		see(h.worked[i].done)
	}
	for i := range h.outages {
		see(h.outages[i].from)
		see(h.outages[i].to)
	}
	for i := range h.answers {
		see(h.answers[i].at)
	}
	if last == never { // there is nothing but what was begun
		for _, t := range h.committed {
			see(t)
		}
		for i := range h.worked {
			see(h.worked[i].started)
		}
	}
	if last == never {
		return never, never
	}
	return first, last
}
