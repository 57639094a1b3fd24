package trace

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// The series that each trace has. The others are its counts and gauges by name; one that bears such a
// name is hidden by it.
const (
	Requests  = "requests"   // of each line
	Errors    = "errors"     // of each line
	ErrorRate = "error rate" // of each line that has a request, from 0 to 1
)

// quantiles are the series of a trace that has latencies, in seconds: +Inf where the quantile lies above
// the last bound.
var quantiles = []struct {
	name string
	q    float64
}{{"latency p50", 0.5}, {"latency p90", 0.9}, {"latency p99", 0.99}}

// SeriesNames are the names that Points answers; sorted.
func (r *Record) SeriesNames() []string {
	names := append(r.Names(), Requests, Errors, ErrorRate)
	if r.measured {
		for _, q := range quantiles {
			names = append(names, q.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Points are a series of a group in [from, to): a point at the end of each line that has a value, and of
// a gauge with several values in one line, these spread evenly over its stretch. It is
// metrics.ErrUnknownMetric, metrics.ErrUnknownGroup, or metrics.ErrNoData where it has none.
func (r *Record) Points(name, group string, from, to time.Time) ([]metrics.Point, error) {
	if err := ascending(from, to); err != nil {
		return nil, err
	}
	points, err := r.points(name, group)
	if err != nil {
		return nil, fmt.Errorf("series %q of group %q: %w", name, group, err)
	}
	return within(points, name, group, from, to)
}

// points are a whole series.
func (r *Record) points(name, group string) (points []metrics.Point, err error) {
	if _, known := slices.BinarySearch(r.SeriesNames(), name); !known {
		return nil, metrics.ErrUnknownMetric
	}
	lines, err := r.among(group, time.Time{}, time.Date(maxYear+1, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		return nil, err
	}
	for len(lines) > 0 {
		// Parts have their lines at the same time: there it is their sum.
		n := 1
		for n < len(lines) && lines[n].to.Equal(lines[0].to) {
			n++
		}
		w, err := sum(lines[:n])
		if err != nil {
			return nil, err
		}
		points, lines = append(points, pointsOf(name, w)...), lines[n:]
	}
	slices.SortStableFunc(points, func(a, b metrics.Point) int { return a.At.Compare(b.At) })
	return points, nil
}

// pointsOf are the points of a series in what was counted up to one time.
func pointsOf(name string, w metrics.Window) []metrics.Point {
	at := func(v float64) []metrics.Point { return []metrics.Point{{At: w.To, Value: v}} }
	switch name {
	case Requests:
		return at(float64(w.Requests))
	case Errors:
		return at(float64(w.Errors))
	case ErrorRate:
		if w.Requests == 0 {
			return nil
		}
		return at(w.ErrorRate())
	}
	for _, q := range quantiles {
		if v := w.Latency.Quantile(q.q); q.name == name && !math.IsNaN(v) {
			return at(v)
		} else if q.name == name {
			return nil
		}
	}
	if n, measured := w.Counts[name]; measured {
		return at(float64(n))
	}
	var points []metrics.Point
	values := w.Gauges[name]
	for i, v := range values {
		// The k-th of n values at k/n of the stretch, the last at its end.
		share := float64(i+1) / float64(len(values))
		points = append(points, metrics.Point{At: w.From.Add(time.Duration(share * float64(w.To.Sub(w.From)))), Value: v})
	}
	return points
}

// within are the points in [from, to).
func within(points []metrics.Point, name, group string, from, to time.Time) ([]metrics.Point, error) {
	position := func(t time.Time) int {
		n, _ := slices.BinarySearchFunc(points, t, func(p metrics.Point, t time.Time) int { return p.At.Compare(t) })
		return n
	}
	some := points[position(from):position(to)]
	if len(some) == 0 {
		return nil, fmt.Errorf("series %q of group %q: %w", name, group, metrics.ErrNoData)
	}
	return slices.Clone(some), nil
}
