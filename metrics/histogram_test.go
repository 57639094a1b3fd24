package metrics_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics"
)

func TestQuantile(t *testing.T) {
	h := metrics.Histogram{Bounds: []float64{1, 2, 4}, Counts: []uint64{10, 10, 0, 10}}
	for _, c := range []struct{ q, want float64 }{
		{0, 0}, {1.0 / 6, 0.5}, {1.0 / 3, 1}, {0.5, 1.5}, {2.0 / 3, 2}, {0.9, 4}, {1, 4},
	} {
		assert.InDelta(t, c.want, h.Quantile(c.q), 1e-9, "q=%v", c.q)
	}
	assert.True(t, math.IsNaN(metrics.Histogram{}.Quantile(0.5)))
	assert.True(t, math.IsNaN(h.Quantile(1.1)))
	assert.True(t, math.IsNaN(h.Quantile(math.NaN())))
}

// The bucket that the estimate lies in is the one that holds the value of that rank.
func TestQuantileAgainstSorting(t *testing.T) {
	bounds := []float64{0.1, 0.2, 0.5, 1, 2, 5}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		h := metrics.Histogram{Bounds: bounds, Counts: make([]uint64, len(bounds)+1)}
		values := make([]float64, 1+rnd.IntN(300))
		for i := range values {
			values[i] = rnd.ExpFloat64()
			b, _ := slices.BinarySearch(bounds, values[i])
			h.Counts[b]++
		}
		slices.Sort(values)
		for _, q := range []float64{0.01, 0.5, 0.9, 0.99, 1} {
			exact := values[max(0, int(math.Ceil(q*float64(len(values))))-1)]
			b, _ := slices.BinarySearch(bounds, exact)
			got := h.Quantile(q)
			if b == len(bounds) {
				assert.InDelta(t, bounds[b-1], got, 0)
				continue
			}
			lower := 0.0
			if b > 0 {
				lower = bounds[b-1]
			}
			assert.True(t, got >= lower && got <= bounds[b], "q=%v of %d values: %v is not within (%v, %v]", q, len(values), got, lower, bounds[b])
		}
	}
}

func ExampleHistogram_Quantile() {
	h := metrics.Histogram{Bounds: []float64{0.1, 0.5, 1}, Counts: []uint64{90, 9, 1, 0}}
	fmt.Printf("p50 %.3fs, p99 %.3fs\n", h.Quantile(0.5), h.Quantile(0.99))
	// Output: p50 0.056s, p99 0.500s
}
