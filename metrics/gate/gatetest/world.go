package gatetest

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// World is what a gate under test reads: a metrics.Source with parts, a metrics.SeriesSource, and, by Number,
// a gate.Reader. All of its methods are safe for concurrent use.
type World struct {
	c     Case
	mood  mood                 // from the beginning
	turn  atomic.Pointer[mood] // from now on
	reads atomic.Int64         // of anything
	heard atomic.Int64         // of requests
}

// mood is what is the matter with a world.
type mood string

const (
	well          mood = "all is well"
	empty         mood = "there is no data"
	silent        mood = "nobody sends requests"
	broken        mood = "the source is down"
	unknownGroup  mood = "the group is unknown"
	unknownMetric mood = "the metric is unknown"
	absurd        mood = "the numbers are none"
	infinite      mood = "the numbers are infinite"
	abysmal       mood = "the numbers are infinitely far below zero"
	harm          mood = "all groups are harmed"
	candidateHarm mood = "the candidate is harmed"
	stuck         mood = "the source hangs"
)

var (
	_ metrics.Source       = (*World)(nil)
	_ metrics.Parter       = (*World)(nil)
	_ metrics.SeriesSource = (*World)(nil)
)

// errDown is what a source says that is down.
var errDown = errors.New("connection refused")

// is what is the matter now.
func (w *World) is() mood {
	if m := w.turn.Load(); m != nil {
		return *m
	}
	return w.mood
}

// harms reports whether a group is harmed now.
func (w *World) harms(group string) bool {
	m := w.is()
	return m == harm || m == candidateHarm && group == w.c.subjects()[0].Candidate
}

// number is a value as the world is.
func (w *World) number(v float64, group string) float64 {
	switch m := w.is(); {
	case m == absurd:
		return math.NaN()
	case m == infinite:
		return math.Inf(1)
	case m == abysmal:
		return math.Inf(-1)
	case w.harms(group) && w.c.Bad != nil:
		return *w.c.Bad
	}
	return v
}

// enter counts a read, and fails it where the world is not well.
func (w *World) enter(ctx context.Context) error {
	w.reads.Add(1)
	switch w.is() {
	case empty:
		return metrics.ErrNoData
	case broken:
		return errDown
	case unknownGroup:
		return metrics.ErrUnknownGroup
	case unknownMetric:
		return metrics.ErrUnknownMetric
	case stuck:
		<-ctx.Done()
		return ctx.Err()
	}
	return ctx.Err()
}

// Read is the group's window.
func (w *World) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	w.heard.Add(1)
	if err := w.enter(ctx); err != nil {
		return metrics.Window{}, err
	}
	return w.window(q), nil
}

// Parts are two halves of the group's window.
func (w *World) Parts(ctx context.Context, q metrics.Query) ([]metrics.Window, error) {
	w.heard.Add(1)
	if err := w.enter(ctx); err != nil {
		return nil, err
	}
	whole := w.window(q)
	if whole.Errors > whole.Requests {
		return []metrics.Window{whole, whole}, nil
	}
	return halves(whole), nil
}

func (w *World) window(q metrics.Query) metrics.Window {
	m := w.is()
	if m == silent {
		return metrics.Window{From: q.From, To: q.To}
	}
	n := w.c.windows()(q)
	if w.harms(q.Group) {
		return w.c.harmed()(q)
	}
	if m == absurd || m == infinite || m == abysmal {
		n.Errors, n.Latency = n.Requests+1, metrics.Histogram{Bounds: []float64{w.number(0, q.Group)}, Counts: []uint64{n.Requests, 0}}
		gauges := map[string][]float64{}
		for name := range n.Gauges {
			gauges[name] = []float64{w.number(0, q.Group)}
		}
		n.Gauges = gauges
	}
	return n
}

// halves are two windows that add up to one. All errors, and whatever is odd, are of the first half.
func halves(whole metrics.Window) []metrics.Window {
	a, b := whole, metrics.Window{From: whole.From, To: whole.To, Requests: (whole.Requests - whole.Errors) / 2}
	a.Requests -= b.Requests
	if len(whole.Latency.Counts) > 0 {
		a.Latency, b.Latency = metrics.NewHistogram(whole.Latency.Bounds), metrics.NewHistogram(whole.Latency.Bounds)
		for i, n := range whole.Latency.Counts {
			b.Latency.Counts[i], a.Latency.Counts[i] = n/2, n-n/2
		}
	}
	return []metrics.Window{a, b}
}

// Series are the points of a series.
func (w *World) Series(ctx context.Context, q metrics.SeriesQuery) ([]metrics.Point, error) {
	if err := w.enter(ctx); err != nil {
		return nil, err
	}
	points := w.c.points()(q)
	for i := range points {
		points[i].Value = w.number(points[i].Value, q.Group)
	}
	return points, nil
}

// Number reads the number of the case.
func (w *World) Number(ctx context.Context, s gate.Subject) (float64, error) {
	if err := w.enter(ctx); err != nil {
		return 0, err
	}
	return w.number(w.c.Number, s.Candidate), nil
}
