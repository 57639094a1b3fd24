package prometheus

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/prometheus/common/model"

	"github.com/davit-sdk/davit/metrics"
)

const leLabel = "le"

// classic makes counters of the buckets of classic histograms: those that differ in le only are one.
func classic(all streams, instance, part string) ([]*counter, error) {
	type histogram struct {
		first *stream
		by    map[float64]map[int64]float64
	}
	found := map[string]*histogram{}
	var order []string
	for _, s := range all.sorted() {
		le, err := strconv.ParseFloat(s.of(leLabel), 64)
		if err != nil || math.IsNaN(le) {
			return nil, fmt.Errorf("%s is no bucket of a histogram: its label le is %q", s.labels, clipped(s.of(leLabel)))
		}
		key := without(s.labels, leLabel)
		h := found[key]
		if h == nil {
			h = &histogram{first: s, by: map[float64]map[int64]float64{}}
			found[key] = h
			order = append(order, key)
		}
		bucket := h.by[le] // le="1" and le="1.0" are one bucket: Prometheus 3 writes it in another way
		if bucket == nil {
			bucket = make(map[int64]float64, len(s.at))
			h.by[le] = bucket
		}
		for i, v := range s.values {
			if err := whole(v); err != nil {
				return nil, fmt.Errorf("%s: %w", s.labels, err)
			}
			bucket[s.at[i]] = v
		}
	}
	var counters []*counter
	for _, key := range order {
		h := found[key]
		c := &counter{instance: h.first.of(instance), part: h.first.of(part)}
		for le := range h.by {
			c.bounds = append(c.bounds, le)
		}
		slices.Sort(c.bounds)
		if err := c.stack(h.by); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		counters = append(counters, c)
	}
	return counters, nil
}

// stack puts the buckets of each scrape together.
func (c *counter) stack(by map[float64]map[int64]float64) error {
	last := c.bounds[len(c.bounds)-1]
	if !math.IsInf(last, 1) || len(c.bounds) < 2 {
		return errors.New("the histogram has no bucket +Inf, or no other one")
	}
	for at := range by[last] {
		c.at = append(c.at, at)
	}
	slices.Sort(c.at)
	for _, at := range c.at {
		values := make([]float64, len(c.bounds))
		for k, le := range c.bounds {
			v, ok := by[le][at]
			if !ok || k > 0 && v < values[k-1] {
				return fmt.Errorf("the buckets of a scrape do not fit together at le %v: one is missing, or the counts fall", le)
			}
			values[k] = v
		}
		c.values = append(c.values, values)
	}
	for le, bucket := range by {
		if len(bucket) != len(c.at) {
			return fmt.Errorf("the bucket le %v was scraped without the bucket +Inf", le)
		}
	}
	return nil
}

// spread is the distribution that cumulative counts of buckets make.
func spread(bounds, counts []float64) metrics.Histogram {
	h := metrics.Histogram{Bounds: slices.Clone(bounds[:len(bounds)-1]), Counts: make([]uint64, len(bounds))}
	below := 0.0
	for k, n := range counts {
		h.Counts[k], below = uint64(n-below), n
	}
	return h
}

// together is the distribution of several, at the bounds that all of them have: there, cumulative counts are
// exact.
func together(all []metrics.Histogram) (metrics.Histogram, error) {
	if len(all) == 0 {
		return metrics.Histogram{}, nil
	}
	bounds := all[0].Bounds
	for _, h := range all[1:] {
		bounds = slices.DeleteFunc(slices.Clone(bounds), func(b float64) bool {
			_, shared := slices.BinarySearch(h.Bounds, b)
			return !shared
		})
	}
	if len(bounds) == 0 {
		return metrics.Histogram{}, errors.New("the histograms of the group have no bound in common")
	}
	var sum metrics.Histogram
	var err error
	for _, h := range all {
		if sum, err = sum.Plus(h.Coarsen(bounds)); err != nil {
			return metrics.Histogram{}, err
		}
	}
	return sum, nil
}

// Grid is what native histograms are told in, whose buckets differ from scrape to scrape: bounds at which one is
// 2^(2^-Schema) times the one before.
type Grid struct {
	// Schema says how fine it is: 3 is eight buckets for each doubling, of 9 % each. A histogram that is coarser
	// than that is an error. Default: 3; at most 8. Below zero: -1 is 4 times, -2 is 16 times.
	Schema int
	// Low and High are the least and the largest bound, in the unit of the histogram, made wider to whole
	// buckets. Default: 0.001 and 60, for seconds.
	Low, High float64
}

func (g Grid) withDefaults() Grid {
	if g.Schema == 0 {
		g.Schema = 3
	}
	if g.Low == 0 {
		g.Low = 0.001
	}
	if g.High == 0 {
		g.High = 60
	}
	return g
}

func (g Grid) problems() (all []error) {
	d := g.withDefaults()
	if d.Schema < -4 || d.Schema > 8 {
		all = append(all, fmt.Errorf("Native.Schema: %d is not from -4 to 8", d.Schema))
	}
	if !(d.Low > 0 && d.High > d.Low) || math.IsInf(d.High, 1) {
		all = append(all, fmt.Errorf("Native.Low, Native.High: %v and %v are no bounds, one above the other", d.Low, d.High))
	} else if len(all) == 0 && len(d.bounds()) > 2000 {
		all = append(all, fmt.Errorf("Native: it has %d buckets, and at most 2000 are kept apart", len(d.bounds())))
	}
	return all
}

// bounds are those of the grid.
func (g Grid) bounds() []float64 {
	per := math.Exp2(float64(g.Schema)) // buckets for each doubling
	first := int(math.Floor(math.Log2(g.Low)*per + 1e-9))
	last := int(math.Ceil(math.Log2(g.High)*per - 1e-9))
	bounds := make([]float64, 0, last-first+1)
	for i := first; i <= last; i++ {
		bounds = append(bounds, math.Exp2(float64(i)/per))
	}
	return bounds
}

// native makes counters of native histograms, one for each cell of the grid, not cumulative.
func native(all streams, instance, part string, bounds []float64) ([]*counter, error) {
	var counters []*counter
	for _, s := range all.sorted() {
		c := &counter{instance: s.of(instance), part: s.of(part), at: s.at}
		for _, h := range s.native {
			cells, err := cellsOf(h, bounds)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.labels, err)
			}
			c.values = append(c.values, cells)
		}
		counters = append(counters, c)
	}
	return counters, nil
}

// cellsOf counts a native histogram in the cells of the grid.
func cellsOf(h *model.SampleHistogram, bounds []float64) ([]float64, error) {
	cells, sum := make([]float64, len(bounds)+1), 0.0
	for _, b := range h.Buckets {
		n := float64(b.Count)
		if err := whole(n); err != nil {
			return nil, err
		}
		cell, ok := cellOf(float64(b.Lower), float64(b.Upper), bounds)
		if !ok && n > 0 {
			return nil, fmt.Errorf("its bucket from %v to %v is coarser than Options.Native", b.Lower, b.Upper)
		}
		cells[cell] += n
		sum += n
	}
	if sum != float64(h.Count) {
		return nil, fmt.Errorf("its buckets hold %v of %v values: the rest were no numbers", sum, h.Count)
	}
	return cells, nil
}

// cellOf is the cell that a bucket lies in. Bounds are computed, and may differ by rounding.
func cellOf(lower, upper float64, bounds []float64) (cell int, ok bool) {
	const near = 1e-9
	cell, _ = slices.BinarySearchFunc(bounds, upper, func(b, upper float64) int {
		if b >= upper*(1-near) {
			return 1
		}
		return -1
	})
	return cell, cell == 0 || lower >= bounds[cell-1]*(1-near)
}
