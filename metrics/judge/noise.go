package judge

import "math"

// guard measures by how much two halves of the baseline differ more than chance allows: in single
// stretches (retries, correlated errors) and in longer batches of them (instances that differ).
type guard struct {
	Scales [3]dispersion `json:"s"`
}

// dispersion is the squared difference of the halves in proportion to what chance makes of it, over
// batches of one size. Batches count by what chance makes of them: large clumps are rare, and matter most.
type dispersion struct {
	// Excess and Variance are those of the open batch, Open its blocks.
	Excess   float64 `json:"e"`
	Variance float64 `json:"v"`
	Open     int     `json:"o"`
	// Sum is that of the squared excesses of all closed batches, All that of their variances, and Squares
	// that of the variances' squares.
	Sum     float64 `json:"s"`
	All     float64 `json:"a"`
	Squares float64 `json:"q"`
}

// The sizes of the batches, and how many imaginary ones without noise are there from the start.
const priorBatches = 4

func batchSize(scale int) int { return 1 << (2 * scale) }

// observe takes k1 of n1 and k2 of n2 of the halves of one block. Given the sum, the first count is
// hypergeometric if all requests are alike; counted by exposure it is binomial.
func (g *guard) observe(k1, n1, k2, n2 float64, poisson bool) {
	n, k := n1+n2, k1+k2
	if !(n1 > 0 && n2 > 0 && k > 0) {
		return
	}
	excess := k1 - k*n1/n
	variance := k * (n1 / n) * (n2 / n)
	if !poisson {
		if !(n > 1 && k < n) {
			return
		}
		variance *= (n - k) / (n - 1)
	}
	if !(variance > 0) {
		return
	}
	for i := range g.Scales {
		g.Scales[i].add(excess, variance, batchSize(i))
	}
}

func (d *dispersion) add(excess, variance float64, size int) {
	d.Excess += excess
	d.Variance += variance
	if d.Open++; d.Open < size {
		return
	}
	d.Sum += d.Excess * d.Excess
	d.All += d.Variance
	d.Squares += d.Variance * d.Variance
	d.Excess, d.Variance, d.Open = 0, 0, 0
}

// factor is what odds are damped by: the largest dispersion of the three sizes of batches, shrunk by
// imaginary batches without noise, less one standard error (a squared normal has variance 2), at least 1.
func (g *guard) factor() float64 {
	phi := 1.0
	for _, d := range g.Scales {
		if d.All == 0 {
			continue
		}
		n := d.All * d.All / d.Squares // batches, if they were all alike
		ratio := (n*d.Sum/d.All + priorBatches) / (n + priorBatches)
		phi = max(phi, ratio*(1-math.Sqrt(2/(n+priorBatches))))
	}
	return phi
}
