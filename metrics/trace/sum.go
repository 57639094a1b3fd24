package trace

import (
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// stretch is what one line counted, and when.
type stretch struct {
	from, to time.Time
	line     Line
}

// Sum adds up lines, of one group or of several, whatever their times; From and To of the window are
// left zero. Of latencies with different bounds, it has the bounds that all of them have: at these a
// cumulative count is exact. It is an error where they have none in common, and where a sum is more than
// can be counted.
func Sum(lines ...Line) (metrics.Window, error) {
	var t total
	for _, l := range lines {
		if err := t.add(stretch{line: l}); err != nil {
			return metrics.Window{}, err
		}
	}
	return t.window, nil
}

// sum is Sum with the stretch that the lines cover.
func sum(stretches []stretch) (metrics.Window, error) {
	var t total
	for _, s := range stretches {
		if err := t.add(s); err != nil {
			return metrics.Window{}, err
		}
	}
	return t.window, nil
}

// total is a window that grows.
type total struct {
	window metrics.Window
	some   bool
}

func (t *total) add(s stretch) error {
	w := &t.window
	if !t.some || s.from.Before(w.From) {
		w.From = s.from
	}
	if !t.some || s.to.After(w.To) {
		w.To = s.to
	}
	t.some = true
	var over1, over2 uint64
	w.Requests, over1 = bits.Add64(w.Requests, s.line.Requests, 0)
	w.Errors, over2 = bits.Add64(w.Errors, s.line.Errors, 0)
	if over1+over2 > 0 {
		return errors.New("requests: there are more than can be counted")
	}
	if err := t.addLatency(s.line.Latency); err != nil {
		return err
	}
	return t.addNamed(s.line)
}

func (t *total) addLatency(h metrics.Histogram) error {
	w := &t.window
	switch {
	case len(h.Bounds) == 0:
		return nil
	case len(w.Latency.Bounds) == 0:
		w.Latency = metrics.Histogram{Bounds: slices.Clone(h.Bounds), Counts: slices.Clone(h.Counts)}
		return nil
	case !slices.Equal(w.Latency.Bounds, h.Bounds):
		mine, common := w.Latency, w.Latency.Coarsen(h.Bounds)
		if len(common.Bounds) == 0 {
			return fmt.Errorf("latency: lines of one group have no bound in common: those to %v s, and those to %v s",
				mine.Bounds[len(mine.Bounds)-1], h.Bounds[len(h.Bounds)-1])
		}
		w.Latency, h = common, h.Coarsen(common.Bounds)
	}
	var after uint64
	for i, n := range h.Counts {
		w.Latency.Counts[i] += n
		var over uint64
		if after, over = bits.Add64(after, w.Latency.Counts[i], 0); over > 0 || w.Latency.Counts[i] < n {
			return errors.New("latency: there are more values than can be counted")
		}
	}
	return nil
}

func (t *total) addNamed(l Line) error {
	w := &t.window
	for _, name := range slices.Sorted(maps.Keys(l.Counts)) {
		if w.Counts == nil {
			w.Counts = map[string]uint64{}
		}
		n, over := bits.Add64(w.Counts[name], l.Counts[name], 0)
		if over > 0 {
			return fmt.Errorf("counts: %s: there are more than can be counted", name)
		}
		w.Counts[name] = n
	}
	for _, name := range slices.Sorted(maps.Keys(l.Gauges)) {
		if w.Gauges == nil {
			w.Gauges = map[string][]float64{}
		}
		w.Gauges[name] = append(w.Gauges[name], l.Gauges[name]...)
	}
	return nil
}

// merged are the numbers that are in any of two ascending lists.
func merged(a, b []float64) []float64 {
	if slices.Equal(a, b) {
		return a
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
