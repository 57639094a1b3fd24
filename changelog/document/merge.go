package document

import (
	"slices"
	"strings"
)

// body is what stands below the heading of a section.
type body struct {
	raw   string // all of it
	intro string
	parts []part
}

type part struct{ heading, title, text string }

func (b body) isEmpty() bool {
	return b.intro == "" && !slices.ContainsFunc(b.parts, func(p part) bool { return p.text != "" })
}

func (d *Document) body(s section) body {
	b := body{raw: d.trimmed(s.last+1, max(s.end, s.last+1))}
	for _, g := range d.groups(s) {
		text := d.trimmed(g.from, g.end)
		if g.level == 0 {
			b.intro = text
			continue
		}
		b.parts = append(b.parts, part{heading: d.ended(d.between(g.first, g.last+1)), title: g.title, text: text})
	}
	return b
}

// trimmed are some lines without the blank ones around them, with a line's end.
func (d *Document) trimmed(from, to int) string {
	for from < to && d.lines[from].kind == blank {
		from++
	}
	for to > from && d.lines[to-1].kind == blank {
		to--
	}
	if from == to {
		return ""
	}
	return d.ended(d.between(from, to))
}

func (d *Document) ended(text string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += d.newline
	}
	return text
}

// merged is one text of several. One that needs no change stays as it is.
func merged(bodies []body, newline string) string {
	var intro []string
	var parts []part
	whole := true
	for _, b := range bodies {
		if b.intro != "" {
			intro = append(intro, b.intro)
		}
		for _, p := range b.parts {
			at := slices.IndexFunc(parts, func(other part) bool { return plainTitle(other.title) == plainTitle(p.title) })
			switch {
			case p.text == "":
				whole = false
			case at >= 0:
				whole = false
				parts[at].text = joined(parts[at].text, p.text, newline)
			default:
				parts = insertPart(parts, p, len(bodies) > 1)
			}
		}
	}
	if len(bodies) == 1 && whole {
		return bodies[0].raw
	}
	text := strings.Join(intro, newline)
	for _, p := range parts {
		if text != "" {
			text += newline
		}
		text += p.heading + newline + p.text
	}
	return text
}

// insertPart puts a part where its heading belongs, or, where the order is the author's, to the end.
func insertPart(parts []part, p part, sorted bool) []part {
	at := len(parts)
	if sorted && rank(p.title) < len(standard) {
		if i := slices.IndexFunc(parts, func(other part) bool {
			return rank(other.title) > rank(p.title) && rank(other.title) < len(standard)
		}); i >= 0 {
			at = i
		}
	}
	return slices.Insert(parts, at, p)
}

// joined are two texts below one heading: two lists become one.
func joined(a, b, newline string) string {
	lines, _ := scan(a)
	d := &Document{text: a, lines: lines}
	list := d.entries(0, len(lines))
	if len(list) > 0 && list[len(list)-1].behind == len(lines) && bulletWidth(b) > 0 {
		return a + b
	}
	return a + newline + b
}
