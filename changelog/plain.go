package changelog

import (
	"fmt"
	"strings"
)

// Text prints the notes as plain text in lines, for a mail or a terminal. Control characters and those that
// turn the direction of writing are U+FFFD in it; all else is as it was written.
func (n Notes) Text() string {
	var b strings.Builder
	b.WriteString(n.title())
	if !n.Date.IsZero() {
		b.WriteString(" (" + n.Date.Format("2006-01-02") + ")")
	}
	b.WriteString("\n")
	if said := n.NoChanges(); said != "" {
		b.WriteString("\n" + oneLine(said) + "\n")
	}
	for _, s := range n.Sections {
		b.WriteString("\n" + oneLine(s.title()) + "\n\n")
		for _, item := range s.Items {
			item.text(&b)
		}
		if s.LeftOut > 0 {
			fmt.Fprintf(&b, "  and %d more\n", s.LeftOut)
		}
	}
	if len(n.Contributors) > 0 {
		b.WriteString("\nContributors: ")
		for i, c := range n.Contributors {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(oneLine(c.Name))
			if c.First {
				b.WriteString(" (first contribution)")
			}
		}
		if n.MoreContributors > 0 {
			fmt.Fprintf(&b, " and %s", many(n.MoreContributors, "other", "others"))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (i Item) text(b *strings.Builder) {
	b.WriteString("  - ")
	if i.Scope != "" {
		b.WriteString(oneLine(i.Scope) + ": ")
	}
	b.WriteString(oneLine(i.Text))
	var behind []string
	for _, r := range i.References {
		behind = append(behind, strings.TrimSpace(oneLine(r.Action)+" "+oneLine(r.Target)))
	}
	if i.Commit != "" {
		behind = append(behind, oneLine(shortID(i.Commit)))
	}
	for _, a := range i.Authors {
		behind = append(behind, oneLine(a.Name))
	}
	if len(behind) > 0 {
		b.WriteString(" (" + strings.Join(behind, ", ") + ")")
	}
	b.WriteString("\n")
	for _, note := range i.Notes {
		for paragraph := range strings.SplitSeq(note, "\n\n") {
			if text := oneLine(paragraph); text != "" {
				b.WriteString("    " + text + "\n")
			}
		}
	}
}

// many is a number with its word.
func many(n int, one, severals string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, severals)
}
