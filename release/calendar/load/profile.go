package load

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/hashicorp/go-multierror"
)

// The defaults of Options.
const (
	DefaultSlot     = 15 * time.Minute
	DefaultMinWeeks = 3
)

// Options are how a profile is learned. The zero Options do.
type Options struct {
	// Location is the zone whose clock the users of the service live by. Nil is UTC.
	Location *time.Location
	// Slot is the part of a day that is looked at as one: whole minutes that divide a day. Zero: DefaultSlot.
	Slot time.Duration
	// MinWeeks is in how many weeks something must have been measured for a slot to be known. Zero: DefaultMinWeeks.
	MinWeeks int
}

// Validate reports everything that is wrong.
func (o Options) Validate() error {
	var errs *multierror.Error
	if o.Slot < 0 || o.Slot > 24*time.Hour || o.Slot%time.Minute != 0 || o.Slot > 0 && 24*time.Hour%o.Slot != 0 {
		errs = multierror.Append(errs, fmt.Errorf("Options.Slot: %s is not of whole minutes that divide a day", o.Slot))
	}
	if o.MinWeeks < 0 {
		errs = multierror.Append(errs, fmt.Errorf("Options.MinWeeks: %d is below zero", o.MinWeeks))
	}
	return errs.ErrorOrNil()
}

// Profile is how busy a service is at which time of the week.
type Profile struct {
	location *time.Location
	minutes  int // of a slot
	needed   int // weeks
	slots    []Expected
}

// Expected is what is known of the load at some time of the week.
type Expected struct {
	// Load is the median over the weeks, in the unit of the series.
	Load float64 `json:"load"`
	// Spread is how far weeks are from it, as a standard deviation.
	Spread float64 `json:"spread"`
	// Weeks is how many weeks stand behind it.
	Weeks int `json:"weeks"`
}

// TooLittleError says that the data do not suffice.
type TooLittleError struct {
	// Known of Slots slots of the week were measured in at least Needed weeks.
	Known, Slots, Needed int
	// Weeks is in how many weeks anything was measured, Points how many points were usable.
	Weeks, Points int
}

// Error says what is there and what is needed.
func (e *TooLittleError) Error() string {
	return fmt.Sprintf("too little data for a profile: %d points of %d weeks, in which %d of the %d slots of a week were measured at least %d times; half of them are needed",
		e.Points, e.Weeks, e.Known, e.Slots, e.Needed)
}

// Learn makes a profile of a series. Its points may come in any order. The error is ErrCoarse where there are slots in
// which no point can be, and a *TooLittleError where less than half of the week is known.
func Learn(points []metrics.Point, o Options) (*Profile, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	p := &Profile{location: o.Location, minutes: int(orDefault(o.Slot, DefaultSlot) / time.Minute), needed: int(orDefault(time.Duration(o.MinWeeks), DefaultMinWeeks))}
	if p.location == nil {
		p.location = time.UTC
	}
	perDay := 24 * 60 / p.minutes
	p.slots = make([]Expected, 7*perDay)
	if err := p.fine(points); err != nil {
		return nil, err
	}
	measured := p.measured(points)
	wrong := &TooLittleError{Slots: len(p.slots), Needed: p.needed, Points: len(measured)}
	weeks := make([][]float64, len(p.slots))
	last := math.MinInt
	for len(measured) > 0 {
		n := 1
		for n < len(measured) && measured[n].slot == measured[0].slot {
			n++
		}
		values := make([]float64, n)
		for i, m := range measured[:n] {
			values[i] = m.value
		}
		slot := measured[0].slot % len(p.slots)
		weeks[slot] = append(weeks[slot], median(values))
		if week := measured[0].slot / len(p.slots); week != last {
			last = week
			wrong.Weeks++
		}
		measured = measured[n:]
	}
	for i, values := range weeks {
		p.slots[i] = expected(values)
		if len(values) >= p.needed {
			wrong.Known++
		}
	}
	if wrong.Known*2 < len(p.slots) {
		return nil, wrong
	}
	return p, nil
}

// measurement is a point in a slot, counted from a Monday long ago.
type measurement struct {
	slot  int
	value float64
}

// measured are the finite points by slot and value.
func (p *Profile) measured(points []metrics.Point) (all []measurement) {
	for _, point := range points {
		if !usable(point) {
			continue
		}
		all = append(all, measurement{p.count(point.At), point.Value})
	}
	slices.SortFunc(all, func(a, b measurement) int {
		if a.slot != b.slot {
			return a.slot - b.slot
		}
		return int(math.Copysign(1, a.value-b.value))
	})
	return all
}

func usable(p metrics.Point) bool {
	return !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0) && p.At.Year() >= 1970 && p.At.Year() <= 9999
}

// fine reports a series whose points are usually further apart than a slot is long, by more than a tenth, so that
// some slots would stay empty in each week.
func (p *Profile) fine(points []metrics.Point) error {
	var times []time.Time
	for _, point := range points {
		if usable(point) {
			times = append(times, point.At)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	times = slices.CompactFunc(times, time.Time.Equal)
	var apart []time.Duration
	for i := 1; i < len(times); i++ {
		apart = append(apart, times[i].Sub(times[i-1]))
	}
	slot := time.Duration(p.minutes) * time.Minute
	slices.Sort(apart)
	if n := len(apart); n > 0 && apart[n/2] > slot+slot/10 {
		return fmt.Errorf("Options.Slot: %w: the points are usually %s apart, a slot is %s", ErrCoarse, apart[n/2], slot)
	}
	return nil
}

// monday is 1969-12-29, the last Monday before 1970, in days from there.
const monday = -3

// count is the number of a slot, by the local clock, from a Monday long ago on.
func (p *Profile) count(t time.Time) int {
	return int(floor(p.local(t)-monday*24*60*60, int64(p.minutes)*60))
}

// left is how long the slot lasts from t on, or the offset of the clock does.
func (p *Profile) left(t time.Time) time.Duration {
	slot, local := int64(p.minutes)*60, p.local(t)
	left := time.Duration((floor(local, slot)+1)*slot-local)*time.Second - time.Duration(t.Nanosecond())
	if _, change := t.In(p.location).ZoneBounds(); change.After(t) {
		left = min(left, change.Sub(t))
	}
	return left
}

// local is what the clock shows, in seconds.
func (p *Profile) local(t time.Time) int64 {
	_, offset := t.In(p.location).Zone()
	return t.Unix() + int64(offset)
}

// floor is a division that rounds down, also below zero.
func floor(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// At is what is expected at a moment; false where it is not known. The zero Profile knows nothing.
func (p *Profile) At(t time.Time) (Expected, bool) {
	if len(p.slots) == 0 {
		return Expected{}, false
	}
	n := len(p.slots)
	e := p.slots[(p.count(t)%n+n)%n]
	return e, e.Weeks >= p.needed
}

func expected(weeks []float64) Expected {
	if len(weeks) == 0 {
		return Expected{}
	}
	m := median(weeks)
	distances := make([]float64, len(weeks))
	for i, v := range weeks {
		distances[i] = math.Abs(v - m)
	}
	return Expected{Load: m, Spread: 1.4826 * median(distances), Weeks: len(weeks)}
}

// median is that of values, which it sorts.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return values[n/2-1]/2 + values[n/2]/2
}

func orDefault(v, otherwise time.Duration) time.Duration {
	if v == 0 {
		return otherwise
	}
	return v
}

var (
	// ErrNowhere says that there is no time of that length within what the calendar allows, in which the load is known.
	ErrNowhere = errors.New("no time that is long enough is open and known")
	// ErrCoarse says that the points of a series are further apart than a slot is long: take a longer slot.
	ErrCoarse = errors.New("the series is coarser than the slots")
)
