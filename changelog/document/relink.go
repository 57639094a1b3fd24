package document

import (
	"strings"

	"github.com/Masterminds/semver/v3"
)

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
