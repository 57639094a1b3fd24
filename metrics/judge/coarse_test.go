package judge_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// prometheus are the default bounds of its clients.
var prometheus = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// slowed is a release whose latencies have a median of 30 ms, or so many times as much.
func slowed(t *testing.T, bounds []float64, margin, factor, spread float64) judge.Judgement {
	t.Helper()
	rnd := rand.New(rand.NewPCG(11, 12))
	draw := func(factor float64) metrics.Window {
		h := metrics.NewHistogram(bounds)
		for range 800 {
			h.Observe(0.03 * factor * math.Exp(spread*rnd.NormFloat64()))
		}
		return metrics.Window{Requests: 800, Latency: h}
	}
	c := judge.Config{Metrics: []judge.Metric{judge.Latency{Margin: margin}}, FreshBaseline: true}
	return until(t, c, func(int) judge.Sample { return judge.Sample{Candidate: draw(factor), Baseline: draw(1)} }, 190)
}

// In buckets too wide for the margin, who is slower does not pass, and neither does who is not: the
// buckets cannot tell.
func TestWideBucketsDoNotPass(t *testing.T) {
	for _, bounds := range [][]float64{{1}, {0.1}, {0.1, 1}, {1000}, {1, 1.01, 1.02}, {0.05, 0.5}, prometheus} {
		for _, factor := range []float64{1, 1.5, 2, 3} {
			g := slowed(t, bounds, 0.05, factor, 0.2)
			what := fmt.Sprintf("x%v in %v: %s", factor, bounds, g)
			assert.NotEqual(t, gate.Pass, g.Outcome, what)
			if g.Outcome != gate.Fail {
				assert.Contains(t, g.Reason, "the buckets cannot tell", what)
				assert.Zero(t, g.Need, what)
			}
		}
	}
	for _, factor := range []float64{1.5, 2, 3} {
		for _, bounds := range [][]float64{{1}, {0.1, 1}, coarse, prometheus} {
			g := slowed(t, bounds, 0, factor, 0.5)
			assert.NotEqual(t, gate.Pass, g.Outcome, "x%v in %v: %s", factor, bounds, g)
		}
	}
}

// Buckets that are narrow enough for the margin show what is harmless.
func TestNarrowBucketsPass(t *testing.T) {
	fine := metrics.LogBounds(0.0005, 60, 1.02)
	for _, c := range []struct {
		bounds         []float64
		margin, spread float64
	}{{coarse, 0, 0.5}, {coarse, 0, 0.05}, {fine, 0.05, 0.5}, {fine, 0, 0.5}, {prometheus, 0, 0.8}} {
		g := slowed(t, c.bounds, c.margin, 1, c.spread)
		assert.Equal(t, gate.Pass, g.Outcome, "%s", g)
	}
	h := metrics.NewHistogram(coarse)
	h.Counts[0] = 1000
	_, _, blind := judge.PassLine(h, 0.5, 1.05)
	assert.False(t, blind, "nobody is harmed within half a millisecond")
}

// Where the values around a threshold are spread over several buckets, a candidate that is slower by the
// margin is beyond the line, however wide the buckets are: the margin is rather less than more.
func TestInterpolationIsOnTheSafeSide(t *testing.T) {
	seen := 0
	for _, bounds := range [][]float64{metrics.LogBounds(0.001, 10, 1.05), coarse, prometheus, {0.003, 0.01, 0.03, 0.1, 0.3, 1, 3}} {
		for _, margin := range []float64{1.05, 1.2, 1.5} {
			for _, spread := range []float64{0.2, 0.3, 0.5, 1} {
				for median := 0.02; median < 0.2; median *= 1.1 {
					above := func(v float64) float64 { return math.Erfc(math.Log(v/median)/spread/math.Sqrt2) / 2 }
					h := metrics.NewHistogram(bounds)
					last := 1.0
					for i, b := range bounds {
						h.Counts[i] = uint64(1e7 * (last - above(b)))
						last = above(b)
					}
					h.Counts[len(bounds)] = uint64(1e7 * last)
					// All three must pass: one that sees the harm is enough.
					passes := true
					for _, q := range []float64{0.5, 0.9, 0.99} {
						at, most, blind := judge.PassLine(h, q, margin)
						passes = passes && !blind && above(at/margin) < most*(1-1e-2)
					}
					assert.False(t, passes, "x%v, median %v, spread %v, in %v", margin, median, spread, bounds)
					seen++
				}
			}
		}
	}
	assert.Positive(t, seen)
}
