package notify

import (
	"fmt"
	"time"
)

// matching are the rules for an occurrence.
func (n *Notifier) matching(o *Occurrence) []*rule {
	var all []*rule
	for _, r := range n.rules {
		if r.matches(o) {
			all = append(all, r)
		}
	}
	return all
}

// letters are what the recipients of a channel are told of an occurrence, by those rules: those of whom takes says so. The box is locked.
func (n *Notifier) letters(b *box, rules []*rule, o Occurrence, said spoken, takes func(key string, o *Occurrence) bool) []*letter {
	var all []*letter
	var told map[string]bool
	now := time.Now()
	for _, r := range rules {
		for _, g := range r.to {
			for _, m := range g.members {
				if m.Channel != b.name {
					continue
				}
				key := m.key()
				if told[key] {
					continue
				}
				if told == nil {
					told = map[string]bool{}
				}
				told[key] = true
				if !takes(key, &o) {
					continue
				}
				left := 0
				if r.dedupes(&o) {
					var again bool
					if again, left = b.repeated(alike(&o, m), o.Time, r.Dedupe); again {
						continue
					}
				}
				msg := n.message(r, g, m, o, idOf("event", o.Release.ID, fmt.Sprint(o.Seq), key), left, said)
				l := &letter{Message: msg, Key: key, Due: now, Set: now}
				if m.collects(o.Severity) {
					l.Collected, l.Due = true, b.closes(l, func() time.Time { return m.closes(now) })
				}
				all = append(all, l)
			}
		}
	}
	return all
}

// closes is when the digest is sent that such a letter is to be a part of: one that is being collected, or else one that begins now. The box is locked.
func (b *box) closes(l *letter, begins func() time.Time) time.Time {
	for _, o := range b.rec.Letters {
		if o.Collected && l.goesWith(o) && o.Due.After(l.Set) {
			return o.Due
		}
	}
	return begins()
}

// message writes a message to somebody.
func (n *Notifier) message(r *rule, g *crew, m *member, o Occurrence, id string, left int, said spoken) Message {
	msg := Message{ID: id, Occurrence: o, Rule: r.Name, Group: g.name, To: m.Name, Address: m.Address, Repeated: left, zone: m.zone}
	f := r.template
	if f == nil {
		f = n.forms[o.Kind]
	}
	if f == nil {
		said.fill(&msg)
		return msg
	}
	if err := f.fill(&msg); err != nil {
		n.logger.Error("a template failed", "rule", r.Name, "kind", o.Kind, "release", o.Release.ID, "error", err)
	}
	return msg
}
