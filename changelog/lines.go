package changelog

import "strings"

// lines walks over a text once, line by line. A line ends in LF, in CR LF or in a lone CR.
type lines struct {
	text string
	pos  int // where the next line begins
	// feed and turn are the first LF and the first CR at or behind the end of the last long line, as far as they were looked for: the
	// length of the text for none.
	feed, turn int
}

// line is a line of the text, without its end.
type line struct {
	text       string
	start, end int
}

// filled reads the next line that is not blank, and says whether blank ones stand before it. It is false behind the last one.
func (p *lines) filled() (l line, below, ok bool) {
	for {
		text, at := p.text, p.pos
		for at < len(text) && (text[at] == '\n' || text[at] == '\r') { // however they belong together, all of them end blank lines
			at++
		}
		below, p.pos = below || at > p.pos, at
		l, ok = p.next()
		if !ok || l.text[0] > ' ' && l.text[0] < 0x7F || !isBlank(l.text) { // most are seen to be filled at once
			return l, below, ok
		}
		below = true
	}
}

// next reads the next line. It is false after the last one.
func (p *lines) next() (line, bool) {
	text, start := p.text, p.pos
	if start >= len(text) {
		return line{}, false
	}
	// Many lines are short, and a call costs more than they do.
	end, short := start, min(start+8, len(text))
	for end < short && (text[end] > '\r' || text[end] != '\n' && text[end] != '\r') {
		end++
	}
	if end == start+8 {
		end = p.far(end)
	}
	p.pos = p.behind(end)
	return line{text: text[start:end], start: start, end: end}, true
}

// far is where the line ends that goes on at a place.
func (p *lines) far(at int) int {
	if p.feed < at {
		p.feed = indexFrom(p.text, '\n', at)
	}
	if p.turn < at {
		p.turn = indexFrom(p.text, '\r', at)
	}
	return min(p.feed, p.turn)
}

// indexFrom is where a byte stands at or behind a place, the length of the text where it does not.
func indexFrom(text string, c byte, at int) int {
	if i := strings.IndexByte(text[at:], c); i >= 0 {
		return at + i
	}
	return len(text)
}

// behind is where the line begins that follows one with that end.
func (p *lines) behind(end int) int {
	if end == len(p.text) || p.text[end] == '\n' {
		return end + 1
	}
	return p.behindTurn(end)
}

// behindTurn is behind for a line that ends in a CR.
func (p *lines) behindTurn(end int) int {
	text, run := p.text, end+1
	for run < len(text) && text[run] == '\r' {
		run++
	}
	switch {
	case run == len(text) || text[run] == '\n': // CR LF, or CR CR LF, as mail and careless programs write it
		return run + 1
	case run == end+1:
		return run
	default: // a blank line between, however many they are
		return run - 1
	}
}
