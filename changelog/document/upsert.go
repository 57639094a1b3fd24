package document

import (
	"slices"
	"strings"

	"github.com/davit-sdk/davit/changelog"
)

// Upsert writes the notes of a version into its section, or, where they have no version, into Unreleased. The section is
// made where it is missing: in the order of the versions, so that a late release of an old line goes to its
// place. Upsert twice is Upsert once, byte for byte.
//
// In a section that is there, generated entries are rewritten, added and taken away until they are those of the notes, and what
// people wrote or edited stays; see the package for which is which. Notes without changes leave one entry that says so, where nobody has
// written anything. The date of the heading becomes that of the notes, if they have one. The
// link of a new version is added if the document defines such links, and that of Unreleased is made to begin at the new version if
// that is the highest now, and the link began at the one before it. In all other cases the link of Unreleased stays as it is.
//
// It fails with a *DuplicateError or a *PlaceError.
func (d *Document) Upsert(n changelog.Notes, o Options) error {
	return d.tried(func(d *Document) error {
		if o.Links == (changelog.Links{}) {
			o.Links = n.Links
		}
		v := entering{version: n.Version, date: n.Date, tag: n.Tag, previous: n.PreviousTag, options: o, added: len(d.find(n.Version)) == 0}
		at, err := d.section(v)
		if err != nil {
			return err
		}
		if err := d.reaches(d.sections[at].behind); err != nil {
			return err
		}
		wanted := d.wanted(n, o)
		for _, title := range d.titles(at, wanted) {
			d.sync(at, title, wanted)
		}
		return d.relink(v)
	})
}

// titles are the headings of a section, and those that are wanted, each once.
func (d *Document) titles(at int, all []wanted) []string {
	var titles []string
	add := func(title string) {
		if !slices.ContainsFunc(titles, func(t string) bool { return plainTitle(t) == plainTitle(title) }) {
			titles = append(titles, title)
		}
	}
	for _, g := range d.groups(d.sections[at]) {
		add(g.title)
	}
	for _, w := range all {
		add(w.title)
	}
	return titles
}

// sync makes the generated entries below one heading those that are wanted. An empty title is that of what stands before
// the first heading.
func (d *Document) sync(at int, title string, all []wanted) {
	var texts []string
	for _, w := range all {
		if title != "" && plainTitle(w.title) == plainTitle(title) {
			texts = append(texts, w.text)
		}
	}
	var edits []edit
	groups := d.groups(d.sections[at])
	first, last := -1, -1 // the first group of that title, and the last that has a generated entry
	for i, g := range groups {
		if g.named(title) || title == "" && g.level == 0 {
			if first < 0 {
				first = i
			}
			if slices.ContainsFunc(d.entries(g.from, g.end), entry.generated) {
				last = i
			}
		}
	}
	if first < 0 {
		if len(texts) > 0 {
			marks := strings.Repeat("#", d.groupLevel(d.sections[at]))
			d.apply(d.block(d.placeOf(title, groups), marks+" "+title+d.newline+d.newline+strings.Join(texts, "")))
		}
		return
	}
	if last < 0 {
		last = first
	}
	for i, g := range groups {
		if !g.named(title) && (title != "" || g.level > 0) {
			continue
		}
		list := d.entries(g.from, g.end)
		replaced := 0
		for n, e := range list {
			if !e.generated() || len(texts) == 0 {
				continue
			}
			edits = append(edits, d.replace(e, texts[0]))
			texts, list[n].intact = texts[1:], false
			replaced++
		}
		gone := func(n int) bool { return list[n].generated() }
		removals := d.without(list, gone)
		if i == last && len(texts) > 0 {
			edits = append(edits, d.added(g, list, strings.Join(texts, "")))
			texts = nil
		} else if len(removals) > 0 && g.level > 0 && replaced == 0 && d.holdsOnly(g, list, gone) {
			removals = []edit{d.withoutGroup(g)}
		}
		edits = append(edits, removals...)
	}
	d.apply(edits...)
}

// holdsOnly reports whether a group holds nothing but entries that are to go.
func (d *Document) holdsOnly(g group, list []entry, gone func(int) bool) bool {
	at := g.from
	for i, e := range list {
		if !gone(i) || !onlyBlank(d.lines[at:e.from]) {
			return false
		}
		at = e.behind
	}
	return onlyBlank(d.lines[at:g.behind])
}

// withoutGroup is the edit that takes a group out. At the end of the document no blank line stays behind.
func (d *Document) withoutGroup(g group) edit {
	first := g.first
	for g.behind == len(d.lines) && first > 0 && d.lines[first-1].kind == blank {
		first--
	}
	return edit{from: d.offset(first), to: d.offset(g.behind)}
}

// replace puts a text in the place of an entry. A missing line's end stays missing.
func (d *Document) replace(e entry, text string) edit {
	if !strings.HasSuffix(e.text, "\n") {
		text = strings.TrimSuffix(text, d.newline)
	}
	return edit{from: d.offset(e.from), to: d.offset(e.behind), text: text}
}

// added puts entries behind the last one of a group, or behind all that it holds.
func (d *Document) added(g group, list []entry, text string) edit {
	if len(list) == 0 || !onlyBlank(d.lines[list[len(list)-1].behind:g.end]) {
		return d.block(g.end, text)
	}
	at := list[len(list)-1].behind
	if !strings.HasSuffix(list[len(list)-1].text, "\n") {
		text = d.newline + strings.TrimSuffix(text, d.newline)
	}
	return edit{from: d.offset(at), to: d.offset(at), text: text}
}
