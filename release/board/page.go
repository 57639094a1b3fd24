package board

import "strings"

// Text is the page as plain text.
func (b Board) Text() string {
	var out strings.Builder
	out.WriteString(b.title() + "\n")
	b.each(func(title string) {
		out.WriteString("\n" + title + "\n")
	}, func(name, headline string, items []string) {
		out.WriteString("  " + name + ": " + headline + "\n")
		for _, item := range items {
			out.WriteString("    " + item + "\n")
		}
	})
	if len(b.Cards) == 0 {
		out.WriteString("\nThere is nothing to show.\n")
	}
	return out.String()
}

// Markdown is the page as Markdown, in which no text is markup.
func (b Board) Markdown() string {
	var out strings.Builder
	out.WriteString("# " + escape(b.title()) + "\n")
	b.each(func(title string) {
		out.WriteString("\n## " + title + "\n\n")
	}, func(name, headline string, items []string) {
		out.WriteString("- **" + escape(name) + "**: " + escape(headline) + "\n")
		for _, item := range items {
			out.WriteString("  - " + escape(item) + "\n")
		}
	})
	if len(b.Cards) == 0 {
		out.WriteString("\nThere is nothing to show.\n")
	}
	return out.String()
}

// each goes over the sections that have cards, and over these.
func (b Board) each(section func(title string), show func(name, headline string, items []string)) {
	for _, s := range b.shown() {
		first := true
		for _, c := range b.Cards {
			if c.Section != s {
				continue
			}
			if first {
				section(titles[s])
				first = false
			}
			var items []string
			for _, i := range c.Items {
				items = append(items, b.say(i))
			}
			show(c.name(), b.headline(c), items)
		}
	}
}

// escape is the text in which no character is markup.
func escape(text string) string {
	var out strings.Builder
	for n, r := range text {
		if strings.ContainsRune("\\`*_[]<>|~&@", r) || strings.ContainsRune("#+-.!", r) && n == 0 {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}
