package prometheus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/prometheus/common/model"

	"github.com/davit-sdk/davit/metrics"
)

// evaluated is what expressions gave.
type evaluated struct {
	counts  map[*feed]uint64
	latency metrics.Histogram
	gauges  map[*feed][]point
}

// point is one value of a line.
type point struct {
	at    int64
	value float64
}

// evaluate asks for the values of all expressions of what the answer covers.
func (r *reading) evaluate(ctx context.Context) (evaluated, error) {
	e := evaluated{counts: map[*feed]uint64{}, gauges: map[*feed][]point{}}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	vector := func(f *feed, take func(model.Vector) error) {
		if f == nil || f.template.plain {
			return
		}
		group.Go(func() error {
			text, err := f.template.fill(r.values, time.Duration(r.end-r.begin)*time.Millisecond)
			if err != nil {
				return err
			}
			v, err := r.client.vector(ctx, text, time.UnixMilli(r.end), r.o.MaxGap)
			if err != nil {
				return fmt.Errorf("Options.%s: %w", f.template.field, err)
			}
			if err := take(v); err != nil {
				return fmt.Errorf("Options.%s: %w", f.template.field, err)
			}
			return nil
		})
	}
	type answer struct {
		n        uint64
		measured bool
	}
	answers := map[*feed]*answer{}
	feeds := []*feed{r.requests, r.errors}
	for _, name := range slices.Sorted(maps.Keys(r.counts)) {
		feeds = append(feeds, r.counts[name])
	}
	for _, f := range feeds {
		a := &answer{}
		answers[f] = a
		vector(f, func(v model.Vector) (err error) {
			a.n, a.measured, err = single(v)
			return err
		})
	}
	vector(r.latency, func(v model.Vector) (err error) {
		e.latency, err = buckets(v)
		return err
	})
	lines := map[*feed]*[]point{}
	for _, name := range slices.Sorted(maps.Keys(r.gauges)) {
		f := r.gauges[name]
		if f.template.plain {
			continue
		}
		points := new([]point)
		lines[f] = points
		group.Go(func() (err error) {
			*points, err = drawn(ctx, r.client, line{template: f.template, every: f.every}, r.values, r.begin, r.end)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return e, err
	}
	for f, a := range answers {
		if a.measured {
			e.counts[f] = a.n
		}
	}
	for f, points := range lines {
		e.gauges[f] = *points
	}
	return e, nil
}

// single is the one number that an expression of a count gave, to the nearest whole one.
func single(v model.Vector) (n uint64, measured bool, err error) {
	switch {
	case len(v) == 0:
		return 0, false, nil
	case len(v) > 1:
		return 0, false, fmt.Errorf("it gives %d series: add them up", len(v))
	case v[0].Histogram != nil:
		return 0, false, errors.New("it gives a histogram, and no number")
	}
	f := math.Round(float64(v[0].Value))
	if !(f >= 0 && f <= most) {
		return 0, false, fmt.Errorf("it gives %v, which is no count", v[0].Value)
	}
	return uint64(f), true, nil
}

// buckets is the distribution that an expression gave, one series for each le.
func buckets(v model.Vector) (metrics.Histogram, error) {
	if len(v) == 0 {
		return metrics.Histogram{}, nil
	}
	type bucket struct{ le, n float64 }
	var all []bucket
	for _, s := range v {
		le, err := strconv.ParseFloat(string(s.Metric[leLabel]), 64)
		if err != nil || math.IsNaN(le) || s.Histogram != nil {
			return metrics.Histogram{}, fmt.Errorf("it gives a series without a label le that is a number: %s", s.Metric)
		}
		n := math.Round(float64(s.Value))
		if !(n >= 0 && n <= most) {
			return metrics.Histogram{}, fmt.Errorf("it gives %v for le %v, which is no count", s.Value, le)
		}
		all = append(all, bucket{le, n})
	}
	slices.SortFunc(all, func(a, b bucket) int { return cmp.Compare(a.le, b.le) })
	bounds, counts := make([]float64, len(all)), make([]float64, len(all))
	for i, b := range all {
		bounds[i], counts[i] = b.le, b.n
		if i > 0 && (bounds[i-1] == b.le || counts[i-1] > b.n) {
			return metrics.Histogram{}, fmt.Errorf("its buckets do not fit together at le %v: one is there twice, or the counts fall", b.le)
		}
	}
	if !math.IsInf(bounds[len(bounds)-1], 1) || len(bounds) < 2 {
		return metrics.Histogram{}, errors.New("it gives no bucket +Inf, or no other one")
	}
	return spread(bounds, counts), nil
}

var errNotFinite = errors.New("a value is no finite number")

// sampled are the values of a gauge in what the answer covers.
func (r *reading) sampled(f *feed, e evaluated, in func(part string) bool) ([]float64, error) {
	points := e.gauges[f]
	if f.template.plain {
		var err error
		if points, err = gathered(f.streams, func(s *stream) bool { return in(s.of(r.o.Part)) }); err != nil {
			return nil, err
		}
	}
	var values []float64
	for _, p := range points {
		if p.at < r.begin || p.at >= r.end {
			continue
		}
		if math.IsNaN(p.value) || math.IsInf(p.value, 0) {
			return nil, errNotFinite
		}
		values = append(values, p.value)
	}
	return values, nil
}

// gathered are the samples of several series in the order of time.
func gathered(all streams, in func(*stream) bool) ([]point, error) {
	var points []point
	for _, s := range all.sorted() {
		if !in(s) {
			continue
		}
		if len(s.native) > 0 {
			return nil, fmt.Errorf("%s is a native histogram, and no number", s.labels)
		}
		for i, at := range s.at {
			points = append(points, point{at, s.values[i]})
		}
	}
	slices.SortStableFunc(points, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	return points, nil
}

// drawn are the values of an expression at whole multiples of the time between them, in [from, to).
func drawn(ctx context.Context, c *client, l line, v values, from, to int64) ([]point, error) {
	every := max(l.every.Milliseconds(), 1)
	first := (from + every - 1) / every * every
	if first >= to {
		return nil, nil
	}
	text, err := l.fill(v, 0)
	if err != nil {
		return nil, err
	}
	last := first + (to-1-first)/every*every
	matrix, err := c.grid(ctx, text, first, last, time.Duration(every)*time.Millisecond, l.every*5/2)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.field, err)
	}
	if len(matrix) > 1 {
		return nil, fmt.Errorf("%s: it gives %d series: make one of them", l.field, len(matrix))
	}
	drawn, err := newStreams(matrix, first, last)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.field, err)
	}
	return gathered(drawn, func(*stream) bool { return true })
}

// moment is a time of a sample.
func moment(at int64) time.Time { return time.UnixMilli(at).UTC() }
