package calendar

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The bounds of time, in seconds: with a margin, as a local time is up to a day from the moment that it stands for.
const (
	firstSecond = 0
	lastSecond  = 7258118400 // 2200-01-01
	margin      = 26 * hour  // further than any two offsets of one zone are apart
)

// zone is how far the clocks of a place are ahead of UTC, and from when on. It is made once and only read.
type zone struct {
	name string
	from []int64 // when an offset begins to hold, in seconds, ascending
	off  []int64 // the offset, in seconds
}

// openZone reads all changes of a zone in the years that there are.
func openZone(name string, load func(string) (*time.Location, error)) (*zone, error) {
	location := time.UTC
	switch {
	case name == "":
		return nil, errors.New("is missing: name one of the IANA database, such as Europe/London, or UTC")
	case name == "Local":
		return nil, errors.New(`"Local" is a different zone on each machine: name one of the IANA database, such as Europe/London`)
	case name == "UTC":
	case load == nil:
		return nil, fmt.Errorf("%q cannot be looked up: Options.Zones is nil; give it time.LoadLocation", name)
	default:
		var err error
		if location, err = load(name); err != nil {
			return nil, fmt.Errorf("%q: %w (where the machine has no database of zones, the program imports time/tzdata)", name, err)
		}
		if location == nil {
			return nil, fmt.Errorf("%q: Options.Zones has returned nothing", name)
		}
	}
	z := &zone{name: name}
	for at := int64(firstSecond - 2*margin); ; {
		t := time.Unix(at, 0).In(location)
		_, offset := t.Zone()
		if n := len(z.off); n == 0 || z.off[n-1] != int64(offset) {
			z.from, z.off = append(z.from, at), append(z.off, int64(offset))
		}
		_, end := t.ZoneBounds()
		if end.IsZero() || end.Unix() > lastSecond+2*margin {
			break
		}
		at = max(end.Unix(), at+hour) // on the last day of a leap year, ZoneBounds does not get ahead
	}
	return z, nil
}

// part is the index of the offset that holds at a moment.
func (z *zone) part(at int64) int {
	i, found := slices.BinarySearch(z.from, at)
	if !found && i > 0 {
		i--
	}
	return i
}

// until is when the offset ends to hold.
func (z *zone) until(part int) int64 {
	if part+1 < len(z.from) {
		return z.from[part+1]
	}
	return lastSecond + 4*margin
}

// calm reports whether one offset holds from a day before a to a day after b, so that each local time in
// between comes once.
func (z *zone) calm(part int, a, b int64) bool {
	return (part == 0 || z.from[part] <= a-margin) && b+margin < z.until(part)
}

// moments are when the clock shows a local time: never, once or twice; of three times and more, which no zone has
// known, the first and the last.
func (z *zone) moments(local int64) (first, last int64, n int) {
	for i := z.part(local - margin); i < len(z.from) && (i == 0 || z.from[i] <= local+margin); i++ {
		at := local - z.off[i]
		if i > 0 && at < z.from[i] || at >= z.until(i) {
			continue
		}
		if n++; n == 1 {
			first = at
		}
		last = at
	}
	return first, last, min(n, 2)
}

// missing are the two readings of a local time that the clock leaves out, and the moment at which it does.
func (z *zone) missing(local int64) (before, after, change int64) {
	for i := max(z.part(local-margin), 1); i < len(z.from); i++ {
		if local-z.off[i] < z.from[i] && local-z.off[i-1] >= z.from[i] {
			return local - z.off[i], local - z.off[i-1], z.from[i]
		}
	}
	at := local - z.off[len(z.off)-1] // never: each local time is in a part or between two
	return at, at, at
}

// local is what the clock shows at a moment.
func (z *zone) local(at int64) int64 { return at + z.off[z.part(at)] }
