package dora

import "slices"

// blockSize is how many values a block of ranked has at most.
const blockSize = 512

// ranked is a multiset of numbers that knows which one stands at a rank. Numbers lie sorted in blocks; a tree over how many
// each block has (Fenwick, 1994) finds the block of a rank.
type ranked struct {
	blocks [][]int64
	firsts []int64 // of each block
	tree   []int32
	n      int
	sum    exact
}

// load fills it with numbers, which it sorts and keeps.
func (r *ranked) load(numbers []int64) {
	slices.Sort(numbers)
	*r = ranked{n: len(numbers)}
	for _, v := range numbers {
		r.sum.high += v >> 32
		r.sum.low += v & (1<<32 - 1)
	}
	for from := 0; from < len(numbers); from += blockSize / 2 {
		to := min(from+blockSize/2, len(numbers))
		r.blocks = append(r.blocks, slices.Clone(numbers[from:to]))
		r.firsts = append(r.firsts, numbers[from])
	}
	r.plant()
}

// plant makes the tree anew.
func (r *ranked) plant() {
	r.tree = slices.Grow(r.tree[:0], len(r.blocks)+1)[:len(r.blocks)+1]
	clear(r.tree)
	for i, b := range r.blocks {
		i++
		r.tree[i] += int32(len(b))
		if up := i + i&-i; up < len(r.tree) {
			r.tree[up] += r.tree[i]
		}
	}
}

func (r *ranked) count(block, by int) {
	for i := block + 1; i < len(r.tree); i += i & -i {
		r.tree[i] += int32(by)
	}
}

// block is the last one that begins at v or below it, or the first one. No jump depends on the numbers.
func (r *ranked) block(v int64) int {
	from := 0
	for n := len(r.firsts); n > 1; {
		half := n / 2
		if r.firsts[from+half] <= v {
			from += half
		}
		n -= half
	}
	return from
}

// within is where v stands in a block, or would. A block is seldom in the cache, and what a binary search looks at next depends on what it
// has just waited for: to step along the block is to wait but once.
func within(b []int64, v int64) int {
	const stride = 32
	i := 0
	for i+stride <= len(b) && b[i+stride-1] < v {
		i += stride
	}
	for i < len(b) && b[i] < v {
		i++
	}
	return i
}

func (r *ranked) add(v int64) {
	r.n++
	r.sum.high += v >> 32
	r.sum.low += v & (1<<32 - 1)
	if len(r.blocks) == 0 {
		r.blocks, r.firsts = [][]int64{{v}}, []int64{v}
		r.plant()
		return
	}
	k := r.block(v)
	b := r.blocks[k]
	b = slices.Insert(b, within(b, v), v)
	r.blocks[k], r.firsts[k] = b, b[0]
	if len(b) < blockSize {
		r.count(k, 1)
		return
	}
	half := len(b) / 2
	r.blocks = slices.Insert(r.blocks, k+1, slices.Clone(b[half:]))
	r.blocks[k] = b[:half]
	r.firsts = slices.Insert(r.firsts, k+1, b[half])
	r.plant()
}

// remove takes out one number that is in it.
func (r *ranked) remove(v int64) {
	k := r.block(v)
	for ; ; k-- { // equal numbers may begin in a block before
		if i, found := slices.BinarySearch(r.blocks[k], v); found {
			r.n--
			r.sum.high -= v >> 32
			r.sum.low -= v & (1<<32 - 1)
			b := slices.Delete(r.blocks[k], i, i+1)
			r.blocks[k] = b
			if len(b) > 0 {
				r.firsts[k] = b[0]
				r.count(k, -1)
				return
			}
			r.blocks, r.firsts = slices.Delete(r.blocks, k, k+1), slices.Delete(r.firsts, k, k+1)
			r.plant()
			return
		}
	}
}

// at is the number that stands at a rank, from 0.
func (r *ranked) at(rank int) int64 {
	i, left := 0, int32(rank)
	step := 1
	for step*2 < len(r.tree) {
		step *= 2
	}
	for ; step > 0; step /= 2 {
		if up := i + step; up < len(r.tree) && r.tree[up] <= left {
			i, left = up, left-r.tree[up]
		}
	}
	return r.blocks[i][left]
}

func (r *ranked) len() int { return r.n }

// upTo is how many numbers are v or less.
func (r *ranked) upTo(v int64) int {
	if len(r.blocks) == 0 {
		return 0
	}
	k, sum := r.block(v), 0
	for i := k; i > 0; i -= i & -i {
		sum += int(r.tree[i])
	}
	b := r.blocks[k]
	return sum + search(len(b), func(i int) bool { return b[i] > v })
}

// sorted are all numbers.
func (r *ranked) sorted(into []int64) []int64 {
	into = into[:0]
	for _, b := range r.blocks {
		into = append(into, b...)
	}
	return into
}

// rankedSpread is as spread.
func (s *spreader) rankedSpread(r *ranked, d *Durations) {
	if r.n == 0 {
		return
	}
	ranks, bounded := s.ranks(r.n)
	var values [8]int64
	for i, rank := range ranks {
		values[i] = r.at(rank)
	}
	s.fill(d, r.n, &values, bounded, r.sum.by(r.n))
}

// rankedMedian is as median.
func (f *fold) rankedMedian(r *ranked, unit float64) Figure {
	if r.n == 0 {
		return Figure{}
	}
	low := float64(r.at((r.n - 1) / 2))
	if f.r.Quantile == QuantileLower {
		return Known(low / unit)
	}
	return Known((low + float64(r.at(r.n/2))) / 2 / unit)
}
