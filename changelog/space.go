package changelog

// spaceAt is how many bytes the white space has that stands at a place of a text, 0 where there is none. It knows what unicode.IsSpace
// does, but by its bytes: a text may be made of nothing else.
func spaceAt(text string, i int) int {
	switch c := text[i]; {
	case c == ' ', c >= '\t' && c <= '\r':
		return 1
	case c < 0x80:
		return 0
	case c == 0xC2:
		if i+1 < len(text) && (text[i+1] == 0x85 || text[i+1] == 0xA0) {
			return 2
		}
	case c >= 0xE1 && c <= 0xE3 && i+2 < len(text):
		switch b := text[i+2]; [2]byte{c, text[i+1]} {
		case [2]byte{0xE1, 0x9A}, [2]byte{0xE3, 0x80}: // U+1680, U+3000
			if b == 0x80 {
				return 3
			}
		case [2]byte{0xE2, 0x80}: // U+2000 to U+200A, U+2028, U+2029, U+202F
			if b >= 0x80 && b <= 0x8A || b == 0xA8 || b == 0xA9 || b == 0xAF {
				return 3
			}
		case [2]byte{0xE2, 0x81}: // U+205F
			if b == 0x9F {
				return 3
			}
		}
	}
	return 0
}

// leadingSpace is how many bytes of white space a text begins with.
func leadingSpace(text string) int {
	i := 0
	for i < len(text) {
		n := spaceAt(text, i)
		if n == 0 {
			break
		}
		i += n
	}
	return i
}

// trailingSpace is where the white space begins that a text ends in, the length of the text where it ends in none.
func trailingSpace(text string) int {
	end := len(text)
	for end > 0 {
		switch c := text[end-1]; {
		case c < 0x80 && spaceAt(text, end-1) == 1:
			end--
		case c >= 0x80 && end >= 3 && spaceAt(text[:end], end-3) == 3:
			end -= 3
		case c >= 0x80 && end >= 2 && spaceAt(text[:end], end-2) == 2:
			end -= 2
		default:
			return end
		}
	}
	return 0
}

// isBlank reports whether a text is nothing but white space.
func isBlank(text string) bool { return leadingSpace(text) == len(text) }
