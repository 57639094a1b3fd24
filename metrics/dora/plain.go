package dora

import (
	"bytes"
	"time"
)

// plain are the fields of an event as it is written plainly: one object whose fields are known and there once, of texts in ASCII
// without escapes, and of lists of them. Nearly all events are. Whatever is written otherwise, and whatever is wrong, is left to
// package encoding/json: the two agree, which a fuzz test sees to.
type plain struct {
	rest []byte
	seen uint32 // by index in fields

	texts [9][]byte
	times [5]time.Time
	lists [3][]string
}

// fields are those that plain knows: first the texts, then the times, then the lists.
var fields = [...]string{
	"type", "id", "service", "environment", "status", "kind", "version", "group", "repo",
	"time", "started", "merged", "opened", "resolved",
	"changes", "fixes", "caused_by",
}

const (
	fType = iota
	fID
	fService
	fEnvironment
	fStatus
	fKind
	fVersion
	fGroup
	fRepo
	fTime
	fStarted
	fMerged
	fOpened
	fResolved
	fChanges
	fFixes
	fCausedBy
)

// Which fields an event may have.
const (
	ofDeployment = 1<<fType | 1<<fID | 1<<fService | 1<<fEnvironment | 1<<fTime | 1<<fStarted | 1<<fStatus | 1<<fKind | 1<<fChanges | 1<<fFixes | 1<<fVersion | 1<<fGroup
	ofChange     = 1<<fType | 1<<fID | 1<<fTime | 1<<fMerged | 1<<fRepo
	ofIncident   = 1<<fType | 1<<fID | 1<<fService | 1<<fOpened | 1<<fResolved | 1<<fCausedBy | 1<<fChanges
)

// plainly reads an event that is written plainly; false: it is not, or it is none.
func plainly(line []byte) (Event, bool) {
	p := plain{rest: line}
	if !p.object() {
		return nil, false
	}
	text := func(field int) string { return string(p.texts[field]) }
	only := func(of uint32) bool { return p.seen&^of == 0 }
	switch {
	case string(p.texts[fType]) == "deployment" && only(ofDeployment):
		e := Deployment{
			ID: text(fID), Service: text(fService), Environment: text(fEnvironment), Time: p.times[fTime-fTime], Started: p.times[fStarted-fTime],
			Status: Status(text(fStatus)), Kind: Kind(text(fKind)), Changes: p.lists[fChanges-fChanges], Fixes: p.lists[fFixes-fChanges], Version: text(fVersion), Group: text(fGroup),
		}
		return e, e.validate() == nil
	case string(p.texts[fType]) == "change" && only(ofChange):
		e := Change{ID: text(fID), Time: p.times[fTime-fTime], Merged: p.times[fMerged-fTime], Repo: text(fRepo)}
		return e, e.validate() == nil
	case string(p.texts[fType]) == "incident" && only(ofIncident):
		e := Incident{
			ID: text(fID), Service: text(fService), Opened: p.times[fOpened-fTime], Resolved: p.times[fResolved-fTime],
			CausedBy: p.lists[fCausedBy-fChanges], Changes: p.lists[fChanges-fChanges],
		}
		return e, e.validate() == nil
	}
	return nil, false
}

// object reads all fields; false: something is not plain.
func (p *plain) object() bool {
	if !p.next('{') {
		return false
	}
	for more := true; more; more = p.next(',') {
		name, ok := p.text()
		if !ok || !p.next(':') {
			return false
		}
		field := 0
		for field < len(fields) && string(name) != fields[field] {
			field++
		}
		if field == len(fields) || p.seen&(1<<field) != 0 || !p.value(field) {
			return false
		}
		p.seen |= 1 << field
	}
	return p.next('}') && len(bytes.Trim(p.rest, " \t\r\n")) == 0
}

func (p *plain) value(field int) (ok bool) {
	switch {
	case field >= fChanges:
		return p.list(&p.lists[field-fChanges])
	case field < fTime:
		p.texts[field], ok = p.text()
		return ok
	}
	text, ok := p.text()
	return ok && p.times[field-fTime].UnmarshalText(text) == nil
}

// list reads texts, at least one.
func (p *plain) list(into *[]string) bool {
	if !p.next('[') {
		return false
	}
	for more := true; more; more = p.next(',') {
		text, ok := p.text()
		if !ok {
			return false
		}
		*into = append(*into, string(text))
	}
	return p.next(']')
}

// next passes over blanks and a byte; false: there is another one.
func (p *plain) next(c byte) bool {
	for len(p.rest) > 0 {
		switch first := p.rest[0]; {
		case first == c:
			p.rest = p.rest[1:]
			return true
		case first != ' ' && first != '\t' && first != '\r' && first != '\n':
			return false
		}
		p.rest = p.rest[1:]
	}
	return false
}

// text reads a text without escapes.
func (p *plain) text() ([]byte, bool) {
	if !p.next('"') {
		return nil, false
	}
	for i, c := range p.rest {
		switch {
		case c == '"':
			text := p.rest[:i]
			p.rest = p.rest[i+1:]
			return text, true
		case c < ' ' || c == '\\' || c >= 0x80:
			return nil, false
		}
	}
	return nil, false
}
