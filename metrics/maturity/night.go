package maturity

import "time"

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

// work are the working hours within [from, to), by the clocks of the place, in order. They are instants: a night on which clocks
// change is an hour shorter, or longer.
func (is Person) work(from, to time.Time) []span {
	var all []span
	for from, to := range is.Hours.Working(is.Location, from, to) {
		all = append(all, span{from, to})
	}
	return all
}
