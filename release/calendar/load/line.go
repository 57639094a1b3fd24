package load

import (
	"math"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
)

// line is what is expected over a stretch of time, slot by slot, so that each of many spans in it costs the same
// however long it is. Spans must be asked for in the order of their beginnings, and be of one length.
type line struct {
	from  time.Time
	parts []part
	first int   // the part in which the last span began
	last  int   // the part behind the one in which it ended
	high  []int // parts from first on, each of a lower peak than the one ahead
	least []int // parts from first on, each of more weeks than the one ahead
}

// part is a slot, or as much of it as the offset of the clock lasts.
type part struct {
	at      time.Duration // from the beginning of the line
	load    float64
	peak    float64
	weeks   int
	before  sum // of load by time in the parts ahead
	unknown int // how many of the parts up to here, with this one, are not known
}

func (p *Profile) line(from, to time.Time) *line {
	l := &line{from: from}
	total, unknown := sum{}, 0
	for at := from; at.Before(to); {
		e, ok := p.At(at)
		if !ok {
			e, unknown = Expected{}, unknown+1
		}
		left := p.left(at)
		l.parts = append(l.parts, part{at: at.Sub(from), load: e.Load, peak: e.Load + e.Spread, weeks: e.Weeks, before: total, unknown: unknown})
		total = total.add(e.Load, left)
		at = at.Add(left)
	}
	return l
}

// over is the load in a span; false where a part of it is not known.
func (l *line) over(from, to time.Time) (Time, bool) {
	a, b := from.Sub(l.from), to.Sub(l.from)
	for l.first+1 < len(l.parts) && l.parts[l.first+1].at <= a {
		l.first++
	}
	for ; l.last < len(l.parts) && l.parts[l.last].at < b; l.last++ {
		n := l.last
		l.high = push(l.high, n, func(i int) bool { return l.parts[i].peak <= l.parts[n].peak })
		l.least = push(l.least, n, func(i int) bool { return l.parts[i].weeks >= l.parts[n].weeks })
	}
	l.high, l.least = behind(l.high, l.first), behind(l.least, l.first)
	unknown := 0
	if l.first > 0 {
		unknown = l.parts[l.first-1].unknown
	}
	if l.parts[l.last-1].unknown != unknown {
		return Time{}, false
	}
	total := l.until(l.last-1, b).minus(l.until(l.first, a))
	return Time{Span: calendar.Span{From: from, To: to}, Load: total / (float64(to.Sub(from)) / unit), Peak: l.parts[l.high[0]].peak, Weeks: l.parts[l.least[0]].weeks}, true
}

// until is the sum up to a moment in a part.
func (l *line) until(i int, at time.Duration) sum {
	return l.parts[i].before.add(l.parts[i].load, at-l.parts[i].at)
}

// push adds a part behind those that matter beside it.
func push(queue []int, n int, beaten func(int) bool) []int {
	for len(queue) > 0 && beaten(queue[len(queue)-1]) {
		queue = queue[:len(queue)-1]
	}
	return append(queue, n)
}

// behind leaves out the parts before the first one.
func behind(queue []int, first int) []int {
	for queue[0] < first {
		queue = queue[1:]
	}
	return queue
}

// sum is a sum of products in twice the precision of a float64: its error is far below what a float64 shows, so that spans of
// equal load come out equal wherever they are (Dekker, 1971).
type sum struct{ high, low float64 }

// unit is that of time in sums, which a year of the largest load there is does not overflow: 2^63 ns.
const unit = 0x1p63

// add adds what a load makes over a time.
func (s sum) add(load float64, over time.Duration) sum {
	product := load * (float64(over) / unit)
	return s.plus(product).plus(math.FMA(load, float64(over)/unit, -product))
}

func (s sum) plus(v float64) sum {
	high := s.high + v
	back := high - s.high
	low := s.low + ((s.high - (high - back)) + (v - back))
	return sum{high + low, low - ((high + low) - high)}
}

func (s sum) minus(o sum) float64 {
	d := s.plus(-o.high).plus(-o.low)
	return d.high
}
