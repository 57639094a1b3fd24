package changelog

import (
	"fmt"
	"strings"
	"unicode"
)

// Markdown prints the notes as a section of a changelog, from a heading of the second level on.
//
// The texts of commits are inert in it: they make no heading, list, labelled link, image or HTML,
// and notify nobody. Only code between backticks stays what it is. "@name" and "#12" within a text
// get an invisible word joiner, because forges turn them into links whatever the Markdown says;
// the issues that a commit refers to are written behind it, as the links they are meant to be.
func (n Notes) Markdown() string {
	var b strings.Builder
	b.WriteString("## " + n.title())
	if !n.Date.IsZero() {
		b.WriteString(" - " + n.Date.Format("2006-01-02"))
	}
	b.WriteString("\n")
	for _, s := range n.Sections {
		fmt.Fprintf(&b, "\n### %s\n\n", sectionTitle(s.Kind))
		for _, item := range s.Items {
			item.markdown(&b)
		}
		b.WriteString(s.leftOut())
	}
	return b.String()
}

func sectionTitle(kind SectionKind) string {
	for _, s := range sections {
		if s.kind == kind {
			return s.title
		}
	}
	return escape(string(kind))
}

func (i Item) markdown(b *strings.Builder) {
	b.WriteString("- ")
	if i.Scope != "" {
		fmt.Fprintf(b, "**%s:** ", escape(oneLine(i.Scope)))
	}
	b.WriteString(escape(oneLine(i.Text)))
	var behind []string
	for _, r := range i.References {
		if isTarget(r.Target) {
			behind = append(behind, strings.TrimSpace(escape(oneLine(r.Action))+" "+escapeTarget(r.Target)))
		}
	}
	if i.Commit != "" {
		behind = append(behind, escape(shortID(i.Commit)))
	}
	if len(behind) > 0 {
		fmt.Fprintf(b, " (%s)", strings.Join(behind, ", "))
	}
	b.WriteString("\n")
	for _, note := range i.Notes {
		for paragraph := range strings.SplitSeq(note, "\n\n") {
			if text := escape(oneLine(paragraph)); text != "" {
				b.WriteString("\n  " + text + "\n")
			}
		}
	}
}

// oneLine joins the lines of a text and makes what is no text visible.
func oneLine(text string) string {
	return strings.Join(strings.Fields(printable(text)), " ")
}

// printable puts U+FFFD in the place of control characters and of those that turn the direction of
// writing, and a space in the place of white space: so a terminal and a page show what is there.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			return '\uFFFD'
		}
		return r
	}, text)
}

// wordJoiner is an invisible character that parts a word without allowing a line break.
const wordJoiner = "\u2060"

// escape makes one line of text inert in Markdown and HTML, but for its code spans.
func escape(text string) string {
	if text == "" {
		return ""
	}
	last := lastRuns(text)
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	for i := 0; i < len(text); {
		if text[i] == '`' {
			n := runLength(text[i:])
			if end := closingRun(text, i+n, n, last); end > 0 {
				b.WriteString(text[i:end])
				i = end
				continue
			}
			b.WriteString(strings.Repeat("\\`", n))
			i += n
			continue
		}
		escapeByte(&b, text, i)
		i++
	}
	return escapeStart(b.String())
}

func escapeByte(b *strings.Builder, text string, i int) {
	switch c := text[i]; c {
	case '<':
		b.WriteString("&lt;")
	case '>':
		b.WriteString("&gt;")
	case '&':
		b.WriteString("&amp;")
	case '\\', '*', '_', '[', ']', '|', '~', '$':
		b.WriteByte('\\')
		b.WriteByte(c)
	case '@', '#':
		b.WriteByte(c)
		if i+1 < len(text) && text[i+1] != ' ' {
			b.WriteString(wordJoiner)
		}
	default:
		b.WriteByte(c)
	}
}

// escapeTarget escapes a reference as escape does, but leaves it the link that it is meant to be.
func escapeTarget(target string) string {
	repository, number, ok := strings.Cut(target, "#")
	if !ok {
		return escape(target)
	}
	return escape(repository) + "#" + number
}

// escapeStart escapes what makes a block at the beginning of a line: headings, lists, rules.
func escapeStart(text string) string {
	switch text[0] {
	case '#', '+', '-', '=':
		return "\\" + text
	}
	digits := 0
	for digits < len(text) && isDigit(text[digits]) {
		digits++
	}
	if digits > 0 && digits < len(text) && (text[digits] == '.' || text[digits] == ')') {
		return text[:digits] + "\\" + text[digits:]
	}
	return text
}

func runLength(text string) int {
	n := 0
	for n < len(text) && text[n] == '`' {
		n++
	}
	return n
}

// lastRuns is where the last run of each length of backticks begins. It keeps the search for a
// closing run from going over the rest of the text in vain, again and again.
func lastRuns(text string) map[int]int {
	var last map[int]int
	for i := 0; i < len(text); {
		if text[i] != '`' {
			i++
			continue
		}
		if last == nil {
			last = map[int]int{}
		}
		n := runLength(text[i:])
		last[n] = i
		i += n
	}
	return last
}

// closingRun is where the next run of exactly n backticks ends, 0 when there is none.
func closingRun(text string, from, n int, last map[int]int) int {
	if at, ok := last[n]; !ok || at < from {
		return 0
	}
	for i := from; i < len(text); {
		if text[i] != '`' {
			i++
			continue
		}
		run := runLength(text[i:])
		i += run
		if run == n {
			return i
		}
	}
	return 0
}
