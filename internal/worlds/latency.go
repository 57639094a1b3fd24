package worlds

import (
	"math"
	"math/rand/v2"

	"github.com/davit-sdk/davit/internal/draw"
	"github.com/davit-sdk/davit/metrics"
)

// A latency is, in three cases of a hundred, from the tail: on a logarithmic axis both parts are normal.
const (
	bodyMedian = 0.1 // seconds
	bodySpread = 0.4
	tailPart   = 0.03
	tailMedian = 0.25
	tailSpread = 0.6
)

// The grid of the shared histogram, in seconds.
const (
	gridLow    = 0.008
	gridHigh   = 30
	gridGrowth = 1.02
	// fine is into how many steps a bucket is divided where probabilities are tabulated: a shift of all
	// latencies is rounded to a step, that is to 0.03 %.
	fine = 64
	// direct is up to how many requests are drawn one by one.
	direct = 1500
)

// latencies draws histograms of latencies.
type latencies struct {
	bounds []float64
	width  float64 // of a bucket, on the logarithmic axis
	// below is the probability of a latency up to each fine step; the first step lies margin steps
	// below the first bound.
	below  []float64
	margin int
}

func newLatencies() *latencies {
	l := &latencies{bounds: metrics.LogBounds(gridLow, gridHigh, gridGrowth)}
	l.width = math.Log(gridHigh/gridLow) / float64(len(l.bounds)-1)
	l.margin = fine * len(l.bounds)
	l.below = make([]float64, 3*l.margin)
	for i := range l.below {
		x := math.Log(gridLow) + l.width*float64(i-l.margin)/fine
		l.below[i] = (1-tailPart)*normalBelow((x-math.Log(bodyMedian))/bodySpread) + tailPart*normalBelow((x-math.Log(tailMedian))/tailSpread)
	}
	return l
}

func normalBelow(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// upTo is the probability of a latency up to the bound of a bucket, where all are shifted by so many
// fine steps. Of the last bucket it is 1.
func (l *latencies) upTo(bucket, steps int) float64 {
	if bucket < 0 {
		return 0
	}
	if bucket >= len(l.bounds) {
		return 1
	}
	return l.below[min(max(bucket*fine-steps+l.margin, 0), len(l.below)-1)]
}

// quantile is the usual latency below which the part q lies, in seconds.
func (l *latencies) quantile(q float64) float64 {
	for i, p := range l.below {
		if p >= q {
			return gridLow * math.Exp(l.width*float64(i-l.margin)/fine)
		}
	}
	return gridHigh
}

// add draws n latencies, all slower by a factor whose logarithm is shift, and counts them in buckets.
func (l *latencies) add(r *rand.Rand, buckets []uint32, n uint64, shift float64) {
	if n > direct {
		steps := int(math.Round(shift / l.width * fine))
		l.split(r, buckets, n, -1, len(l.bounds), steps)
		return
	}
	tail := draw.Binomial(r, n, tailPart)
	l.one(r, buckets, n-tail, math.Log(bodyMedian)+shift, bodySpread)
	l.one(r, buckets, tail, math.Log(tailMedian)+shift, tailSpread)
}

// one draws latencies one by one.
func (l *latencies) one(r *rand.Rand, buckets []uint32, n uint64, median, spread float64) {
	first, per := (median-math.Log(gridLow))/l.width, spread/l.width
	for range n {
		at := math.Ceil(first + per*r.NormFloat64())
		buckets[int(min(max(at, 0), float64(len(l.bounds))))]++
	}
}

// split deals n latencies out to the buckets above low, up to high: by halves.
func (l *latencies) split(r *rand.Rand, buckets []uint32, n uint64, low, high, steps int) {
	for n > 0 {
		if high-low == 1 {
			buckets[high] += uint32(n)
			return
		}
		middle := (low + high) / 2
		from, upTo, to := l.upTo(low, steps), l.upTo(middle, steps), l.upTo(high, steps)
		lower := uint64(0)
		if to > from {
			lower = draw.Binomial(r, n, (upTo-from)/(to-from))
		}
		l.split(r, buckets, lower, low, middle, steps)
		n, low = n-lower, middle
	}
}
