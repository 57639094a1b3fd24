package dora

import (
	"math/bits"
	"slices"
)

// spreader takes the quantiles of many samples, one after the other.
type spreader struct {
	sorter
	lower      bool
	mean       bool // what is typical
	confidence float64
	z          float64 // how many standard deviations that is
	intervals  []int32 // by n: the rank of the lower end of the median's interval; -1: none; 0: not known yet
	counts     []uint32
	wanted     []uint8
	gathered   [8][]int64
}

func newSpreader(r Rules) *spreader {
	return &spreader{
		lower: r.Quantile == QuantileLower, mean: r.Typical == TypicalMean, confidence: r.confidence(), z: normal(r.confidence()),
		counts: make([]uint32, buckets), wanted: make([]uint8, buckets), intervals: make([]int32, exactIntervals),
	}
}

func (r Rules) confidence() float64 {
	if r.Confidence == 0 {
		return 0.95
	}
	return r.Confidence
}

// spread fills d from samples in nanoseconds, whose order it may change. Without samples it leaves d alone.
func (s *spreader) spread(samples []int64, d *Durations) {
	if len(samples) == 0 {
		return
	}
	var values [8]int64
	ranks, bounded := s.ranks(len(samples))
	s.pick(samples, &ranks, &values)
	s.fill(d, len(samples), &values, bounded, meanOf(samples))
}

// ranks are those that a distribution of n samples is told by: two for each of three quantiles, and the median's interval,
// if there are enough for one.
func (s *spreader) ranks(n int) (ranks [8]int, bounded bool) {
	for i, percent := range [3]int{50, 75, 90} {
		low := (n - 1) * percent / 100
		ranks[2*i], ranks[2*i+1] = low, min(low+1, n-1)
	}
	low, high, bounded := s.interval(n)
	if bounded {
		ranks[6], ranks[7] = low, high
	}
	return ranks, bounded
}

// fill fills d from the values at the ranks of n samples.
func (s *spreader) fill(d *Durations, n int, values *[8]int64, bounded bool, mean float64) {
	d.N = n
	figure := func(i, percent int) Figure {
		a := float64(values[2*i])
		if rest := (n - 1) * percent % 100; rest != 0 && !s.lower {
			a += (float64(values[2*i+1]) - a) * float64(rest) / 100
		}
		return Known(a / 1e9)
	}
	d.P50, d.P75, d.P90 = figure(0, 50), figure(1, 75), figure(2, 90)
	d.Mean = Known(mean / 1e9)
	if bounded {
		d.Low, d.High = Known(float64(values[6])/1e9), Known(float64(values[7])/1e9)
	}
	d.Typical = d.P50
	if s.mean {
		d.Typical = d.Mean
	}
}

// meanOf does not depend on the order: the sum is exact.
func meanOf(samples []int64) float64 {
	var sum exact
	for _, v := range samples {
		sum.high += v >> 32
		sum.low += v & (1<<32 - 1)
	}
	return sum.by(len(samples))
}

// exact is a sum in two halves.
type exact struct{ high, low int64 }

func (e exact) by(n int) float64 { return (float64(e.high)*(1<<32) + float64(e.low)) / float64(n) }

// buckets is how many there are of bucket.
const buckets = 1 + 56*64 + 128

// bucket ascends with v, in steps of less than two per cent; all that is negative is in the first.
func bucket(v int64) int {
	if v < 0 {
		return 0
	}
	shift := max(bits.Len64(uint64(v))-7, 0)
	return 1 + shift<<6 + int(v>>shift)
}

// pick answers the values that would stand at the ranks if the samples were sorted. Few are sorted; of many, only
// those in the buckets of the ranks are.
func (s *spreader) pick(samples []int64, ranks *[8]int, values *[8]int64) {
	if len(samples) <= 300 {
		s.sort(samples)
		for i, r := range ranks {
			values[i] = samples[r]
		}
		return
	}
	clear(s.counts)
	for _, v := range samples {
		s.counts[bucket(v)]++
	}
	order := [8]int{0, 1, 2, 3, 4, 5, 6, 7}
	slices.SortFunc(order[:], func(a, b int) int { return ranks[a] - ranks[b] })
	var list, before [8]int // of each rank: its gathered list, and how many are below it
	below, b, lists := 0, 0, 0
	for _, i := range order {
		for below+int(s.counts[b]) <= ranks[i] {
			below += int(s.counts[b])
			b++
		}
		if s.wanted[b] == 0 {
			lists++
			s.wanted[b] = uint8(lists)
			s.gathered[lists-1] = s.gathered[lists-1][:0]
		}
		list[i], before[i] = int(s.wanted[b])-1, below
	}
	for _, v := range samples {
		if w := s.wanted[bucket(v)]; w != 0 {
			s.gathered[w-1] = append(s.gathered[w-1], v)
		}
	}
	for _, g := range s.gathered[:lists] {
		s.sort(g)
		s.wanted[bucket(g[0])] = 0
	}
	for i, r := range ranks {
		values[i] = s.gathered[list[i]][r-before[i]]
	}
}
