package judge_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/judge"
)

// coarse are some six bounds a decade, as routers have them.
var coarse = []float64{0.0005, 0.0007, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 60}

func lognormal(rnd *rand.Rand, n int, bounds []float64, factor float64) metrics.Histogram {
	h := metrics.NewHistogram(bounds)
	for range n {
		h.Observe(factor * 0.1 * math.Exp(0.5*rnd.NormFloat64()))
	}
	return h
}

// Thresholds are the bound nearest to the quantile; the candidate's are as far above it as the bounds
// allow, and the rest is made up for by how often the baseline would be above.
func TestThresholds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name   string
		bounds []float64
		off    float64 // how far from the quantile a bound may be, in logarithms of the part above it
	}{{"fine", metrics.LogBounds(0.001, 10, 1.01), 0.15}, {"coarse", coarse, 1}, {"too many", metrics.LogBounds(0.0001, 100, 1.002), 0.15}} {
		t.Run(c.name, func(t *testing.T) {
			h := lognormal(rnd, 50_000, c.bounds, 1)
			above := func(v float64) float64 {
				var n uint64
				for i, b := range h.Bounds {
					if b > v {
						n += h.Counts[i]
					}
				}
				return float64(n+h.Counts[len(h.Bounds)]) / 50_000
			}
			for _, q := range []float64{0.5, 0.9, 0.99} {
				set, at, fail, failRatio, pass, passRatio := judge.Threshold(h, q, 1.03, 1.2)
				require.True(t, set)
				assert.Contains(t, h.Bounds, at)
				assert.InDelta(t, 0, math.Log(above(at)/(1-q)), c.off, "p%v is at %v", 100*q, at)
				for _, s := range []struct{ bound, ratio, by float64 }{{fail, failRatio, 1.03}, {pass, passRatio, 1.2}} {
					assert.Contains(t, h.Bounds, s.bound)
					assert.GreaterOrEqual(t, s.bound, at)
					assert.LessOrEqual(t, s.bound, at*s.by*(1+1e-9), "never beyond the tolerance")
					// A candidate that is slower by exactly the tolerance is on the line.
					true1 := func(v float64) float64 { return math.Erfc(math.Log(v/0.1)/0.5/math.Sqrt2) / 2 }
					assert.InEpsilon(t, true1(s.bound/s.by), s.ratio*true1(at), 0.09, "p%v x%v", 100*q, s.by)
				}
			}
		})
	}
}

func TestThresholdsNeedData(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	set, _, _, _, _, _ := judge.Threshold(lognormal(rnd, 400, coarse, 1), 0.99, 1.03, 1.2)
	assert.False(t, set, "four values above it are no p99")
	set, at, _, ratio, _, passRatio := judge.Threshold(metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{100, 0}}, 0.5, 1.03, 1.2)
	assert.True(t, set)
	assert.InDelta(t, 1, at, 0, "one bound is better than none")
	assert.GreaterOrEqual(t, ratio, 1.)
	assert.GreaterOrEqual(t, passRatio, 1.)
	set, at, _, ratio, _, passRatio = judge.Threshold(metrics.Histogram{Bounds: []float64{-1, 0}, Counts: []uint64{0, 10, 100}}, 0.5, 1.03, 1.2)
	assert.True(t, set)
	assert.LessOrEqual(t, at, 0.)
	assert.InDelta(t, 1, ratio, 0, "what is not above zero is not shifted")
	assert.InDelta(t, 1, passRatio, 0)
}

func TestSurvivalFalls(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	for _, bounds := range [][]float64{coarse, metrics.LogBounds(0.001, 10, 1.05), {0.1}, {-1, 0, 0.05, 0.2}} {
		h := lognormal(rnd, 3000, bounds, 1)
		last := 1.0
		for v := 0.0001; v < 20; v *= 1.01 {
			p := judge.Survival(h, v)
			require.True(t, p > 0 && p <= last+1e-12, "%v above %v, %v before", p, v, last)
			last = p
		}
	}
}

func TestTrend(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	play := func(blocks int, excess func(i int) float64) *judge.Slope {
		s := &judge.Slope{}
		for i := range blocks {
			s.Add(1+excess(i)+0.05*rnd.NormFloat64(), 1, 100, 100)
		}
		return s
	}
	assert.True(t, play(12, func(i int) float64 { return math.Exp(-float64(i) / 4) }).Falling(), "a cold start")
	assert.False(t, play(12, func(i int) float64 { return 0.2 }).Falling(), "slow, and not getting faster")
	assert.False(t, play(12, func(i int) float64 { return 0.02 * float64(i) }).Falling(), "a leak")
	assert.False(t, play(2, func(i int) float64 { return -float64(i) }).Falling(), "too little to tell")
	long := play(100_000, func(i int) float64 { return 0 })
	assert.False(t, long.Falling())
	assert.Less(t, long.Size(), judge.MaxSegments, "its size does not depend on the time")
	empty := &judge.Slope{}
	empty.Add(1, 1, 0, 5)
	assert.Zero(t, empty.Size())
}
