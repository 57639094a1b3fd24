package document

import (
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// entering is a version that is written into the document.
type entering struct {
	version  *semver.Version // nil for Unreleased
	date     time.Time
	tag      string
	previous string // the tag before
	options  Options
	// added says that the document had no section of it.
	added bool
}

// section finds or makes the section of a version, with its date.
func (d *Document) section(v entering) (int, error) {
	at, err := d.one(v.version)
	if err != nil {
		return 0, err
	}
	if at < 0 {
		place, err := d.place(v.version)
		if err != nil {
			return 0, err
		}
		if onlyBlank(d.lines) {
			d.begin()
			place = len(d.lines)
		}
		if err := d.reaches(place); err != nil {
			return 0, err
		}
		d.apply(d.block(place, d.newHeading(v)))
		if at, err = d.one(v.version); err != nil || at < 0 {
			return 0, &PlaceError{Line: place + 1, Why: "a heading for the version would not be one here"}
		}
		return at, nil
	}
	if v.version == nil {
		if err := d.heal(); err != nil {
			return 0, err
		}
		at = d.find(nil)[0]
	}
	if !v.date.IsZero() {
		if err := d.setDate(at, v.date); err != nil {
			return 0, err
		}
	}
	return at, nil
}

// begin makes an empty text a changelog.
func (d *Document) begin() {
	lines := []string{
		"# Changelog",
		"",
		"All notable changes, the newest version first, in the form of [Keep a Changelog](https://keepachangelog.com/).",
		"Versions are those of [Semantic Versioning](https://semver.org/).",
		"",
	}
	head := ""
	if strings.HasPrefix(d.text, bom) {
		head = bom
	}
	d.read(head + strings.Join(lines, d.newline))
}

// place is the line before which the section of a new version goes: Unreleased before all versions, and a
// version before the first one that is lower.
func (d *Document) place(v *semver.Version) (int, error) {
	var known []section
	for _, s := range d.sections {
		if s.version != nil {
			known = append(known, s)
		}
	}
	if len(known) == 0 {
		if err := d.legible(0, len(d.lines)); err != nil {
			return 0, err
		}
		return d.placeOfFirst()
	}
	if v == nil {
		return d.above(known[0]), d.legible(0, known[0].first)
	}
	if n := len(known); n > 1 && known[0].version.LessThan(known[n-1].version) {
		if err := d.legible(0, len(d.lines)); err != nil {
			return 0, err
		}
		return 0, &PlaceError{Line: known[0].first + 1, Why: "the oldest version stands first: only a changelog with the newest first can get another one"}
	}
	higher := 0 // where the version above it begins
	for _, s := range known {
		if s.version.LessThan(v) {
			return d.above(s), d.legible(higher, s.first)
		}
		higher = s.first
	}
	return known[len(known)-1].end, d.legible(higher, len(d.lines))
}

// placeOfFirst is the place of the first version: below Unreleased, or below what introduces the changelog.
func (d *Document) placeOfFirst() (int, error) {
	if n := len(d.sections); n > 0 {
		return d.sections[n-1].end, nil
	}
	for i, l := range d.lines {
		if l.kind == heading && l.level > 1 {
			return 0, &PlaceError{Line: i + 1, Why: "there are headings, but none is of a version: write one, such as \"## Unreleased\", where the versions shall stand"}
		}
	}
	return d.textEnd(0, len(d.lines)), nil
}

// above is the line before which something goes that is to stand above a section: before the anchor that
// belongs to the section.
func (d *Document) above(s section) int {
	at := s.first
	for i := s.first - 1; i >= 0 && (d.lines[i].kind == blank || isAnchor(d.lines[i].text)); i-- {
		if d.lines[i].kind != blank {
			at = i
		}
	}
	return at
}

// style is how the document writes the headings of versions.
type style struct {
	level     int
	bracketed bool
	inline    bool
	before    string
	separator string // before a date
	closing   string // behind it
}

func (d *Document) style() style {
	st := style{level: 2, separator: " - "}
	first := true
	for _, s := range d.sections {
		if s.version == nil && len(d.sections) > 1 && first && d.sections[1].version != nil {
			continue // a version says more than Unreleased
		}
		if first {
			st.level, st.bracketed, st.inline, st.before = s.level, s.bracketed, s.address != "", s.before
			first = false
		}
		if !s.date.IsZero() {
			at := strings.Index(s.rest, s.date.Format(time.DateOnly))
			if between := s.rest[:at]; len(between) <= len(" — ") {
				st.separator = between
			}
			if strings.HasSuffix(st.separator, "(") {
				st.closing = ")"
			}
			break
		}
	}
	return st
}

// newHeading is the heading of a version that has none, with the line's end.
func (d *Document) newHeading(v entering) string {
	st := d.style()
	address := d.address(v)
	if len(d.sections) == 0 {
		st.bracketed = address != ""
	}
	label := "Unreleased"
	if v.version != nil {
		label = st.before + v.version.String()
	} else if st.level > mostLevel(title{unreleased: true}) {
		st.bracketed = true // else it would not be read again
	}
	if st.inline && address != "" {
		label = "[" + label + "](" + address + ")"
	} else if st.bracketed {
		label = "[" + label + "]"
	}
	if !v.date.IsZero() && v.version != nil {
		label += st.separator + v.date.Format(time.DateOnly) + st.closing
	}
	return strings.Repeat("#", st.level) + " " + label + d.newline
}

// titleAt is where the title of a section stands in the text.
func (d *Document) titleAt(s section) (int, error) {
	l := d.lines[s.last]
	if l.from == s.last {
		return l.start + strings.LastIndex(l.text, l.title), nil
	}
	first := d.lines[s.first]
	if s.last-s.first > 1 {
		return 0, &PlaceError{Line: s.first + 1, Why: "a heading of several lines cannot be changed: make it one line"}
	}
	return first.start + strings.Index(first.text, l.title), nil
}

// setDate gives a section its date.
func (d *Document) setDate(at int, date time.Time) error {
	s := d.sections[at]
	if s.version == nil || s.date.Equal(date) {
		return nil
	}
	text := date.Format(time.DateOnly)
	start, err := d.titleAt(s)
	if err != nil {
		return err
	}
	title := d.lines[s.last].title
	rest := start + len(title) - len(s.rest)
	if m := day.FindStringIndex(s.rest); m != nil {
		d.apply(edit{from: rest + m[0], to: rest + m[1], text: text})
	} else if m := unreleasedDay.FindStringIndex(s.rest); m != nil {
		d.apply(edit{from: rest + m[0], to: rest + m[1], text: text})
	} else {
		st := d.style()
		text = st.separator + text + st.closing
		if s.rest != "" && s.rest[0] != ' ' {
			text += " "
		}
		d.apply(edit{from: rest, to: rest, text: text})
	}
	return nil
}
