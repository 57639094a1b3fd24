package metricstest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/metricstest"
)

func soundCase() metricstest.Case {
	return metricstest.Case{
		Group: "a", Cuts: []time.Time{minute(0), minute(3), minute(4), minute(10)}, Parts: 2,
		SilentFrom: minute(20), SilentTo: minute(30),
		Down: func() metrics.Source { return failing(errors.New("no route to host")) },
		Hangs: func() metrics.Source {
			return waiting(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		},
	}
}

func soundSeries() metricstest.SeriesCase {
	c := soundCase()
	return metricstest.SeriesCase{
		Series: "heap", Group: c.Group, Cuts: c.Cuts, SilentFrom: c.SilentFrom, SilentTo: c.SilentTo,
		Down:  func() metrics.SeriesSource { return c.Down().(*model) },
		Hangs: func() metrics.SeriesSource { return c.Hangs().(*model) },
	}
}

func TestASoundSourceKeepsAllLaws(t *testing.T) {
	metricstest.Run(t, func() metrics.Source { return sound() }, soundCase())
	metricstest.RunSeries(t, func() metrics.SeriesSource { return sound() }, soundSeries())
	assert.NoError(t, metricstest.Check(func() metrics.Source { return sound() }, soundCase()))
	assert.NoError(t, metricstest.CheckSeries(func() metrics.SeriesSource { return sound() }, soundSeries()))
	// Laws that do not apply are left out.
	least := metricstest.Case{Group: "a", Cuts: []time.Time{minute(0), minute(1)}}
	assert.NoError(t, metricstest.Check(func() metrics.Source { return only{sound().Read} }, least))
}

// broken are the laws that an error names.
func broken(t *testing.T, err error) (laws []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		v, ok := errors.AsType[*metricstest.Violation](e)
		require.True(t, ok, "%v", e)
		assert.NotEmpty(t, v.Reason)
		if !slices.Contains(laws, v.Law) {
			laws = append(laws, v.Law)
		}
	}
	return laws
}

// to is a mutant in which one answer of Read is another one.
func to(change func(metrics.Window, error) (metrics.Window, error)) *model {
	m := sound()
	m.window = change
	return m
}

func toParts(change func(metrics.Query, []metrics.Window, error) ([]metrics.Window, error)) *model {
	m := sound()
	m.parts = change
	return m
}

// reading is a mutant that can only read, and reads something else.
func reading(change func(*metrics.Window)) metrics.Source {
	m := sound()
	return only{func(ctx context.Context, q metrics.Query) (metrics.Window, error) {
		w, err := m.Read(ctx, q)
		if err == nil {
			change(&w)
		}
		return w, err
	}}
}

func TestEachMutantBreaksExactlyItsLaw(t *testing.T) {
	other := func(kind, instead error) *model {
		return to(func(w metrics.Window, err error) (metrics.Window, error) {
			if errors.Is(err, kind) {
				err = instead
			}
			return w, err
		})
	}
	var once atomic.Bool
	for _, c := range []struct {
		law, name string
		mutant    metrics.Source
		edit      func(*metricstest.Case)
	}{
		{"answers", "a stretch is down", to(func(w metrics.Window, err error) (metrics.Window, error) {
			if err == nil && w.From.Equal(minute(3)) {
				err = errors.New("down")
			}
			return w, err
		}), nil},
		{"answers", "no cuts", sound(), func(c *metricstest.Case) { c.Cuts = nil }},
		{"answers", "cuts that descend", sound(), func(c *metricstest.Case) { slices.Reverse(c.Cuts) }},
		{"unknown", "no data", other(metrics.ErrUnknownGroup, metrics.ErrNoData), nil},
		{"unknown", "zero requests", other(metrics.ErrUnknownGroup, nil), nil},
		{"unknown", "something else", other(metrics.ErrUnknownGroup, errors.New("what?")), nil},
		{"unknown", "both", other(metrics.ErrUnknownGroup, errors.Join(metrics.ErrUnknownGroup, metrics.ErrNoData)), nil},
		{"unknown", "of the parts", toParts(func(_ metrics.Query, p []metrics.Window, err error) ([]metrics.Window, error) {
			if errors.Is(err, metrics.ErrUnknownGroup) {
				return []metrics.Window{{}}, nil
			}
			return p, err
		}), nil},
		{"nodata", "unknown", other(metrics.ErrNoData, metrics.ErrUnknownGroup), nil},
		{"nodata", "zero requests", other(metrics.ErrNoData, nil), nil},
		{"down", "no data", sound(), func(c *metricstest.Case) {
			c.Down = func() metrics.Source { return failing(fmt.Errorf("refused: %w", metrics.ErrNoData)) }
		}},
		{"down", "is answered", sound(), func(c *metricstest.Case) { c.Down = func() metrics.Source { return sound() } }},
		{"backwards", "zero requests", func() metrics.Source {
			m := sound()
			return only{func(ctx context.Context, q metrics.Query) (metrics.Window, error) {
				if !q.From.Before(q.To) {
					return metrics.Window{From: q.To, To: q.To}, ctx.Err()
				}
				return m.Read(ctx, q)
			}}
		}(), nil},
		{"window", "a count that Names does not have", func() metrics.Source {
			m := sound()
			m.names = func() []string { return []string{"heap"} }
			return m
		}(), nil},
		{"window", "a gauge that Names does not have", func() metrics.Source {
			m := sound()
			m.names = func() []string { return []string{"hits"} }
			return m
		}(), nil},
		{"window", "more errors than requests", reading(func(w *metrics.Window) { w.Errors = 2 * w.Requests }), nil},
		{"window", "bounds that descend", reading(func(w *metrics.Window) { slices.Reverse(w.Latency.Bounds) }), nil},
		{"window", "ends before it begins", reading(func(w *metrics.Window) { w.From, w.To = w.To, w.From }), func(c *metricstest.Case) { c.Cuts = c.Cuts[:2] }},
		{"adds", "a request each time", reading(func(w *metrics.Window) { w.Requests++ }), nil},
		{"adds", "a gauge of the last minute", reading(func(w *metrics.Window) { w.Gauges["heap"] = w.Gauges["heap"][:1] }), nil},
		{"adds", "other bounds", reading(func(w *metrics.Window) { w.Latency.Bounds[0] = w.To.Sub(w.From).Hours() }), nil},
		{"adds", "overlap", reading(func(w *metrics.Window) { w.To = w.To.Add(time.Second) }), nil},
		{"adds", "no stretch", reading(func(w *metrics.Window) { w.From = w.To }), nil},
		{"names", "not sorted", func() metrics.Source {
			m := sound()
			m.names = func() []string { return []string{"hits", "heap"} }
			return m
		}(), nil},
		{"names", "twice", func() metrics.Source {
			m := sound()
			m.names = func() []string { return []string{"heap", "hits", "hits"} }
			return m
		}(), nil},
		{"names", "an empty one", func() metrics.Source {
			m := sound()
			m.names = func() []string { return []string{"", "heap", "hits"} }
			return m
		}(), nil},
		{"names", "its own", func() metrics.Source {
			m, names := sound(), []string{"heap", "hits"}
			m.names = func() []string { return names }
			return m
		}(), nil},
		{"parts", "do not add up", toParts(func(_ metrics.Query, p []metrics.Window, err error) ([]metrics.Window, error) {
			if err == nil {
				p[1] = cloned(p[1])
				p[1].Requests++
			}
			return p, err
		}), nil},
		{"parts", "change places", toParts(func(q metrics.Query, p []metrics.Window, err error) ([]metrics.Window, error) {
			if err == nil && q.From.Equal(minute(3)) {
				slices.Reverse(p)
			}
			return p, err
		}), nil},
		{"parts", "one is left out where it is empty", toParts(func(q metrics.Query, p []metrics.Window, err error) ([]metrics.Window, error) {
			if err == nil && q.From.Equal(minute(3)) {
				w, _ := sound().sum(q, 0, 1)
				p = []metrics.Window{w}
			}
			return p, err
		}), func(c *metricstest.Case) { c.Parts = 0 }},
		{"parts", "too few", sound(), func(c *metricstest.Case) { c.Parts = 3 }},
		{"again", "answers are its own", func() metrics.Source {
			m := sound()
			var mu sync.Mutex
			kept := map[metrics.Query]metrics.Window{}
			return only{func(ctx context.Context, q metrics.Query) (metrics.Window, error) {
				mu.Lock()
				defer mu.Unlock()
				if before, known := kept[q]; known && ctx.Err() == nil {
					return before, nil
				}
				w, err := m.Read(ctx, q)
				if err == nil {
					kept[q] = w
				}
				return w, err
			}}
		}(), nil},
		{"cancel", "answers all the same", func() metrics.Source {
			m := sound()
			m.ctx = func(context.Context) error { return nil }
			return m
		}(), nil},
		{"cancel", "another error", func() metrics.Source {
			m := sound()
			m.ctx = func(ctx context.Context) error {
				if ctx.Err() != nil {
					return errors.New("it took too long")
				}
				return nil
			}
			return m
		}(), nil},
		{"hangs", "for ever", sound(), func(c *metricstest.Case) {
			c.Patience = time.Millisecond
			c.Hangs = func() metrics.Source {
				return waiting(func(ctx context.Context) error { time.Sleep(300 * time.Millisecond); return ctx.Err() })
			}
		}},
		{"hangs", "another error", sound(), func(c *metricstest.Case) {
			c.Hangs = func() metrics.Source {
				return waiting(func(ctx context.Context) error { <-ctx.Done(); return errors.New("it took too long") })
			}
		}},
		{"together", "one at a time", func() metrics.Source {
			m := sound()
			var inside atomic.Int32
			return only{func(ctx context.Context, q metrics.Query) (metrics.Window, error) {
				defer inside.Add(-1)
				if inside.Add(1) > 1 && !once.Swap(true) {
					return metrics.Window{}, errors.New("busy")
				}
				time.Sleep(time.Millisecond)
				return m.Read(ctx, q)
			}}
		}(), nil},
	} {
		t.Run(c.law+"/"+c.name, func(t *testing.T) {
			x := soundCase()
			if c.edit != nil {
				c.edit(&x)
			}
			assert.Equal(t, []string{c.law}, broken(t, metricstest.Check(func() metrics.Source { return c.mutant }, x)))
		})
	}
}

func TestEachMutantOfSeriesBreaksExactlyItsLaw(t *testing.T) {
	mutant := func(change func(metrics.SeriesQuery, []metrics.Point, error) ([]metrics.Point, error)) *model {
		m := sound()
		m.points = change
		return m
	}
	other := func(kind, instead error) *model {
		return mutant(func(_ metrics.SeriesQuery, p []metrics.Point, err error) ([]metrics.Point, error) {
			if errors.Is(err, kind) {
				err = instead
			}
			return p, err
		})
	}
	for _, c := range []struct {
		law, name string
		mutant    metrics.SeriesSource
	}{
		{"unknown", "no data", other(metrics.ErrUnknownGroup, metrics.ErrNoData)},
		{"metric", "no data", other(metrics.ErrUnknownMetric, metrics.ErrNoData)},
		{"metric", "an empty series", other(metrics.ErrUnknownMetric, nil)},
		{"nodata", "an empty series", other(metrics.ErrNoData, nil)},
		{"points", "the one at the end is in it", mutant(func(q metrics.SeriesQuery, p []metrics.Point, err error) ([]metrics.Point, error) {
			if err == nil && q.To.Equal(minute(10)) {
				p = append(p, metrics.Point{At: q.To})
			}
			return p, err
		})},
		{"points", "one too early", mutant(func(q metrics.SeriesQuery, p []metrics.Point, err error) ([]metrics.Point, error) {
			if err == nil && q.From.Equal(minute(0)) {
				p = append([]metrics.Point{{At: minute(-1)}}, p...)
			}
			return p, err
		})},
		{"points", "they descend", mutant(func(q metrics.SeriesQuery, p []metrics.Point, err error) ([]metrics.Point, error) {
			if err == nil && q.From.Equal(minute(0)) {
				p[0], p[1] = p[1], p[0]
			}
			return p, err
		})},
		{"adds", "thinned out", mutant(func(q metrics.SeriesQuery, p []metrics.Point, err error) ([]metrics.Point, error) {
			if err == nil && len(p) > 6 {
				p = p[len(p)-6:]
			}
			return p, err
		})},
	} {
		t.Run(c.law+"/"+c.name, func(t *testing.T) {
			assert.Equal(t, []string{c.law}, broken(t, metricstest.CheckSeries(func() metrics.SeriesSource { return c.mutant }, soundSeries())))
		})
	}
}

func TestThereMustBeACase(t *testing.T) {
	assert.ErrorContains(t, metricstest.Check(func() metrics.Source { return sound() }), "there is no case")
	assert.ErrorContains(t, metricstest.CheckSeries(func() metrics.SeriesSource { return sound() }), "there is no case")
}

func TestViolation(t *testing.T) {
	assert.EqualError(t, &metricstest.Violation{Law: "down", Case: "x", Reason: "is answered"}, "law down, case x: is answered")
	assert.EqualError(t, &metricstest.Violation{Law: "down", Reason: "is answered"}, "law down: is answered")
}
