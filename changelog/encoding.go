package changelog

import (
	"strconv"
	"strings"
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

// replacements are many in a row, so that they are written at once.
var replacements = strings.Repeat(replacement, 64)

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

// inspect looks at all bytes once: whether the texts have to be cleaned, and what is to be reported.
func (p *parser) inspect() {
	text := p.text
	invalids, controls, first, last := 0, 0, -1, 0
	for i := plainEnd(text, plainPrefix(text)); i < len(text); i = plainEnd(text, i) {
		if text[i] == '\r' { // there may be many, with little between them
			p.soiled = true
			for some := min(i+16, len(text)); i < some && (sorts[text[i]] == plain || text[i] == '\r'); i++ {
			}
			continue
		}
		s, size := sortAt(text, i)
		if size == 1 { // a text that has one of them may be made of nothing else
			size = runOf(s, text[i:])
		}
		switch s {
		case spacing:
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
	start += leadingSpace(p.text[start:end])
	if start == end {
		return Span{}
	}
	return Span{Start: start, End: start + trailingSpace(p.text[start:end])}
}

// clean puts U+FFFD for what is no text, LF for the other ends of lines, and a tab for rare white space.
func (p *parser) clean(text string) string {
	if !p.soiled {
		return text
	}
	i := plainEnd(text, 0)
	if i == len(text) {
		return text
	}
	out := append(make([]byte, 0, len(text)+(len(replacement)-1)*min(p.spoilt, len(text))), text[:i]...)
	for i < len(text) {
		switch c := text[i]; {
		case sorts[c] == plain:
			out = append(out, c)
			if i++; i%8 == 0 {
				n := plainPrefix(text[i:])
				out = append(out, text[i:i+n]...)
				i += n
			}
			continue
		case c == '\r':
			before := len(out)
			for ; i < len(text) && text[i] == '\r'; i++ {
				out = append(out, '\n')
			}
			if i < len(text) && text[i] == '\n' { // it ends the line alone
				out = out[:before]
			}
			continue
		}
		s, size := sortAt(text, i)
		switch s {
		case plain:
			out = append(out, text[i:i+size]...)
		case spacing:
			out = append(out, '\t')
		default:
			n := 1
			if size == 1 {
				size = runOf(s, text[i:])
				n = size
			}
			for ; n > 64; n -= 64 {
				out = append(out, replacements...)
			}
			out = append(out, replacements[:n*len(replacement)]...)
		}
		i += size
	}
	return string(out)
}

// ending is the end of a text that is clean already: that of a stretch at whose beginning another one begins.
func (p *parser) ending(clean string, whole, end Span) string {
	return clean[len(p.clean(p.text[whole.Start:end.Start])):]
}
