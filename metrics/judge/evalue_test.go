package judge_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/judge"
)

// probabilities of k successes among requests of which each has its own chance, by adding one at a time.
func probabilities(chances []float64) []float64 {
	p := []float64{1}
	for _, c := range chances {
		next := make([]float64, len(p)+1)
		for k, v := range p {
			next[k] += v * (1 - c)
			next[k+1] += v * c
		}
		p = next
	}
	return p
}

func alike(n int, chance float64) []float64 {
	chances := make([]float64, n)
	for i := range chances {
		chances[i] = chance
	}
	return chances
}

// expectation of the e-value over all outcomes of both arms.
func expectation(candidate, baseline []float64, qc, qb, r, d float64) float64 {
	pc, pb := probabilities(candidate), probabilities(baseline)
	var sum float64
	for x, p := range pc {
		for y, q := range pb {
			sum += p * q * math.Exp(judge.Proportions(float64(x), float64(len(candidate)), float64(y), float64(len(baseline)), qc, qb, r, d))
		}
	}
	return sum
}

// The promise that everything rests on, by enumeration of all outcomes: whatever the common rate, on
// the boundary of the null and inside it, no bet has an expectation above 1.
func TestNoBetIsBetterThanFair(t *testing.T) {
	rates := []float64{0.0001, 0.01, 0.1, 0.3, 0.6, 0.9, 0.999}
	worst, bets := 0.0, 0
	for _, r := range []float64{0.8, 1, 1.1, 2} {
		for _, d := range []float64{0, 0.001, 0.02, 0.3} {
			for _, sizes := range [][2]int{{1, 1}, {2, 9}, {12, 5}, {3, 30}} {
				for _, qb := range []float64{0.001, 0.05, 0.4} {
					for _, ratio := range []float64{0.1, 0.7, 1.5, 4, 50} { // below and above the line: pass and fail
						qc := min(ratio*(r*qb+d), 0.98)
						fail := qc > r*qb+d
						for _, p := range rates {
							boundary := r*p + d
							if boundary >= 1 {
								continue
							}
							for _, inside := range []float64{0, 0.3, 1} {
								null := boundary * (1 - inside)
								if !fail {
									null = boundary + inside*(1-boundary)
								}
								e := expectation(alike(sizes[0], null), alike(sizes[1], p), qc, qb, r, d)
								if !(e <= 1+1e-9) {
									t.Fatalf("r=%v d=%v n=%v alternative (%v, %v), truth (%v, %v): expectation %v", r, d, sizes, qc, qb, null, p, e)
								}
								worst, bets = max(worst, e), bets+1
							}
						}
					}
				}
			}
		}
	}
	assert.Greater(t, bets, 5000)
	assert.InDelta(t, 1, worst, 1e-9, "a bet that is never fair gives money away")
}

// Requests need not be alike: their mean rate is what the null speaks of.
func TestRequestsMayDiffer(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		r, d := 0.8+rnd.Float64(), 0.2*rnd.Float64()
		baseline := make([]float64, 1+rnd.IntN(12))
		var mean float64
		for i := range baseline {
			baseline[i] = math.Pow(rnd.Float64(), 4)
			mean += baseline[i] / float64(len(baseline))
		}
		candidate := make([]float64, 1+rnd.IntN(12))
		limit := min(r*mean+d, 1)
		for i := range candidate {
			spread := min(limit, 1-limit) * (2*rnd.Float64() - 1)
			if i%2 == 1 {
				spread = limit - candidate[i-1]
			} else if i == len(candidate)-1 {
				spread = 0
			}
			candidate[i] = limit + spread
		}
		qb := 0.01 + 0.5*rnd.Float64()
		qc := min((r*qb+d)*(1.1+3*rnd.Float64()), 0.99)
		e := expectation(candidate, baseline, qc, qb, r, d)
		require.LessOrEqual(t, e, 1+1e-9, "r=%v d=%v: %v against %v", r, d, candidate, baseline)
	}
}

// For r = 1, d = 0 there is a closed form: the pooled rate (Turner, Ly, Grünwald 2024).
func TestClosedForm(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		nc, nb := float64(1+rnd.IntN(100)), float64(1+rnd.IntN(100))
		x, y := math.Floor(rnd.Float64()*(nc+1)), math.Floor(rnd.Float64()*(nb+1))
		qc, qb := rnd.Float64(), rnd.Float64()
		q := (nc*qc + nb*qb) / (nc + nb)
		want := x*math.Log(qc/q) + (nc-x)*math.Log((1-qc)/(1-q)) + y*math.Log(qb/q) + (nb-y)*math.Log((1-qb)/(1-q))
		assert.InDelta(t, want, judge.Proportions(x, nc, y, nb, qc, qb, 1, 0), 1e-9*(1+math.Abs(want)))
	}
}

// The nearest point of the null, against plain bisection.
func TestNearestAgainstBisection(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		nc, nb := math.Exp(25*rnd.Float64()), math.Exp(25*rnd.Float64())
		r, d := 0.5+2*rnd.Float64(), math.Pow(rnd.Float64(), 6)*0.5
		qb := math.Pow(rnd.Float64(), 5)*0.9 + 1e-9
		qc := math.Pow(rnd.Float64(), 3)*0.98 + 1e-9
		end := min(1, (1-d)/r)
		if qb >= end || qc == r*qb+d {
			continue
		}
		slope := func(q float64) float64 {
			c := r*q + d
			return nc*r*(qc-c)/(c*(1-c)) + nb*(qb-q)/(q*(1-q))
		}
		lo, hi := 0.0, end
		for range 200 {
			if mid := (lo + hi) / 2; slope(mid) > 0 {
				lo = mid
			} else {
				hi = mid
			}
		}
		got := judge.Nearest(nc, nb, qc, qb, r, d)
		require.InEpsilon(t, lo, got, 1e-9, "nc=%v nb=%v qc=%v qb=%v r=%v d=%v", nc, nb, qc, qb, r, d)
	}
}

func TestRatesAreFair(t *testing.T) {
	poisson := func(mean float64) []float64 {
		p := []float64{math.Exp(-mean)}
		for k := 1; k < 80; k++ {
			p = append(p, p[k-1]*mean/float64(k))
		}
		return p
	}
	for _, r := range []float64{0.8, 1, 1.5} {
		for _, d := range []float64{0, 0.05, 2} {
			for _, n := range [][2]float64{{1, 1}, {0.3, 7}, {4, 2}} {
				for _, lb := range []float64{0.01, 0.8, 3} {
					for _, ratio := range []float64{0.2, 1.3, 4} {
						for _, b := range []float64{0.05, 1, 2.5} {
							var e float64
							pc, pb := poisson(n[0]*(r*b+d)), poisson(n[1]*b)
							for x, p := range pc {
								for y, q := range pb {
									e += p * q * math.Exp(judge.Rates(float64(x), n[0], float64(y), n[1], ratio*(r*lb+d), lb, r, d))
								}
							}
							require.InDelta(t, 1, e, 1e-6, "r=%v d=%v n=%v lb=%v ratio=%v b=%v", r, d, n, lb, ratio, b)
						}
					}
				}
			}
		}
	}
}

func TestOneArmIsFair(t *testing.T) {
	for _, p := range []float64{0.001, 0.2, 0.7} {
		for _, q := range []float64{0.0001, 0.1, 0.5, 0.9} {
			for _, inside := range []float64{0, 0.5} {
				truth := p * (1 - inside)
				if q < p {
					truth = p + inside*(1-p)
				}
				var e, f float64
				for x, pr := range probabilities(alike(20, truth)) {
					e += pr * math.Exp(judge.OneArm(float64(x), 20, q, p))
				}
				pr := math.Exp(-7 * truth)
				for x := range 90 {
					f += pr * math.Exp(judge.OneRate(float64(x), 7, q, p))
					pr *= 7 * truth / float64(x+1)
				}
				assert.LessOrEqual(t, e, 1+1e-9)
				assert.LessOrEqual(t, f, 1+1e-9)
				if inside == 0 {
					assert.InDelta(t, 1, e, 1e-9)
					assert.InDelta(t, 1, f, 1e-9)
				}
			}
		}
	}
}

// Numbers at the edge of what numbers can do: always a number, never in favour of what is not there.
func TestExtremeBlocks(t *testing.T) {
	for _, n := range []float64{0, 1, 2, 1e6, 1e12, 1 << 53} {
		for _, m := range []float64{0, 1, 1e12, 1 << 53} {
			for _, px := range []float64{0, 1e-12, 0.5, 1} {
				for _, py := range []float64{0, 1e-12, 0.5, 1} {
					for _, qb := range []float64{1e-12, 1e-3, 0.5, 0.95, 1 - 1e-12} {
						for _, l := range [][2]float64{{1, 0}, {1.1, 0}, {2, 0}, {1, 0.3}, {0.8, 0.02}} {
							for _, qc := range []float64{1e-12, 0.3, 1 - 1e-12} {
								x, y := math.Floor(px*n), math.Floor(py*m)
								name := fmt.Sprintf("x=%v/%v y=%v/%v q=(%v, %v) line=%v", x, n, y, m, qc, qb, l)
								e := judge.Proportions(x, n, y, m, qc, qb, l[0], l[1])
								f := judge.Rates(x, n, y, m, qc, qb, l[0], l[1])
								require.False(t, math.IsNaN(e) || math.IsInf(e, 0), name)
								require.False(t, math.IsNaN(f) || math.IsInf(f, 0), name)
								if n == 0 || m == 0 || l[0]*qb+l[1] >= 1 {
									require.Zero(t, e, name)
								}
							}
						}
					}
				}
			}
		}
	}
	assert.Zero(t, judge.Proportions(3, 10, 3, 10, math.NaN(), 0.1, 1.1, 0))
	assert.InDelta(t, 0, judge.Proportions(3, 10, 3, 10, 0.22, 0.2, 1.1, 0), 1e-12, "the alternative is the null")
	// At 1e12 requests the same rates in both arms still say nothing for harm.
	assert.Less(t, judge.Proportions(1e9, 1e12, 1e9, 1e12, 0.0015, 0.001, 1.1, 0), 0.0)
}

// A boundary that others have published and checked: confseq's normal mixture at v = 100.
func TestPublishedBoundary(t *testing.T) {
	assert.InDelta(t, 30.35209, judge.NormalMixture(100, 12.60056, 0.05), 1e-5)
}

func TestUpperRate(t *testing.T) {
	assert.InDelta(t, 3.0/200, judge.UpperRate(0, 200), 1e-9, "none of n: the rule of three")
	assert.InDelta(t, 1, judge.UpperRate(0, 0), 0)
	assert.InDelta(t, 1, judge.UpperRate(5, 5), 0)
	for _, x := range []float64{1, 4, 50, 1e6} {
		u := judge.UpperRate(x, 1e9)
		mean := u * 1e9
		assert.InDelta(t, 3, mean-x+x*math.Log(x/mean), 1e-3)
		assert.Greater(t, mean, x)
	}
}
