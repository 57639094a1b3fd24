package report

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

// px is a length in a picture.
type px float64

// String shows tenths, which is finer than what can be seen.
func (p px) String() string {
	v := math.Round(float64(p)*10) / 10
	if v == 0 {
		v = 0 // not -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// A tick is a value on an axis.
type tick struct {
	At   px
	Text string
}

// A scale places values between two ends.
type scale struct {
	low, high   float64 // values
	begin, end  px      // where they are
	logarithmic bool
	ticks       []tick
}

// at is where a value is; what is beyond an end is at it.
func (s scale) at(v float64) px {
	v = min(max(v, s.low), s.high)
	part := 0.0
	if s.logarithmic {
		part = math.Log(v/s.low) / math.Log(s.high/s.low)
	} else {
		part = (v - s.low) / (s.high - s.low)
	}
	return s.begin + px(part)*(s.end-s.begin)
}

func (s *scale) mark(v float64, text string) { s.ticks = append(s.ticks, tick{s.at(v), text}) }

// spans are the durations at which an axis may begin and end, in seconds; coarse are those that it shows where there is no
// room for all.
var (
	spans = []float64{
		1, 2, 5, 10, 30, minute, 2 * minute, 5 * minute, 10 * minute, 30 * minute, hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 4 * day,
		7 * day, 14 * day, 30 * day, 60 * day, 120 * day, 365 * day, 730 * day, 3650 * day, 36500 * day,
	}
	coarse = []float64{1, 10, minute, 10 * minute, hour, 6 * hour, day, 7 * day, 30 * day, 365 * day, 3650 * day, 36500 * day}
)

// mostSpans is how many of them an axis has room for.
const mostSpans = 6

// durationScale holds all durations, and is logarithmic: they differ by factors. It spans a factor of 6 at least, so that what is
// almost the same looks so.
func durationScale(all []float64, begin, end px) scale {
	s := scale{low: 10 * minute, high: hour, begin: begin, end: end, logarithmic: true}
	if len(all) > 0 {
		s.low, s.high = spans[0], spans[len(spans)-1]
		least, most := slices.Min(all), slices.Max(all)
		for _, v := range spans[:len(spans)-1] { // a scale of nothing has no places
			if v <= least {
				s.low = v
			}
		}
		for _, v := range slices.Backward(spans) {
			if v >= most && v >= 6*s.low {
				s.high = v
			}
		}
	}
	within := func(v float64) bool { return s.low <= v && v <= s.high }
	shown := slices.DeleteFunc(slices.Clone(spans), func(v float64) bool { return !within(v) })
	if len(shown) > mostSpans {
		shown = slices.DeleteFunc(slices.Clone(coarse), func(v float64) bool { return !within(v) })
	}
	for _, v := range shown {
		s.mark(v, duration(dora.Known(v)))
	}
	return s
}

// shareScale holds shares from 0 on.
func shareScale(most float64, begin, end px) scale {
	return linear(max(most, 0.04), begin, end, false, func(v float64) string { return decimal(v*100) + " %" })
}

// countScale holds whole numbers from 0 on.
func countScale(most int, begin, end px) scale {
	return linear(float64(max(most, 2)), begin, end, true, decimal)
}

// linear is from 0 to the next round number that is at least most, in four steps at most.
func linear(most float64, begin, end px, whole bool, show func(float64) string) scale {
	step := math.Pow(10, math.Floor(math.Log10(most/2)))
	for _, f := range []float64{1, 2, 2.5, 5, 10} {
		if most/(step*f) <= 4.000001 && !(whole && step*f != math.Trunc(step*f)) {
			step *= f
			break
		}
	}
	steps := math.Ceil(most/step - 1e-9)
	s := scale{high: step * steps, begin: begin, end: end}
	for i := 0.0; i <= steps; i++ {
		s.mark(i*step, show(i*step))
	}
	return s
}

// timeScale is that of a window, with ticks where months or weeks begin, by how many there is room for.
func timeScale(from, to time.Time, begin, end px) scale {
	s := scale{low: 0, high: max(to.Sub(from).Seconds(), 1), begin: begin, end: end}
	months := int(to.Sub(from).Hours()/24/30.4) + 1
	put := func(t time.Time, layout string) {
		if t.Before(from) || t.After(to) {
			return
		}
		if x := s.at(t.Sub(from).Seconds()); x <= end-24 {
			s.ticks = append(s.ticks, tick{x, t.Format(layout)})
		}
	}
	if months <= 3 {
		for step, t := max(1, int(to.Sub(from).Hours()/24/10)), time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, from.Location()); !t.After(to); t = t.AddDate(0, 0, step) {
			put(t, "01-02")
		}
		return s
	}
	every := 1
	for _, every = range []int{1, 2, 3, 6, 12, 60, 120} {
		if months/every <= 14 {
			break
		}
	}
	for t := time.Date(from.Year(), 1, 1, 0, 0, 0, 0, from.Location()); !t.After(to); t = t.AddDate(0, every, 0) {
		put(t, "2006-01")
	}
	return s
}
