package metrics_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
)

func TestLogBounds(t *testing.T) {
	for _, c := range []struct{ low, high, growth float64 }{{0.0005, 60, 1.02}, {1, 2, 4}, {1e-9, 1e9, 1.5}} {
		b := metrics.LogBounds(c.low, c.high, c.growth)
		require.NoError(t, metrics.NewHistogram(b).Validate())
		assert.Equal(t, c.low, b[0])
		assert.Equal(t, c.high, b[len(b)-1])
		for i := 1; i < len(b); i++ {
			assert.LessOrEqual(t, b[i]/b[i-1], c.growth*(1+1e-9))
		}
	}
	assert.Len(t, metrics.LogBounds(0.0005, 60, 1.02), 592)
	for _, c := range [][3]float64{{0, 1, 2}, {1, 1, 2}, {1, 2, 1}, {1, math.Inf(1), 2}, {math.NaN(), 1, 2}, {1, 2, math.NaN()}} {
		assert.Nil(t, metrics.LogBounds(c[0], c[1], c[2]), "%v", c)
	}
}

// Observing in parts and adding up is observing all at once, in whatever order.
func TestPlusIsObservingAll(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	bounds := metrics.LogBounds(0.01, 10, 1.3)
	all, sum := metrics.NewHistogram(bounds), metrics.Histogram{}
	for range 20 {
		part := metrics.NewHistogram(bounds)
		values := make([]float64, rnd.IntN(50))
		for i := range values {
			values[i] = rnd.ExpFloat64()
		}
		part.Observe(values...)
		rnd.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		all.Observe(values...)
		var err error
		sum, err = sum.Plus(part)
		require.NoError(t, err)
	}
	assert.Equal(t, all, sum)
	sum, err := sum.Plus(metrics.Histogram{})
	require.NoError(t, err)
	assert.Equal(t, all, sum)
}

func TestObserveOfWhatIsNoNumber(t *testing.T) {
	h := metrics.NewHistogram([]float64{1, 2})
	h.Observe(1, 1.5, 2, 2.5, math.NaN(), math.Inf(1), math.Inf(-1))
	assert.Equal(t, []uint64{2, 2, 3}, h.Counts)
}

func TestPlusRefuses(t *testing.T) {
	a := metrics.NewHistogram([]float64{1, 2})
	_, err := a.Plus(metrics.NewHistogram([]float64{1, 3}))
	require.ErrorContains(t, err, "not the same")
	a.Counts[1] = math.MaxUint64
	b := metrics.NewHistogram([]float64{1, 2})
	b.Counts[1] = 1
	_, err = a.Plus(b)
	require.ErrorContains(t, err, "Counts[1]")
	assert.Equal(t, uint64(math.MaxUint64), a.Counts[1], "what was there is not touched")
}

func TestCoarsen(t *testing.T) {
	h := metrics.Histogram{Bounds: []float64{1, 2, 3, 4}, Counts: []uint64{1, 10, 100, 1000, 10000}}
	for _, c := range []struct {
		others []float64
		want   metrics.Histogram
	}{
		{[]float64{1, 2, 3, 4}, h},
		{[]float64{2, 4}, metrics.Histogram{Bounds: []float64{2, 4}, Counts: []uint64{11, 1100, 10000}}},
		{[]float64{0.5, 1, 2.5, 9}, metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{1, 11110}}},
		{[]float64{1.5}, metrics.Histogram{}},
		{nil, metrics.Histogram{}},
	} {
		got := h.Coarsen(c.others)
		assert.Equal(t, c.want, got)
		assert.NoError(t, got.Validate())
	}
	assert.Zero(t, metrics.Histogram{}.Coarsen([]float64{1}))
	assert.Equal(t, []uint64{1, 10, 100, 1000, 10000}, h.Counts)
}

// What lies at or below a shared bound is the same number of values.
func TestCoarsenKeepsCumulativeCounts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	for range 100 {
		h := metrics.NewHistogram(metrics.LogBounds(0.01, 10, 1.1+rnd.Float64()))
		for range 200 {
			h.Observe(rnd.ExpFloat64())
		}
		var others []float64
		for _, b := range h.Bounds {
			if rnd.IntN(2) == 0 {
				others = append(others, b)
			}
		}
		c := h.Coarsen(others)
		for i, b := range c.Bounds {
			var want, got uint64
			for k := range h.Bounds {
				if h.Bounds[k] <= b {
					want += h.Counts[k]
				}
			}
			for k := range i + 1 {
				got += c.Counts[k]
			}
			require.Equal(t, want, got)
		}
		if len(others) > 0 {
			require.Equal(t, h.Count(), c.Count())
		}
	}
}

func ExampleNewHistogram() {
	h := metrics.NewHistogram(metrics.LogBounds(0.001, 10, 1.02))
	h.Observe(0.1, 0.2, 0.2, 0.4)
	fmt.Printf("%d values, p75 about %.1fs\n", h.Count(), h.Quantile(0.75))
	// Output: 4 values, p75 about 0.2s
}
