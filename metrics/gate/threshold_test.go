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

func TestThresholdsFailClosed(t *testing.T) {
	down := errors.New("connection refused")
	nan := metrics.Histogram{Bounds: []float64{math.NaN()}, Counts: []uint64{200, 0}}
	for name, g := range map[string]gate.Gate{
		"source down":          gate.ErrorRate{Source: source{err: down}, Max: 0.1},
		"unknown group":        gate.ErrorRate{Source: source{err: metrics.ErrUnknownGroup}, Max: 0.1},
		"group not there":      gate.ErrorRate{Source: source{}, Of: gate.Baseline, Max: 0.1},
		"more errors than all": gate.ErrorRate{Source: source{window: metrics.Window{Requests: 100, Errors: 101}}, Max: 1},
		"latency is no number": gate.Latency{Source: source{window: metrics.Window{Requests: 200, Latency: nan}}, Max: time.Second},
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
