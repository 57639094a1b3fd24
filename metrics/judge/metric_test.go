package judge_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// until plays samples until there is an answer.
func until(t *testing.T, c judge.Config, next func(i int) judge.Sample, looks int) judge.Judgement {
	t.Helper()
	j, err := judge.New(c)
	require.NoError(t, err)
	var g judge.Judgement
	for i := range looks {
		s := next(i)
		s.From, s.To = noon.Add(time.Duration(i)*5*time.Second), noon.Add(time.Duration(i+1)*5*time.Second)
		g, err = j.Observe(s)
		require.NoError(t, err)
		if g.Outcome != gate.Continue {
			break
		}
	}
	return g
}

func TestCounts(t *testing.T) {
	for _, c := range []struct {
		name                string
		metric              judge.Count
		candidate, baseline float64 // a look: of 100 and 400 requests, a fifth of the traffic
		share               float64
		outcome             gate.Outcome
	}{
		{"as often", judge.Count{Of: "x"}, 10, 40, 0, gate.Pass},
		{"thrice as often", judge.Count{Of: "x"}, 30, 40, 0, gate.Fail},
		{"never", judge.Count{Of: "x"}, 0, 0, 0, gate.Pass},
		{"more than one a request", judge.Count{Of: "x"}, 300, 1200, 0, gate.Pass},
		{"twice as many as several", judge.Count{Of: "x"}, 600, 1200, 0, gate.Fail},
		{"within a margin", judge.Count{Of: "x", Margin: 0.2}, 20, 40, 0, gate.Pass},
		{"beyond a margin", judge.Count{Of: "x", Margin: 0.02}, 20, 40, 0, gate.Fail},
		{"per share, as often", judge.Count{Of: "x", PerShare: true, Margin: 60}, 4, 16, 0.2, gate.Pass},
		{"per share, more often", judge.Count{Of: "x", PerShare: true, Margin: 60}, 12, 16, 0.2, gate.Fail},
		{"per share, which nobody knows", judge.Count{Of: "x", PerShare: true, Margin: 60}, 12, 16, 0, gate.Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 1))
			g := until(t, judge.Config{Metrics: []judge.Metric{c.metric}}, func(int) judge.Sample {
				return judge.Sample{
					Candidate: metrics.Window{Requests: 100, Counts: map[string]uint64{"x": poisson(rnd, c.candidate)}},
					Baseline:  metrics.Window{Requests: 400, Counts: map[string]uint64{"x": poisson(rnd, c.baseline)}}, Share: c.share,
				}
			}, 750)
			assert.Equal(t, c.outcome, g.Outcome, "%s", g)
		})
	}
	g := until(t, judge.Config{Metrics: []judge.Metric{judge.Count{Of: "x"}}}, func(int) judge.Sample {
		return judge.Sample{Candidate: metrics.Window{Requests: 100}, Baseline: metrics.Window{Requests: 400}}
	}, 750)
	assert.Equal(t, gate.Inconclusive, g.Outcome, "what was not measured is not zero")
	assert.Equal(t, judge.CauseNoData, g.Cause)
}

func TestGauges(t *testing.T) {
	for _, c := range []struct {
		name    string
		metric  judge.Gauge
		ratio   float64
		shift   float64
		outcome gate.Outcome
	}{
		{"as high", judge.Gauge{Of: "x"}, 1, 0, gate.Pass},
		{"much higher", judge.Gauge{Of: "x"}, 1.4, 0, gate.Fail},
		{"much lower", judge.Gauge{Of: "x"}, 0.5, 0, gate.Pass},
		{"lower is worse", judge.Gauge{Of: "x", LowerIsWorse: true}, 0.5, 0, gate.Fail},
		{"higher is better", judge.Gauge{Of: "x", LowerIsWorse: true}, 1.4, 0, gate.Pass},
		{"within a margin", judge.Gauge{Of: "x", Margin: 0.5}, 1.2, 0, gate.Pass},
		{"beyond a margin", judge.Gauge{Of: "x", Margin: 0.05}, 1.3, 0, gate.Fail},
		{"within a slack", judge.Gauge{Of: "x", Slack: 50}, 1, 20, gate.Pass},
		{"beyond a slack", judge.Gauge{Of: "x", Slack: 10}, 1, 40, gate.Fail},
		{"below zero, as high", judge.Gauge{Of: "x"}, -1, 0, gate.Pass},
		{"beyond a slack downwards", judge.Gauge{Of: "x", Slack: 10, LowerIsWorse: true}, 1, -40, gate.Fail},
		{"within a margin downwards", judge.Gauge{Of: "x", Margin: 0.5, LowerIsWorse: true}, 0.8, 0, gate.Pass},
	} {
		t.Run(c.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(2, 2))
			day := 0.0
			c.metric.Fails = true
			g := until(t, judge.Config{Metrics: []judge.Metric{c.metric}}, func(int) judge.Sample {
				day += rnd.NormFloat64() // what both arms go through
				baseline := 1.0
				if c.ratio < 0 {
					baseline = -1
				}
				values := func(ratio, shift float64) map[string][]float64 {
					var v []float64
					for range 3 {
						v = append(v, ratio*(100+day+8*rnd.NormFloat64())+shift)
					}
					return map[string][]float64{"x": v}
				}
				return judge.Sample{Candidate: metrics.Window{Gauges: values(c.ratio, c.shift)}, Baseline: metrics.Window{Gauges: values(baseline, 0)}}
			}, 750)
			assert.Equal(t, c.outcome, g.Outcome, "%s", g)
		})
	}
}

// Values that are sampled at different times wait for each other; ties speak for nobody.
func TestGaugesWait(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Gauge{Of: "x", Slack: 1}}, WarmUp: -1}
	g := until(t, c, func(i int) judge.Sample {
		w := metrics.Window{Gauges: map[string][]float64{"x": {5}}}
		if i%2 == 0 {
			return judge.Sample{Candidate: w}
		}
		return judge.Sample{Baseline: w}
	}, 100)
	assert.Equal(t, gate.Pass, g.Outcome, "%s", g)
	assert.InDelta(t, 30, g.Evidence[0].Candidate.Of, 5)
	g = until(t, judge.Config{Metrics: []judge.Metric{judge.Gauge{Of: "x", Margin: 1e-12}}, WarmUp: -1, MaxTime: 20 * time.Minute}, func(int) judge.Sample {
		w := metrics.Window{Gauges: map[string][]float64{"x": {0, 0}}}
		return judge.Sample{Candidate: w, Baseline: w}
	}, 750)
	assert.Equal(t, gate.Inconclusive, g.Outcome, "all the same: neither worse nor better")
}

// One metric with a margin: beyond it is shown to be harm, within it passes.
func TestMargins(t *testing.T) {
	play := func(m judge.Metric, errors, slow float64) gate.Outcome {
		w := quiet()
		w.errors = func(c bool, _ float64) float64 { return map[bool]float64{true: errors, false: 0.01}[c] }
		w.slowness = func(c bool, _ float64) float64 { return map[bool]float64{true: slow, false: 1}[c] }
		g, _ := w.play(t, judge.Config{Metrics: []judge.Metric{m}}, 3, 2*time.Hour)
		return g.Outcome
	}
	assert.Equal(t, gate.Fail, play(judge.Errors{Margin: 0.01}, 0.03, 1))
	assert.Equal(t, gate.Pass, play(judge.Errors{Margin: 0.01}, 0.012, 1), "twice the tolerance of ratios, and within the margin")
	assert.Equal(t, gate.Fail, play(judge.Latency{Margin: 0.05}, 0.01, 1.12))
	assert.Equal(t, gate.Pass, play(judge.Latency{Margin: 0.15}, 0.01, 1.05))
}

// A metric that is there to fail only does not keep a release waiting.
func TestFailOnly(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{}, judge.Count{Of: "nobody counts it", FailOnly: true}, judge.Latency{FailOnly: true}, judge.Gauge{Of: "nor this", FailOnly: true}}}
	g, _ := quiet().play(t, c, 1, time.Hour)
	assert.Equal(t, gate.Pass, g.Outcome, "%s", g)
}

// Zeros say nothing of a ratio; with a slack they pass.
func TestGaugesAtZero(t *testing.T) {
	w := metrics.Window{Gauges: map[string][]float64{"queue": {0}}}
	for slack, want := range map[float64]gate.Outcome{0: gate.Continue, 1: gate.Pass} {
		c := judge.Config{Metrics: []judge.Metric{judge.Gauge{Of: "queue", Slack: slack}}}
		g := until(t, c, func(int) judge.Sample { return judge.Sample{Candidate: w, Baseline: w} }, 600)
		assert.Equal(t, want, g.Outcome, "%s", g)
	}
}
