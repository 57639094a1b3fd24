package dora

import (
	"math"
	"math/bits"
	"slices"
	"sort"
)

// spreader takes the quantiles of many samples, one after the other.
type spreader struct {
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
		order(samples)
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
		slices.Sort(g)
		s.wanted[bucket(g[0])] = 0
	}
	for i, r := range ranks {
		values[i] = s.gathered[list[i]][r-before[i]]
	}
}

// order sorts. Most weeks have a few samples, for which the plain way is the fastest.
func order(samples []int64) {
	if len(samples) > 64 {
		slices.Sort(samples)
		return
	}
	for i := 1; i < len(samples); i++ {
		v, k := samples[i], i
		for ; k > 0 && samples[k-1] > v; k-- {
			samples[k] = samples[k-1]
		}
		samples[k] = v
	}
}

// exactIntervals is up to which n the interval is that of the binomial distribution itself.
const exactIntervals = 1024

// interval answers the ranks (from 0) of two order statistics that have the median between them with the confidence or
// more. Of too few there are none.
func (s *spreader) interval(n int) (low, high int, ok bool) {
	if n >= exactIntervals {
		width := s.z * math.Sqrt(float64(n)) / 2
		low = int(math.Floor(float64(n)/2-width)) - 1
		return low, n - 1 - low, low >= 0
	}
	if s.intervals[n] == 0 {
		s.intervals[n] = int32(medianRank(n, s.confidence))
	}
	r := int(s.intervals[n])
	return r - 1, n - r, r > 0
}

// medianRank is the highest r for which the r-th of n values from below, and the r-th from above, have the median
// between them with the confidence; -1 for none. P(fewer than r of n coins show heads) is at most half of the rest.
func medianRank(n int, confidence float64) int {
	tail, rank := 0.0, -1
	for r := 1; 2*r <= n; r++ {
		ln, _ := math.Lgamma(float64(n + 1))
		lk, _ := math.Lgamma(float64(r))
		lr, _ := math.Lgamma(float64(n - r + 2))
		tail += math.Exp(ln - lk - lr - float64(n)*math.Ln2)
		if tail > (1-confidence)/2*(1+1e-12) {
			break
		}
		rank = r
	}
	return rank
}

// normal is how many standard deviations about the mean of a normal distribution hold a share of it.
func normal(share float64) float64 { return math.Sqrt2 * math.Erfinv(share) }

// rateOf is k of n with the interval of Wilson (1927) of so many standard deviations, which has no width of zero where k is 0 or n. A k
// above n is no share: it has no interval.
func rateOf(k, n int, z float64) Rate {
	r := Rate{K: k, N: n}
	if n == 0 {
		return r
	}
	p, m := float64(k)/float64(n), float64(n)
	r.Rate = Known(p)
	if k > n {
		return r
	}
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	width := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	low, high := max(0, middle-width), min(1, middle+width)
	if k == 0 {
		low = 0
	}
	if k == n {
		high = 1
	}
	r.Low, r.High = Known(low), Known(high)
	return r
}

// survival is the median of durations of which some have not ended yet, by the estimate of Kaplan and Meier (1958): the
// first at which half or fewer last on. Both lists are sorted here.
func survival(ended, open []int64) Figure {
	slices.Sort(ended)
	slices.Sort(open)
	return outlived(list(ended), open)
}

// outlived is survival of sorted lists. open is gone through one by one, ended only looked up: between two that are open, the
// product of the estimate is the quotient of its first and last term.
func outlived(ended ordered, open []int64) Figure {
	n, gone, share := ended.len(), 0, 1.0
	for j := range len(open) + 1 {
		upTo := n
		if j < len(open) {
			upTo = ended.upTo(open[j])
		}
		alive := float64(n + len(open) - gone - j)
		if died := upTo - gone; died > 0 {
			left := share * (alive - float64(died)) / alive
			if left <= 0.5+1e-12 {
				k := max(int(math.Ceil(alive*(1-0.5/share)-1e-9)), 1)
				return Known(float64(ended.at(gone+k-1)) / 1e9)
			}
			share, gone = left, upTo
		}
	}
	return Figure{}
}

// ordered are numbers in order: how many there are up to one, included, and which one stands at a rank.
type ordered interface {
	len() int
	upTo(v int64) int
	at(rank int) int64
}

type list []int64

func (l list) len() int          { return len(l) }
func (l list) at(rank int) int64 { return l[rank] }
func (l list) upTo(v int64) int {
	return sort.Search(len(l), func(i int) bool { return l[i] > v })
}
