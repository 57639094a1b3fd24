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

// In buckets of any width, a candidate that is slower by no more than the tolerance is not beyond the line of
// harm, and one that is slower by three times that is: where nothing else is known of latencies, they are taken for
// log-normal between two bounds.
func TestToleranceInWideBuckets(t *testing.T) {
	for _, bounds := range [][]float64{coarse, prometheus, {0.003, 0.01, 0.03, 0.1, 0.3, 1, 3}} {
		for _, spread := range []float64{0.3, 0.5, 1} {
			for median := 0.02; median < 0.2; median *= 1.1 {
				above := func(v float64) float64 { return math.Erfc(math.Log(v/median)/spread/math.Sqrt2) / 2 }
				h := metrics.NewHistogram(bounds)
				last := 1.0
				for i, b := range bounds {
					h.Counts[i] = uint64(1e9 * (last - above(b)))
					last = above(b)
				}
				h.Counts[len(bounds)] = uint64(1e9 * last)
				for _, q := range []float64{0.5, 0.9, 0.99} {
					set, at, fail, ratio, _, _ := judge.Threshold(h, q, 1.03, 1.2)
					what := fmt.Sprintf("p%v, median %v, spread %v, in %v", 100*q, median, spread, bounds)
					assert.True(t, set, what)
					assert.Less(t, above(fail/1.029), ratio*above(at), what)
					if above(at) > 1e-4 { // else there is one bucket alone, and nobody knows where in it values lie
						assert.Greater(t, above(fail/1.09), ratio*above(at), what)
					}
				}
			}
		}
	}
}

// Where all latencies are beyond the last bound, or none are just below a threshold, a slower candidate looks the
// same: nothing passes, and nobody is told how much more data would do.
func TestNothingBelowAThreshold(t *testing.T) {
	for name, counts := range map[string][]uint64{
		"beyond the last bound": {0, 0, 0, 500}, "a gap below": {0, 200, 0, 300},
	} {
		h := metrics.Histogram{Bounds: []float64{0.001, 0.1, 0.2}, Counts: counts}
		w := metrics.Window{Requests: 500, Latency: h}
		c := judge.Config{Metrics: []judge.Metric{judge.Latency{Quantiles: []float64{0.5}}}, FreshBaseline: true}
		g := until(t, c, func(int) judge.Sample { return judge.Sample{Candidate: w, Baseline: w} }, 190)
		assert.Equal(t, gate.Continue, g.Outcome, name)
		assert.Contains(t, g.Reason, "the buckets cannot tell", name)
		assert.Zero(t, g.Need, name)
	}
}

// What the configuration calls harmless is not called harmful, in wide buckets either.
func TestHarmlessInWideBuckets(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	draw := func(factor float64) metrics.Window {
		h := metrics.NewHistogram(prometheus)
		for range 500 {
			h.Observe(0.06 * factor * math.Exp(0.3*rnd.NormFloat64()))
		}
		return metrics.Window{Requests: 500, Latency: h}
	}
	for factor, harmful := range map[float64]bool{1.02: false, 1.2: true} {
		g := until(t, judge.Config{Metrics: []judge.Metric{judge.Latency{}}, FreshBaseline: true}, func(int) judge.Sample {
			return judge.Sample{Candidate: draw(factor), Baseline: draw(1)}
		}, 300)
		assert.Equal(t, harmful, g.Outcome == gate.Fail, "x%v: %s", factor, g)
	}
}

// However many values there are, and however they lie in the buckets, a tolerance is a number.
func TestToleranceIsANumber(t *testing.T) {
	rnd := rand.New(rand.NewPCG(15, 16))
	some := []uint64{0, 0, 1, 7, 1000, 1 << 30, 1 << 52}
	for range 5000 {
		h := metrics.NewHistogram([]float64{0.1, 0.25, 0.2500001, 0.5, 1})
		for i := range h.Counts {
			h.Counts[i] = some[rnd.IntN(len(some))]
		}
		for _, q := range []float64{0.01, 0.5, 0.99} {
			set, _, _, fail, _, pass := judge.Threshold(h, q, 1.03, 1.2)
			for _, ratio := range []float64{fail, pass} {
				assert.True(t, !set || ratio >= 1 && ratio < 1e300, "%v of %v", ratio, h)
			}
		}
	}
}
