package prometheus

import (
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/common/model"
)

// counter is what counts together and begins anew together: one series, or all buckets of one histogram.
type counter struct {
	instance, part string
	bounds         []float64 // of cumulative buckets, the last one being +Inf; nil: it is no such histogram
	at             []int64
	values         [][]float64 // one for each time: a number, or one for each bucket
}

// most is the largest count whose neighbours can be told apart.
const most = 1 << 53

// whole checks that a value is a count.
func whole(v float64) error {
	if !(v >= 0 && v <= most) || v != math.Trunc(v) {
		return fmt.Errorf("%v is not a count: a whole number from 0 to 2^53", v)
	}
	return nil
}

// plain makes counters of series, each by itself.
func plain(all streams, instance, part string) ([]*counter, error) {
	var counters []*counter
	for _, s := range all.sorted() {
		if len(s.native) > 0 {
			return nil, fmt.Errorf("%s is a native histogram, and no counter", s.labels)
		}
		c := &counter{instance: s.of(instance), part: s.of(part), at: s.at}
		for _, v := range s.values {
			if err := whole(v); err != nil {
				return nil, fmt.Errorf("%s: %w", s.labels, err)
			}
			c.values = append(c.values, []float64{v})
		}
		counters = append(counters, c)
	}
	return counters, nil
}

// before is the index of the last value before the i-th, if that is not longer ago than bridge; -1: there is
// none.
func (c *counter) before(i int, bridge int64) int {
	if i > 0 && c.at[i]-c.at[i-1] <= bridge {
		return i - 1
	}
	return -1
}

// unknown reports whether a value that is dated in [from, to) may have one before it that was not loaded, and
// whether that matters.
func (c *counter) unknown(from, to, loaded, bridge int64) bool {
	first, _ := slices.BinarySearch(c.at, from)
	for i := first; i < len(c.at) && c.at[i] < to; i++ {
		if c.before(i, bridge) < 0 && c.at[i]-bridge < loaded && slices.Max(c.values[i]) > 0 {
			return true
		}
	}
	return false
}

// increase is what was counted, as dated in [from, to): each step from one sample to the next at the time of
// the latter.
func (c *counter) increase(from, to, bridge int64, l *life) []float64 {
	first, _ := slices.BinarySearch(c.at, from)
	var sum []float64
	for i := first; i < len(c.at) && c.at[i] < to; i++ {
		now := c.values[i]
		if sum == nil {
			sum = make([]float64, len(now))
		}
		last := c.before(i, bridge)
		switch {
		case last < 0 && !l.born(c.at[i], bridge):
			continue // it may have counted that long before
		case last < 0 || l.restarted(c.at[last], c.at[i]) || fell(c.values[last], now):
			for k, v := range now {
				sum[k] += v
			}
		default:
			for k, v := range now {
				sum[k] += v - c.values[last][k]
			}
		}
	}
	return sum
}

// fell reports whether a value is below the one before it, as it is after a restart.
func fell(before, now []float64) bool {
	for k, v := range now {
		if v < before[k] {
			return true
		}
	}
	return false
}

// life is what is known of an instance.
type life struct {
	// scraped are the times at which it was scraped, whatever was found; failed those at which that was tried in
	// vain.
	scraped, failed []int64
	// started are the times at which it said when its process was started, and starts when that was.
	started []int64
	starts  []float64 // in seconds since 1970
	// last is up to when it is known completely.
	last int64
}

// born reports whether a counter that was first seen then, and not within bridge before, began from zero within
// that time: its instance was scraped without it, or was started.
func (l *life) born(at, bridge int64) bool {
	if i, _ := slices.BinarySearch(l.scraped, at); i > 0 && at-l.scraped[i-1] <= bridge {
		return true
	}
	start, ok := l.start(at)
	return ok && float64(at)-1000*start <= float64(bridge)
}

// restarted reports whether the process of the instance is another one than it was.
func (l *life) restarted(before, now int64) bool {
	a, ok := l.start(before)
	b, ok2 := l.start(now)
	// It is computed from the time since the machine was started, and may move a little.
	return ok && ok2 && b-a > 1
}

// start is when the process was started that was there then.
func (l *life) start(at int64) (float64, bool) {
	i, found := slices.BinarySearch(l.started, at)
	if !found {
		i--
	}
	if i < 0 {
		return 0, false
	}
	return l.starts[i], true
}

// good is when the instance was last scraped successfully, before to; false where it was not.
func (l *life) good(to int64) (int64, bool) {
	i, _ := slices.BinarySearch(l.scraped, to)
	if i == 0 {
		return 0, false
	}
	return l.scraped[i-1], true
}

// without is a metric's labels without one of them, as a key.
func without(m model.Metric, label model.LabelName) string {
	if _, ok := m[label]; !ok {
		return m.String()
	}
	rest := make(model.Metric, len(m))
	for name, value := range m {
		if name != label {
			rest[name] = value
		}
	}
	return rest.String()
}
