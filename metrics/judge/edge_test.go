package judge_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// Where nearly all are bad, chance makes small differences only (hypergeometric, not binomial).
func TestNoiseOfSmallHalves(t *testing.T) {
	g := &judge.Guard{}
	for i := range 300 {
		g.Observe(float64(5-2*(i%2)), 5, float64(3+2*(i%2)), 5, false)
	}
	assert.InDelta(t, 2.25*(1-0.08), g.Factor(), 0.1)
}

func TestSmallDropsAreNoColdStart(t *testing.T) {
	s := &judge.Slope{}
	for i := range 12 {
		s.Add(1.005-0.0005*float64(i)+1e-6*float64(i%2), 1, 1e6, 1e6)
	}
	assert.False(t, s.Falling(), "sure, and too little to matter")
}

// A stretch is judged after MaxBlock, whatever it holds.
func TestMaxBlock(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{}}, MinBlock: 1 << 40, MaxBlock: 10 * time.Second}
	bad := judge.Sample{Candidate: metrics.Window{Requests: 50, Errors: 50}, Baseline: metrics.Window{Requests: 50}}
	assert.Equal(t, gate.Fail, feed(t, c, bad, 12).Outcome)
	c.MaxBlock = time.Hour
	assert.Equal(t, gate.Continue, feed(t, c, bad, 12).Outcome)
}

// Beside a fresh baseline the candidate is about as large, whatever its part of the traffic.
func TestSampleRatio(t *testing.T) {
	s := judge.Sample{Candidate: metrics.Window{Requests: 25}, Baseline: metrics.Window{Requests: 475}, Share: 0.05}
	assert.Equal(t, gate.Continue, feed(t, judge.Config{}, s, 20).Outcome)
	g := feed(t, judge.Config{FreshBaseline: true}, s, 20)
	assert.Equal(t, gate.Inconclusive, g.Outcome)
	assert.Equal(t, judge.CauseNoData, g.Cause)
	s.Candidate.Requests = 5
	assert.Equal(t, gate.Inconclusive, feed(t, judge.Config{}, s, 40).Outcome, "a fifth of its share")
}

func TestMaxShare(t *testing.T) {
	first := feed(t, judge.Config{}, judge.Sample{Candidate: metrics.Window{Requests: 1}, Baseline: metrics.Window{Requests: 4999}, Share: 0.0002}, 1)
	assert.LessOrEqual(t, first.MaxShare, 0.00201, "ten requests of 5000: one good answer says nothing")

	good := judge.Sample{Candidate: metrics.Window{Requests: 50}, Baseline: metrics.Window{Requests: 450}, Share: 0.1}
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{}}}
	assert.LessOrEqual(t, feed(t, c, good, 11).MaxShare, 0.05, "it may be cold")
	assert.InDelta(t, 0.5, feed(t, c, good, 60).MaxShare, 1e-9)

	w := quiet()
	w.slowness = func(c bool, _ float64) float64 { return map[bool]float64{true: 2, false: 1}[c] }
	g, j := w.play(t, judge.Config{}, 1, 4*time.Minute)
	assert.Equal(t, gate.Continue, g.Outcome)
	assert.Positive(t, j.Suspensions())
	assert.LessOrEqual(t, g.MaxShare, 0.02, "who is slow while it may be cold is held small")
}

// What is beyond an explicit margin speaks against a pass.
func TestBeyondTheMargin(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{Margin: 0.01}}}
	g := feed(t, c, judge.Sample{Candidate: metrics.Window{Requests: 1000, Errors: 25}, Baseline: metrics.Window{Requests: 1000, Errors: 10}}, 8)
	assert.Less(t, g.Evidence[0].PassOdds, 1.)
	assert.Greater(t, g.Evidence[0].Odds, 1.)
}

// A stretch of the source that is not over is not read yet.
func TestGateWaitsForTheEndOfAStretch(t *testing.T) {
	g := judge.Gate{Source: store{world: quiet(), width: 30 * time.Second}, History: -1}
	for after, want := range map[time.Duration]time.Duration{29 * time.Second: 0, 30 * time.Second: 30 * time.Second, 59 * time.Second: 30 * time.Second} {
		v, err := g.Check(t.Context(), subject(after, nil))
		require.NoError(t, err)
		var m struct{ Read time.Time }
		require.NoError(t, json.Unmarshal(v.Memory, &m))
		assert.Equal(t, noon.Add(want), m.Read, "asked after %s", after)
	}
}
