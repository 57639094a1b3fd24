package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// source answers every query with the same window, or error.
type source struct {
	window metrics.Window
	err    error
	asked  *metrics.Query
}

func (s source) Read(_ context.Context, q metrics.Query) (metrics.Window, error) {
	if s.asked != nil {
		*s.asked = q
	}
	return s.window, s.err
}

func subject() gate.Subject {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return gate.Subject{Step: "step 2: 10%", Stable: "1.0.0", Candidate: "1.1.0", Since: since, Now: since.Add(time.Minute)}
}

func TestErrorRate(t *testing.T) {
	for _, c := range []struct {
		name             string
		requests, errors uint64
		err              error
		want             gate.Outcome
	}{
		{"below the limit", 1000, 10, nil, gate.Pass},
		{"at the limit", 1000, 20, nil, gate.Pass},
		{"above the limit", 1000, 21, nil, gate.Fail},
		{"too few to fail", 99, 99, nil, gate.Continue},
		{"just enough", 100, 3, nil, gate.Fail},
		{"no request", 0, 0, nil, gate.Continue},
		{"no data", 0, 0, metrics.ErrNoData, gate.Continue},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked metrics.Query
			g := gate.ErrorRate{Source: source{metrics.Window{Requests: c.requests, Errors: c.errors}, c.err, &asked}, Max: 0.02}
			v, err := g.Check(context.Background(), subject())
			require.NoError(t, err)
			assert.Equal(t, c.want, v.Outcome, v.Reason)
			assert.Equal(t, metrics.Query{Group: "1.1.0", From: subject().Since, To: subject().Now}, asked)
			require.Len(t, v.Evidence, 1)
			assert.Equal(t, c.requests, v.Evidence[0].Samples)
			assert.InDelta(t, 0.02, v.Evidence[0].Limit, 0)
		})
	}
}

func TestLatency(t *testing.T) {
	slow := metrics.Histogram{Bounds: []float64{0.1, 0.5, 1}, Counts: []uint64{980, 0, 20, 0}}
	for _, c := range []struct {
		name     string
		quantile float64
		max      time.Duration
		want     gate.Outcome
	}{
		{"p99 by default", 0, 500 * time.Millisecond, gate.Fail},
		{"p99 within", 0, 800 * time.Millisecond, gate.Pass},
		{"p50 within", 0.5, 100 * time.Millisecond, gate.Pass},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := gate.Latency{Source: source{window: metrics.Window{Requests: 1000, Latency: slow}}, Quantile: c.quantile, Max: c.max}
			v, err := g.Check(context.Background(), subject())
			require.NoError(t, err)
			assert.Equal(t, c.want, v.Outcome, v.Reason)
		})
	}
	v, err := gate.Latency{Source: source{}, Max: time.Second}.Check(context.Background(), subject())
	require.NoError(t, err)
	assert.Equal(t, gate.Continue, v.Outcome, "no request is no evidence")
}

// What lies above the last bound is slower than it; how slow, nobody knows.
func TestLatencyAboveTheLastBound(t *testing.T) {
	check := func(n uint64, limit time.Duration) (gate.Verdict, error) {
		h := metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{0, 0, n}}
		w := metrics.Window{Requests: n, Latency: h}
		return gate.Latency{Source: source{window: w}, Max: limit}.Check(context.Background(), subject())
	}
	for _, limit := range []time.Duration{500 * time.Millisecond, time.Second} {
		v, err := check(500, limit)
		require.NoError(t, err)
		assert.Equal(t, gate.Fail, v.Outcome, "%s: %s", limit, v.Reason)
		assert.Contains(t, v.Reason, "p99 latency of 1.1.0 is above 1s over 500 requests")
		text, err := json.Marshal(v)
		require.NoError(t, err, "evidence is written down")
		assert.Contains(t, string(text), `"p99 latency of 1.1.0 (lower bound)","value":1,`)
	}
	v, err := check(500, 2*time.Second)
	require.ErrorContains(t, err, "above 1s, where the source's last bucket ends: whether it is above 2s cannot be told")
	assert.Empty(t, v.Outcome)

	v, err = check(5, 2*time.Second)
	require.NoError(t, err, "more requests may tell yet")
	assert.Equal(t, gate.Continue, v.Outcome)
	v, err = check(5, time.Second)
	require.NoError(t, err)
	assert.Equal(t, gate.Continue, v.Outcome)
}

// Whatever a source answers, a verdict can be written down, and a number that is not one is none.
func TestLatencyOfAnyHistogram(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	numbers := []float64{-1e300, -1, 0, 0.1, 0.5, 1, 1, 60, 1e10, 1e300, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN()}
	counts := []uint64{0, 0, 1, 7, 200, 1 << 53, math.MaxUint64}
	outcomes := map[gate.Outcome]int{}
	for range 20_000 {
		var h metrics.Histogram
		for range rnd.IntN(5) {
			h.Bounds = append(h.Bounds, numbers[rnd.IntN(len(numbers))])
		}
		if rnd.IntN(2) == 0 {
			slices.Sort(h.Bounds)
		}
		n := len(h.Bounds) + 1
		if rnd.IntN(4) == 0 {
			n = rnd.IntN(7)
		}
		for range n {
			h.Counts = append(h.Counts, counts[rnd.IntN(len(counts))])
		}
		g := gate.Latency{Source: source{window: metrics.Window{Latency: h}}, Quantile: rnd.Float64(), Max: time.Second}
		v, err := g.Check(context.Background(), subject())
		outcomes[v.Outcome]++
		if err != nil {
			require.Empty(t, v.Outcome)
			continue
		}
		require.NoError(t, h.Validate(), "%v gave %s", h, v.Outcome)
		_, err = json.Marshal(v)
		require.NoError(t, err, "%v", h)
		if q := h.Quantile(g.Quantile); v.Outcome == gate.Pass {
			require.True(t, q <= 1, "%v passed with %v", h, q)
		}
	}
	for _, outcome := range []gate.Outcome{"", gate.Pass, gate.Fail, gate.Continue} {
		require.Greater(t, outcomes[outcome], 50, "%v", outcomes)
	}
}

func TestThresholdsFailClosed(t *testing.T) {
	down := errors.New("connection refused")
	nan := metrics.Histogram{Bounds: []float64{math.NaN()}, Counts: []uint64{200, 0}}
	descending := metrics.Histogram{Bounds: []float64{1, 0.1}, Counts: []uint64{250, 250, 0}}
	long := metrics.Histogram{Bounds: []float64{0.1}, Counts: []uint64{250, 250, 250, 250}}
	for name, g := range map[string]gate.Gate{
		"source down":          gate.ErrorRate{Source: source{err: down}, Max: 0.1},
		"unknown group":        gate.ErrorRate{Source: source{err: metrics.ErrUnknownGroup}, Max: 0.1},
		"group not there":      gate.ErrorRate{Source: source{}, Of: gate.Baseline, Max: 0.1},
		"more errors than all": gate.ErrorRate{Source: source{window: metrics.Window{Requests: 100, Errors: 101}}, Max: 1},
		"latency is no number": gate.Latency{Source: source{window: metrics.Window{Requests: 200, Latency: nan}}, Max: time.Second},
		"bounds descend":       gate.Latency{Source: source{window: metrics.Window{Requests: 500, Latency: descending}}, Max: 2 * time.Second},
		"too many counts":      gate.Latency{Source: source{window: metrics.Window{Requests: 500, Latency: long}}, Max: 2 * time.Second},
		"source down, latency": gate.Latency{Source: source{err: down}, Max: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := g.Check(context.Background(), subject())
			require.Error(t, err)
			assert.Empty(t, v.Outcome)
		})
	}
}

func TestValidateNamesEachField(t *testing.T) {
	err := gate.ErrorRate{Max: math.NaN(), Of: "canary"}.Validate()
	require.Error(t, err)
	for _, field := range []string{"ErrorRate.Source", "ErrorRate.Max", "ErrorRate.Of"} {
		assert.ErrorContains(t, err, field)
	}
	err = gate.Latency{Quantile: 99, Of: "canary"}.Validate()
	require.Error(t, err)
	for _, field := range []string{"Latency.Source", "Latency.Quantile", "Latency.Max", "Latency.Of"} {
		assert.ErrorContains(t, err, field)
	}
}
