package document

import (
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// Release moves what stands under Unreleased into the section of a version, and gives that its date, in UTC. The section is made
// where it is missing, in the order of the versions. What the two have in common is merged: equal headings
// become one, and of an entry that somebody wrote and one that was generated for the same change the written one stays. So do several
// Unreleased sections, and several equal headings within one. Headings with nothing below them are left out; that of Unreleased
// stays, empty, at its place. A date of zero leaves that of the heading as it is.
//
// It fails with ErrNothing, a *DuplicateError or a *PlaceError.
func (d *Document) Release(v *semver.Version, date time.Time, o Options) error {
	return d.tried(func(d *Document) error {
		if v == nil {
			return ErrNoVersion
		}
		own, err := d.one(v)
		if err != nil {
			return err
		}
		pending := d.find(nil)
		if own < 0 && len(pending) == 0 {
			return ErrNothing
		}
		if date = date.UTC(); !date.IsZero() {
			date = time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, time.UTC)
		}
		e := entering{version: v, date: date, options: o, added: own < 0}
		if err := d.take(e); err != nil {
			return err
		}
		return d.relink(e)
	})
}

// take moves all that is pending into the section of a version.
func (d *Document) take(v entering) error {
	var bodies []body
	for _, at := range d.find(nil) {
		if err := d.reaches(d.sections[at].behind); err != nil {
			return err
		}
		bodies = append(bodies, d.body(d.sections[at]))
	}
	d.empty()
	at, err := d.section(v)
	if err != nil {
		return err
	}
	s := d.sections[at]
	if err := d.reaches(s.behind); err != nil {
		return err
	}
	bodies = append([]body{d.body(s)}, bodies...)
	bodies = slices.DeleteFunc(bodies, body.isEmpty)
	if text := merged(bodies, d.newline); text != d.body(s).raw {
		d.rewrite(s, text)
	}
	d.single(at, len(bodies) > 1)
	return nil
}

// heal makes several Unreleased sections one.
func (d *Document) heal() error {
	pending := d.find(nil)
	if len(pending) < 2 {
		return nil
	}
	var bodies []body
	for _, at := range pending {
		if err := d.reaches(d.sections[at].behind); err != nil {
			return err
		}
		bodies = append(bodies, d.body(d.sections[at]))
	}
	d.empty()
	bodies = slices.DeleteFunc(bodies, body.isEmpty)
	at := d.find(nil)[0]
	d.rewrite(d.sections[at], merged(bodies, d.newline))
	d.single(at, true)
	return nil
}

// empty takes out what stands under Unreleased, and all such sections but the first.
func (d *Document) empty() {
	var edits []edit
	for i, at := range d.find(nil) {
		s := d.sections[at]
		from, to := s.last+1, max(s.end, s.last+1)
		if i > 0 {
			from = s.first
			for to < s.behind && d.lines[to].kind == blank {
				to++
			}
			for to == len(d.lines) && from > 0 && d.lines[from-1].kind == blank {
				from--
			}
		}
		edits = append(edits, edit{from: d.offset(from), to: d.offset(to)})
	}
	d.apply(edits...)
}

// rewrite gives a section another text below its heading.
func (d *Document) rewrite(s section, text string) {
	from, to := d.offset(s.last+1), d.offset(max(s.end, s.last+1))
	d.apply(edit{from: from, to: to})
	if text != "" {
		d.apply(d.block(s.last+1, text))
	}
}

// single takes out the entries of a section that others stand for. Where something was merged, that goes for those
// that people wrote as well.
func (d *Document) single(at int, all bool) {
	s := d.sections[at]
	var list []entry
	for _, g := range d.groups(s) {
		list = append(list, d.entries(g.from, g.end)...)
	}
	var own written
	for _, e := range list {
		if !e.generated() {
			own.add(senseOf(e))
		}
	}
	out := make([]bool, len(list))
	seen := map[string]bool{}
	for i, e := range list {
		id := strings.TrimSpace(e.text)
		if e.generated() {
			id = "generated " + e.key
			out[i] = own.covers(senseOf(e))
		}
		out[i] = out[i] || seen[id] && (all || e.generated())
		seen[id] = true
	}
	var edits []edit
	n := 0
	for _, g := range d.groups(s) {
		entries := d.entries(g.from, g.end)
		gone := func(i int) bool { return out[n+i] }
		removals := d.without(entries, gone)
		if len(removals) > 0 && g.level > 0 && d.holdsOnly(g, entries, gone) {
			removals = []edit{d.withoutGroup(g)}
		}
		edits = append(edits, removals...)
		n += len(entries)
	}
	d.apply(edits...)
}
