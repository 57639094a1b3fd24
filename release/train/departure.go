package train

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
)

// Departure is a train of a name on a day.
type Departure struct {
	Train string `json:"train"`
	// Number counts the departures of the train from its first one, 1.
	Number int `json:"number"`
	// Planned is when it is to leave, CutOff until when changes may come, both in UTC.
	Planned time.Time `json:"planned"`
	CutOff  time.Time `json:"cut_off"`
	// Leaves is when it leaves, and Arrives when it is expected to be done. Both are zero where it does not leave.
	Leaves  time.Time `json:"leaves,omitzero"`
	Arrives time.Time `json:"arrives,omitzero"`
	// Why says why it leaves late, or not.
	Why string `json:"why,omitempty"`
}

// Dropped reports whether it does not leave.
func (d Departure) Dropped() bool { return d.Leaves.IsZero() }

// Late is how much later than planned it leaves.
func (d Departure) Late() time.Duration {
	if d.Dropped() {
		return 0
	}
	return d.Leaves.Sub(d.Planned)
}

// String is the departure in one line.
func (d Departure) String() string {
	text := fmt.Sprintf("%s %d, planned %s, cut-off %s", d.Train, d.Number, stamp(d.Planned), stamp(d.CutOff))
	switch {
	case d.Dropped():
		return text + ": does not leave: " + d.Why
	case d.Late() > 0:
		return text + fmt.Sprintf(": leaves %s, %s late: %s", stamp(d.Leaves), d.Late(), d.Why)
	}
	return text
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// ahead is how far is looked for the departure behind the last one that is asked for.
const ahead = 5 * calendar.DefaultHorizon

// all are the departures of a train from its first one on, as long as yield wants them and the calendar knows of any. Behind limit it may be
// that there are some that are not told.
func (t *Timetable) all(i int, limit time.Time) iter.Seq[Departure] {
	return func(yield func(Departure) bool) {
		one := t.trains[i]
		first := time.Date(one.First.Year, one.First.Month, one.First.Day, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -2)
		number := 0
		var arrives time.Time // of the last one that left
		var held *time.Time   // the departure that is worked out when the next one is known
		work := func(next time.Time) bool {
			number++
			d := t.departure(i, number, *held, next, arrives)
			if !d.Dropped() {
				arrives = d.Arrives
			}
			return yield(d)
		}
		for span := range t.planned[i].Spans(first, limit.Add(ahead)) {
			if held != nil && !work(span.From) {
				return
			}
			at := span.From
			held = &at
			if at.After(limit) {
				return
			}
		}
		if held != nil {
			work(time.Time{})
		}
	}
}

// departure works out whether and when a train leaves. next is when the one behind it is planned, arrives when the last one that left is done;
// either may be zero.
func (t *Timetable) departure(i, number int, planned, next, arrives time.Time) Departure {
	one := t.trains[i]
	d := Departure{Train: one.Name, Number: number, Planned: planned.UTC(), CutOff: t.cutOff(i, planned)}
	from, windows := planned, (*calendar.Schedule)(nil)
	if t.options.Windows != nil {
		windows = t.options.Windows(one.Name)
	}
	if !one.SideBySide && arrives.After(from) {
		from, d.Why = arrives, "the one before it is under way until "+stamp(arrives)
	}
	if windows != nil {
		fits := windows.Fits(from, one.Length)
		if !fits.Fits {
			d.Why = fits.String()
			if one.Closed != Waits || fits.Start.IsZero() {
				return d
			}
			from = fits.Start
		}
	}
	if !next.IsZero() && !from.Before(next) {
		d.Why += "; the next one is due by then"
		return d
	}
	d.Leaves, d.Arrives = from.UTC(), from.Add(one.Length).UTC()
	return d
}

// cutOff is until when changes may come for a planned departure.
func (t *Timetable) cutOff(i int, planned time.Time) time.Time {
	one := t.trains[i]
	if t.cutOffs[i] == nil {
		return planned.Add(-one.CutOff.Before).UTC()
	}
	zone := time.UTC
	if t.options.Zones != nil {
		if z, err := t.options.Zones(one.Zone); err == nil {
			zone = z
		}
	}
	y, m, day := planned.In(zone).Date()
	date := time.Date(y, m, day-one.CutOff.Days, 0, 0, 0, 0, time.UTC)
	for span := range t.cutOffs[i].Spans(date.AddDate(0, 0, -1), date.AddDate(0, 0, 3)) {
		y, m, day := span.From.In(zone).Date() // a day that a zone leaves out has none: then it is the next one
		if !time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Before(date) && span.From.Before(planned) {
			return span.From
		}
	}
	return planned.UTC() // the clocks have changed in between: it closes when it leaves
}

// index is the place of a train; -1 where there is none.
func (t *Timetable) index(name string) int {
	return slices.IndexFunc(t.trains, func(one Train) bool { return one.Name == name })
}

// Departures are the departures of all trains that are planned from one time, and before another, by time, also those that do not leave. Of
// two at the same time the one whose train was named first comes first.
func (t *Timetable) Departures(from, to time.Time) []Departure {
	var all []Departure
	for i := range t.trains {
		for d := range t.all(i, to) {
			if !d.Planned.Before(to) {
				break
			}
			if !d.Planned.Before(from) {
				all = append(all, d)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Departure) int { return a.Planned.Compare(b.Planned) })
	return all
}

// Next is the departure that a change goes with which is ready at a time: the first that leaves and has its cut-off after it. ok is false
// where there is no such train, or none leaves within five years.
func (t *Timetable) Next(train string, ready time.Time) (d Departure, ok bool) {
	i := t.index(train)
	if i < 0 {
		return Departure{}, false
	}
	for d := range t.all(i, ready.Add(ahead)) {
		if !d.Dropped() && ready.Before(d.CutOff) {
			return d, true
		}
	}
	return Departure{}, false
}

// Overlap is a time at which two trains that carry the same services are under way.
type Overlap struct {
	A, B Departure
	// Services are those that both carry, in the order of A.
	Services []string
	From, To time.Time
}

// String is the overlap in one line.
func (o Overlap) String() string {
	return fmt.Sprintf("%s %d and %s %d both carry %v from %s to %s", o.A.Train, o.A.Number, o.B.Train, o.B.Number, o.Services, stamp(o.From), stamp(o.To))
}

// Overlaps are all overlaps of trains that are planned from one time, and before another.
func (t *Timetable) Overlaps(from, to time.Time) []Overlap {
	var all []Overlap
	ds := t.Departures(from, to)
	for i, a := range ds {
		for _, b := range ds[i+1:] {
			if a.Dropped() || b.Dropped() {
				continue
			}
			o := Overlap{A: a, B: b, From: later(a.Leaves, b.Leaves), To: earlier(a.Arrives, b.Arrives)}
			if !o.From.Before(o.To) {
				continue
			}
			with := t.trains[t.index(b.Train)]
			for _, m := range t.trains[t.index(a.Train)].Members {
				if slices.ContainsFunc(with.Members, func(o Member) bool { return o.Service == m.Service }) {
					o.Services = append(o.Services, m.Service)
				}
			}
			if len(o.Services) > 0 {
				all = append(all, o)
			}
		}
	}
	return all
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
