package metricstest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func minute(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Minute))) }

// model is a source with two parts that measures each minute of the first ten, and whose answers a
// mutant replaces.
type model struct {
	window func(w metrics.Window, err error) (metrics.Window, error)
	parts  func(q metrics.Query, parts []metrics.Window, err error) ([]metrics.Window, error)
	points func(q metrics.SeriesQuery, points []metrics.Point, err error) ([]metrics.Point, error)
	ctx    func(context.Context) error
	names  func() []string
}

func sound() *model {
	return &model{
		window: func(w metrics.Window, err error) (metrics.Window, error) { return w, err },
		parts:  func(_ metrics.Query, p []metrics.Window, err error) ([]metrics.Window, error) { return p, err },
		points: func(_ metrics.SeriesQuery, p []metrics.Point, err error) ([]metrics.Point, error) { return p, err },
		ctx:    context.Context.Err,
		names:  func() []string { return []string{"heap", "hits"} },
	}
}

// cell is what part k counts in minute i.
func cell(i, k int) metrics.Window {
	n := uint64(10*(i+1) + 100*k)
	h := metrics.NewHistogram([]float64{1, 2})
	for range n {
		h.Observe(float64(i % 3))
	}
	return metrics.Window{From: minute(float64(i)), To: minute(float64(i + 1)), Requests: n, Errors: uint64(i), Latency: h, Counts: map[string]uint64{"hits": n}}
}

func (m *model) sum(q metrics.Query, parts ...int) (sum metrics.Window, err error) {
	switch {
	case q.Group != "a":
		return sum, metrics.ErrUnknownGroup
	case !q.From.Before(q.To):
		return sum, errors.New("the stretch is empty")
	}
	some := false
	for i := range 10 {
		if !minute(float64(i+1)).After(q.From) || !minute(float64(i)).Before(q.To) {
			continue
		}
		for _, k := range parts {
			c := cell(i, k)
			if !some {
				sum = c
				some = true
				continue
			}
			sum.To = c.To
			sum.Requests += c.Requests
			sum.Errors += c.Errors
			sum.Latency, _ = sum.Latency.Plus(c.Latency)
			sum.Counts["hits"] += c.Counts["hits"]
		}
		if sum.Gauges == nil {
			sum.Gauges = map[string][]float64{}
		}
		sum.Gauges["heap"] = append(sum.Gauges["heap"], float64(i))
	}
	if !some {
		return sum, metrics.ErrNoData
	}
	sum.Latency.Bounds = slices.Clone(sum.Latency.Bounds)
	return sum, nil
}

func (m *model) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	if err := m.ctx(ctx); err != nil {
		return metrics.Window{}, err
	}
	return m.window(m.sum(q, 0, 1))
}

func (m *model) Parts(ctx context.Context, q metrics.Query) ([]metrics.Window, error) {
	if err := m.ctx(ctx); err != nil {
		return nil, err
	}
	a, err := m.sum(q, 0)
	b, _ := m.sum(q, 1)
	if err != nil {
		return m.parts(q, nil, err)
	}
	return m.parts(q, []metrics.Window{a, b}, nil)
}

func (m *model) Names() []string { return m.names() }

func (m *model) Series(ctx context.Context, q metrics.SeriesQuery) ([]metrics.Point, error) {
	if err := m.ctx(ctx); err != nil {
		return nil, err
	}
	switch {
	case q.Name != "heap":
		return m.points(q, nil, metrics.ErrUnknownMetric)
	case q.Group != "a":
		return m.points(q, nil, metrics.ErrUnknownGroup)
	case !q.From.Before(q.To):
		return m.points(q, nil, errors.New("the stretch is empty"))
	}
	var points []metrics.Point
	for i := range 10 {
		if at := minute(float64(i)); !at.Before(q.From) && at.Before(q.To) {
			points = append(points, metrics.Point{At: at, Value: float64(i)})
		}
	}
	if len(points) == 0 {
		return m.points(q, nil, metrics.ErrNoData)
	}
	return m.points(q, points, nil)
}

// only is a source that can nothing but read.
type only struct {
	read func(ctx context.Context, q metrics.Query) (metrics.Window, error)
}

func (o only) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	return o.read(ctx, q)
}

// failing says that error, to whatever it is asked.
func failing(err error) *model {
	m := sound()
	m.ctx = func(context.Context) error { return err }
	return m
}

// waiting waits until its context has ended.
func waiting(then func(ctx context.Context) error) *model {
	m := sound()
	m.ctx = then
	return m
}

func cloned(w metrics.Window) metrics.Window {
	w.Counts, w.Gauges = maps.Clone(w.Counts), maps.Clone(w.Gauges)
	w.Latency.Counts = slices.Clone(w.Latency.Counts)
	return w
}
