package judge

import "math"

// wander measures how long the difference of the two arms of a gauge stays what it was. Values that
// follow each other closely say the same thing again and again: as bets they count as often as there is
// something new in them. The difference is taken about its own mean: what is common to both arms, and
// what the candidate is steadily worse by, is none of it.
type wander struct {
	Scales [3]following `json:"s,omitzero"`
}

// following are the sums of the means of batches of one size, and of their products with the next one.
// All are taken from the Origin on, the first one's value, so that nothing cancels where little changes.
type following struct {
	Open   float64 `json:"o"`
	Blocks int     `json:"b"`
	Origin float64 `json:"z"`
	Last   float64 `json:"l"`
	// N is the number of batches; Sum, Squares and Products are the sums.
	N        float64 `json:"n"`
	Sum      float64 `json:"s"`
	Squares  float64 `json:"q"`
	Products float64 `json:"p"`
}

func (w *wander) observe(difference float64) {
	for i := range w.Scales {
		w.Scales[i].add(difference, batchSize(i))
	}
}

func (f *following) add(difference float64, size int) {
	f.Open += difference
	if f.Blocks++; f.Blocks < size {
		return
	}
	v := f.Open / float64(size)
	f.Open, f.Blocks = 0, 0
	if f.N == 0 {
		f.Origin = v
	}
	v -= f.Origin
	f.Products += f.Last * v
	f.N++
	f.Sum, f.Squares, f.Last = f.Sum+v, f.Squares+v*v, v
}

// moments are the variance, and the correlation of each batch with the next.
func (f *following) moments() (variance, correlation float64) {
	mean := f.Sum / f.N
	variance = f.Squares/f.N - mean*mean
	if !(variance > 1e-12*f.Squares/f.N) {
		return 0, 0
	}
	return variance, (f.Products - mean*(2*f.Sum-f.Last) + (f.N-1)*mean*mean) / f.N / variance
}

const (
	// leastBatches is how many there must be of a size, for it to be asked.
	leastBatches = 4
	// stuck is the largest correlation that is believed: odds stand all but still then.
	stuck = 0.999
	// doubtfully is by how many standard errors the correlation may be larger than it looks: of single
	// blocks, and of batches, of which there are few.
	doubtfully, doubtfullyOfBatches = 2.0, 1.0
)

// factor is what odds are damped by: the variance of a long mean in proportion to that of as many
// values that have nothing to do with each other, (1+r)/(1-r) where each is r times the one before
// (Bartlett 1935); the largest of the three sizes, since what wanders slowly may hide below what does
// not.
func (w *wander) factor() float64 {
	longest := func(r float64) float64 {
		r = min(max(r, 0), stuck)
		return (1 + r) / (1 - r)
	}
	one := &w.Scales[0]
	if one.N < 2 {
		return longest(1)
	}
	variance, r := one.moments()
	phi := longest(upper(r, one.N, doubtfully))
	for i := 1; i < len(w.Scales); i++ {
		f := &w.Scales[i]
		if f.N < leastBatches || variance == 0 {
			continue
		}
		v, r := f.moments()
		phi = max(phi, float64(batchSize(i))*v/variance*longest(upper(r, f.N, doubtfullyOfBatches)))
	}
	return min(phi, longest(1))
}

// upper is the correlation that n values with the correlation r may have in truth. A short series looks
// less correlated than it is by (1+3r)/n (Kendall 1954); the variance is (1-r²)/n (Bartlett 1946).
func upper(r, n, errors float64) float64 {
	return r + (1+3*r)/n + errors*math.Sqrt(max(1-r*r, 0)/n)
}
