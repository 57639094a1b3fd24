package calendar

import (
	"math/bits"
	"slices"
)

// recurrence finds the days on which a rule holds. It is made once and only read, and small, as it is read for each
// of thousands of windows.
type recurrence struct {
	start      int64 // the first day
	last       int64 // the last day that it may be
	month      int32 // of the start: months since year 0
	interval   int32
	months     uint16 // bit m: month m is meant
	unit       unit
	weekdays   uint8 // bit w: weekday w is meant, Monday being 0
	weekStart  uint8
	dom        uint8 // of the start: its day in the month
	everyMonth bool
	fallback   bool   // with neither ByDay nor ByMonthDay: the day of the month is that of the start
	lists      *lists // nil: there are none
}

// unit is what a rule repeats by.
type unit uint8

const (
	single unit = iota // it is on the first day alone
	daily
	weekly
	monthly
	yearly
)

// lists are what few rules have.
type lists struct {
	monthDays []int
	nth       []Day // those of ByDay that have an N
	picks     []int // BySetPos
}

func newRecurrence(r Rule, start, last int64) recurrence {
	y, m, d := dateOf(start)
	c := recurrence{interval: int32(max(r.Interval, 1)), start: start, last: last, month: int32(y*12 + m - 1), dom: uint8(d), fallback: len(r.ByDay)+len(r.ByMonthDay) == 0}
	c.unit = map[Freq]unit{Daily: daily, Weekly: weekly, Monthly: monthly, Yearly: yearly}[r.Freq]
	for _, m := range r.ByMonth {
		c.months |= 1 << m
	}
	if c.months == 0 {
		c.months = 1<<13 - 2
		if r.Freq == Yearly && c.fallback {
			c.months = 1 << m
		}
	}
	c.everyMonth = c.months == 1<<13-2
	rare := lists{monthDays: r.ByMonthDay, picks: r.BySetPos}
	for _, d := range r.ByDay {
		if d.N != 0 {
			rare.nth = append(rare.nth, d)
			continue
		}
		c.weekdays |= 1 << d.On.index()
	}
	if len(rare.monthDays)+len(rare.nth)+len(rare.picks) > 0 {
		c.lists = &rare
	}
	switch {
	case len(r.ByDay) > 0:
	case r.Freq == Weekly:
		c.weekdays = 1 << weekday(start)
	default:
		c.weekdays = 1<<7 - 1
	}
	c.weekStart = uint8(max(r.WeekStart.index(), 0))
	return c
}

// next is the first day on or after the given one on which the rule holds; false where there is none up to last.
func (c *recurrence) next(from, last int64) (int64, bool) {
	from, last = max(from, c.start), min(last, c.last)
	if from > last {
		return 0, false
	}
	switch c.unit {
	case daily:
		return c.daily(from, last)
	case weekly:
		return c.weekly(from, last)
	case monthly, yearly:
		return c.monthly(from, last)
	}
	return c.start, from == c.start
}

func (c *recurrence) daily(from, last int64) (int64, bool) {
	interval := int64(c.interval)
	for from <= last {
		if interval > 1 {
			from = c.start + (from-c.start+interval-1)/interval*interval
		}
		if !c.everyMonth || c.lists != nil {
			y, m, d := dateOf(from)
			if c.months&(1<<m) == 0 {
				from = daysOf(y, m+1, 1)
				continue
			}
			if c.lists != nil && !slices.Contains(c.lists.monthDays, d) && !slices.Contains(c.lists.monthDays, d-monthLength(y, m)-1) {
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
	zero := c.start - int64((weekday(c.start)-int(c.weekStart)+7)%7)
	interval := int64(c.interval)
	days := uint(c.weekdays)>>c.weekStart | uint(c.weekdays)<<(7-c.weekStart)&127 // bit 0: the first day of the week
	for from <= last {
		n := (from - zero) / 7
		if interval > 1 {
			if over := n % interval; over != 0 {
				n += interval - over
				from = zero + n*7
			}
		}
		left := days >> (from - zero - n*7)
		if left == 0 {
			from = zero + (n+interval)*7
			continue
		}
		from += int64(bits.TrailingZeros(left))
		if !c.everyMonth {
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
	unit, first, interval := 1, int(c.month), int(c.interval)
	if c.unit == yearly {
		unit, first = 12, first/12*12
	}
	y, m, d := dateOf(from)
	begin := from - int64(d-1)
	for begin <= last {
		month := y*12 + m - 1
		if interval > 1 {
			if over := (month - first) / unit % interval; over != 0 {
				month, d = month-(month-first)%unit+(interval-over)*unit, 1
				y, m = month/12, month%12+1
				begin = daysOf(y, m, 1)
				continue
			}
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
	case c.lists != nil && len(c.lists.monthDays) > 0:
		days = 0
		for _, d := range c.lists.monthDays {
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
	if c.lists == nil || len(c.lists.picks) == 0 {
		return days
	}
	var picked uint64
	for _, p := range c.lists.picks {
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
	if c.lists == nil {
		return days
	}
	for _, d := range c.lists.nth {
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
