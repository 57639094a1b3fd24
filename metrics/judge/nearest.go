package judge

import "math"

// line is a null hypothesis about two arms: the candidate's rate is r times the baseline's plus d.
type line struct{ r, d float64 }

// at is the candidate's rate on the line.
func (l line) at(baseline float64) float64 { return l.r*baseline + l.d }

// end is the baseline's rate at which the line leaves the unit square.
func (l line) end() float64 { return min(1, (1-l.d)/l.r) }

// shy keeps rates off 0 and 1, where logarithms end.
const shy = 1e-12

// clampRate is a rate as one can bet on it.
func clampRate(p float64) float64 { return min(max(p, shy), 1-shy) }

// nearest is the baseline's rate q at the point of the line that is nearest to the alternative
// (qc, qb), in the sense that the e-value of the block is fair there: the root of
//
//	nc·r·(qc-c)/(c(1-c)) + nb·(qb-q)/(q(1-q)) = 0,  c = r·q + d,
//
// which falls from q = 0 to the end of the line. For r = 1, d = 0 it is the pooled rate.
// (Turner, Ly, Grünwald 2024 for that case; the general one is the reverse information projection
// onto a line, arXiv 2203.09785.)
func nearest(nc, nb, qc, qb float64, l line) float64 {
	pooled := (nc*qc + nb*qb) / (nc + nb)
	if l.r == 1 && l.d == 0 {
		return pooled
	}
	lo, hi := min(qb, (qc-l.d)/l.r), max(qb, (qc-l.d)/l.r)
	lo, hi = max(lo, shy*shy), min(hi, l.end()*(1-shy))
	if !(lo < hi) {
		return math.NaN()
	}
	slope := func(q float64) (value, derivative float64) {
		c := l.at(q)
		vc, vb := c*(1-c), q*(1-q)
		gc, gb := (qc-c)/vc, (qb-q)/vb
		return nc*l.r*gc + nb*gb, nc*l.r*l.r*(-1-gc*(1-2*c))/vc + nb*(-1-gb*(1-2*q))/vb
	}
	q := (nc*(qc-l.d)/l.r + nb*qb) / (nc + nb)
	for range 100 {
		if !(q > lo && q < hi) {
			q = (lo + hi) / 2
		}
		f, df := slope(q)
		switch {
		case f > 0:
			lo = q
		case f < 0:
			hi = q
		default:
			return q
		}
		next := q - f/df
		if math.Abs(next-q) <= 4e-16*q || hi-lo <= 4e-16*hi {
			return min(max(next, lo), hi)
		}
		q = next
	}
	return q
}

// nearestRate is the same for events that are counted by exposure (Poisson): the root of
//
//	nc·r·(λc/c - 1) + nb·(λb/b - 1) = 0,  c = r·b + d.
//
// Multiplied out it is quadratic in b.
func nearestRate(nc, nb, lc, lb float64, l line) float64 {
	weight := nc*l.r + nb
	if l.d == 0 {
		return (nc*lc + nb*lb) / weight
	}
	// nc·r·λc·b + nb·λb·(r·b+d) = weight·b·(r·b+d)
	a := weight * l.r
	b := weight*l.d - nc*l.r*lc - nb*lb*l.r
	c := -nb * lb * l.d
	root := math.Sqrt(b*b - 4*a*c)
	if b > 0 {
		return -2 * c / (b + root) // without cancellation
	}
	return (root - b) / (2 * a)
}
