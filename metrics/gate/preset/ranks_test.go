package preset

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// p-values that are published for these samples: small ones exactly, large ones as R's wilcox.test.
func TestMannWhitneyAgainstPublishedValues(t *testing.T) {
	large := func(n int, f func(i int) float64) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = f(i)
		}
		return values
	}
	l1 := large(500, func(i int) float64 { return float64(2 * i) })
	l2 := large(600, func(i int) float64 { return float64(2*i - 41) })
	l3 := append(slices.Clone(l1[:30]), l2[30:]...)
	s1, s2, s3 := []float64{2, 1, 3, 5}, []float64{12, 11, 13, 15}, []float64{0, 4, 6, 7}
	s4, s5 := []float64{2, 2, 2, 2}, []float64{1, 1, 1, 1, 1}
	for _, c := range []struct {
		name              string
		x, y              []float64
		low, either, high float64
	}{
		{"all below", s1, s2, 0.014285714285714289, 0.028571428571428577, 1},
		{"all above", s2, s1, 1, 0.028571428571428577, 0.014285714285714289},
		{"interleaved", s1, s3, 0.24285714285714288, 0.48571428571428577, 0.8285714285714285},
		{"ties: the same", s1, s1, 0.6285714285714286, 1, 0.6285714285714286},
		{"ties with one value", s1, s4, 0.8571428571428571, 0.7142857142857143, 0.3571428571428571},
		{"ties, no symmetry", s1, s5, 1, 0, 0.04761904761904767},
		{"large", l1, l2, 0.0024667680407086112, 0.0049335360814172224, 0.9975346930458906},
		{"large, the same", l1, l1, 0.5000436801680628, 1, 0.5000436801680628},
		{"large with ties", l1, l3, 0.0019351907119808942, 0.0038703814239617884, 0.9980659818257166},
	} {
		t.Run(c.name, func(t *testing.T) {
			other, _ := mannWhitney(c.y, c.x, "")
			if c.name != "ties, no symmetry" {
				assert.InDelta(t, c.either, other, 1e-9)
			}
			for d, want := range map[Deviation]float64{DeviationLow: c.low, DeviationEither: c.either, "": c.either, DeviationHigh: c.high} {
				got, ok := mannWhitney(c.x, c.y, d)
				require.True(t, ok)
				assert.InDelta(t, want, got, 1e-9, "%s", d)
			}
		})
	}
	_, ok := mannWhitney(s4, s4, DeviationHigh)
	assert.False(t, ok, "all values are the same")
}

// The distribution of U by going over all ways to choose the sample.
func TestUWaysAgainstAllWays(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n, m := 1+rnd.IntN(5), 1+rnd.IntN(5)
		values := make([]float64, n+m)
		for i := range values {
			values[i] = float64(rnd.IntN(6))
		}
		slices.Sort(values)
		want := make([]float64, 2*n*m+1)
		all := 0.0
		for chosen := range 1 << (n + m) {
			twice, k := 0, 0
			for i := range values {
				if chosen>>i&1 == 0 {
					continue
				}
				k++
				for j := range values {
					switch {
					case chosen>>j&1 == 1:
					case values[i] > values[j]:
						twice += 2
					case values[i] == values[j]:
						twice++
					}
				}
			}
			if k == n {
				want[twice]++
				all++
			}
		}
		var ties []int
		for i := 0; i < len(values); {
			j := i
			for j < len(values) && values[j] == values[i] {
				j++
			}
			ties, i = append(ties, j-i), j
		}
		x := make([]float64, 0, n)
		for i, y := range rnd.Perm(n + m)[:n] {
			x = append(x[:i], values[y])
		}
		y := slices.Clone(values)
		twice := 0
		for _, v := range x {
			at := slices.Index(y, v)
			y = slices.Delete(y, at, at+1)
		}
		for _, a := range x {
			for _, b := range y {
				switch {
				case a > b:
					twice += 2
				case a == b:
					twice++
				}
			}
		}
		if p, ok := mannWhitney(x, y, DeviationHigh); ok {
			high := 0.0
			for u, w := range want {
				if u > twice-2 {
					high += w / all
				}
			}
			require.InDelta(t, high, p, 1e-12, "%v against %v", x, y)
		}
		for u, got := range uWays(n, m, ties) {
			require.InDelta(t, want[u]/all, got, 1e-12, "%v, n=%d, twice U=%d", values, n, u)
		}
	}
}

// The largest case that is computed exactly: its tails are right to the last digit, and it adds up to one.
func TestUntiedWaysAreStable(t *testing.T) {
	ways := untiedWays(50, 50)
	sum := 0.0
	for _, w := range ways {
		require.GreaterOrEqual(t, w, 0.0)
		sum += w
	}
	assert.InDelta(t, 1, sum, 1e-9)
	// The number of partitions of 0, 1, 2, ... 10 is published; all their parts fit into 50.
	for u, partitions := range []float64{1, 1, 2, 3, 5, 7, 11, 15, 22, 30, 42} {
		assert.InEpsilon(t, partitions/choose(100, 50), ways[2*u], 1e-12)
		assert.InEpsilon(t, partitions/choose(100, 50), ways[len(ways)-1-2*u], 1e-12, "the other tail")
	}
}

// The rank sum against counting pairs.
func TestRankSumAgainstPairs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		draw := func() []float64 {
			values := make([]float64, 1+rnd.IntN(12))
			for i := range values {
				values[i] = float64(rnd.IntN(8))
			}
			slices.Sort(values)
			return values
		}
		x, y, shift := draw(), draw(), float64(rnd.IntN(5)-2)
		u := 0.0
		sizes := map[float64]float64{}
		for _, a := range x {
			sizes[a+shift]++
			for _, b := range y {
				switch {
				case a+shift > b:
					u++
				case a+shift == b:
					u += 0.5
				}
			}
		}
		for _, b := range y {
			sizes[b]++
		}
		cubes := 0.0
		for _, s := range sizes {
			cubes += s*s*s - s
		}
		sum, ties := rankSum(x, y, shift, nil)
		n := float64(len(x))
		require.InDelta(t, u+n*(n+1)/2, sum, 1e-9)
		require.InDelta(t, cubes, ties, 1e-9)
	}
}

func TestZero(t *testing.T) {
	for _, c := range []struct {
		name      string
		f         func(float64) float64
		low, high float64
		want      float64
	}{
		{"a line", func(x float64) float64 { return 3 - x }, -10, 10, 3},
		{"a cubic", func(x float64) float64 { return x*x*x - 2 }, 0, 5, math.Cbrt(2)},
		{"a step", func(x float64) float64 { return math.Copysign(1, 0.3-x) }, -1, 1, 0.3},
		{"at the low end", func(x float64) float64 { return 1 - x }, 1, 2, 1},
		{"at the high end", func(x float64) float64 { return 2 - x }, 1, 2, 2},
		{"steep", func(x float64) float64 { return math.Exp(-20*x) - 1e-3 }, -3, 3, math.Log(1000) / 20},
	} {
		assert.InDelta(t, c.want, zero(c.f, c.low, c.high, c.f(c.low), c.f(c.high)), 1.01e-4, c.name)
	}
}
