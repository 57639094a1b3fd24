package pace_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/pace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuantile(t *testing.T) {
	five := []time.Duration{12 * time.Minute, 13 * time.Minute, 14 * time.Minute, 15 * time.Minute, 30 * time.Minute}
	for q, want := range map[float64]time.Duration{0: 12 * time.Minute, 0.5: 14 * time.Minute, 0.9: 24 * time.Minute, 0.95: 27 * time.Minute, 1: 30 * time.Minute} {
		assert.InDelta(t, want, pace.Quantile(five, q), 2, "%g", q)
	}
	assert.Equal(t, 5*time.Second, pace.Quantile([]time.Duration{5 * time.Second}, 0.95))
	assert.Zero(t, pace.Quantile(nil, 0.5))
}

func TestBelowIsTheWayBackOfQuantile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		var sorted []time.Duration
		for range 2 + r.IntN(8) {
			sorted = append(sorted, time.Duration(1+r.IntN(20))*time.Second)
		}
		slices.Sort(sorted)
		q := r.Float64()
		d := pace.Quantile(sorted, q)
		assert.InDelta(t, d, pace.Quantile(sorted, pace.Below(sorted, d)), 5, "%v %g", sorted, q)
		assert.GreaterOrEqual(t, pace.Below(sorted, d), q-1e-6, "of several that are the same, all are below")
		assert.Zero(t, pace.Below(sorted, sorted[0]-1))
		assert.Equal(t, 1.0, pace.Below(sorted, sorted[len(sorted)-1]))
	}
	assert.Equal(t, 1.0, pace.Below([]time.Duration{7}, 7))
	assert.Zero(t, pace.Below([]time.Duration{7}, 6))
}

// The interval has the quantile in it as often as it says, and no narrower one by the runs next to its ends does: counted with exact fractions.
func TestInterval(t *testing.T) {
	for _, confidence := range []float64{0.5, 0.9, 0.99} {
		for _, q := range []float64{0.5, 0.95} {
			for n := 1; n <= 60; n += 1 + n/8 {
				sorted := make([]time.Duration, n)
				for i := range sorted {
					sorted[i] = time.Duration(i + 1)
				}
				low, high := plainInterval(n, q, (1-confidence)/2)
				in := pace.IntervalOf(sorted, q, confidence)
				require.Equal(t, time.Duration(low), in.Low, "n %d, q %g, confidence %g", n, q, confidence)
				require.Equal(t, high == 0, in.Open)
				require.Equal(t, time.Duration(high), in.High)
			}
		}
	}
	in := pace.IntervalOf([]time.Duration{1, 2, 3, 4, 5}, 0.5, 0.9)
	assert.Equal(t, pace.Interval{Low: 1, High: 5}, in, "of five, the lowest and the highest have the median between them with 93.75 %")
	assert.True(t, pace.IntervalOf(make([]time.Duration, 58), 0.95, 0.9).Open, "58 runs do not suffice for 95 %")
	assert.False(t, pace.IntervalOf(make([]time.Duration, 59), 0.95, 0.9).Open)
}

// plainInterval are the ranks, from 1; 0 where there is none.
func plainInterval(n int, q, tail float64) (low, high int) {
	p, none := new(big.Float).SetFloat64(q), new(big.Float).SetFloat64(1)
	rest := new(big.Float).Sub(none, p)
	power := func(x *big.Float, k int) *big.Float {
		out := big.NewFloat(1)
		for range k {
			out.Mul(out, x)
		}
		return out
	}
	below := func(rank int) float64 { // the chance that fewer than rank runs are below the quantile
		sum := new(big.Float)
		for k := range rank {
			c := new(big.Float).SetInt(new(big.Int).Binomial(int64(n), int64(k)))
			sum.Add(sum, c.Mul(c, new(big.Float).Mul(power(p, k), power(rest, n-k))))
		}
		f, _ := sum.Float64()
		return f
	}
	for rank := 1; rank <= n; rank++ {
		if below(rank) <= tail*(1+1e-9) {
			low = rank
		}
		if high == 0 && math.Max(0, 1-below(rank)) <= tail*(1+1e-9) {
			high = rank
		}
	}
	return low, high
}

func TestShort(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "250ms": 250 * time.Millisecond, "2s": 1600 * time.Millisecond, "1m30s": 90 * time.Second, "14m": 14 * time.Minute, "20m": 20 * time.Minute,
		"1h": time.Hour, "1h5m": 65*time.Minute + 10*time.Second, "10h": 10 * time.Hour, "26h10m": 26*time.Hour + 10*time.Minute,
	} {
		assert.Equal(t, want, pace.Short(d))
	}
}
