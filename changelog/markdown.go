package changelog

import (
	"strconv"
	"strings"
)

// Markdown prints the notes as a section of a changelog, from a heading of the second level on.
//
// The texts of commits are inert in it, as Escape says; only code between backticks stays what it is. The issues
// that a commit refers to are written behind it, as the links they are meant to be.
func (n Notes) Markdown() string {
	var b strings.Builder
	b.Grow(256 + 128*n.size())
	b.WriteString("## " + linked(n.heading(), n.address()))
	if !n.Date.IsZero() {
		b.WriteString(" - " + n.Date.Format("2006-01-02"))
	}
	b.WriteString("\n")
	if said := n.NoChanges(); said != "" {
		b.WriteString("\n" + Escape(said) + "\n")
	}
	for _, s := range n.Sections {
		b.WriteString("\n### ")
		b.WriteString(Escape(s.title()))
		b.WriteString("\n\n")
		s.markdown(&b, n.Links)
	}
	n.contributors(&b)
	return b.String()
}

// heading is the title in Markdown. A version is inert as it is.
func (n Notes) heading() string {
	component := Escape(n.Component)
	if n.Component = ""; component == "" {
		return n.title()
	}
	return component + " " + n.title()
}

// address is where the title leads to: what has come since the version before, or the version itself.
func (n Notes) address() string {
	if to := n.Links.CompareURL(n.PreviousTag, n.Tag); to != "" {
		return to
	}
	return n.Links.TagURL(n.Tag)
}

// size is how many changes the notes list.
func (n Notes) size() int {
	size := 0
	for _, s := range n.Sections {
		size += len(s.Items)
	}
	return size
}

func (s Section) markdown(b *strings.Builder, l Links) {
	for i, item := range s.Items {
		switch {
		case !s.ByScope || item.Scope == "":
			item.markdown(b, l, "")
			continue
		case i == 0 || s.Items[i-1].Scope != item.Scope:
			b.WriteString("- **" + Escape(item.Scope) + ":**\n")
		}
		item.Scope = ""
		item.markdown(b, l, "  ")
	}
	b.WriteString(s.leftOut())
}

// Markdown prints the change alone, as one entry of a list, with a line's end and with its notes as further
// paragraphs.
func (i Item) Markdown(l Links) string {
	var b strings.Builder
	i.markdown(&b, l, "")
	return b.String()
}

func (i Item) markdown(b *strings.Builder, l Links, indent string) {
	b.WriteString(indent)
	b.WriteString("- ")
	if i.Scope != "" {
		b.WriteString("**")
		writeEscaped(b, i.Scope)
		b.WriteString(":** ")
	}
	writeEscaped(b, i.Text)
	i.behind(b, l)
	b.WriteByte('\n')
	for _, note := range i.Notes {
		for paragraph := range strings.SplitSeq(note, "\n\n") {
			if text := Escape(paragraph); text != "" {
				b.WriteString("\n" + indent + "  " + text + "\n")
			}
		}
	}
}

// behind writes what stands behind a change in parentheses: references, the commit, the authors.
func (i Item) behind(b *strings.Builder, l Links) {
	before := " ("
	next := func() {
		b.WriteString(before)
		before = ", "
	}
	for _, r := range i.References {
		if !isTarget(r.Target) {
			continue
		}
		next()
		if r.Action != "" {
			writeEscaped(b, r.Action)
			b.WriteByte(' ')
		}
		writeLinked(b, escapeTarget(r.Target), l.ReferenceURL(r))
	}
	if i.Commit != "" {
		next()
		id := shortID(i.Commit)
		if !isAll(id, isHex) {
			id = Escape(id)
		}
		writeLinked(b, id, l.CommitURL(i.Commit))
	}
	if len(i.Authors) > 0 {
		next()
		b.WriteString("by ")
		for j, a := range i.Authors {
			switch {
			case j == 0:
			case j == len(i.Authors)-1:
				b.WriteString(" and ")
			default:
				b.WriteString(", ")
			}
			b.WriteString(a.markdown(l))
		}
	}
	if before != " (" {
		b.WriteByte(')')
	}
}

func (c Contributor) markdown(l Links) string {
	name, address := escapeName(c.Name), l.AuthorURL(c.Login)
	if address != "" && (name == "x" || name == "X") {
		// Some readers of Markdown take [x] where an entry begins for a task that is done, even with an address behind it.
		name = "&#" + strconv.Itoa(int(name[0])) + ";"
	}
	return linked(name, address)
}

func (n Notes) contributors(b *strings.Builder) {
	if len(n.Contributors)+n.MoreContributors == 0 {
		return
	}
	b.WriteString("\n### Contributors\n\n")
	for _, c := range n.Contributors {
		b.WriteString("- " + c.markdown(n.Links))
		if c.First {
			b.WriteString(" (first contribution)")
		}
		b.WriteByte('\n')
	}
	if n.MoreContributors > 0 {
		b.WriteString("- *and " + many(n.MoreContributors, "other", "others") + ", left out here for want of room*\n")
	}
}

// escapeTarget escapes a reference as escape does, but leaves it the link that it is meant to be.
func escapeTarget(target string) string {
	repository, _, ok := strings.Cut(target, "#")
	switch {
	case !ok:
		return escape(target)
	case repository == "":
		return target
	}
	return escape(repository) + target[len(repository):]
}
