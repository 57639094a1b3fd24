package changelog

import (
	"strings"
	"unicode"
)

const (
	breakingSpaced   = "BREAKING CHANGE"
	breakingHyphened = "BREAKING-CHANGE"
)

// rest reads the body and the footers.
func (p *parser) rest() {
	bodyStart, bodyEnd := p.pos, p.pos
	if bodyStart > len(p.text) {
		bodyStart, bodyEnd = len(p.text), len(p.text)
	}
	var open openFooter
	below := true     // the line stands right below the header
	paragraph := true // the line is the first of a paragraph
	for l, ok := p.next(); ok; l, ok = p.next() {
		if l.blank() {
			below, paragraph = false, true
			continue
		}
		if below {
			p.report(CodeBlankLine, l.start, l.end, "a blank line must follow the first line")
		}
		p.msg.Reverts = appendReverts(p.msg.Reverts, l.text)
		if id := reversing(l.text); id != "" && len(p.msg.Reverts) == 1 {
			p.msg.mainline = id
		}
		f, isFooter := footerAt(l.text)
		switch {
		case isFooter && (open.any || paragraph || f.sure):
			if !open.any && !paragraph {
				p.report(CodeBlankLine, l.start, l.start+f.value, "a blank line must stand before %q", excerpt(f.token))
			}
			p.close(&open)
			open = openFooter{any: true, collecting: true, start: l.start, value: l.start + f.value, end: l.end, mark: f}
		case open.any:
			if open.collecting && paragraph && isSquashBullet(l.text) {
				p.report(CodeAfterFooter, l.start, l.end, "a squashed commit begins here, which ends the footer %q", excerpt(open.mark.token))
				p.close(&open)
				open = openFooter{any: true}
			}
			open.end = l.end
		default:
			bodyEnd = l.end
		}
		if !isFooter {
			p.almostBreaking(l)
		}
		below, paragraph = false, false
	}
	p.close(&open)
	p.msg.Body = clean(strings.TrimLeft(p.text[bodyStart:bodyEnd], "\r\n"))
	p.reverts()
}

// openFooter is the footer whose value is being read.
type openFooter struct {
	any        bool // the footers have begun
	collecting bool // the lines belong to this footer's value
	start, end int
	value      int // where the value begins
	mark       footerMark
}

// close adds the open footer to the message.
func (p *parser) close(o *openFooter) {
	if !o.collecting {
		return
	}
	f := Footer{
		Token: clean(o.mark.token), Separator: o.mark.separator,
		Value: clean(p.text[o.value:o.end]), Span: Span{Start: o.start, End: o.end},
	}
	switch {
	case f.Breaking() && f.Value == "":
		p.report(CodeNoValue, o.start, o.end, "%s does not say what breaks", f.Token)
	case !f.Breaking() && f.Is(breakingHyphened):
		p.report(CodeNotBreaking, o.start, o.value, "%q is no breaking change: write %q", f.Token+f.Separator, breakingSpaced+": ")
	}
	p.msg.Footers = append(p.msg.Footers, f)
}

// footerMark is the beginning of a footer.
type footerMark struct {
	token, separator string
	value            int  // where the value begins in the line
	sure             bool // it is a breaking change, which cannot be anything else
}

// footerAt reads a token and a separator at the beginning of a line.
func footerAt(text string) (footerMark, bool) {
	if rest, ok := strings.CutPrefix(text, breakingSpaced); ok {
		return breakingMark(breakingSpaced, rest)
	}
	if rest, ok := strings.CutPrefix(text, breakingHyphened); ok && strings.HasPrefix(rest, ":") {
		return breakingMark(breakingHyphened, rest)
	}
	n := tokenLength(text)
	if n == 0 {
		return footerMark{}, false
	}
	for _, separator := range []string{": ", " #"} {
		if strings.HasPrefix(text[n:], separator) && strings.TrimSpace(text[n+2:]) != "" {
			return footerMark{token: text[:n], separator: separator, value: n + 2}, true
		}
	}
	return footerMark{}, false
}

func breakingMark(token, rest string) (footerMark, bool) {
	if !strings.HasPrefix(rest, ": ") && rest != ":" {
		return footerMark{}, false
	}
	return footerMark{token: token, separator: ": ", value: len(token) + 1, sure: true}, true
}

// tokenLength is the length of the word that the line begins with, in bytes: letters, digits and
// hyphens, with a letter first.
func tokenLength(text string) int {
	for i, r := range text {
		if !unicode.IsLetter(r) && (i == 0 || r != '-' && !unicode.IsDigit(r)) {
			return i
		}
	}
	return len(text)
}

// almostBreaking reports a line that its author may have meant as a breaking change. It looks at
// the beginning of the line only, and for a colon close behind it, so that prose stays prose.
func (p *parser) almostBreaking(l line) {
	text := strings.TrimLeft(l.text, " \t*-")
	if len(text) < len(breakingSpaced) {
		return
	}
	head, tail := text[:len(breakingSpaced)], text[len(breakingSpaced):]
	upper := head == breakingSpaced || head == breakingHyphened
	folded := strings.EqualFold(head, breakingSpaced) || strings.EqualFold(head, breakingHyphened)
	if !upper && !(folded && colonSoon(tail)) {
		return
	}
	p.report(CodeNotBreaking, l.start, l.end,
		"this is no breaking change: write %q at the beginning of a line, below a blank line", breakingSpaced+": ")
}

func colonSoon(tail string) bool {
	i := strings.IndexByte(tail[:min(len(tail), 3)], ':')
	return i >= 0
}

// isSquashBullet reports whether a line is "* type: description", as forges list squashed commits.
func isSquashBullet(text string) bool {
	rest, ok := strings.CutPrefix(text, "* ")
	if !ok {
		rest, ok = strings.CutPrefix(text, "- ")
	}
	if !ok {
		return false
	}
	var p parser
	p.conventional(line{text: rest, end: len(rest)})
	return p.msg.Kind == Conventional
}
