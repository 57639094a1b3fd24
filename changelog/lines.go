package changelog

import "strings"

// lines walks over a text once, line by line. A line ends in LF, in CR LF or in a lone CR.
type lines struct {
	text string
	pos  int  // where the next line begins
	cr   bool // the text has a CR
	feed int  // the LF at or behind pos, the length of the text for none, as far as it is known
}

// line is a line of the text, without its end.
type line struct {
	text       string
	start, end int
}

func (l line) blank() bool {
	if l.text == "" {
		return true
	}
	if c := l.text[0]; c > ' ' && c < 0x7F {
		return false
	}
	return strings.TrimSpace(l.text) == ""
}

// next reads the next line. It is false after the last one.
func (p *lines) next() (line, bool) {
	start := p.pos
	if start >= len(p.text) {
		return line{}, false
	}
	if p.feed < start || start == 0 {
		p.feed = feedFrom(p.text, start)
	}
	end := p.feed
	p.pos = end + 1
	if p.cr {
		end = p.back(start)
	}
	return line{text: p.text[start:end], start: start, end: end}, true
}

// feedFrom is where the next LF stands, the length of the text for none.
func feedFrom(text string, start int) int {
	// Many lines are blank or short, and a call costs more than they do.
	for i := start; i < len(text) && i < start+8; i++ {
		if text[i] == '\n' {
			return i
		}
	}
	if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
		return start + i
	}
	return len(text)
}

// back ends the line at the first CR, if it has one, and sets where the next line begins.
func (p *lines) back(start int) int {
	end := start
	for end < p.feed && end < start+8 && p.text[end] != '\r' {
		end++
	}
	if end == start+8 {
		i := strings.IndexByte(p.text[end:p.feed], '\r')
		if i < 0 {
			return p.feed
		}
		end += i
	}
	if end == p.feed {
		return end
	}
	run := end
	for run < p.feed && p.text[run] == '\r' {
		run++
	}
	switch {
	case run == p.feed: // CR LF, or CR CR LF, as mail and careless programs write it
	case run-end == 1:
		p.pos = run
	default: // a blank line between, however many they are
		p.pos = run - 1
	}
	return end
}
