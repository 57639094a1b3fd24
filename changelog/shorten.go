package changelog

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// SmallestNotes is the smallest size that Notes.Within keeps to, in bytes.
const SmallestNotes = 64 << 10

// How much of one change the shortened notes show, in bytes, and in references.
const (
	mostScope      = 100
	mostText       = 1000
	mostNotes      = 2000
	mostReferences = 20
	mostTarget     = 150
	mostAuthors    = 10
	mostName       = 40
	// mostContributors is how many people are named at the end.
	mostContributors = 50
)

// Within are the notes, shortened where their Markdown as a JSON text would have more bytes than
// size (SmallestNotes, if size is less): what a store or a forge takes has a limit.
//
// First the texts of single changes are cut, which a "…" at their end says. Then whole changes are
// left out, from the last section and the newest change on, so that what breaks stays longest; a
// line at the end of a section says how many. Nothing is cut out of the Markdown itself.
func (n Notes) Within(size int) Notes {
	size = max(size, SmallestNotes)
	size -= len(`""`)
	if encodedSize(n.Markdown()) <= size {
		return n
	}
	short := n
	short.Sections = make([]Section, len(n.Sections))
	for i, s := range n.Sections {
		short.Sections[i] = s
		short.Sections[i].Items, short.Sections[i].LeftOut = nil, s.LeftOut+len(s.Items)
	}
	short.Contributors = shortenedNames(n.Contributors, mostContributors)
	short.MoreContributors += len(n.Contributors) - len(short.Contributors)
	// All headings and the longest lines about what is left out are in this.
	left := size - encodedSize(short.Markdown())
	for i, s := range n.Sections {
		for _, item := range s.Items {
			item = item.shortened()
			var b strings.Builder
			if s.ByScope {
				b.WriteString("- **" + Escape(item.Scope) + ":**\n")
				item.markdown(&b, n.Links, "  ")
			} else {
				item.markdown(&b, n.Links, "")
			}
			if left -= encodedSize(b.String()); left < 0 {
				return short
			}
			short.Sections[i].Items = append(short.Sections[i].Items, item)
			short.Sections[i].LeftOut--
		}
	}
	return short
}

// shortened is the item with its texts cut.
func (i Item) shortened() Item {
	i.Scope = shortened(i.Scope, mostScope)
	i.Text = shortened(i.Text, mostText)
	var notes []string
	room := mostNotes
	for _, note := range i.Notes {
		if room <= 0 {
			break
		}
		notes = append(notes, shortened(note, room))
		room -= len(note)
	}
	var references []Reference
	for _, r := range i.References {
		if len(references) < mostReferences && len(r.Action)+len(r.Target) <= mostTarget {
			references = append(references, r)
		}
	}
	i.Notes, i.References = notes, references
	i.Authors = shortenedNames(i.Authors, mostAuthors)
	return i
}

// shortenedNames are the first of some people, with their names cut.
func shortenedNames(people []Contributor, most int) []Contributor {
	var all []Contributor
	for _, c := range people[:min(len(people), most)] {
		c.Name = shortened(c.Name, mostName)
		all = append(all, c)
	}
	return all
}

// shortened is a text, cut between two characters to at most so many bytes and a "…".
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.TrimSpace(text[:most]) + " …"
}

// leftOut says in Markdown that a section has more changes than it lists.
func (s Section) leftOut() string {
	if s.LeftOut == 0 {
		return ""
	}
	if len(s.Items) == 0 {
		return fmt.Sprintf("- *%s, left out here for want of room*\n", s.count(s.LeftOut))
	}
	return fmt.Sprintf("- *and %d more, left out here for want of room*\n", s.LeftOut)
}

// encodedSize is how many bytes a text has in JSON, without its quotes. That of two texts one
// behind the other is the sum of theirs.
func encodedSize(text string) int {
	raw, err := json.Marshal(text)
	if err != nil {
		return len(text) // a string can always be written
	}
	return len(raw) - len(`""`)
}
