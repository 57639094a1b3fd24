package changelog

import "strings"

// fence is a line that opens or closes a code block: three or more of ` or ~.
type fence struct {
	line
	char byte
	runs int
	bare bool // nothing follows, so that it can close a block
	most int  // the longest bare fence of that character behind this one
}

// fences are the code blocks of a text: from a fence to the next bare one of the same character that is no
// shorter.
func fences(text string) []Span {
	var found []fence
	in := lines{text: text}
	for l, ok := in.next(); ok; l, ok = in.next() {
		if f, ok := fenceOf(l); ok {
			found = append(found, f)
		}
	}
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

func fenceOf(l line) (fence, bool) {
	text := strings.TrimLeft(l.text, " \t")
	if len(text) < 3 || text[0] != '`' && text[0] != '~' {
		return fence{}, false
	}
	f := fence{line: l, char: text[0]}
	for f.runs < len(text) && text[f.runs] == f.char {
		f.runs++
	}
	info := strings.TrimSpace(text[f.runs:])
	f.bare = info == ""
	// Code between backticks on one line is no block.
	return f, f.runs >= 3 && (f.char != '`' || strings.IndexByte(info, '`') < 0)
}

// inFence reports whether a line belongs to a code block. The lines must come in their order.
func (p *parser) inFence(l line) bool {
	for len(p.fenced) > 0 && p.fenced[0].End <= l.start {
		p.fenced = p.fenced[1:]
	}
	return len(p.fenced) > 0 && p.fenced[0].Start <= l.start
}
