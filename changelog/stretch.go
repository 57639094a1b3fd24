package changelog

// plainPrefix is how much a text surely begins with that is plain, in whole words of eight bytes. It looks at the eight at once: whether
// a byte is beyond ASCII, DEL, or below a space and no LF.
func plainPrefix(text string) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(text); i += 8 {
		t := text[i : i+8]
		w := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		if (w|(w+ones))&tops != 0 { // an ASCII byte has its top bit set after DEL + 1 only
			return i
		}
		// No byte carries into the next one, since each is below 0x80: its top bit says that it is at least a space, or no LF.
		spaced, other := w+(0x80-' ')*ones, (w^'\n'*ones)+0x7F*ones
		if (^spaced&other)&tops != 0 {
			return i
		}
	}
	return i
}

// plainEnd is where, from a place on, the first character stands that is not plain, or the end of the text. What is most of a text
// goes without a call: ASCII in words of eight bytes, and letters of two or three bytes that can be nothing else.
func plainEnd(text string, i int) int {
	for i < len(text) {
		switch c := text[i]; {
		case sorts[c] == plain:
			if i++; i%8 == 0 {
				i += plainPrefix(text[i:])
			}
		case c >= 0xC3 && c <= 0xDF && i+1 < len(text) && isFurther(text[i+1]):
			i += 2
		case c >= 0xE1 && c <= 0xEF && c != 0xED && i+2 < len(text) && isFurther(text[i+1]) && isFurther(text[i+2]):
			i += 3
		default:
			s, size := sortAt(text, i)
			if s != plain {
				return i
			}
			i += size
		}
	}
	return i
}

// isFurther reports whether a byte is a further one of a character.
func isFurther(c byte) bool { return c&0xC0 == 0x80 }
