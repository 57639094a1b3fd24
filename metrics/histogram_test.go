package metrics_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
)

func TestQuantile(t *testing.T) {
	h := metrics.Histogram{Bounds: []float64{1, 2, 4}, Counts: []uint64{10, 10, 0, 10}}
	for _, c := range []struct{ q, want float64 }{
		{0, 0}, {1.0 / 6, 0.5}, {1.0 / 3, 1}, {0.5, 1.5}, {2.0 / 3, 2}, {0.7, math.Inf(1)}, {1, math.Inf(1)},
	} {
		if math.IsInf(c.want, 1) {
			assert.Equal(t, c.want, h.Quantile(c.q), "q=%v lies above the last bound", c.q)
			continue
		}
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
				assert.Equal(t, math.Inf(1), got)
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

func TestHistogramValidate(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name   string
		h      metrics.Histogram
		fields []string
	}{
		{"nothing measured", metrics.Histogram{}, nil},
		{"one bucket and what is above it", metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{1, 2}}, nil},
		{"values below zero", metrics.Histogram{Bounds: []float64{-2, 0, 3}, Counts: []uint64{1, 2, 3, 4}}, nil},
		{"no bounds", metrics.Histogram{Counts: []uint64{1}}, []string{"Bounds"}},
		{"no counts", metrics.Histogram{Bounds: []float64{1}}, []string{"Counts"}},
		{"a count is missing", metrics.Histogram{Bounds: []float64{1, 2}, Counts: []uint64{1, 2}}, []string{"Counts"}},
		{"a count too many", metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{0, 0, 0, 5}}, []string{"Counts"}},
		{"descending", metrics.Histogram{Bounds: []float64{1, 0.1}, Counts: []uint64{1, 1, 1}}, []string{"Bounds[1]"}},
		{"twice the same", metrics.Histogram{Bounds: []float64{1, 1}, Counts: []uint64{1, 1, 1}}, []string{"Bounds[1]"}},
		{"not a number", metrics.Histogram{Bounds: []float64{math.NaN(), 1}, Counts: []uint64{1, 1, 1}}, []string{"Bounds[0]"}},
		{"the last bound is written down", metrics.Histogram{Bounds: []float64{1, inf}, Counts: []uint64{1, 1, 0}}, []string{"Bounds[1]"}},
		{"more than can be counted", metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{math.MaxUint64, 1}}, []string{"Counts[1]"}},
		{"all at once", metrics.Histogram{Bounds: []float64{-inf, 2, 1}, Counts: []uint64{1}}, []string{"Bounds[0]", "Bounds[2]", "Counts"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.h.Validate()
			if c.fields == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			for _, field := range c.fields {
				assert.ErrorContains(t, err, field)
			}
			assert.True(t, math.IsNaN(c.h.Quantile(0.5)), "no number comes from it")
		})
	}
}

// A histogram comes from elsewhere: whatever its shape, a quantile is a number within its bounds,
// +Inf where it lies above them, or NaN.
func FuzzQuantile(f *testing.F) {
	f.Add(0.1, 1.0, uint64(1), uint64(2), uint64(3), uint64(0), 3, 2, 0.99)
	f.Add(0.1, 1.0, uint64(0), uint64(0), uint64(0), uint64(5), 4, 1, 0.9)
	f.Add(-math.MaxFloat64, math.MaxFloat64, uint64(0), uint64(7), uint64(0), uint64(0), 3, 2, 0.5)
	f.Add(1.0, 2.0, uint64(math.MaxUint64/2), uint64(math.MaxUint64/2-7), uint64(0), uint64(0), 3, 2, 1.0)
	f.Fuzz(func(t *testing.T, b0, b1 float64, c0, c1, c2, c3 uint64, counts, bounds int, q float64) {
		h := metrics.Histogram{
			Bounds: []float64{b0, b1}[:min(max(bounds, 0), 2)], Counts: []uint64{c0, c1, c2, c3}[:min(max(counts, 0), 4)],
		}
		got := h.Quantile(q)
		switch {
		case h.Validate() != nil || h.Count() == 0 || !(q >= 0 && q <= 1):
			require.True(t, math.IsNaN(got), "%v", got)
		case math.IsInf(got, 1):
			require.NotZero(t, h.Counts[len(h.Bounds)], "+Inf, and no value is above the last bound")
		default:
			require.LessOrEqual(t, got, h.Bounds[len(h.Bounds)-1])
			require.GreaterOrEqual(t, got, min(0, h.Bounds[0]))
		}
	})
}

func ExampleHistogram_Quantile() {
	h := metrics.Histogram{Bounds: []float64{0.1, 0.5, 1}, Counts: []uint64{90, 9, 1, 0}}
	fmt.Printf("p50 %.3fs, p99 %.3fs\n", h.Quantile(0.5), h.Quantile(0.99))
	// Output: p50 0.056s, p99 0.500s
}
