package dora

import (
	"math"
	"sort"
)

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
// between them with the confidence; -1 for none. Of the ways that n coins may fall (fewer than 2^1024: n is small), those that
// show fewer than r heads are at most half of the rest.
func medianRank(n int, confidence float64) int {
	limit := math.Ldexp((1-confidence)/2*(1+1e-12), n)
	rank := -1
	for r, ways, fewer := 1, 1.0, 0.0; 2*r <= n; r++ {
		if fewer += ways; fewer > limit {
			break
		}
		rank = r
		ways *= float64(n-r+1) / float64(r)
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

// outlived is the median of durations of which some have not ended yet, by the estimate of Kaplan and Meier (1958): the
// first at which half or fewer last on. Both lists are in order. open is gone through one by one, ended only looked up: between
// two that are open, the product of the estimate is the quotient of its first and last term.
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
