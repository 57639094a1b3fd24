package preset

import (
	"errors"
	"math"
	"slices"
)

// rankSum compares two ascending samples: the sum of the ranks of x+shift in both together, where ties
// share their mean rank, and the sum of t^3-t over the sizes t of all ties. The sizes go to tie, if given.
func rankSum(x, y []float64, shift float64, tie func(size, ofX int)) (sum, ties float64) {
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		v := math.Inf(1)
		if i < len(x) {
			v = x[i] + shift
		}
		if j < len(y) {
			v = min(v, y[j])
		}
		before, ofX := i+j, i
		for i < len(x) && x[i]+shift == v {
			i++
		}
		for j < len(y) && y[j] == v {
			j++
		}
		size := i + j - before
		if size == 0 { // NaN, which is not equal to itself: sorted to the front, and a bug of the caller
			return math.NaN(), math.NaN()
		}
		ofX = i - ofX
		sum += float64(ofX) * float64(2*before+size+1) / 2
		ties += float64(size) * (float64(size)*float64(size) - 1)
		if tie != nil {
			tie(size, ofX)
		}
	}
	return sum, ties
}

// errTied says that a rank test has nothing to compare.
var errTied = errors.New("all observations are tied")

// standardScore is how far the rank sum of x+shift lies from what it is expected to be where x+shift and y
// come from the same distribution, in standard deviations: by the normal approximation, with
// corrections for ties and continuity (Lehmann, Nonparametrics, 1975, section 1.4).
func standardScore(x, y []float64, shift float64) (float64, error) {
	n, m := float64(len(x)), float64(len(y))
	sum, ties := rankSum(x, y, shift, nil)
	d := sum - n*(n+1)/2 - n*m/2
	variance := n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1)))
	if !(variance > 0) {
		return 0, errTied
	}
	switch {
	case d > 0:
		d -= 0.5
	case d < 0:
		d += 0.5
	}
	return d / math.Sqrt(variance), nil
}

// shift is by how much x lies above y.
type shift struct {
	// low and high are the ends of a confidence interval, estimate is the middle in the sense of ranks
	// (Hodges and Lehmann).
	low, high, estimate float64
}

// shiftOf estimates the shift of x against y with a confidence between 0 and 1, by the Mann-Whitney test
// turned round: a shift is believable where x moved back by it and y cannot be told apart. The ends are found to
// within 1e-4, in the unit of the values, which is a lot for values that are small themselves.
func shiftOf(x, y []float64, confidence float64) (shift, error) {
	x, y = slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))
	least, most := x[0]-y[len(y)-1], x[len(x)-1]-y[0]
	var failed error
	score := func(mu float64) float64 {
		z, err := standardScore(x, y, -mu)
		if err != nil {
			failed = err
		}
		return z
	}
	atLeast, atMost := score(least), score(most)
	end := func(z float64) float64 {
		switch {
		case atLeast-z <= 0:
			return least
		case atMost-z >= 0:
			return most
		}
		return zero(func(mu float64) float64 { return score(mu) - z }, least, most, atLeast-z, atMost-z)
	}
	z := math.Sqrt2 * math.Erfinv(confidence)
	s := shift{low: end(z), high: end(-z), estimate: zero(score, least, most, atLeast, atMost)}
	return s, failed
}

// The accuracy and the patience of zero, which the tool has chosen.
const (
	zeroTolerance = 1e-4
	zeroRounds    = 1001
)

// zero finds where f, which has these values at the two ends, changes its sign, by Brent's method: an
// interpolation where it can be trusted, half of the way otherwise (R. P. Brent, Algorithms for
// Minimization without Derivatives, 1973, chapter 4). Of a function with steps it finds the step.
func zero(f func(float64) float64, low, high, fLow, fHigh float64) float64 {
	if fLow == 0 {
		return low
	}
	// best is the estimate, last the one before it, and the zero lies between best and other.
	last, best, other := low, high, low
	fLast, fBest, fOther := fLow, fHigh, fLow
	for range zeroRounds {
		before := best - last
		if math.Abs(fOther) < math.Abs(fBest) {
			last, best, other = best, other, best
			fLast, fBest, fOther = fBest, fOther, fBest
		}
		close := 2*0x1p-52*math.Abs(best) + zeroTolerance/2
		step := (other - best) / 2
		if math.Abs(step) <= close || fBest == 0 {
			return best
		}
		if math.Abs(before) >= close && math.Abs(fLast) > math.Abs(fBest) {
			p, q := interpolate(last, best, other, fLast, fBest, fOther)
			if p < 0.75*(other-best)*q-math.Abs(close*q)/2 && p < math.Abs(before*q/2) {
				step = p / q
			}
		}
		if math.Abs(step) < close {
			step = math.Copysign(close, step)
		}
		last, fLast = best, fBest
		best += step
		fBest = f(best)
		if fBest > 0 && fOther > 0 || fBest < 0 && fOther < 0 {
			other, fOther = last, fLast
		}
	}
	return best
}

// interpolate is the step p/q from best to where a line through two points, or a parabola on its side
// through three, is zero; p is not below zero.
func interpolate(last, best, other, fLast, fBest, fOther float64) (p, q float64) {
	s := fBest / fLast
	if last == other {
		p, q = (other-best)*s, 1-s
	} else {
		r, t := fLast/fOther, fBest/fOther
		p = s * ((other-best)*r*(r-t) - (best-last)*(t-1))
		q = (r - 1) * (t - 1) * (s - 1)
	}
	if p > 0 {
		return p, -q
	}
	return -p, q
}
