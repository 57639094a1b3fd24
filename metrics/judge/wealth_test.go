package judge_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/judge"
)

// Against plain money in big enough numbers: staking cash anew neither makes nor loses money.
func TestMoneyIsKept(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	purse := judge.NewPurse(3, 0.5)
	money, cash := []float64{0.5 / 3, 0.5 / 3, 0.5 / 3}, 0.5
	restart := judge.FirstRestart
	for i := 1; i <= 200; i++ {
		gains := []float64{rnd.NormFloat64(), rnd.NormFloat64() / 2, rnd.NormFloat64() / 5}
		best := purse.Bet(gains, 2, 1)
		for k := range money {
			money[k] *= math.Exp(min(gains[k]/2, 1/math.Sqrt2))
		}
		part := 1 - math.Log(float64(i+judge.FirstRestart))/math.Log(float64(i+1+judge.FirstRestart))
		if i == restart {
			restart *= 2
			part = 0.25
		}
		for k := range money {
			money[k] += cash * part / 3
		}
		cash *= 1 - part
		sum := cash + money[0] + money[1] + money[2]
		require.InDelta(t, math.Log(sum), purse.Log(), 1e-9, "bet %d", i)
		for k := range money {
			require.LessOrEqual(t, money[k], money[best]*(1+1e-9))
		}
	}
}

func TestPurseIsAlwaysANumber(t *testing.T) {
	purse := judge.NewPurse(2, 0.5)
	for _, gains := range [][]float64{{math.NaN(), math.NaN()}, {-1e300, -1e300}, {1e300, 1e300}, {math.Inf(1), math.Inf(-1)}} {
		for range 1000 {
			purse.Bet(gains, 1, 1e308)
			require.False(t, math.IsNaN(purse.Log()) || math.IsInf(purse.Log(), 0), "%v", gains)
		}
	}
	fresh := judge.NewPurse(2, 0.5)
	fresh.Bet([]float64{math.NaN(), math.NaN()}, 1, 2)
	assert.InDelta(t, 0, fresh.Log(), 1e-12, "what is no number wins nothing")
}

// Ville's inequality, by simulation on the boundary of the null: a common rate that swings, a
// candidate exactly at the tolerance, three hundred looks.
func TestBoundary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	alarms := 0
	const releases = 1000
	binomial := func(n int, p float64) (k float64) {
		for at := math.Floor(rnd.ExpFloat64() / -math.Log1p(-p)); at < float64(n); at += 1 + math.Floor(rnd.ExpFloat64()/-math.Log1p(-p)) {
			k++
		}
		return k
	}
	for range releases {
		purse := judge.NewPurse(4, 0.5)
		predicted := 0.01
		for look := range 300 {
			p := 0.01 * (1 + 0.8*math.Sin(float64(look)/20))
			x, y := binomial(60, 1.1*p), binomial(140, p)
			var gains [4]float64
			for i, ratio := range []float64{1.25, 1.5, 2, 4} {
				gains[i] = judge.Proportions(x, 60, y, 140, 1.1*predicted*ratio, predicted, 1.1, 0)
			}
			purse.Bet(gains[:], 1, math.Inf(1))
			predicted = 0.95*predicted + 0.05*(y+0.5)/140.5
			if purse.Log() >= math.Log(20) {
				alarms++
				break
			}
		}
	}
	t.Logf("%d of %d releases at the boundary reach odds of 20:1", alarms, releases)
	assert.LessOrEqual(t, alarms, 50+3*7, "at most one in twenty, and three standard errors")
	assert.Positive(t, alarms, "a test that never alarms tests nothing")
}

func TestNoiseGuard(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	binomial := func(n int, p float64) (k float64) {
		for range n {
			if rnd.Float64() < p {
				k++
			}
		}
		return k
	}
	factor := func(blocks int, draw func(i int) (k1, k2 float64)) float64 {
		g := &judge.Guard{}
		for i := range blocks {
			k1, k2 := draw(i)
			g.Observe(k1, 100, k2, 100, false)
		}
		return g.Factor()
	}
	quiet := factor(300, func(int) (float64, float64) { return binomial(100, 0.1), binomial(100, 0.1) })
	assert.Less(t, quiet, 1.2, "chance alone is no noise")
	common := factor(300, func(i int) (float64, float64) {
		p := 0.1 + 0.08*math.Sin(float64(i)/9)
		return binomial(100, p), binomial(100, p)
	})
	assert.Less(t, common, 1.2, "what both halves share is no noise")
	clumps := factor(300, func(int) (float64, float64) { return 4 * binomial(25, 0.1), 4 * binomial(25, 0.1) })
	assert.InDelta(t, 4, clumps, 1, "failures in fours: four times the variance")
	apart := factor(300, func(int) (float64, float64) { return binomial(100, 0.13), binomial(100, 0.07) })
	assert.Greater(t, apart, 8., "instances that differ")
	assert.InDelta(t, 1, factor(0, nil), 0)
	g := &judge.Guard{}
	g.Observe(0, 0, 3, 10, false)
	g.Observe(10, 10, 10, 10, false)
	g.Observe(0, 5, 0, 5, true)
	assert.InDelta(t, 1, g.Factor(), 0, "an empty half, and nothing to choose from, say nothing")
}
