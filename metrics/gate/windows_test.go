package gate_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// grouped answers each group's window.
type grouped map[string]metrics.Window

func (g grouped) Read(_ context.Context, q metrics.Query) (metrics.Window, error) {
	w, ok := g[q.Group]
	if !ok {
		return metrics.Window{}, metrics.ErrUnknownGroup
	}
	return w, nil
}

// telling is a source that knows its names, behind a wrapper.
type telling struct{ metrics.Source }

func (telling) Names() []string { return []string{"heap bytes", "restarts"} }

type hiding struct{ metrics.Source }

func (h hiding) Unwrap() metrics.Source { return h.Source }

func TestWindows(t *testing.T) {
	latency := metrics.Histogram{Bounds: []float64{0.1, 0.2}, Counts: []uint64{100, 100, 0}}
	source := gate.Windows{Names: []string{"restarts", "heap bytes", "goroutines"}, Source: grouped{
		"1.1.0": {Requests: 200, Errors: 5, Latency: latency, Counts: map[string]uint64{"restarts": 2}, Gauges: map[string][]float64{"heap bytes": {1, 5, 3}}},
		"1.0.0": {Requests: 1000, Errors: 10},
	}}
	for name, c := range map[string]struct {
		gate gate.Gate
		want string
		text string
	}{
		"requests":             {gate.Series{Name: "requests", Must: []gate.Bound{gate.Equal(200)}}, "P", ""},
		"errors":               {gate.Series{Name: "errors", Must: []gate.Bound{gate.AtMost(4)}}, "F", "last errors of 1.1.0 is 5"},
		"error rate":           {gate.Series{Name: "error rate", Must: []gate.Bound{gate.AtMost(0.025)}}, "P", ""},
		"p75":                  {gate.Series{Name: "latency p75", Must: []gate.Bound{gate.Below(0.15)}}, "F", "last latency p75 of 1.1.0 is 0.15"},
		"a count":              {gate.Series{Name: "restarts", Must: []gate.Bound{gate.AtMost(0)}}, "F", "last restarts of 1.1.0 is 2"},
		"the largest sample":   {gate.Series{Name: "heap bytes", By: gate.Max, Must: []gate.Bound{gate.Equal(5)}}, "P", ""},
		"the last sample":      {gate.Series{Name: "heap bytes", Must: []gate.Bound{gate.Equal(3)}}, "P", ""},
		"what nobody measures": {gate.Series{Name: "goroutines", Must: []gate.Bound{gate.AtMost(0)}}, "C", "has 0 points of late"},
		"to the stable one":    {gate.Relative{Name: "error rate", Ratio: 1.5}, "F", "must be <= 0.015 (1.5 times the other; stable 1.0.0 has 0.01)"},
		"with some room":       {gate.Relative{Name: "error rate", Ratio: 1.5, Difference: 0.01}, "P", ""},
	} {
		t.Run(name, func(t *testing.T) {
			switch g := c.gate.(type) {
			case gate.Series:
				g.Source, c.gate = source, nil
				c.gate = g
			case gate.Relative:
				g.Source, c.gate = source, nil
				c.gate = g
			}
			require.NoError(t, gate.Validate(c.gate))
			v, err := c.gate.Check(t.Context(), subject())
			require.NoError(t, err)
			assert.Equal(t, c.want, letter(v.Outcome), v.Reason)
			assert.Contains(t, v.Reason, c.text)
		})
	}
}

func TestWindowsFailClosed(t *testing.T) {
	few := metrics.Window{Requests: 99, Errors: 99, Latency: metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{99, 0}}}
	slow := metrics.Window{Requests: 500, Latency: metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{0, 500}}}
	nan := metrics.Window{Requests: 500, Latency: metrics.Histogram{Bounds: []float64{math.NaN()}, Counts: []uint64{0, 500}}, Gauges: map[string][]float64{"heap": {math.NaN()}}}
	check := func(w metrics.Window, name string, least uint64) gate.Verdict {
		g := gate.Series{Source: gate.Windows{Source: grouped{"1.1.0": w}, MinRequests: least, Names: []string{"heap"}}, Name: name, Must: []gate.Bound{gate.AtMost(1e6)}}
		return gate.Ask(t.Context(), g, subject())
	}
	for _, name := range []string{"errors", "error rate", "latency p99"} {
		v := check(few, name, 0)
		assert.True(t, v.Outcome == gate.Continue && v.NoData, "too few requests: %s", v)
		assert.Equal(t, gate.Pass, check(few, name, 99).Outcome)
		assert.True(t, check(metrics.Window{Requests: 100, Errors: 101}, name, 0).Down)
	}
	assert.True(t, check(metrics.Window{}, "error rate", 0).NoData)
	assert.Contains(t, check(slow, "latency p99", 0).Reason, "is above 1, where the last bucket ends", "how slow, nobody knows")
	for _, name := range []string{"requests", "errors", "error rate", "latency p99"} {
		v := check(metrics.Window{}, name, 1)
		assert.True(t, v.Outcome == gate.Continue && v.NoData, "nobody sends requests: %s", v)
	}
	assert.Equal(t, gate.Pass, check(metrics.Window{Requests: 1}, "requests", 0).Outcome)
	assert.Contains(t, check(nan, "latency p99", 0).Reason, "the latency cannot be read")
	assert.Contains(t, check(nan, "heap", 0).Reason, "is NaN")
	down := gate.Series{Source: gate.Windows{Source: source{err: errors.New("connection refused")}}, Name: "errors", Must: []gate.Bound{gate.AtMost(1)}}
	assert.True(t, gate.Ask(t.Context(), down, subject()).Down)
}

// Above the last bucket nobody knows how slow, and that is too slow for each limit below it.
func TestLatencyAboveTheLastBucket(t *testing.T) {
	slow := metrics.Window{Requests: 500, Latency: metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{0, 500}}}
	fast := metrics.Window{Requests: 500, Latency: metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{500, 0}}}
	windows := func(candidate, stable metrics.Window) metrics.SeriesSource {
		return gate.Windows{Source: grouped{"1.1.0": candidate, "1.0.0": stable}}
	}
	series := func(must ...gate.Bound) gate.Gate {
		return gate.Series{Source: windows(slow, fast), Name: "latency p99", Must: must}
	}
	relative := func(candidate, stable metrics.Window, g gate.Relative) gate.Gate {
		g.Source, g.Name = windows(candidate, stable), "latency p50"
		return g
	}
	for name, c := range map[string]struct {
		gate gate.Gate
		want string // D is no verdict
	}{
		"at most less":             {series(gate.AtMost(0.5)), "F"},
		"at most the bound":        {series(gate.AtMost(1)), "F"},
		"below the bound":          {series(gate.Below(1)), "F"},
		"exactly the bound":        {series(gate.Equal(1)), "F"},
		"at most more":             {series(gate.AtMost(1.01)), "D"},
		"below more":               {series(gate.Below(5)), "D"},
		"exactly more":             {series(gate.Equal(5)), "D"},
		"at least":                 {series(gate.AtLeast(1), gate.Above(1), gate.NotEqual(0.5)), "P"},
		"at least more":            {series(gate.AtLeast(1.01)), "D"},
		"above more":               {series(gate.Above(2)), "D"},
		"anything but more":        {series(gate.NotEqual(2)), "D"},
		"one broken is enough":     {series(gate.AtMost(5), gate.AtMost(0.5)), "F"},
		"one open is too many":     {series(gate.AtLeast(0.1), gate.AtMost(5)), "D"},
		"to a fast one":            {relative(slow, fast, gate.Relative{}), "F"},
		"to a fast one, with room": {relative(slow, fast, gate.Relative{Ratio: 3}), "D"},
		"to a slow one":            {relative(fast, slow, gate.Relative{}), "D"},
		"slow to slow":             {relative(slow, slow, gate.Relative{}), "D"},
	} {
		v := gate.Ask(t.Context(), c.gate, subject())
		if c.want == "D" {
			assert.True(t, v.Down, "%s: %s", name, v)
			continue
		}
		assert.Equal(t, c.want, letter(v.Outcome), "%s: %s", name, v)
		assert.Contains(t, v.Reason, "is above 1, where the last bucket ends", name)
	}
}

func TestWindowsValidate(t *testing.T) {
	series := func(s metrics.Source, name string) error {
		return gate.Series{Source: gate.Windows{Source: s}, Name: name, Must: []gate.Bound{gate.AtMost(1)}}.Validate()
	}
	known := hiding{hiding{telling{grouped{}}}}
	for _, name := range []string{"requests", "errors", "error rate", "latency p0", "latency p99.9", "latency p100", "restarts"} {
		assert.NoError(t, series(known, name), name)
	}
	for _, name := range []string{"latency p101", "latency p-1", "latency pNaN", "latency p", "goroutines"} {
		assert.ErrorIs(t, series(known, name), metrics.ErrUnknownMetric, name)
	}
	for _, name := range []string{"goroutines", "eror rate"} {
		assert.ErrorIs(t, series(grouped{}, name), metrics.ErrUnknownMetric, "this source does not tell its names")
	}
	by := func(s metrics.SeriesSource, name string) error {
		return gate.Series{Source: s, Name: name, Must: []gate.Bound{gate.AtMost(1)}}.Validate()
	}
	assert.NoError(t, by(gate.Windows{Source: grouped{}, Names: []string{"goroutines"}}, "goroutines"))
	assert.NoError(t, by(&gate.Windows{Source: grouped{}}, "error rate"), "by a pointer it is the same")
	assert.ErrorIs(t, by(&gate.Windows{Source: grouped{}}, "latency p101"), metrics.ErrUnknownMetric)
	assert.ErrorIs(t, by(&gate.Windows{Source: known}, "goroutines"), metrics.ErrUnknownMetric)
	assert.ErrorContains(t, by(&gate.Windows{}, "errors"), "Series.Source.Source: is missing")
	assert.ErrorContains(t, by((*gate.Windows)(nil), "errors"), "Series.Source: is missing")
	assert.ErrorContains(t, series(nil, "errors"), "Series.Source.Source: is missing")
}

// The points of a gauge lie within the stretch, in order, whatever its length.
func TestGaugesAreSpreadOverTheStretch(t *testing.T) {
	for _, length := range []time.Duration{1, 2, time.Second, time.Hour, 365 * 24 * time.Hour} {
		values := make([]float64, 7)
		w := gate.Windows{Source: grouped{"1.1.0": {Gauges: map[string][]float64{"heap": values}}}}
		q := metrics.SeriesQuery{Name: "heap", Group: "1.1.0", From: subject().Since, To: subject().Since.Add(length)}
		points, err := w.Series(t.Context(), q)
		require.NoError(t, err)
		require.Len(t, points, 7)
		for i, p := range points {
			assert.False(t, p.At.Before(q.From) || !p.At.Before(q.To))
			assert.False(t, i > 0 && p.At.Before(points[i-1].At))
		}
	}
}
