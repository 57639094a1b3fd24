package draw_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/draw"
)

func lfac(k float64) float64 { f, _ := math.Lgamma(k + 1); return f }

// fits holds what was drawn against the exact probabilities, by Pearson's chi-squared. Values that are
// expected less than ten times are taken together.
func fits(t *testing.T, n int, draw func() uint64, probability func(k float64) float64) {
	t.Helper()
	drawn := map[uint64]float64{}
	highest := uint64(0)
	for range n {
		k := draw()
		drawn[k]++
		highest = max(highest, k)
	}
	var chi, expected, observed, seen float64
	classes := -1
	for k := uint64(0); k <= highest; k++ {
		p := probability(float64(k)) * float64(n)
		expected, observed, seen = expected+p, observed+drawn[k], seen+p
		if expected >= 10 && float64(n)-seen >= 10 {
			chi += (observed - expected) * (observed - expected) / expected
			classes, expected, observed = classes+1, 0, 0
		}
	}
	expected += float64(n) - seen
	if expected > 0 {
		chi += (observed - expected) * (observed - expected) / expected
		classes++
	}
	require.Positive(t, classes)
	// Five standard deviations of a chi-squared variable, and a little for few classes.
	limit := float64(classes) + 5*math.Sqrt(2*float64(classes)) + 10
	assert.Less(t, chi, limit, "%d classes", classes)
}

func TestPoisson(t *testing.T) {
	for _, mean := range []float64{0.01, 0.7, 3, 9.9, 10, 25, 400} {
		t.Run(fmt.Sprint(mean), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			fits(t, 40_000, func() uint64 { return draw.Poisson(r, mean) },
				func(k float64) float64 { return math.Exp(k*math.Log(mean) - mean - lfac(k)) })
		})
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, mean := range []float64{0, -1, math.NaN()} {
		assert.Zero(t, draw.Poisson(r, mean))
	}
	assert.InEpsilon(t, 1e12, draw.Poisson(r, 1e12), 1e-5)
}

func TestBinomial(t *testing.T) {
	for _, c := range []struct {
		n uint64
		p float64
	}{{1, 0.3}, {5, 0.5}, {20, 0.02}, {100, 0.0999}, {100, 0.1}, {40, 0.5}, {1000, 0.3}, {300, 0.97}, {100_000, 0.0005}, {50, 0.999}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			n := float64(c.n)
			fits(t, 40_000, func() uint64 { return draw.Binomial(r, c.n, c.p) }, func(k float64) float64 {
				return math.Exp(lfac(n) - lfac(k) - lfac(n-k) + k*math.Log(c.p) + (n-k)*math.Log1p(-c.p))
			})
		})
	}
	r := rand.New(rand.NewPCG(1, 2))
	assert.Zero(t, draw.Binomial(r, 10, 0))
	assert.Zero(t, draw.Binomial(r, 10, math.NaN()))
	assert.Zero(t, draw.Binomial(r, 0, 0.5))
	assert.EqualValues(t, 10, draw.Binomial(r, 10, 1))
	assert.InEpsilon(t, 1e9, draw.Binomial(r, 1e12, 0.001), 1e-3)
}

func TestMultinomial(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	below := []float64{0.5, 0.5, 0.8, 0.999, 1}
	want := []float64{0.5, 0, 0.3, 0.199, 0.001}
	sum := make([]float64, len(below))
	const rounds, n = 2000, 500
	for range rounds {
		dealt := draw.Multinomial(r, n, below)
		var all uint64
		for i, k := range dealt {
			all, sum[i] = all+k, sum[i]+float64(k)
		}
		require.EqualValues(t, n, all)
	}
	for i, p := range want {
		deviation := math.Sqrt(rounds * n * p * (1 - p))
		assert.InDelta(t, rounds*n*p, sum[i], 5*deviation, "class %d", i)
	}
}

func BenchmarkBinomial(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for b.Loop() {
		draw.Binomial(r, 500, 0.1)
	}
}
