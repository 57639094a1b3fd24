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
