package preset

import (
	"math"
	"slices"
)

// Up to these sizes of both samples the tool computes the exact distribution, else the normal one.
const (
	exactSize     = 50
	exactTiedSize = 25
)

// mannWhitney is how likely it is that x differs from y by chance as much as it does, in that direction.
// It is not ok where all values are the same. The tool's own two peculiarities are kept where values are tied:
// the exact distribution is taken for symmetric, and a half step is not a step for DeviationHigh.
func mannWhitney(x, y []float64, d Deviation) (p float64, ok bool) {
	x, y = slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))
	var ties []int
	sum, cubes := rankSum(x, y, 0, func(size, _ int) { ties = append(ties, size) })
	n, m := len(x), len(y)
	u := sum - float64(n*(n+1))/2
	limit := exactSize
	if cubes > 0 {
		limit = exactTiedSize
	}
	if n > limit || m > limit {
		return normalChance(u, float64(n), float64(m), cubes, d)
	}
	if len(ties) == 1 {
		return 0, false
	}
	ways := uWays(n, m, ties)
	switch d {
	case DeviationHigh:
		return 1 - below(ways, u-1), true
	case DeviationLow:
		return below(ways, u), true
	}
	smaller := min(u, float64(n*m)-u)
	if 2*u == float64(n*m) {
		return 1, true
	}
	return 2 * below(ways, smaller), true
}

// normalChance is the normal approximation, with corrections for ties and continuity.
func normalChance(u, n, m, cubes float64, d Deviation) (float64, bool) {
	variance := n * m * ((n + m + 1) - cubes/((n+m)*(n+m-1))) / 12
	if !(variance > 0) {
		return 0, false
	}
	over := u - n*m/2
	upper := func(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }
	sd := math.Sqrt(variance)
	switch d {
	case DeviationHigh:
		return upper((over - 0.5) / sd), true
	case DeviationLow:
		return upper(-(over + 0.5) / sd), true
	}
	switch {
	case over > 0:
		over -= 0.5
	case over < 0:
		over += 0.5
	}
	return 2 * min(upper(over/sd), upper(-over/sd)), true
}

// uWays are the parts of all ways to choose a sample of n out of n+m values, tied as given from the
// smallest up, by twice the U that they give: in how many pairs a chosen value is above one that is
// not, ties by half.
func uWays(n, m int, ties []int) []float64 {
	if len(ties) == n+m {
		return untiedWays(n, m)
	}
	ways := make([][]float64, n+1) // by how many are chosen so far, by twice the U so far (Klotz 1966)
	for i := range ways {
		ways[i] = make([]float64, 2*n*m+1)
	}
	ways[0][0] = 1
	lower := 0 // how many values there are so far
	for _, size := range ties {
		// From many chosen to few, so that each row is still that of the values before.
		for chosen := min(n, lower+size); chosen >= 0; chosen-- {
			row := make([]float64, 2*n*m+1)
			for now := max(0, chosen-lower); now <= min(size, chosen); now++ {
				left := lower - (chosen - now) // not chosen so far
				if left > m {
					continue
				}
				add, choices := now*(2*left+size-now), choose(size, now)
				for u, w := range ways[chosen-now] {
					if w != 0 && u+add < len(row) {
						row[u+add] += w * choices
					}
				}
			}
			ways[chosen] = row
		}
		lower += size
	}
	return parts(ways[n], choose(n+m, n))
}

// untiedWays are the same for values that are all different: the coefficients of the Gaussian binomial
// (n+m over n), which is the product of (1-q^(m+i))/(1-q^i) for i from 1 to n. They are symmetric, and
// only the lower half is calculated, whose small numbers are exact.
func untiedWays(n, m int) []float64 {
	ways := make([]float64, 2*n*m+1)
	ways[0] = 1
	for i := 1; i <= n; i++ {
		for u := n * m; u >= 2*(m+i); u-- {
			ways[u] -= ways[u-2*(m+i)]
		}
		for u := 2 * i; u <= n*m; u++ {
			ways[u] += ways[u-2*i]
		}
	}
	for u := range n * m {
		ways[2*n*m-u] = ways[u]
	}
	return parts(ways, choose(n+m, n))
}

func parts(ways []float64, all float64) []float64 {
	for u := range ways {
		ways[u] /= all
	}
	return ways
}

// below is the part of the ways with a U of at most u.
func below(ways []float64, u float64) float64 {
	sum := 0.0
	for i, w := range ways {
		if float64(i) > 2*u {
			break
		}
		sum += w
	}
	return min(sum, 1)
}

// choose is the number of ways to choose k out of n.
func choose(n, k int) float64 {
	c := 1.0
	for i := range min(k, n-k) {
		c = c * float64(n-i) / float64(i+1)
	}
	return math.Round(c)
}
