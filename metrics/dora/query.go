package dora

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Query says what a Report is about.
type Query struct {
	// From is where the window begins (included), To where it ends (excluded). Where one is zero, it is the
	// beginning of the day of the first event, and the end of the day of the last one.
	From, To time.Time
	// Services are those that count; empty: all. A name that no event has is an error.
	Services []string
	// Environments are those that count, by their exact names, in place of Rules.Production; empty: the
	// production ones.
	Environments []string
	// Location is where days and weeks begin; nil is UTC.
	Location *time.Location
	// WeekStart is the first day of a week; empty: Rules.WeekStart.
	WeekStart Weekday
	// Weeks says whether weeks count of which only a part lies in the window; empty: Rules.Weeks.
	Weeks Weeks
	// Calendar has the working hours, in Location.
	Calendar Calendar
	// Objective is the share of time that a service promises to be up; 0: none, and no error budget.
	Objective Objective
	// DowntimeCost is what an hour of downtime costs, in any currency; 0: not known.
	DowntimeCost float64
	// Brief leaves out the series per week.
	Brief bool
	// Daily adds the series per day, of all services together.
	Daily bool
}

// Validate reports everything that is wrong with a query by itself, each problem with its field.
func (q Query) Validate() error {
	var p problems
	p.maybe("From", q.From)
	p.maybe("To", q.To)
	if !q.From.IsZero() && !q.To.IsZero() && !q.To.After(q.From) {
		p.add("To: %s is not after From, %s", q.To.Format(time.RFC3339), q.From.Format(time.RFC3339))
	}
	if _, ok := q.WeekStart.number(); !ok {
		p.add("WeekStart: %q is no day of the week", q.WeekStart)
	}
	oneOf(&p, "Weeks", q.Weeks, WeeksComplete, WeeksAll)
	if err := q.Calendar.Validate(); err != nil {
		p.add("Calendar: %w", err)
	}
	if q.Objective != 0 {
		if err := q.Objective.Validate(); err != nil {
			p.add("Objective: %w", err)
		}
	}
	if !(q.DowntimeCost >= 0) || math.IsInf(q.DowntimeCost, 1) {
		p.add("DowntimeCost: %v is not a cost", q.DowntimeCost)
	}
	return p.err()
}

var (
	// ErrNoWindow says that a query has no window, and that there is no event to take it from.
	ErrNoWindow = errors.New("no window, and no event to take it from")
	// ErrUnknownService says that a query names a service of which no event tells.
	ErrUnknownService = errors.New("unknown service")
	// ErrUnknownEnvironment says that a query names an environment of which no deployment tells.
	ErrUnknownEnvironment = errors.New("unknown environment")
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
			w.to = midnight(time.Unix(0, last).In(w.location), 1).UnixNano()
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

// extent is when the first and the last event was, never where there is none.
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
	for _, t := range h.committed {
		see(t)
	}
	for i := range h.harm {
		see(h.harm[i].opened)
		see(h.harm[i].resolved)
	}
	for i := range h.worked {
		see(h.worked[i].started)
		see(h.worked[i].done)
	}
	for i := range h.outages {
		see(h.outages[i].from)
		see(h.outages[i].to)
	}
	for i := range h.answers {
		see(h.answers[i].at)
	}
	if last == never {
		return never, never
	}
	return first, last
}

// environments says of each word whether it is the name of an environment that counts.
func (h *History) environments(r Rules, q Query) ([]bool, error) {
	counts := make([]bool, h.words.len())
	if len(q.Environments) > 0 {
		for _, name := range q.Environments {
			i := h.words.find(name)
			if i == none || !slices.ContainsFunc(h.deployed, func(d deployment) bool { return d.finish != never && d.environment == i }) {
				return nil, fmt.Errorf("%w %q", ErrUnknownEnvironment, name)
			}
			counts[i] = true
		}
		return counts, nil
	}
	for i := range counts {
		counts[i] = production(h.words.String(uint32(i)), r.Production)
	}
	return counts, nil
}

// production says whether a name is that of a production environment.
func production(name string, words []string) bool {
	if name == "" {
		return true
	}
	if len(words) == 0 {
		words = productionWords
	}
	found := false
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 127) }) {
		if slices.Contains(deniers, word) {
			return false
		}
		found = found || slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, word) })
	}
	return found || slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, name) })
}

var (
	productionWords = []string{"production", "prod", "live"}
	deniers         = []string{"pre", "non", "no", "not"}
)
