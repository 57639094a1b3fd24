package changelog

import "strings"

// lines walks over a text once, line by line. A line ends in LF, in CR LF or in a lone CR.
type lines struct {
	text string
	pos  int // where the next line begins
	feed int // the LF at or behind pos, the length of the text for none, as far as it is known
}

// line is a line of the text, without its end.
type line struct {
	text       string
	start, end int
}

func (l line) blank() bool { return strings.TrimSpace(l.text) == "" }

// next reads the next line. It is false after the last one.
func (p *lines) next() (line, bool) {
	start := p.pos
	if start >= len(p.text) {
		return line{}, false
	}
	if p.feed < start || start == 0 {
		p.feed = len(p.text)
		if i := strings.IndexByte(p.text[start:], '\n'); i >= 0 {
			p.feed = start + i
		}
	}
	end := p.feed
	p.pos = end + 1
	if i := strings.IndexByte(p.text[start:end], '\r'); i >= 0 {
		run := start + i
		for end = run; run < p.feed && p.text[run] == '\r'; {
			run++
		}
		switch {
		case run == p.feed: // CR LF, or CR CR LF, as mail and careless programs write it
		case run-end == 1:
			p.pos = run
		default: // a blank line between, however many they are
			p.pos = run - 1
		}
	}
	return line{text: p.text[start:end], start: start, end: end}, true
}
