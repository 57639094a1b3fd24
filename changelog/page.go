package changelog

import (
	"slices"
	"strings"
)

// page is one release's notes while they are put together.
type page struct {
	*edition
	items [][]Item
	roll  roll
	// backwards says that the changes come newest first, and are to be turned round.
	backwards bool
}

func newPage(e *edition) *page {
	return &page{edition: e, items: make([][]Item, len(e.order)), roll: roll{edition: e}}
}

// add adds the changes of a commit, which come oldest first. Those that count call for a release: where there are
// several, weighed says which.
func (p *page) add(c *Commit, m *Message, weighed []Change, counts bool) {
	if len(m.Inner) == 0 && (m.Kind == Merging || m.Kind == Autosquash) {
		return
	}
	if p.Contributors {
		p.roll.add(c, m)
	}
	var authors []Contributor
	if p.Authors {
		authors = p.authors(c, m)
	}
	if len(m.Inner) == 0 {
		p.change(c, m, authors, counts)
		return
	}
	var changes []*Message
	for _, part := range m.parts {
		changes = append(changes, part.alone())
	}
	for n := range changes {
		i := n
		if p.backwards {
			i = len(changes) - 1 - n
		}
		own := counts
		if i < len(weighed) {
			if weighed[i].Cancelled {
				continue
			}
			own = weighed[i].Level > None
		}
		p.change(c, changes[i], authors, own)
	}
}

// change adds one change.
func (p *page) change(c *Commit, m *Message, authors []Contributor, counts bool) {
	if again, ok := m.bringsBack(); ok {
		m = &again
	}
	if concerned, said := p.concerns(m); concerned && (counts || p.Other || said) {
		item := itemOf(c, m)
		item.Authors = authors
		if len(c.Text) > longText && p.backwards {
			item.detach()
		}
		at := p.sectionOf(m)
		if p.items[at] == nil {
			p.items[at] = p.room()
		}
		if n := len(p.items[at]); n == cap(p.items[at]) && n >= mostRoom {
			p.items[at] = slices.Grow(p.items[at], n) // append alone takes five times what there is in the end
		}
		p.items[at] = append(p.items[at], item)
	}
}

// room is a list that an earlier page of the edition has used, nil for none.
func (e *edition) room() []Item {
	n := len(e.rooms)
	if n == 0 {
		return nil
	}
	room := e.rooms[n-1]
	e.rooms = e.rooms[:n-1]
	return room
}

// mostRoom is how many items a list has at most that is used again, so that memory does not remember a long release for ever.
const mostRoom = 1024

// settle returns a list that is complete without the room to grow, which another page uses: lists that grow from nothing, release after
// release, took twice the memory.
func (e *edition) settle(items []Item) []Item {
	if items == nil || cap(items) > mostRoom {
		return items
	}
	settled := slices.Clone(items)
	clear(items)
	e.rooms = append(e.rooms, items[:0])
	return settled
}

// longText is how long the message of a commit may be, in bytes, for an item to keep all of it in memory.
const longText = 512

// detach gives the item texts of its own, so that it does not keep the whole message.
func (i *Item) detach() {
	i.Type, i.Scope, i.Text = strings.Clone(i.Type), strings.Clone(i.Scope), strings.Clone(i.Text)
	for n := range i.Notes {
		i.Notes[n] = strings.Clone(i.Notes[n])
	}
	for n, r := range i.References {
		i.References[n] = Reference{Action: strings.Clone(r.Action), Target: strings.Clone(r.Target)}
	}
}

// depends adds what is released with a component because that is built from it.
func (p *page) depends(on []Dependency) {
	at := p.at(Dependencies)
	for _, d := range on {
		if d.Next == nil {
			continue
		}
		text := d.Next.String()
		if d.Previous != nil {
			text += ", formerly " + d.Previous.String()
		}
		p.items[at] = append(p.items[at], Item{Scope: d.Name, Text: text})
	}
}

func (p *page) notes() Notes {
	return Notes{Date: p.Date, Audience: p.Audience, Sections: p.filled(p.items), Contributors: p.roll.list(), Links: p.Links}
}

func itemOf(c *Commit, m *Message) Item {
	item := Item{Type: typeOf(m), Scope: m.Scope, Text: withoutTrailing(m.Description, nil), Commit: c.ID, References: m.references()}
	if item.Text == "" {
		item.Text = m.Description
	}
	for _, note := range m.allBreakingNotes() {
		if note != m.Description {
			item.Notes = append(item.Notes, note)
		}
	}
	return item
}
