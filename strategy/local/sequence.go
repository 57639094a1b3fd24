package local

import (
	"math/rand/v2"
	"sync/atomic"
)

const (
	millionths = 1_000_000
	strata     = 100 // of the traffic, one for each request of a round
)

// sequence spreads requests evenly over all of the traffic: of each round of a hundred requests
// exactly one falls into each hundredth, at a random place within it.
//
// Plain random numbers would give a 5 % group anything from 1 to 10 of a hundred requests, which a
// gate then takes for a change of load. A counter, or multiples of the golden ratio, would fall in
// step with clients that call in a rhythm. So the rounds are even, and the order within each is
// random: a permutation that depends on the round.
type sequence struct {
	n    atomic.Uint64
	seed uint64
}

// next is a number of millionths, below all of them.
func (s *sequence) next() int {
	n := s.n.Add(1) - 1
	stratum := shuffled(n%strata, mix(mix(s.seed)+n/strata))
	return int(stratum)*(millionths/strata) + int(rand.Uint32N(millionths/strata))
}

// shuffled is where the i-th of a hundred comes in the order that the key stands for. Each line of
// the loop is a bijection of the numbers below 128; what leaves the first hundred walks on until it
// is back, which keeps the whole a bijection of them.
func shuffled(i, key uint64) uint64 {
	for {
		i = (i ^ key) & 127
		i = (i * (key>>7 | 1)) & 127
		i ^= i >> 4
		i = (i + key>>20) & 127
		i = (i * (key>>30 | 1)) & 127
		i ^= i >> 3
		i = (i * (key>>40 | 1)) & 127
		i ^= i >> 5
		i = (i + key>>50) & 127
		if i < strata {
			return i
		}
	}
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
// generators, 2014): every bit of the input changes about half of the output's.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
