package dora

import "math/bits"

// maxName is how many bytes an id or a name may have.
const maxName = 4096

// names gives each string a small number, in the order in which they come. The bytes of all of them lie
// one after the other; the table has eight bytes a slot.
type names struct {
	bytes []byte
	ends  []uint32 // where each one ends
	slots []slot
	next  uint32 // what is likely to be asked for: the one after the last one found
}

// slot is a place in the table: the number plus one, 0 for an empty one, and a hash.
type slot struct{ number, hash uint32 }

const none = ^uint32(0)

func (n *names) len() int { return len(n.ends) }

func (n *names) text(number uint32) []byte {
	var from uint32
	if number > 0 {
		from = n.ends[number-1]
	}
	return n.bytes[from:n.ends[number]]
}

func (n *names) String(number uint32) string {
	if number == none {
		return ""
	}
	return string(n.text(number))
}

// find answers the number of s, none where it has none.
func (n *names) find(s string) uint32 {
	if len(n.slots) == 0 {
		return none
	}
	number, _ := n.look(s, hash(s))
	return number
}

// look answers the number of s, or the slot that is free for it.
func (n *names) look(s string, h uint32) (number uint32, free int) {
	i := n.place(h)
	for {
		at := n.slots[i]
		if at.number == 0 {
			return none, i
		}
		if at.hash == h && string(n.text(at.number-1)) == s {
			return at.number - 1, i
		}
		if i++; i == len(n.slots) {
			i = 0
		}
	}
}

// first is the first number under a hash, which may be that of another name; none where there is none.
func (n *names) first(h uint32) uint32 {
	for i := n.place(h); ; {
		switch at := n.slots[i]; {
		case at.number == 0:
			return none
		case at.hash == h:
			return at.number - 1
		}
		if i++; i == len(n.slots) {
			i = 0
		}
	}
}

func (n *names) place(h uint32) int { return int(uint64(h) * uint64(len(n.slots)) >> 32) }

// intern answers the number of s, a new one if need be. Who tells of things in the order in which they
// were told of before is answered without a look at the table.
func (n *names) intern(s string) uint32 {
	if int(n.next) < len(n.ends) && string(n.text(n.next)) == s {
		n.next++
		return n.next - 1
	}
	if len(n.ends) >= len(n.slots)/5*4 {
		n.grow()
	}
	h := hash(s)
	number, free := n.look(s, h)
	if number == none {
		number = uint32(len(n.ends))
		n.bytes = append(n.bytes, s...)
		n.ends = append(n.ends, uint32(len(n.bytes)))
		n.slots[free] = slot{number + 1, h}
	}
	n.next = number + 1
	return number
}

// full says whether there may be no room for more names of that many bytes.
func (n *names) full(size int) bool {
	return uint64(len(n.bytes))+uint64(size) > 1<<32-1 || len(n.ends) >= 1<<31
}

func (n *names) grow() {
	old := n.slots
	if len(old) < 1<<20 {
		n.slots = make([]slot, max(20, len(old)*2))
	} else {
		n.slots = make([]slot, len(old)/4*5)
	}
	for _, s := range old {
		if s.number == 0 {
			continue
		}
		i := n.place(s.hash)
		for n.slots[i].number != 0 {
			if i++; i == len(n.slots) {
				i = 0
			}
		}
		n.slots[i] = s
	}
}

// hash is the same everywhere, so that the same events fill the same table.
func hash(s string) uint32 {
	const k0, k1 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db
	h := uint64(len(s)) ^ k0
	for ; len(s) >= 8; s = s[8:] {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		h = mix(h^w, k1)
	}
	var w uint64
	for i := range len(s) {
		w |= uint64(s[i]) << (8 * i)
	}
	h = mix(h^w, k1)
	return uint32(mix(h, k0))
}

func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}
