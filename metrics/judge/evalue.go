package judge

import "math"

// block is what one stretch of data says about one question: x of nc were bad in the candidate, y of
// nb in the baseline. Counts are whole numbers of at most 2^53; exposures need not be whole.
type block struct{ x, nc, y, nb float64 }

// proportions is the logarithm of the e-value of a block against "the candidate's rate is on the
// line or on the side of it away from the alternative (qc, qb)":
//
//	log E = x·log(qc/c) + (nc-x)·log((1-qc)/(1-c)) + y·log(qb/q) + (nb-y)·log((1-qb)/(1-q)),
//
// with (c, q) the nearest point of the line. Its expectation is at most 1 for every common rate, also
// one that differs from request to request: with k = odds ratio - 1 of each arm,
// log E[E] = Σ log(1+p·kc) + Σ log(1+p·kb) + const is concave along the line, and flat and zero at q.
//
// It is zero, no bet, where an arm is empty, where the alternative is on the line, and where the line
// leaves the unit square before the baseline's rate.
func (b block) proportions(qc, qb float64, l line) float64 {
	if !(b.nc > 0 && b.nb > 0) || !(qb < l.end()) || qc == l.at(qb) {
		return 0
	}
	q := nearest(b.nc, b.nb, qc, qb, l)
	c := l.at(q)
	e := likelihood(b.x, b.nc, qc, c) + likelihood(b.y, b.nb, qb, q)
	if math.IsNaN(e) || math.IsInf(e, 0) {
		return 0
	}
	return e
}

// likelihood is the logarithm of the ratio of the likelihoods of x of n, at rate q to at rate p.
func likelihood(x, n, q, p float64) float64 {
	var e float64
	if x > 0 {
		e = x * math.Log(q/p)
	}
	if n > x {
		e += (n - x) * math.Log1p((p-q)/(1-p))
	}
	return e
}

// rates is the same as proportions for events that are counted by exposure, of which there may be any
// number (Poisson):
//
//	log E = x·log(λc/c) - nc·(λc-c) + y·log(λb/b) - nb·(λb-b).
//
// Its expectation is 1 everywhere on the line, because log E[E] is linear along it.
func (b block) rates(lc, lb float64, l line) float64 {
	if !(b.nc > 0 && b.nb > 0) || !(lb > 0) || !(lc > 0) || lc == l.at(lb) {
		return 0
	}
	at := nearestRate(b.nc, b.nb, lc, lb, l)
	c := l.at(at)
	e := b.x*math.Log(lc/c) - b.nc*(lc-c) + b.y*math.Log(lb/at) - b.nb*(lb-at)
	if math.IsNaN(e) || math.IsInf(e, 0) {
		return 0
	}
	return e
}

// oneArm is the logarithm of the e-value of x of n against the fixed rate p, with the alternative q.
// Its expectation is at most 1 for every rate on the side of p away from q.
func oneArm(x, n, q, p float64) float64 {
	if !(n > 0) || !(p > 0 && p < 1) || !(q > 0 && q < 1) {
		return 0
	}
	return likelihood(x, n, q, p)
}

// oneRate is oneArm for events that are counted by exposure.
func oneRate(x, n, q, p float64) float64 {
	if !(n > 0 && p > 0 && q > 0) {
		return 0
	}
	return x*math.Log(q/p) - n*(q-p)
}

// superiority is the logarithm of the e-value of a number a from 0 to 1 whose mean is at most one
// half, with the stake s from 0 to 1 (betting on a bounded mean: Waudby-Smith, Ramdas 2024).
func superiority(a, s float64) float64 { return math.Log1p(s * (2*a - 1)) }
