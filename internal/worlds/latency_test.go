package worlds

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exactly is the probability of a latency up to a bound, by the formula.
func exactly(bound, shift float64) float64 {
	x := math.Log(bound) - shift
	return (1-tailPart)*normalBelow((x-math.Log(bodyMedian))/bodySpread) + tailPart*normalBelow((x-math.Log(tailMedian))/tailSpread)
}

// However many are drawn at once, one by one or dealt out by halves, the latencies are those of the formula:
// all counts up to a bound are binomial.
func TestLatenciesAreThoseOfTheFormula(t *testing.T) {
	l := newLatencies()
	for _, c := range []struct {
		name  string
		n     uint64
		times int
		shift float64
	}{
		{"one by one", 40, 3000, 0},
		{"one by one, slower", direct, 80, math.Log(1.2)},
		{"by halves", direct + 1, 80, 0},
		{"by halves, slower", 5000, 40, math.Log(1.05)},
		{"by halves, many", 2_000_000, 1, math.Log(8)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, c.n))
			buckets := make([]uint32, len(l.bounds)+1)
			for range c.times {
				l.add(r, buckets, c.n, c.shift)
			}
			all, below, worst := float64(c.n)*float64(c.times), 0.0, 0.0
			for i, b := range l.bounds {
				below += float64(buckets[i])
				if p := exactly(b, c.shift); p*all > 50 && (1-p)*all > 50 {
					// The rounding of a shift to a fine step is worth as much as that.
					rounding := all * math.Abs(exactly(b*1.0002, c.shift)-p)
					worst = max(worst, (math.Abs(below-p*all)-rounding)/math.Sqrt(p*(1-p)*all))
				}
			}
			below += float64(buckets[len(l.bounds)])
			require.InDelta(t, all, below, 0, "none is lost")
			assert.Less(t, worst, 4.0, "standard deviations, the largest of %d bounds", len(l.bounds))
		})
	}
	assert.InEpsilon(t, bodyMedian, l.quantile(0.485), 0.1)
	for _, q := range []float64{0.1, 0.5, 0.9, 0.99, 0.999} {
		assert.InDelta(t, q, exactly(l.quantile(q), 0), 1e-3*math.Sqrt(q*(1-q))+1e-4, "q=%v", q)
	}
}

// What is drawn one by one and what is dealt out by halves is the same distribution, in its moments too.
func TestLatencyMoments(t *testing.T) {
	l := newLatencies()
	moments := func(n uint64, times int) (mean, variance float64) {
		r := rand.New(rand.NewPCG(7, n))
		buckets := make([]uint32, len(l.bounds)+1)
		for range times {
			l.add(r, buckets, n, 0)
		}
		var sum, squares, all float64
		for i, b := range l.bounds {
			x, k := math.Log(b)-l.width/2, float64(buckets[i])
			sum, squares, all = sum+k*x, squares+k*x*x, all+k
		}
		mean = sum / all
		return mean, squares/all - mean*mean
	}
	m := (1-tailPart)*math.Log(bodyMedian) + tailPart*math.Log(tailMedian)
	v := (1-tailPart)*(bodySpread*bodySpread+math.Pow(math.Log(bodyMedian)-m, 2)) + tailPart*(tailSpread*tailSpread+math.Pow(math.Log(tailMedian)-m, 2))
	for n, times := range map[uint64]int{100: 3000, 3000: 100} {
		mean, variance := moments(n, times)
		assert.InDelta(t, m, mean, 5*math.Sqrt(v/300_000), "%d at once", n)
		assert.InEpsilon(t, v, variance, 0.02, "%d at once", n)
	}
}
