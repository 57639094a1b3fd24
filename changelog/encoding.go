package changelog

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// byteOrderMark is what some editors put before UTF-8.
const byteOrderMark = "\uFEFF"

// inspect looks at all bytes once: whether the texts have to be cleaned, and what is to be reported.
func (p *parser) inspect() {
	text := p.text
	invalid, controls, first, last := 0, 0, -1, 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c < 0x7F || c == '\n' || c == '\t' {
			i++
			continue
		}
		size := 1
		switch {
		case c == '\r':
			p.soiled = true
			i++
			continue
		case c < utf8.RuneSelf:
			controls++
		default:
			var r rune
			if r, size = utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
				invalid++
			} else if r > 0x9F {
				i += size
				continue
			} else {
				controls++
			}
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
	var what []string
	if invalid > 0 {
		what = append(what, "bytes that are not UTF-8: "+strconv.Itoa(invalid))
	}
	if controls > 0 {
		what = append(what, "control characters: "+strconv.Itoa(controls))
	}
	said := strings.Join(what, ", ") + "; \uFFFD stands for each of them"
	if strings.Count(text, "\x00") > len(text)/4 {
		said += "; this looks like UTF-16"
	}
	p.report(CodeEncoding, first, last, said)
}

// part is a stretch of the text as a Message holds it, and where it is without the white space around it.
func (p *parser) part(start, end int) (string, Span) {
	raw := p.text[start:end]
	text := strings.TrimLeftFunc(raw, unicode.IsSpace)
	start += len(raw) - len(text)
	text = strings.TrimSpace(text)
	if text == "" {
		return "", Span{}
	}
	return p.clean(text), Span{Start: start, End: start + len(text)}
}

// clean puts U+FFFD for what is no text, and LF for the other ends of lines.
func (p *parser) clean(text string) string {
	if !p.soiled {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\r':
			run := i
			for run < len(text) && text[run] == '\r' {
				run++
			}
			if size = run - i; run == len(text) || text[run] != '\n' {
				b.WriteString(strings.Repeat("\n", size))
			}
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r < ' ' || r >= 0x7F && r <= 0x9F || r == utf8.RuneError:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}
