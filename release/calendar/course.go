package calendar

import (
	"fmt"
	"slices"
	"time"
)

// never is a moment behind all others.
const never = 1 << 62

// course is a window ready to be walked. It is made once and only read.
type course struct {
	*details
	zone     *zone
	recur    recurrence
	time     int64 // of the day, in seconds, at which it begins
	clock    int64 // how long it lasts by the clock, in seconds
	exact    int64 // how long it lasts, where that is given instead
	calendar int32 // among those of the schedule
	freeze   bool
	plain    bool // there are neither exceptions nor overrides
}

// details are what is seldom looked at.
type details struct {
	window   Window
	except   []int64
	gap      Gap
	fold     Fold
	override *Override // that is told as a window; nil as a rule
	lifts    []piece   // when an override lifts it, ascending and apart
}

// piece is from when to when something holds, in seconds; the end is not a part of it.
type piece struct{ from, to int64 }

func newCourse(c Calendar, w Window, z *zone) (course, []error) {
	start := w.Start.seconds()
	first := floor(start, day)
	k := course{details: &details{window: w, gap: w.Gap, fold: w.Fold}, zone: z, time: start - first*day, exact: int64(w.Length / time.Second)}
	if k.exact == 0 {
		k.clock = w.End.seconds() - start
	}
	if k.gap == "" {
		k.gap = c.Gap
	}
	if k.fold == "" {
		k.fold = c.Fold
	}
	k.recur = newRecurrence(w.Rule, first, lastSecond/day-1)
	k.bound(w.Rule)
	var wrong []error
	if _, ok := k.recur.next(first, never); !ok {
		return k, []error{fmt.Errorf("Rule: %q never holds from %s on", w.Rule.String(), w.Start)}
	}
	for i, e := range w.Except {
		d := floor(e.seconds(), day)
		if found, ok := k.recur.next(d, d); !ok || found*day+k.time != e.seconds() {
			wrong = append(wrong, fmt.Errorf("Except[%d]: none begins at %s", i, e))
		}
		k.except = append(k.except, d)
	}
	slices.Sort(k.except)
	k.plain = len(k.except) == 0
	return k, wrong
}

// bound finds the last day of a rule that ends.
func (k *course) bound(r Rule) {
	until := r.Until.seconds()
	switch {
	case r.Count > 0:
		last := k.recur.start - 1
		for d, n := k.recur.start, 0; n < r.Count; d++ {
			var ok bool
			if d, ok = k.recur.next(d, never); !ok {
				return
			}
			if k.gap != GapSkip || k.exists(d) {
				n++
			}
			last = d
		}
		k.recur.last = min(k.recur.last, last)
	case r.Until == (Local{}):
	case !r.UntilUTC:
		k.recur.last = min(k.recur.last, floor(until-k.time, day))
	default:
		last := floor(k.zone.local(until)+margin, day)
		for k.begins(last) > until {
			last--
		}
		k.recur.last = min(k.recur.last, last)
	}
}

// exists reports whether the clock shows the beginning of the occurrence of a day.
func (k *course) exists(d int64) bool {
	_, _, times := k.zone.moments(d*day + k.time)
	return times > 0
}

// begins is when the occurrence of a day begins, as the policies have it.
func (k *course) begins(d int64) int64 {
	local := d*day + k.time
	first, last, n := k.zone.moments(local)
	if n == 0 {
		before, after, _ := k.zone.missing(local)
		if k.gap == GapBefore {
			return before
		}
		return after
	}
	if k.fold == FoldSecond {
		return last
	}
	return first
}

// pieces are the times of the occurrence of a day: one as a rule, none or two where the clock is changed. The
// part of the zone is a guess.
func (k *course) pieces(d int64, part int) (all [2]piece, n int) {
	local := d*day + k.time
	length := k.clock + k.exact
	at := local - k.zone.off[part]
	if !k.zone.calm(part, at, at+length) {
		part = k.zone.part(at)
		if at = local - k.zone.off[part]; !k.zone.calm(part, at, at+length) {
			return k.changed(local)
		}
	}
	return [2]piece{{at, at + length}}, 1
}

// changed is pieces near a change of the clock.
func (k *course) changed(local int64) (all [2]piece, n int) {
	first, last, times := k.zone.moments(local)
	if times == 0 {
		before, after, _ := k.zone.missing(local)
		switch k.gap {
		case GapSkip:
			return all, 0
		case GapBefore:
			first, last = before, before
		default:
			first, last = after, after
		}
	}
	all = [2]piece{{first, first + k.exact}, {last, last + k.exact}}
	if k.exact == 0 {
		all[0].to, all[1].to = k.ends(local + k.clock)
	}
	for i := range all {
		if all[i].to <= all[i].from {
			all[i].to = all[i].from + k.clock
		}
	}
	switch {
	case all[0] == all[1]:
		return all, 1
	case k.fold == FoldBoth:
		return all, 2
	case k.fold == FoldSecond:
		all[0] = all[1]
	}
	return all, 1
}

// ends is when the clock shows a local time first and last, where something ends then.
func (k *course) ends(local int64) (first, last int64) {
	first, last, times := k.zone.moments(local)
	if times > 0 {
		return first, last
	}
	before, after, change := k.zone.missing(local)
	switch k.gap {
	case GapSkip:
		return change, change
	case GapBefore:
		return before, before
	}
	return after, after
}

// earliest is a day before which no occurrence begins that lasts beyond a moment: as a rule, the first of which
// one would.
func (k *course) earliest(t int64, part int) int64 {
	length := k.clock + k.exact
	at := t + k.zone.off[part] - length - k.time
	if !k.zone.calm(part, t-length-2*margin, t) {
		at -= 3 * margin
	}
	return floor(at, day) + 1
}

// left is the first part of a piece that lasts beyond a moment and is not lifted.
func (k *course) left(p piece, t int64) (piece, bool) {
	for _, l := range k.lifts {
		if l.to <= p.from {
			continue
		}
		if end := min(l.from, p.to); end > p.from && end > t {
			return piece{p.from, end}, true
		}
		if p.from = l.to; p.from >= p.to {
			return p, false
		}
	}
	return p, p.to > t
}

// cursor is a place in a course: the first piece there that ends after the moment of the last advance. It has no
// pointer, since there are thousands, and the garbage collector need not look at them.
type cursor struct {
	day      int64
	from, to int64 // never: there is none
	part     int32
}

// advance goes on to the first piece that ends after t. Nothing that begins after the limit is looked for.
func (c *cursor) advance(k *course, t, limit int64) {
	for k.zone.until(int(c.part)) <= t {
		c.part++
	}
	part, last := int(c.part), floor(limit+margin, day)
	for d := max(c.day, k.earliest(t, part)); ; d++ {
		var ok bool
		if d, ok = k.recur.next(d, last); !ok {
			c.from, c.to = never, never
			return
		}
		if !k.plain {
			if _, out := slices.BinarySearch(k.except, d); out {
				continue
			}
		}
		all, n := k.pieces(d, part)
		for _, p := range all[:n] {
			if !k.plain {
				if p, ok = k.left(p, t); !ok {
					continue
				}
			}
			if p.to > t {
				c.day, c.from, c.to = d, p.from, p.to
				return
			}
		}
	}
}
