package changelog

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	breakingSpaced   = "BREAKING CHANGE"
	breakingHyphened = "BREAKING-CHANGE"
)

// mostFooters is how many footers a message has, and how many breaking changes besides.
const mostFooters = 4096

// openFooter is the footer whose value is being read.
type openFooter struct {
	any        bool // the footers have begun
	collecting bool // the lines belong to this footer's value
	list       bool // the value has announced a list, and that has begun
	start, end int
	value      int // where the value begins
	mark       footerMark
}

// footer begins a footer.
func (p *parser) footer(l line, f footerMark) {
	count := &p.footers
	if f.sure {
		count = &p.breaking
	}
	if *count++; *count > mostFooters {
		if *count == mostFooters+1 {
			p.report(CodeMore, l.start, l.end, "the message has too many footers: this one and those behind it are text")
		}
		p.plain(l)
		return
	}
	if f.asks {
		p.asked(l, f)
	}
	p.close()
	p.open = openFooter{any: true, collecting: true, start: l.start, value: l.start + f.value, end: l.end, mark: f}
	if !f.sure {
		p.almostFooter(l, f)
	}
}

// close adds the open footer to the message.
func (p *parser) close() {
	o := &p.open
	if !o.collecting {
		return
	}
	o.collecting = false
	f := Footer{Token: o.mark.token, Separator: o.mark.separator, Span: Span{Start: o.start, End: o.end}}
	f.Value, f.ValueSpan = p.part(o.value, o.end)
	if f.Breaking() && f.Value == "" {
		p.report(CodeNoValue, o.start, o.end, "", f.Token, " does not say what breaks")
	}
	m := p.msg()
	if m.Footers == nil {
		m.Footers = make([]Footer, 0, 3)
	}
	m.Footers = append(m.Footers, f)
}

// body sets the body.
func (p *parser) body() {
	m := p.msg()
	m.Body, m.At.Body = p.part(p.bodyStart, p.bodyEnd)
}

// footerMark is the beginning of a footer.
type footerMark struct {
	token, separator string
	value            int  // where the value begins in the line
	sure             bool // it is a breaking change, which cannot be anything else
	asks             bool // it is Release-As
}

// footerAt reads a token and a separator at the beginning of a line.
func footerAt(text string) (footerMark, bool) {
	if text[0] == 'B' {
		if rest, ok := strings.CutPrefix(text, breakingSpaced); ok {
			return breakingMark(breakingSpaced, rest)
		}
		if rest, ok := strings.CutPrefix(text, breakingHyphened); ok && strings.HasPrefix(rest, ":") {
			return breakingMark(breakingHyphened, rest)
		}
	}
	n := tokenLength(text)
	if n == 0 || n+2 >= len(text) {
		return footerMark{}, false
	}
	f := footerMark{token: text[:n], value: n + 2}
	switch text[n : n+2] {
	case ": ":
		f.separator = ": "
		f.asks = n == len(releaseAs) && strings.EqualFold(f.token, releaseAs)
	case " #":
		f.separator = " #"
	default:
		return footerMark{}, false
	}
	return f, !isBlank(text[n+2:])
}

func breakingMark(token, rest string) (footerMark, bool) {
	if !strings.HasPrefix(rest, ": ") && strings.TrimRightFunc(rest, unicode.IsSpace) != ":" {
		return footerMark{}, false
	}
	return footerMark{token: token, separator: ": ", value: len(token) + 1, sure: true}, true
}

// tokenLength is the length of the word that the line begins with, in bytes: letters, digits and
// hyphens, with a letter first.
func tokenLength(text string) int {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if !isSlug(c) || i == 0 && (c == '-' || isDigit(c)) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return i
		}
		i += size
	}
	return len(text)
}

// almostFooter reports a footer whose author may have meant a breaking change.
func (p *parser) almostFooter(l line, f footerMark) {
	if len(f.token) == len(breakingHyphened) && f.separator == ": " && strings.EqualFold(f.token, breakingHyphened) {
		p.report(CodeNotBreaking, l.start, l.start+f.value, "", f.token+f.separator, " is no breaking change: write ", breakingSpaced+": ")
	}
}

// almostBreaking reports a line that its author may have meant as a breaking change. It looks at
// the beginning of the line only, and for a colon close behind it, so that prose stays prose.
func (p *parser) almostBreaking(l line) {
	text := l.text
	for text != "" && (text[0] == ' ' || text[0] == '\t' || text[0] == '*' || text[0] == '-') {
		text = text[1:]
	}
	if len(text) < len(breakingSpaced) || text[0]|0x20 != 'b' {
		return
	}
	head, tail := text[:len(breakingSpaced)], text[len(breakingSpaced):]
	upper := head == breakingSpaced || head == breakingHyphened
	folded := strings.EqualFold(head, breakingSpaced) || strings.EqualFold(head, breakingHyphened)
	if !upper && !(folded && colonSoon(tail)) {
		return
	}
	p.report(CodeNotBreaking, l.start, l.end,
		"this is no breaking change: write ", breakingSpaced+": ", " at the beginning of a line, below a blank line")
}

func colonSoon(tail string) bool {
	return strings.IndexByte(tail[:min(len(tail), 3)], ':') >= 0
}
