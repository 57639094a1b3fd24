package ledger

import "math/bits"

// places is a set of stages by their places in the pipeline.
type places struct {
	words []uint64
	n     int // how many are in it
}

// put makes the stage part of the set, or not.
func (p *places) put(i int, in bool) {
	w, bit := i>>6, uint64(1)<<(i&63)
	if w >= len(p.words) {
		if !in {
			return
		}
		p.words = append(p.words, make([]uint64, w+1-len(p.words))...)
	}
	switch had := p.words[w]&bit != 0; {
	case in && !had:
		p.n++
	case had && !in:
		p.n--
	}
	if in {
		p.words[w] |= bit
	} else {
		p.words[w] &^= bit
	}
}

// next is the first stage of the set at or after a place; -1: there is none.
func (p *places) next(i int) int {
	for w := i >> 6; w < len(p.words); w++ {
		word := p.words[w]
		if w == i>>6 {
			word &= ^uint64(0) << (i & 63)
		}
		if word != 0 {
			return w<<6 + bits.TrailingZeros64(word)
		}
	}
	return -1
}

// all yields the stages of the set in order. The set may change meanwhile, behind the stage that is
// yielded.
func (p *places) all(yield func(int) bool) {
	for i := p.next(0); i >= 0 && yield(i); i = p.next(i + 1) {
	}
}

// has reports whether the stage is in the set.
func (p *places) has(i int) bool {
	return i>>6 < len(p.words) && p.words[i>>6]&(1<<(i&63)) != 0
}
