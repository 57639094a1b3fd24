package calendar

import (
	"math/bits"
	"slices"
)

// recurrence finds the days on which a rule holds. It is made once and only read.
type recurrence struct {
	freq       Freq // empty: on the first day alone
	interval   int64
	start      int64  // the first day
	last       int64  // the last day that it may be
	month, dom int    // of the start: months since year 0, and the day in it
	months     uint16 // bit m: month m is meant
	weekdays   uint8  // bit w: weekday w is meant, Monday being 0
	weekStart  int
	monthDays  []int
	nth        []Day // those of ByDay that have an N
	picks      []int // BySetPos
	fallback   bool  // with neither ByDay nor ByMonthDay: the day of the month is that of the start
}

func newRecurrence(r Rule, start, last int64) recurrence {
	y, m, d := dateOf(start)
	c := recurrence{freq: r.Freq, interval: int64(max(r.Interval, 1)), start: start, last: last, month: y*12 + m - 1, dom: d,
		monthDays: r.ByMonthDay, picks: r.BySetPos, fallback: len(r.ByDay)+len(r.ByMonthDay) == 0}
	for _, m := range r.ByMonth {
		c.months |= 1 << m
	}
	if c.months == 0 {
		c.months = 1<<13 - 2
		if r.Freq == Yearly && c.fallback {
			c.months = 1 << m
		}
	}
	for _, d := range r.ByDay {
		if d.N != 0 {
			c.nth = append(c.nth, d)
			continue
		}
		c.weekdays |= 1 << d.On.index()
	}
	switch {
	case len(r.ByDay) > 0:
	case r.Freq == Weekly:
		c.weekdays = 1 << weekday(start)
	default:
		c.weekdays = 1<<7 - 1
	}
	c.weekStart = max(r.WeekStart.index(), 0)
	return c
}

// next is the first day on or after the given one on which the rule holds; false where there is none up to last.
func (c *recurrence) next(from, last int64) (int64, bool) {
	from, last = max(from, c.start), min(last, c.last)
	if from > last {
		return 0, false
	}
	switch c.freq {
	case Daily:
		return c.daily(from, last)
	case Weekly:
		return c.weekly(from, last)
	case Monthly, Yearly:
		return c.monthly(from, last)
	}
	return c.start, from == c.start
}

func (c *recurrence) daily(from, last int64) (int64, bool) {
	for from <= last {
		from = c.start + (from-c.start+c.interval-1)/c.interval*c.interval
		if c.months != 1<<13-2 || len(c.monthDays) > 0 {
			y, m, d := dateOf(from)
			if c.months&(1<<m) == 0 {
				from = daysOf(y, m+1, 1)
				continue
			}
			if len(c.monthDays) > 0 && !slices.Contains(c.monthDays, d) && !slices.Contains(c.monthDays, d-monthLength(y, m)-1) {
				from++
				continue
			}
		}
		if c.weekdays&(1<<weekday(from)) != 0 {
			return from, from <= last
		}
		from++
	}
	return 0, false
}

func (c *recurrence) weekly(from, last int64) (int64, bool) {
	zero := c.start - int64((weekday(c.start)-c.weekStart+7)%7)
	days := uint(c.weekdays)>>c.weekStart | uint(c.weekdays)<<(7-c.weekStart)&127 // bit 0: the first day of the week
	for from <= last {
		n := (from - zero) / 7
		if over := n % c.interval; over != 0 {
			n += c.interval - over
			from = zero + n*7
		}
		left := days >> (from - zero - n*7)
		if left == 0 {
			from = zero + (n+c.interval)*7
			continue
		}
		from += int64(bits.TrailingZeros(left))
		if c.months != 1<<13-2 {
			if y, m, _ := dateOf(from); c.months&(1<<m) == 0 {
				from = daysOf(y, m+1, 1)
				continue
			}
		}
		return from, from <= last
	}
	return 0, false
}

func (c *recurrence) monthly(from, last int64) (int64, bool) {
	unit, first := 1, c.month
	if c.freq == Yearly {
		unit, first = 12, c.month/12*12
	}
	y, m, d := dateOf(from)
	begin := from - int64(d-1)
	for begin <= last {
		month := y*12 + m - 1
		if over := (month - first) / unit % int(c.interval); over != 0 {
			month, d = month-(month-first)%unit+(int(c.interval)-over)*unit, 1
			y, m = month/12, month%12+1
			begin = daysOf(y, m, 1)
			continue
		}
		length := monthLength(y, m)
		if c.months&(1<<m) != 0 {
			if left := c.within(begin, length) >> d; left != 0 {
				found := begin + int64(d-1+bits.TrailingZeros64(left))
				return found, found <= last
			}
		}
		if d, m, begin = 1, m+1, begin+int64(length); m > 12 {
			y, m = y+1, 1
		}
	}
	return 0, false
}

// within are the days of a month on which the rule holds: bit d for day d.
func (c *recurrence) within(begin int64, length int) uint64 {
	all := uint64(1)<<(length+1) - 2
	days := all
	switch {
	case c.fallback:
		days = 1 << c.dom
	case len(c.monthDays) > 0:
		days = 0
		for _, d := range c.monthDays {
			if d < 0 {
				d += length + 1
			}
			days |= 1 << max(d, 0)
		}
	}
	days &= all
	if c.weekdays != 1<<7-1 {
		days &= c.onWeekdays(weekday(begin), length)
	}
	if len(c.picks) == 0 {
		return days
	}
	var picked uint64
	for _, p := range c.picks {
		picked |= pick(days, p)
	}
	return picked
}

// onWeekdays are the days of a month that begins on a weekday on which ByDay holds.
func (c *recurrence) onWeekdays(first, length int) (days uint64) {
	const weekly = 1<<1 | 1<<8 | 1<<15 | 1<<22 | 1<<29
	for left := c.weekdays; left != 0; left &= left - 1 {
		days |= weekly << ((bits.TrailingZeros8(left) - first + 7) % 7)
	}
	for _, d := range c.nth {
		of := uint64(weekly) << ((d.On.index() - first + 7) % 7) & (1<<(length+1) - 2)
		days |= pick(of, d.N)
	}
	return days
}

// pick is the nth day of several, counted from the end where n is below zero; none where there are fewer.
func pick(days uint64, n int) uint64 {
	for ; n > 1; n-- {
		days &= days - 1
	}
	if n > 0 {
		return days & -days
	}
	for ; n < -1 && days != 0; n++ {
		days &^= 1 << (bits.Len64(days) - 1)
	}
	if days == 0 {
		return 0
	}
	return 1 << (bits.Len64(days) - 1)
}
