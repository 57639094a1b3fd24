package document

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/davit-sdk/davit/changelog"
)

// Document is a changelog.
type Document struct {
	text     string
	newline  string
	lines    []line
	open     int // the line of a block that is never closed, -1 for none
	sections []section
}

// section is what a version has: from its heading to the next one that is not below it.
type section struct {
	title
	first  int // its heading's first line
	last   int // its heading's last line
	level  int
	behind int // the first line that is not its own
	end    int // the line behind its last one that is neither blank nor a definition at the end
}

// Options say how an edit is to be written. The zero value follows the document.
type Options struct {
	// Headings are the headings of the kinds of changes. By default those of Keep a Changelog: Added for features,
	// Fixed for fixes, Security, Deprecated, Removed, and Changed for all else. A kind of the caller's own has its title. Breaking
	// changes go to Changed, marked **Breaking:**, unless this says otherwise.
	Headings map[changelog.SectionKind]string
	// Links make the versions in new headings links. By default those of the notes, or what the links of the other
	// versions in the document say.
	Links changelog.Links
	// Tags is how versions are written as tags in the links. Default: "v{version}".
	Tags changelog.TagFormat
}

// Version is a section of a document.
type Version struct {
	// Version is nil for what is not released yet.
	Version *semver.Version
	// Date is the day of the release, zero where there is none.
	Date time.Time
	// Yanked says that the release was taken back.
	Yanked bool
	// Title is the heading as it was written.
	Title string
	// Line is where it stands, from 1 on.
	Line int
}

// Parse reads a changelog. It never fails: what is no version is kept as it is. An empty text becomes a changelog
// with the first edit that adds to it.
func Parse(text string) *Document {
	d := &Document{}
	d.read(text)
	return d
}

// String is the changelog. Without edits it is what was parsed, byte for byte.
func (d *Document) String() string { return d.text }

// read takes a text as the document's.
func (d *Document) read(text string) {
	d.text, d.newline, d.sections = text, "\n", nil
	if i := strings.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		d.newline = "\r\n"
	}
	d.lines, d.open = scan(text)
	var open *section
	end := func(at int) {
		if open != nil {
			open.behind = at
			open.end = d.contentEnd(open.last+1, at)
			d.sections = append(d.sections, *open)
			open = nil
		}
	}
	for i, l := range d.lines {
		if l.kind != heading {
			continue
		}
		t, ok := readTitle(l.title)
		switch {
		case ok && l.level <= mostLevel(t):
			end(l.from)
			open = &section{title: t, first: l.from, last: i, level: l.level}
		case open != nil && l.level <= open.level && l.level <= 2:
			end(l.from)
		}
	}
	end(len(d.lines))
}

// mostLevel is how deep the heading of a version may be. Some tools write patch releases on the third level; words
// that may mean what is not released do so there between brackets only.
func mostLevel(t title) int {
	if t.unreleased && !t.bracketed {
		return 2
	}
	return 3
}

// contentEnd is the line behind the last one that is neither blank nor a definition, nor a rule or an anchor before the next section.
func (d *Document) contentEnd(from, to int) int {
	for {
		to = d.textEnd(from, to)
		if to == from {
			return to
		}
		if l := d.lines[to-1]; l.kind != prose || !isRule(strings.TrimLeft(l.text, " ")) {
			return to
		}
		to--
	}
}

// textEnd is contentEnd where a rule is content.
func (d *Document) textEnd(from, to int) int {
	for to > from {
		switch l := d.lines[to-1]; {
		case l.kind == blank, l.kind == definition:
		case isAnchor(l.text):
		default:
			return to
		}
		to--
	}
	return to
}

// isAnchor reports whether a line holds nothing but <a name="1.2.3"></a>, as some tools write above a version.
func isAnchor(text string) bool {
	text = strings.TrimSpace(text)
	return (strings.HasPrefix(text, "<a name=") || strings.HasPrefix(text, "<a id=")) && strings.HasSuffix(text, "></a>") && strings.Count(text, "<") == 2
}

// Versions are the sections of the document, in its order.
func (d *Document) Versions() []Version {
	var all []Version
	for _, s := range d.sections {
		all = append(all, Version{Version: s.version, Date: s.date, Yanked: s.yanked, Title: d.lines[s.last].title, Line: s.first + 1})
	}
	return all
}

// Notes is the Markdown below the heading of a version, nil for what is not released yet, without the marks of generated
// entries and white space around it. It is false where there is no such section. Of several the first counts.
func (d *Document) Notes(v *semver.Version) (string, bool) {
	at := d.find(v)
	if len(at) == 0 {
		return "", false
	}
	s := d.sections[at[0]]
	return strings.TrimSpace(marks.ReplaceAllString(d.between(s.last+1, s.end), "")), true
}

// find are the sections of a version, nil for Unreleased.
func (d *Document) find(v *semver.Version) []int {
	var at []int
	for i, s := range d.sections {
		if v == nil && s.unreleased || v != nil && s.version != nil && v.Equal(s.version) && v.Metadata() == s.version.Metadata() {
			at = append(at, i)
		}
	}
	return at
}

// one is the section of a version, -1 for none. It fails where there are several.
func (d *Document) one(v *semver.Version) (int, error) {
	at := d.find(v)
	switch {
	case len(at) == 0:
		return -1, nil
	case len(at) == 1 || v == nil:
		return at[0], nil
	}
	e := &DuplicateError{Version: v.String()}
	for _, i := range at {
		e.Lines = append(e.Lines, d.sections[i].first+1)
	}
	return -1, e
}

// between is the text of some lines.
func (d *Document) between(from, to int) string { return d.text[d.offset(from):d.offset(to)] }

// offset is where a line begins.
func (d *Document) offset(at int) int {
	if at >= len(d.lines) {
		return len(d.text)
	}
	return d.lines[at].start
}

// edit is a stretch of the text that becomes another one.
type edit struct {
	from, to int
	text     string
}

// apply makes edits. Of what two of them take out each takes its part. The document is read anew.
func (d *Document) apply(edits ...edit) {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var b bytes.Buffer
	at := 0
	for _, e := range edits {
		b.WriteString(d.text[at:max(at, e.from)])
		b.WriteString(e.text)
		at = max(at, e.to)
	}
	b.WriteString(d.text[at:])
	d.read(b.String())
}

// mostRounds is how often a change is made until it changes nothing more.
const mostRounds = 5

// tried makes a change of several edits that all happen or none. It is made until it changes nothing more, because a heading
// that is taken out or put in may make what follows part of another section.
func (d *Document) tried(change func(*Document) error) error {
	next := Parse(d.text)
	for range mostRounds {
		before := next.text
		if err := change(next); err != nil {
			return fmt.Errorf("changelog document: %w", err)
		}
		if next.text == before {
			break
		}
	}
	*d = *next
	return nil
}
