package calendar_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/stretchr/testify/require"
)

// oracle knows no arithmetic: it has walked through the minutes of a zone, and written down what the clock showed.
// All is in minutes: moments from the begin of the walk, local times from the first that was shown.
type oracle struct {
	from        time.Time
	zero        int64
	first, last []int32 // when the clock first and last showed a local time; -1: never
	clock       []int64 // what it showed
	count       int
}

func newOracle(location *time.Location, from, to time.Time) *oracle {
	o := &oracle{from: from, count: int(to.Sub(from) / time.Minute)}
	for i := range o.count {
		at := from.Add(time.Duration(i) * time.Minute)
		_, offset := at.In(location).Zone()
		o.clock = append(o.clock, at.Unix()/60+int64(offset/60))
	}
	o.zero = o.clock[0]
	for range o.count + 2*24*60 {
		o.first, o.last = append(o.first, -1), append(o.last, -1)
	}
	for i, local := range o.clock {
		if local < o.zero {
			continue
		}
		if o.first[local-o.zero] < 0 {
			o.first[local-o.zero] = int32(i)
		}
		o.last[local-o.zero] = int32(i)
	}
	return o
}

// when are the first and the last minute at which a local time is shown; where it is not, how far the clock was put
// forward over it, and when.
func (o *oracle) when(local int64) (first, last, gap, change int64, ok bool) {
	if local < o.zero || local > o.clock[o.count-1] {
		return 0, 0, 0, 0, false // out of the time that was walked
	}
	if first, last := o.first[local-o.zero], o.last[local-o.zero]; first >= 0 {
		return int64(first), int64(last), 0, 0, true
	}
	for i := 1; i < o.count; i++ {
		if o.clock[i-1] < local && local < o.clock[i] {
			return 0, 0, o.clock[i] - o.clock[i-1] - 1, int64(i), true
		}
	}
	return 0, 0, 0, 0, false
}

// point is a local time as minutes, twice where it comes twice. ok is false for what is left out.
func (o *oracle) point(local int64, gap calendar.Gap, end bool) (first, last int64, ok bool) {
	first, last, wide, change, in := o.when(local)
	switch {
	case !in:
		return 0, 0, false
	case wide == 0:
		return first, last, true
	case gap == calendar.GapSkip:
		return change, change, end
	case gap == calendar.GapBefore:
		at := int64(o.last[local-wide-o.zero])
		return at, at, true
	}
	at := int64(o.first[local+wide-o.zero])
	return at, at, true
}

// paint marks the minutes in which a window is active.
func (o *oracle) paint(w calendar.Window, marks []bool) {
	minutes := func(l calendar.Local) int64 {
		return time.Date(l.Year, l.Month, l.Day, l.Hour, l.Minute, 0, 0, time.UTC).Unix() / 60
	}
	start, clock, exact := minutes(w.Start), int64(0), int64(w.Length/time.Minute)
	if exact == 0 {
		clock = minutes(w.End) - start
	}
	n := 0
	for local := start; local <= o.clock[o.count-1]; local += 24 * 60 {
		if !holds(w.Rule, time.Unix(start*60, 0).UTC(), time.Unix(local*60, 0).UTC()) || w.Rule.Until != (calendar.Local{}) && !w.Rule.UntilUTC && local > minutes(w.Rule.Until) {
			continue
		}
		first, last, ok := o.point(local, w.Gap, false)
		begin := first
		if w.Fold == calendar.FoldSecond {
			begin = last
		}
		if w.Rule.UntilUTC && ok && o.from.Add(time.Duration(begin)*time.Minute).Unix() > minutes(w.Rule.Until)*60 {
			continue
		}
		if !ok {
			continue
		}
		if n++; w.Rule.Count > 0 && n > w.Rule.Count {
			continue
		}
		if slices.ContainsFunc(w.Except, func(e calendar.Local) bool { return minutes(e) == local }) {
			continue
		}
		firstEnd, lastEnd := first+exact, last+exact
		if exact == 0 {
			if firstEnd, lastEnd, ok = o.point(local+clock, w.Gap, true); !ok {
				firstEnd, lastEnd = int64(o.count), int64(o.count)
			}
			if firstEnd <= first {
				firstEnd = first + clock
			}
			if lastEnd <= last {
				lastEnd = last + clock
			}
		}
		mark := func(from, to int64) {
			for i := max(from, 0); i < min(to, int64(o.count)); i++ {
				marks[i] = true
			}
		}
		if w.Fold != calendar.FoldSecond {
			mark(first, firstEnd)
		}
		if w.Fold == calendar.FoldSecond || w.Fold == calendar.FoldBoth {
			mark(last, lastEnd)
		}
	}
}

// holds reports whether a rule holds on a day, by looking at its month and nothing else.
func holds(r calendar.Rule, start, d time.Time) bool {
	names := []calendar.Weekday{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}
	interval := max(r.Interval, 1)
	monday := func(t time.Time) int {
		begin := max(slices.Index(names, r.WeekStart), 0)
		if r.WeekStart == "" {
			begin = 1
		}
		for int(t.Weekday()) != begin {
			t = t.AddDate(0, 0, -1)
		}
		return int(t.Unix()/86400/7*7) / 7
	}
	days := int(d.Truncate(24*time.Hour).Sub(start.Truncate(24*time.Hour)) / (24 * time.Hour))
	months := d.Year()*12 + int(d.Month()) - start.Year()*12 - int(start.Month())
	byDay := func(d time.Time) bool {
		if len(r.ByDay) == 0 {
			return r.Freq != calendar.Weekly || d.Weekday() == start.Weekday()
		}
		return slices.ContainsFunc(r.ByDay, func(day calendar.Day) bool {
			if day.On != names[d.Weekday()] {
				return false
			}
			length := time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
			return day.N == 0 || day.N == (d.Day()-1)/7+1 || day.N == -((length-d.Day())/7+1)
		})
	}
	byMonthDay := func(d time.Time) bool {
		if len(r.ByMonthDay) == 0 {
			return len(r.ByDay) > 0 || r.Freq == calendar.Daily || r.Freq == calendar.Weekly || d.Day() == start.Day()
		}
		length := time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
		return slices.Contains(r.ByMonthDay, d.Day()) || slices.Contains(r.ByMonthDay, d.Day()-length-1)
	}
	byMonth := len(r.ByMonth) == 0 || slices.Contains(r.ByMonth, d.Month())
	all := byDay(d) && byMonthDay(d) && byMonth
	switch r.Freq {
	case "":
		return days == 0
	case calendar.Daily:
		return all && days%interval == 0
	case calendar.Weekly:
		return all && (monday(d)-monday(start))%interval == 0
	case calendar.Yearly:
		if len(r.ByMonth) == 0 && len(r.ByDay)+len(r.ByMonthDay) == 0 && d.Month() != start.Month() {
			return false
		}
		return all && (d.Year()-start.Year())%interval == 0
	}
	if !all || months%interval != 0 || len(r.BySetPos) == 0 {
		return all && months%interval == 0
	}
	var set []int
	for e := time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC); e.Month() == d.Month(); e = e.AddDate(0, 0, 1) {
		if byDay(e) && byMonthDay(e) {
			set = append(set, e.Day())
		}
	}
	i := slices.Index(set, d.Day())
	return slices.Contains(r.BySetPos, i+1) || slices.Contains(r.BySetPos, i-len(set))
}

func anyRule(r *rand.Rand) calendar.Rule {
	week := []calendar.Weekday{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}
	one := func(n int) bool { return r.IntN(n) == 0 }
	rule := calendar.Rule{Freq: []calendar.Freq{calendar.Daily, calendar.Weekly, calendar.Weekly, calendar.Monthly, calendar.Monthly, calendar.Yearly}[r.IntN(6)]}
	if one(2) {
		rule.Interval = 1 + r.IntN(4)
	}
	if one(3) {
		rule.Count = 1 + r.IntN(40)
	}
	for one(3) && len(rule.ByMonth) < 6 {
		if m := time.Month(1 + r.IntN(12)); !slices.Contains(rule.ByMonth, m) {
			rule.ByMonth = append(rule.ByMonth, m)
		}
	}
	for one(2) && len(rule.ByDay) < 5 {
		d := calendar.Day{On: week[r.IntN(7)]}
		if one(2) && (rule.Freq == calendar.Monthly || rule.Freq == calendar.Yearly && len(rule.ByMonth) > 0) {
			d.N = []int{1, 2, 3, 4, 5, -1, -2, -5}[r.IntN(8)]
		}
		if !slices.Contains(rule.ByDay, d) {
			rule.ByDay = append(rule.ByDay, d)
		}
	}
	for rule.Freq != calendar.Weekly && one(3) && len(rule.ByMonthDay) < 5 {
		if d := []int{1, 13, 15, 28, 29, 30, 31, -1, -2, -15, -31}[r.IntN(11)]; !slices.Contains(rule.ByMonthDay, d) {
			rule.ByMonthDay = append(rule.ByMonthDay, d)
		}
	}
	if rule.Freq == calendar.Monthly && len(rule.ByDay)+len(rule.ByMonthDay) > 0 && one(3) {
		rule.BySetPos = []int{[]int{1, 2, -1, -2}[r.IntN(4)]}
	}
	if one(3) {
		rule.WeekStart = week[r.IntN(7)]
	}
	return rule
}

// anyWindow likes to begin and end in the night, when clocks are changed, and to begin just before they are.
func anyWindow(r *rand.Rand, name string, changes []calendar.Local) calendar.Window {
	w := calendar.Window{Name: name, Gap: []calendar.Gap{"", "after", "before", "skip"}[r.IntN(4)], Fold: []calendar.Fold{"", "first", "second", "both"}[r.IntN(4)]}
	start := time.Date(2009+r.IntN(3), time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(5), r.IntN(60), 0, 0, time.UTC)
	if len(changes) > 0 && r.IntN(2) == 0 {
		c := changes[r.IntN(len(changes))]
		start = time.Date(c.Year, c.Month, c.Day, c.Hour, c.Minute, 0, 0, time.UTC).Add(time.Duration(r.IntN(240)-120) * time.Minute)
	}
	local := func(t time.Time) calendar.Local {
		return calendar.Clock(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute())
	}
	w.Start = local(start)
	length := time.Duration(1+r.IntN([]int{90, 600, 5000, 60000}[r.IntN(4)])) * time.Minute
	if w.End = local(start.Add(length)); r.IntN(4) == 0 {
		w.End, w.Length = calendar.Local{}, length
	}
	if r.IntN(5) > 0 {
		w.Rule = anyRule(r)
		if w.Rule.Count == 0 && r.IntN(3) == 0 {
			w.Rule.Until, w.Rule.UntilUTC = local(start.AddDate(0, r.IntN(30), r.IntN(9))), r.IntN(2) == 0
		}
		for d := range 40 {
			if e := start.AddDate(0, 0, d); r.IntN(8) == 0 && holds(w.Rule, start, e) && w.Rule.Count == 0 && w.Rule.Until == (calendar.Local{}) {
				w.Except = append(w.Except, local(e))
			}
		}
	}
	return w
}

// Zones that change by an hour, by half an hour, in the southern summer, by two hours, and by a day.
var places = []string{"America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "Antarctica/Troll", "Pacific/Apia"}

// The schedule says the same of each minute of three years as an oracle that has walked through them.
func TestOracle(t *testing.T) {
	begin := time.Date(2009, 12, 20, 0, 0, 0, 0, time.UTC)
	from := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(3, 0, 0)
	for _, place := range places {
		t.Run(place, func(t *testing.T) {
			location, err := time.LoadLocation(place)
			require.NoError(t, err)
			o := newOracle(location, begin.AddDate(-1, 0, 0), to.AddDate(0, 0, 60))
			var changes []calendar.Local
			for i := 1; i < o.count; i++ {
				if o.clock[i] != o.clock[i-1]+1 {
					c := time.Unix(o.clock[i]*60, 0).UTC()
					changes = append(changes, calendar.Clock(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute()))
				}
			}
			for seed := range uint64(rounds) {
				r := rand.New(rand.NewPCG(seed, 7))
				var all []calendar.Calendar
				open := make([]bool, o.count)
				for i := range open {
					open[i] = true
				}
				for n := range 1 + r.IntN(3) {
					c := calendar.Calendar{Name: fmt.Sprint("c", n), Zone: place}
					allowed, frozen := make([]bool, o.count), make([]bool, o.count)
					for i := range r.IntN(4) {
						c.Allow = append(c.Allow, anyWindow(r, fmt.Sprint("a", i), changes))
					}
					for i := range r.IntN(4) {
						c.Freeze = append(c.Freeze, anyWindow(r, fmt.Sprint("f", i), changes))
					}
					_, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation}, c)
					if err != nil {
						require.ErrorContains(t, err, "never holds")
						continue
					}
					for _, w := range c.Allow {
						o.paint(w, allowed)
					}
					for _, w := range c.Freeze {
						o.paint(w, frozen)
					}
					for i := range open {
						open[i] = open[i] && !frozen[i] && (len(c.Allow) == 0 || allowed[i])
					}
					all = append(all, c)
				}
				s, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation, Horizon: 90 * 24 * time.Hour}, all...)
				require.NoError(t, err)
				compare(t, s, o, open, from, to, all, r)
			}
		})
	}
}

// compare looks at each minute by Spans, and at some by At and Fits.
func compare(t *testing.T, s *calendar.Schedule, o *oracle, open []bool, from, to time.Time, all []calendar.Calendar, r *rand.Rand) {
	said := make([]bool, o.count)
	minute := func(t time.Time) int { return int(t.Sub(o.from) / time.Minute) }
	for span := range s.Spans(from, to) {
		for i := minute(span.From); i < minute(span.To); i++ {
			said[i] = true
		}
	}
	for i := minute(from); i < minute(to); i++ {
		if said[i] != open[i] {
			text, _ := calendar.Encode(all...)
			require.Equal(t, open[i], said[i], "at %s\n%s", o.from.Add(time.Duration(i)*time.Minute), text)
		}
	}
	at := func(i int) time.Time { return o.from.Add(time.Duration(i) * time.Minute) }
	for range 20 {
		i := minute(from) + r.IntN(minute(to)-minute(from)-91*24*60)
		far := i + 90*24*60
		change := func(i int, state bool) int {
			for ; i < far && open[i] == state; i++ {
			}
			return i
		}
		st := s.At(at(i))
		require.Equal(t, open[i], st.Open)
		first := change(i, open[i])
		second := change(first, !open[i])
		want := []time.Time{at(first), at(second)}
		for k, m := range []int{first, second} {
			if m >= far {
				want[k] = time.Time{}
			}
		}
		got := []time.Time{st.NextOpening, st.NextClosing}
		if st.Open {
			slices.Reverse(got)
		}
		require.Equal(t, want, got, "%s open: %t", at(i), open[i])
		need := 1 + r.IntN(600)
		start := i
		for ; start+need <= far && slices.Contains(open[start:start+need], false); start++ {
		}
		fits := s.Fits(at(i), time.Duration(need)*time.Minute)
		require.Equal(t, start == i, fits.Fits)
		if start+need > far {
			require.Zero(t, fits.Start)
			continue
		}
		require.Equal(t, at(start), fits.Start)
	}
}

const rounds = 20 / raced
