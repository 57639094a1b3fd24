package draw

import (
	"math"
	"math/rand/v2"
)

// few is the mean below which counting up is quicker than rejection.
const few = 10

// Poisson is a number of events of which mean are expected. A mean that is not above zero gives none.
//
// Large means are drawn by Hörmann's transformed rejection PTRS ("The transformed rejection method for
// generating Poisson random variables", 1993).
func Poisson(r *rand.Rand, mean float64) uint64 {
	switch {
	case !(mean > 0):
		return 0
	case mean < few:
		return countUp(r.Float64(), math.Exp(-mean), func(k float64) float64 { return mean / k })
	}
	root, log := math.Sqrt(mean), math.Log(mean)
	b := 0.931 + 2.53*root
	a := -0.059 + 0.02483*b
	scale := math.Log(1.1239 + 1.1328/(b-3.4))
	quick := 0.9277 - 3.6224/(b-2)
	for {
		u, v := r.Float64()-0.5, 1-r.Float64()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + mean + 0.43)
		switch {
		case us >= 0.07 && v <= quick:
			return uint64(k)
		case k < 0 || us < 0.013 && v > us:
			continue
		}
		if math.Log(v)+scale-math.Log(a/(us*us)+b) <= k*log-mean-factorial(k) {
			return uint64(k)
		}
	}
}

// Binomial is the number of successes among n trials of probability p. A p that is not above zero gives
// none, one that is not below 1 all.
//
// Large ones are drawn by Hörmann's transformed rejection BTRS ("The generation of binomial random
// variates", 1993).
func Binomial(r *rand.Rand, n uint64, p float64) uint64 {
	switch {
	case n == 0 || !(p > 0):
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - Binomial(r, n, 1-p)
	}
	trials, odds := float64(n), p/(1-p)
	if trials*p < few {
		none := math.Exp(trials * math.Log1p(-p))
		return min(n, countUp(r.Float64(), none, func(k float64) float64 { return odds * (trials - k + 1) / k }))
	}
	deviation := math.Sqrt(trials * p * (1 - p))
	b := 1.15 + 2.53*deviation
	a := -0.0873 + 0.0248*b + 0.01*p
	c := trials*p + 0.5
	quick := 0.92 - 4.2/b
	alpha := (2.83 + 5.1/b) * deviation
	mode := math.Floor((trials + 1) * p)
	top, slope := factorial(mode)+factorial(trials-mode), math.Log(odds)
	for {
		u, v := r.Float64()-0.5, 1-r.Float64()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + c)
		switch {
		case k < 0 || k > trials:
			continue
		case us >= 0.07 && v <= quick:
			return uint64(k)
		}
		if math.Log(v*alpha/(a/(us*us)+b)) <= top-factorial(k)-factorial(trials-k)+(k-mode)*slope {
			return uint64(k)
		}
	}
}

// Multinomial deals n trials out to classes. Below holds the probability of each class and all before
// it, ascending to 1; the answer has as many entries, and sums up to n.
func Multinomial(r *rand.Rand, n uint64, below []float64) []uint64 {
	dealt := make([]uint64, len(below))
	left, passed := n, 0.0
	for i, p := range below {
		if left == 0 {
			break
		}
		if i == len(below)-1 {
			dealt[i] = left
			break
		}
		if own := p - passed; own > 0 {
			dealt[i] = Binomial(r, left, own/(1-passed))
			left -= dealt[i]
			passed = p
		}
	}
	return dealt
}

// countUp is the number whose cumulative probability is the first above u. Each probability is the one
// before it times a ratio.
func countUp(u, first float64, ratio func(k float64) float64) uint64 {
	sum, p := first, first
	// The bound is far beyond what can be drawn: rounding must not keep it going.
	for k := 1.0; k < 200; k++ {
		if u < sum {
			return uint64(k - 1)
		}
		p *= ratio(k)
		sum += p
	}
	return 200
}

// factorial is the logarithm of k!.
func factorial(k float64) float64 {
	f, _ := math.Lgamma(k + 1)
	return f
}
