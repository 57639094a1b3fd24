package document

import (
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/davit-sdk/davit/changelog"
)

// target is an address in the document: that of a definition, or of a link in a heading.
type target struct {
	label    string
	line     int
	from, to int
	address  string
}

// targets are the definitions, by their labels in lower case. The first of several counts, as in Markdown.
func (d *Document) targets() map[string]target {
	all := map[string]target{}
	for i, l := range d.lines {
		if l.kind != definition {
			continue
		}
		label, rest, _ := cutDefinition(strings.TrimSpace(l.text))
		address, _, _ := strings.Cut(rest, " ")
		address = strings.Trim(address, "<>")
		from := l.start + strings.Index(l.text, "]:") + len("]:")
		from += strings.Index(d.text[from:], address)
		if key := strings.ToLower(label); all[key].address == "" {
			all[key] = target{label: label, line: i, from: from, to: from + len(address), address: address}
		}
	}
	return all
}

// targetOf is the address that the heading of a section leads to.
func (d *Document) targetOf(s section, targets map[string]target) (target, bool) {
	if s.address != "" {
		if start, err := d.titleAt(s); err == nil {
			return target{line: -1, from: start + s.from, to: start + s.to, address: s.address}, true
		}
		return target{}, false
	}
	t, ok := targets[strings.ToLower(s.label)]
	return t, ok
}

// comparison is an address taken apart that compares two tags.
type comparison struct {
	before, from, between, to string
}

// compared takes an address apart: …/compare/v1.2.2...v1.2.3.
func compared(address string) (comparison, bool) {
	for _, between := range []string{"...", ".."} {
		before, to, ok := strings.Cut(address, between)
		if !ok {
			continue
		}
		at := strings.LastIndex(before, "/compare/") + len("/compare/")
		if at < len("/compare/") {
			at = strings.LastIndexByte(before, '/') + 1
		}
		return comparison{before: before[:at], from: before[at:], between: between, to: to}, true
	}
	return comparison{}, false
}

// prefix is what stands before the version in a tag: of one of the document's versions, if it is.
func (d *Document) prefix(tag string) (string, bool) {
	best, found := "", false
	for _, s := range d.sections {
		if s.version == nil {
			continue
		}
		if before, ok := strings.CutSuffix(tag, s.version.String()); ok && (!found || len(before) < len(best)) {
			best, found = before, true
		}
	}
	if !found {
		best, _, found = readVersion(tag)
	}
	return best, found
}

// known is a comparison that one of the document's links makes, with the prefix of its tags.
func (d *Document) known() (c comparison, prefix string, ok bool) {
	targets := d.targets()
	for _, s := range d.sections {
		t, found := d.targetOf(s, targets)
		if !found {
			continue
		}
		if c, ok = compared(t.address); !ok {
			continue
		}
		if s.version != nil {
			prefix, ok = strings.CutSuffix(c.to, s.version.String())
		} else {
			prefix, ok = d.prefix(c.from)
		}
		if ok {
			return c, prefix, true
		}
	}
	return comparison{}, "", false
}

// below is the highest version of the document that is lower than another one, with nil for Unreleased as the highest.
// Versions that were taken back count, since they were released.
func (d *Document) below(v *semver.Version) *semver.Version {
	var best *semver.Version
	for _, s := range d.sections {
		if s.version != nil && (v == nil || s.version.LessThan(v)) && (best == nil || s.version.GreaterThan(best)) {
			best = s.version
		}
	}
	return best
}

// address is where the heading of a version is to lead, "" where nobody can tell.
func (d *Document) address(v entering) string {
	o := v.options
	previous := v.previous
	lower := d.below(v.version)
	if previous == "" && lower != nil {
		previous = o.Tags.Print(lower)
	}
	tag := v.tag
	switch {
	case tag != "":
	case v.version == nil:
		tag = "HEAD"
	default:
		tag = o.Tags.Print(v.version)
	}
	if o.Links != (changelog.Links{}) {
		if to := o.Links.CompareURL(previous, tag); to != "" {
			return to
		}
		if v.version != nil {
			return o.Links.TagURL(tag)
		}
		return ""
	}
	c, prefix, ok := d.known()
	if !ok {
		return ""
	}
	to := "HEAD"
	if v.version != nil {
		to = prefix + v.version.String()
	}
	if lower != nil {
		return c.before + prefix + lower.String() + c.between + to
	}
	// The version before is not in the document, but perhaps it is what Unreleased begins at.
	if _, from, ok := readVersion(c.from); ok && (v.version == nil || from.LessThan(v.version)) {
		return c.before + c.from + c.between + to
	}
	return ""
}

// relink gives a version in brackets its definition, and makes Unreleased begin at a version that was added as the highest one.
func (d *Document) relink(v entering) error {
	if v.version != nil {
		if err := d.define(v); err != nil {
			return err
		}
	}
	for _, at := range d.find(nil) {
		s := d.sections[at]
		own := v
		own.version, own.tag, own.previous = nil, "", ""
		if highest := d.below(nil); v.version != nil && highest != nil && highest.Equal(v.version) && v.tag != "" {
			own.previous = v.tag
		}
		t, ok := d.targetOf(s, d.targets())
		address := ""
		if ok {
			address = d.unreleased(t.address, v)
		}
		if address != "" && address != t.address {
			d.apply(edit{from: t.from, to: t.to, text: address})
		} else if !ok && s.bracketed && len(d.sections) > 1 && d.defines() && d.legible(0, len(d.lines)) == nil {
			if address := d.address(own); address != "" {
				d.addDefinition(s.label, address, nil)
			}
		}
	}
	return nil
}

// unreleased is the address of Unreleased once a version was added, if that is the highest one and the address began at the one before it:
// all else in the address stays. It is "" where nothing is to be changed.
func (d *Document) unreleased(address string, v entering) string {
	c, ok := compared(address)
	if !ok || !v.added || v.version == nil || !d.below(nil).Equal(v.version) {
		return ""
	}
	prefix, from, ok := readVersion(c.from)
	if known, found := d.prefix(c.from); found {
		prefix = known
	}
	switch lower := d.below(v.version); {
	case v.previous != "" && c.from == v.previous:
	case lower != nil && c.from == prefix+lower.String():
	case lower == nil && ok && from.LessThan(v.version):
	default:
		return ""
	}
	if v.tag != "" {
		return c.before + v.tag + c.between + c.to
	}
	return c.before + prefix + v.version.String() + c.between + c.to
}

// defines reports whether the document defines the link of a version.
func (d *Document) defines() bool {
	targets := d.targets()
	for _, s := range d.sections {
		if _, ok := targets[strings.ToLower(s.label)]; ok && s.bracketed {
			return true
		}
	}
	return false
}

// define adds the definition that the heading of a version asks for and that is missing.
func (d *Document) define(v entering) error {
	at, err := d.one(v.version)
	if err != nil || at < 0 {
		return err
	}
	s := d.sections[at]
	if !s.bracketed || s.address != "" {
		return nil
	}
	targets := d.targets()
	if _, ok := targets[strings.ToLower(s.label)]; ok {
		return nil
	}
	address := d.address(v)
	if address == "" || !v.added && d.legible(0, len(d.lines)) != nil { // the version before it may be one that cannot be read
		return nil
	}
	d.addDefinition(s.label, address, v.version)
	return nil
}

// addDefinition adds a definition where it belongs by the order of the versions: above that of the next lower one, or below
// all others. One of Unreleased goes above all.
func (d *Document) addDefinition(label, address string, v *semver.Version) {
	text := "[" + label + "]: " + address + d.newline
	targets := d.targets()
	after := -1
	for _, s := range d.sections {
		t, ok := targets[strings.ToLower(s.label)]
		if !ok || !s.bracketed {
			continue
		}
		if v == nil || s.version != nil && s.version.LessThan(v) {
			at := d.offset(t.line)
			d.apply(edit{from: at, to: at, text: text})
			return
		}
		after = max(after, t.line)
	}
	if after < 0 {
		at := len(d.lines)
		for at > 0 && d.lines[at-1].kind == blank {
			at--
		}
		if at > 0 && d.lines[at-1].kind == definition {
			after = at - 1
		} else {
			d.apply(d.block(at, text))
			return
		}
	}
	l := d.lines[after]
	if !strings.HasSuffix(d.text[l.start:l.end], "\n") {
		text = d.newline + strings.TrimSuffix(text, d.newline)
	}
	d.apply(edit{from: l.end, to: l.end, text: text})
}
