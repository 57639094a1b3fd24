package changelog

import "strings"

// mostFences is how many lines of a text can be code fences.
const mostFences = 1024

// fence is a line that opens or closes a code block: three or more of ` or ~.
type fence struct {
	start, end int
	char       byte
	runs       int
	bare       bool // nothing follows, so that it can close a block
	most       int  // the longest bare fence of that character behind this one
}

// fences are the code blocks of a text: from a fence to the next bare one of the same character that is no
// shorter.
func fences(text string) []Span {
	found := fenceLines(text)
	most := map[byte]int{}
	for i := len(found) - 1; i >= 0; i-- {
		f := &found[i]
		f.most = most[f.char]
		if f.bare {
			most[f.char] = max(most[f.char], f.runs)
		}
	}
	var blocks []Span
	for i := 0; i < len(found); i++ {
		f := found[i]
		if f.most < f.runs {
			continue
		}
		for i++; found[i].char != f.char || !found[i].bare || found[i].runs < f.runs; i++ {
		}
		blocks = append(blocks, Span{Start: f.start, End: found[i].end})
	}
	return blocks
}

// fenceLines finds the lines that are fences, without a look at the other ones.
func fenceLines(text string) []fence {
	var found []fence
	const unknown = -1
	next := [2]int{unknown, unknown}
	for at := 0; len(found) < mostFences; {
		for k, runs := range [2]string{"```", "~~~"} {
			if next[k] >= at {
				continue
			}
			next[k] = len(text)
			if i := strings.Index(text[at:], runs); i >= 0 {
				next[k] = at + i
			}
		}
		run := min(next[0], next[1])
		if run == len(text) {
			break
		}
		f := fence{start: at, char: text[run]}
		if i := strings.LastIndexAny(text[at:run], "\n\r"); i >= 0 {
			f.start = at + i + 1
		}
		indented := strings.TrimSpace(text[f.start:run]) == ""
		for at = run; at < len(text) && text[at] == f.char; at++ {
		}
		f.runs = at - run
		f.end = len(text)
		if i := strings.IndexAny(text[at:], "\n\r"); i >= 0 {
			f.end = at + i
		}
		info := text[at:f.end]
		f.bare = strings.TrimSpace(info) == ""
		// Code between backticks on one line is no block.
		if indented && (f.char != '`' || strings.IndexByte(info, '`') < 0) {
			found = append(found, f)
		}
		at = f.end
	}
	return found
}

// inFence reports whether a line that is not blank belongs to a code block. All such lines must come, and in their order: the blocks
// are looked for at the first one that may be a fence, since most texts have none.
func (p *parser) inFence(l line) bool {
	c := l.text[0]
	if !p.fences && c > ' ' && c < 0x7F && c != '`' && c != '~' {
		return false
	}
	return p.seekFence(l)
}

// seekFence is inFence for a line that may be a fence, or where there are code blocks.
func (p *parser) seekFence(l line) bool {
	if !p.fences {
		if c := l.text[leadingSpace(l.text)]; c != '`' && c != '~' {
			return false
		}
		p.fences, p.fenced = true, fences(p.text)
	}
	for len(p.fenced) > 0 && p.fenced[0].End <= l.start {
		p.fenced = p.fenced[1:]
	}
	return len(p.fenced) > 0 && p.fenced[0].Start <= l.start
}
