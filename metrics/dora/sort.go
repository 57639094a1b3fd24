package dora

import "math"

// sorter sorts numbers, most often a few dozen. A sort that compares and jumps spends its time on jumps that no processor can foretell; this
// one has none that depend on the numbers: networks sort up to eight, and merges from both ends at once do the rest. It is two to
// four times as fast as slices.Sort up to some thousand numbers.
type sorter struct{ scratch []int64 }

func (s *sorter) sort(numbers []int64) {
	if len(numbers) > len(s.scratch) {
		s.scratch = make([]int64, 2*len(numbers))
	}
	sortWith(numbers, s.scratch)
}

// sortWith sorts numbers, with scratch of their length or more.
func sortWith(numbers, scratch []int64) {
	n := len(numbers)
	if n <= 8 {
		network(numbers)
		return
	}
	scratch = scratch[:n]
	sortInto(numbers[:n/2], scratch[:n/2])
	sortInto(numbers[n/2:], scratch[n/2:])
	merge(scratch, numbers)
}

// sortInto sorts numbers into others of the same length; what is left in them does not matter.
func sortInto(numbers, into []int64) {
	n := len(numbers)
	if n <= 8 {
		network(numbers)
		copy(into, numbers)
		return
	}
	sortWith(numbers[:n/2], into[:n/2])
	sortWith(numbers[n/2:], into[n/2:])
	merge(numbers, into)
}

// merge merges the two sorted halves of numbers into others of the same length: the lower half of all from their beginnings, and the upper half from
// their ends, so that neither side can run out.
func merge(numbers, into []int64) {
	n := len(numbers)
	into = into[:n]
	left, right, leftEnd, rightEnd := 0, n/2, n/2-1, n-1
	for k := range n / 2 {
		a, b := numbers[left], numbers[right]
		into[k] = min(a, b)
		step := 0
		if a <= b {
			step = 1
		}
		left, right = left+step, right+1-step
		a, b = numbers[leftEnd], numbers[rightEnd]
		into[n-1-k] = max(a, b)
		step = 0
		if a > b {
			step = 1
		}
		leftEnd, rightEnd = leftEnd-step, rightEnd-1+step
	}
	if n%2 == 1 {
		if left <= leftEnd {
			right = left
		}
		into[n/2] = numbers[right]
	}
}

// network sorts up to eight numbers by the network of 19 comparisons (Knuth, The Art of Computer Programming 3, 5.3.4), with
// the greatest number in the places that are free.
func network(s []int64) {
	const top = math.MaxInt64
	a, b, c, d, e, f, g, h := int64(top), int64(top), int64(top), int64(top), int64(top), int64(top), int64(top), int64(top)
	switch len(s) {
	case 8:
		h = s[7]
		fallthrough
	case 7:
		g = s[6]
		fallthrough
	case 6:
		f = s[5]
		fallthrough
	case 5:
		e = s[4]
		fallthrough
	case 4:
		d = s[3]
		fallthrough
	case 3:
		c = s[2]
		fallthrough
	case 2:
		b = s[1]
		fallthrough
	case 1:
		a = s[0]
	}
	a, c, b, d, e, g, f, h = min(a, c), max(a, c), min(b, d), max(b, d), min(e, g), max(e, g), min(f, h), max(f, h)
	a, e, b, f, c, g, d, h = min(a, e), max(a, e), min(b, f), max(b, f), min(c, g), max(c, g), min(d, h), max(d, h)
	a, b, c, d, e, f, g, h = min(a, b), max(a, b), min(c, d), max(c, d), min(e, f), max(e, f), min(g, h), max(g, h)
	c, e, d, f = min(c, e), max(c, e), min(d, f), max(d, f)
	b, e, d, g = min(b, e), max(b, e), min(d, g), max(d, g)
	b, c, d, e, f, g = min(b, c), max(b, c), min(d, e), max(d, e), min(f, g), max(f, g)
	switch len(s) {
	case 8:
		s[7] = h
		fallthrough
	case 7:
		s[6] = g
		fallthrough
	case 6:
		s[5] = f
		fallthrough
	case 5:
		s[4] = e
		fallthrough
	case 4:
		s[3] = d
		fallthrough
	case 3:
		s[2] = c
		fallthrough
	case 2:
		s[1] = b
		fallthrough
	case 1:
		s[0] = a
	}
}
