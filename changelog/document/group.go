package document

import (
	"slices"
	"strings"
)

// group is what stands below one heading of a section. The first group of a section has no heading.
type group struct {
	title       string
	level       int // 0 without a heading
	first, last int // the lines of its heading
	from, end   int // the lines of what it holds, without blank ones and definitions at the end
	behind      int // the line of the next heading, or of the section's end
}

// groups are those of a section: what stands before the first heading, and then what stands below each heading of the
// highest level that there is.
func (d *Document) groups(s section) []group {
	level := 7
	for _, l := range d.lines[s.last+1 : s.behind] {
		if l.kind == heading {
			level = min(level, l.level)
		}
	}
	all := []group{{from: s.last + 1}}
	for i := s.last + 1; i < s.behind; i++ {
		if l := d.lines[i]; l.kind == heading && l.level == level {
			all[len(all)-1].behind = l.from
			all = append(all, group{title: l.title, level: level, first: l.from, last: i, from: i + 1})
		}
	}
	all[len(all)-1].behind = s.behind
	for i := range all {
		all[i].end = max(all[i].from, d.contentEnd(all[i].from, all[i].behind))
	}
	return all
}

// isEmpty reports whether there is nothing below the heading.
func (g group) isEmpty() bool { return g.end == g.from }

// named reports whether a group has a title, in whatever case and decoration.
func (g group) named(title string) bool {
	return g.level > 0 && plainTitle(g.title) == plainTitle(title)
}

func plainTitle(title string) string { return strings.ToLower(strings.Trim(title, " *_`:")) }

// standard are the headings of Keep a Changelog, in its order.
var standard = []string{"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

// rank is where a heading stands in the order, behind all that are known for one that is not.
func rank(title string) int {
	at := slices.IndexFunc(standard, func(s string) bool { return plainTitle(s) == plainTitle(title) })
	if at < 0 {
		return len(standard)
	}
	return at
}

// placeOf is the line before which a new group of that title goes: before the first one that comes later in the order.
func (d *Document) placeOf(title string, groups []group) int {
	for _, g := range groups {
		if g.level > 0 && rank(g.title) > rank(title) && rank(title) < len(standard) && rank(g.title) < len(standard) {
			return g.first
		}
	}
	place := groups[0].end
	for _, g := range groups[1:] {
		place = max(g.last+1, g.end)
	}
	return place
}

// groupLevel is the level of headings within a section, as the document has them.
func (d *Document) groupLevel(s section) int {
	for _, other := range append([]section{s}, d.sections...) {
		if groups := d.groups(other); len(groups) > 1 && other.level == s.level {
			return groups[1].level
		}
	}
	return s.level + 1
}

// block is the edit that puts lines of their own before a line, with a blank line on either side.
func (d *Document) block(at int, text string) edit {
	var b strings.Builder
	if at > 0 {
		if before := d.lines[at-1]; before.kind != blank {
			if !strings.HasSuffix(d.text[before.start:before.end], "\n") {
				b.WriteString(d.newline)
			}
			b.WriteString(d.newline)
		}
	}
	b.WriteString(text)
	if at < len(d.lines) && d.lines[at].kind != blank {
		b.WriteString(d.newline)
	}
	return edit{from: d.offset(at), to: d.offset(at), text: b.String()}
}

// reaches fails if a line lies within a block that is never closed, where nothing that is written would be seen.
func (d *Document) reaches(at int) error {
	if d.open >= 0 && at > d.open {
		return &PlaceError{Line: d.open + 1, Why: "what begins here, a block of code or of HTML, is never closed, and has the rest of the file in it"}
	}
	return nil
}
