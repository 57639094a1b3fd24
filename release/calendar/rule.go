package calendar

import (
	"fmt"
	"slices"
	"time"
)

// Freq is the unit in which a rule repeats.
type Freq string

const (
	Daily   Freq = "DAILY"
	Weekly  Freq = "WEEKLY"
	Monthly Freq = "MONTHLY"
	Yearly  Freq = "YEARLY"
)

// Weekday is a day of the week, in two letters.
type Weekday string

const (
	Monday    Weekday = "MO"
	Tuesday   Weekday = "TU"
	Wednesday Weekday = "WE"
	Thursday  Weekday = "TH"
	Friday    Weekday = "FR"
	Saturday  Weekday = "SA"
	Sunday    Weekday = "SU"
)

// week is in the order of RFC 5545's own default, which begins it on Monday.
var week = [7]Weekday{Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday}

func (w Weekday) index() int { return slices.Index(week[:], w) }

// Day is a day of the week, or the nth one in its month: {2, Tuesday} is the second Tuesday, {-1, Friday}
// the last Friday. N zero: each of them.
type Day struct {
	N  int
	On Weekday
}

// String is the day as a rule has it: "FR", "-1FR".
func (d Day) String() string {
	if d.N == 0 {
		return string(d.On)
	}
	return fmt.Sprintf("%d%s", d.N, d.On)
}

// Rule says when something comes again: the part of RFC 5545's recurrence rules that asks for whole days. As text
// it is "FREQ=MONTHLY;BYDAY=2TU": what ParseRule reads, String writes. The zero Rule repeats nothing.
//
// What is counted are days on which the rule holds, from the day on which the window starts; unlike in RFC 5545,
// which leaves it open, that day itself counts only where the rule holds on it.
type Rule struct {
	// Freq is the unit.
	Freq Freq
	// Interval is each how many units; zero is 1. Units are counted from that of the start.
	Interval int
	// Count is after how many times it is over; zero: never. Those that are excepted count, those that
	// GapSkip leaves out do not.
	Count int
	// Until is the last time at which it may begin. Zero: there is none. It is local to the zone of the window,
	// or in UTC where UntilUTC is set.
	Until    Local
	UntilUTC bool
	// ByMonth are the months in which it comes. Empty: all.
	ByMonth []time.Month
	// ByMonthDay are days of the month, 1 to 31, or from its end, -1 to -31. A day that a month lacks is left
	// out. Not with Weekly.
	ByMonthDay []int
	// ByDay are days of the week; with Monthly, and with Yearly and ByMonth, also nth ones of the month. With
	// ByMonthDay, both must hold.
	ByDay []Day
	// BySetPos picks from the days of a month in their order: 1 the first, -1 the last. {ByDay: Monday to
	// Friday, BySetPos: -1} is the last working day. With Monthly alone.
	BySetPos []int
	// WeekStart is the day on which weeks begin, which matters to Weekly with an Interval. Empty: Monday.
	WeekStart Weekday
}

// MaxInterval is the largest interval.
const MaxInterval = 10_000

// IsZero reports whether the rule repeats nothing.
func (r Rule) IsZero() bool { return r.equal(Rule{}) }

// Validate reports everything that is wrong, each as a *RuleError that names the field.
func (r Rule) Validate() error {
	var all []error
	for _, e := range r.problems() {
		all = append(all, e)
	}
	return together(all)
}

func (r Rule) problems() []*RuleError {
	var all []*RuleError
	wrong := func(field, format string, args ...any) {
		all = append(all, &RuleError{Field: field, Offset: -1, Reason: fmt.Sprintf(format, args...)})
	}
	switch r.Freq {
	case Daily, Weekly, Monthly, Yearly:
	case "":
		if r.equal(Rule{}) {
			return nil
		}
		wrong("FREQ", "is missing")
	default:
		wrong("FREQ", "%.40q is none of DAILY, WEEKLY, MONTHLY, YEARLY", string(r.Freq))
	}
	if r.Interval < 0 || r.Interval > MaxInterval {
		wrong("INTERVAL", "%d is not between 1 and %d", r.Interval, MaxInterval)
	}
	if r.Count < 0 {
		wrong("COUNT", "%d is below 1", r.Count)
	}
	if (r.Until != Local{}) {
		if err := r.Until.Validate(); err != nil {
			wrong("UNTIL", "%v", err)
		}
		if r.Count > 0 {
			wrong("UNTIL", "does not go with COUNT")
		}
	} else if r.UntilUTC {
		wrong("UNTIL", "is missing, but is said to be in UTC")
	}
	r.lists(wrong)
	if r.WeekStart != "" && r.WeekStart.index() < 0 {
		wrong("WKST", "%.40q is none of MO, TU, WE, TH, FR, SA, SU", string(r.WeekStart))
	}
	return all
}

func (r Rule) lists(wrong func(field, format string, args ...any)) {
	within := func(field string, values []int, most int, negative bool) {
		for i, v := range values {
			if v == 0 || v > most || v < 0 && !negative || v < -most {
				wrong(field, "%d is out of bounds", v)
			} else if slices.Contains(values[:i], v) {
				wrong(field, "%d is there twice", v)
			}
		}
	}
	var months []int
	for _, m := range r.ByMonth {
		months = append(months, int(m))
	}
	within("BYMONTH", months, 12, false)
	within("BYMONTHDAY", r.ByMonthDay, 31, true)
	within("BYSETPOS", r.BySetPos, 31, true)
	nth := false
	for i, d := range r.ByDay {
		switch {
		case d.On.index() < 0:
			wrong("BYDAY", "%.40q is none of MO, TU, WE, TH, FR, SA, SU", string(d.On))
		case d.N < -5 || d.N > 5:
			wrong("BYDAY", "%s: a month has no more than five of them", d)
		case slices.Contains(r.ByDay[:i], d):
			wrong("BYDAY", "%s is there twice", d)
		}
		nth = nth || d.N != 0
	}
	if nth && (r.Freq == Daily || r.Freq == Weekly) {
		wrong("BYDAY", "nth days do not go with FREQ=%s", r.Freq)
	}
	if nth && r.Freq == Yearly && len(r.ByMonth) == 0 {
		wrong("BYDAY", "nth days of a whole year are not supported: add BYMONTH")
	}
	if len(r.ByMonthDay) > 0 && r.Freq == Weekly {
		wrong("BYMONTHDAY", "does not go with FREQ=WEEKLY")
	}
	if len(r.BySetPos) > 0 && (r.Freq != Monthly || len(r.ByDay)+len(r.ByMonthDay) == 0) {
		wrong("BYSETPOS", "goes with FREQ=MONTHLY and BYDAY or BYMONTHDAY alone")
	}
}

func (r Rule) equal(o Rule) bool {
	return r.Freq == o.Freq && r.Interval == o.Interval && r.Count == o.Count && r.Until == o.Until && r.UntilUTC == o.UntilUTC &&
		slices.Equal(r.ByMonth, o.ByMonth) && slices.Equal(r.ByMonthDay, o.ByMonthDay) && slices.Equal(r.ByDay, o.ByDay) &&
		slices.Equal(r.BySetPos, o.BySetPos) && r.WeekStart == o.WeekStart
}
