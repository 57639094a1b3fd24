package changelog

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// byteOrderMark is what some editors put before UTF-8.
	byteOrderMark = "\uFEFF"
	// replacement stands for what is no text.
	replacement = "\uFFFD"
)

// sort is what can be told of a character from its first byte.
type sort uint8

const (
	plain   sort = iota
	feeding      // CR
	spacing      // white space that is a control character: VT, FF and NEL
	control
	several // it has further bytes
	invalid
)

// sorts has the sort of every byte.
var sorts = func() (table [256]sort) {
	for c := range table {
		switch {
		case c == '\r':
			table[c] = feeding
		case c == '\v', c == '\f':
			table[c] = spacing
		case c < ' ' && c != '\n' && c != '\t', c == 0x7F:
			table[c] = control
		case c < utf8.RuneSelf:
			table[c] = plain
		case c < 0xC2, c > 0xF4:
			table[c] = invalid
		default:
			table[c] = several
		}
	}
	return table
}()

// sortAt is the sort of the character at a place.
func sortAt(text string, i int) (s sort, size int) {
	if s = sorts[text[i]]; s != several {
		return s, 1
	}
	return severalAt(text, i)
}

// runOf is with how many bytes a text begins that are surely of that sort, each a character, and at least one.
func runOf(s sort, text string) int {
	n := 1
	for n < len(text) && sorts[text[n]] == s {
		n++
	}
	return n
}

// Many of what is put for others are written at once.
var (
	feeds        = strings.Repeat("\n", 64)
	replacements = strings.Repeat(replacement, 64)
)

// repeat writes the first of some texts in a row n times, each of that many bytes.
func repeat(b *strings.Builder, row string, n, bytes int) {
	for ; n*bytes > len(row); n -= len(row) / bytes {
		b.WriteString(row)
	}
	b.WriteString(row[:n*bytes])
}

func severalAt(text string, i int) (s sort, size int) {
	r, size := utf8.DecodeRuneInString(text[i:])
	switch {
	case r == utf8.RuneError && size == 1:
		return invalid, 1
	case r == '\u0085':
		return spacing, size
	case r <= 0x9F:
		return control, size
	}
	return plain, size
}

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

// inspect looks at all bytes once: whether the texts have to be cleaned, and what is to be reported.
func (p *parser) inspect() {
	text := p.text
	invalids, controls, first, last := 0, 0, -1, 0
	for i := plainPrefix(text); i < len(text); {
		if sorts[text[i]] == plain {
			i++
			continue
		}
		s, size := sortAt(text, i)
		if size == 1 { // a text that has one of them may be made of nothing else
			size = runOf(s, text[i:])
		}
		switch s {
		case plain:
			i += size
			i += plainPrefix(text[i:])
			continue
		case feeding, spacing:
			p.cr = p.cr || s == feeding
			p.soiled = true
			i += size
			continue
		case control:
			controls++
			if sorts[text[i]] == control {
				controls += size - 1
			}
		default:
			invalids += size
		}
		if first < 0 {
			first = i
		}
		i += size
		last = i
	}
	if first < 0 {
		return
	}
	p.soiled = true
	p.spoilt = invalids + controls
	var what []string
	if invalids > 0 {
		what = append(what, "bytes that are not UTF-8: "+strconv.Itoa(invalids))
	}
	if controls > 0 {
		what = append(what, "control characters: "+strconv.Itoa(controls))
	}
	said := strings.Join(what, ", ") + "; " + replacement + " stands for each of them"
	if strings.Count(text, "\x00") > len(text)/4 {
		said += "; this looks like UTF-16"
	}
	p.report(CodeEncoding, first, last, said)
}

// part is a stretch of the text as a Message holds it, and where it is without the white space around it.
func (p *parser) part(start, end int) (string, Span) {
	at := p.trim(start, end)
	return p.clean(p.text[at.Start:at.End]), at
}

// trim is a stretch of the text without the white space around it, zero if there is nothing else.
func (p *parser) trim(start, end int) Span {
	raw := p.text[start:end]
	text := strings.TrimLeftFunc(raw, unicode.IsSpace)
	start += len(raw) - len(text)
	if text = strings.TrimSpace(text); text == "" {
		return Span{}
	}
	return Span{Start: start, End: start + len(text)}
}

// clean puts U+FFFD for what is no text, LF for the other ends of lines, and a tab for rare white space.
func (p *parser) clean(text string) string {
	if !p.soiled {
		return text
	}
	var b strings.Builder
	good := 0 // where the stretch begins that stays as it is
	for i := 0; i < len(text); {
		if sorts[text[i]] == plain {
			i++
			continue
		}
		s, size := sortAt(text, i)
		if s == plain {
			i += size
			continue
		}
		if good == 0 {
			b.Grow(len(text) + (len(replacement)-1)*min(p.spoilt, len(text)))
		}
		b.WriteString(text[good:i])
		switch s {
		case feeding:
			size = runOf(feeding, text[i:])
			if i+size == len(text) || text[i+size] != '\n' {
				repeat(&b, feeds, size, 1)
			}
		case spacing:
			b.WriteByte('\t')
		default:
			n := 1
			if size == 1 {
				size = runOf(s, text[i:])
				n = size
			}
			repeat(&b, replacements, n, len(replacement))
		}
		i += size
		good = i
	}
	if good == 0 {
		return text
	}
	b.WriteString(text[good:])
	return b.String()
}

// ending is the end of a text that is clean already: that of a stretch at whose beginning another one begins.
func (p *parser) ending(clean string, whole, end Span) string {
	return clean[len(p.clean(p.text[whole.Start:end.Start])):]
}
