package document

import "strings"

// block is something in which lines mean nothing.
type block struct {
	what   string
	mark   string // of code: the marks that close it
	until  string // of HTML: what its last line holds, "" for a blank line after it
	within int    // the item that it is in: a line with less white space before it ends both
}

// frontMatter opens the block of settings that site generators read at the beginning of a file.
func (s *scanner) frontMatter(pos int) {
	first, rest, ok := strings.Cut(s.text[pos:], "\n")
	if !ok || strings.TrimRight(first, "\r ") != "---" {
		return
	}
	for l := range strings.Lines(rest) {
		if strings.TrimRight(l, "\r\n ") == "---" {
			s.block = &block{what: "front matter", until: "---"}
			return
		}
	}
}

// inBlock reports whether a line belongs to the open block, and closes that at its end.
func (s *scanner) inBlock(l *line, indent int, rest string) bool {
	b := s.block
	switch {
	case rest != "" && indent < b.within:
		s.block = nil
		return false
	case b.mark != "":
		if indent-b.within <= 3 && len(rest) >= len(b.mark) && strings.Trim(rest, b.mark[:1]) == "" {
			s.block = nil
		}
	case b.until == "":
		if rest == "" {
			s.block = nil
			return false
		}
	case len(s.lines) == 0: // the first line of front matter
	case b.what == "front matter":
		if strings.TrimRight(l.text, " ") == b.until {
			s.block = nil
		}
	case strings.Contains(strings.ToLower(rest), b.until):
		s.block = nil
	}
	return true
}

// opens opens a block if the line begins one.
func (s *scanner) opens(indent int, rest string, nested bool) bool {
	within := 0
	if nested {
		within = s.entry
	}
	text := rest
	if n := bulletWidth(rest); n > 0 && n < len(rest) && !nested && indent <= 3 { // a block that is an item's first line
		_, text = indentation(rest[n:])
		within = indent + n
	}
	if indent-within > 3 {
		return false
	}
	b := blockOf(text)
	if b == nil || text != rest && b.mark == "" {
		return false
	}
	b.within = within
	if b.mark == "" && b.until != "" && strings.Contains(strings.ToLower(text[min(len(b.until), len(text)):]), b.until) {
		// It ends where it began; what is behind it on the line is HTML, too.
		return true
	}
	s.block = b
	if text != rest {
		s.entry, s.gap = within, false
	}
	return true
}

// blockOf is the block that a line begins, nil for none.
func blockOf(text string) *block {
	for _, fence := range []string{"```", "~~~"} {
		if strings.HasPrefix(text, fence) {
			n := len(text) - len(strings.TrimLeft(text, fence[:1]))
			if fence == "```" && strings.Contains(text[n:], "`") {
				return nil // a span of code
			}
			return &block{what: "block of code", mark: text[:n]}
		}
	}
	if strings.HasPrefix(text, "<!--") {
		return &block{what: "comment", until: "-->"}
	}
	name, closing := tag(text)
	switch {
	case name == "":
		return nil
	case !closing && (name == "pre" || name == "script" || name == "style" || name == "textarea"):
		return &block{what: "<" + name + ">", until: "</" + name + ">"}
	case strings.Contains(blockTags, " "+name+" "):
		return &block{what: "<" + name + ">"}
	}
	return nil
}

// blockTags are the tags that begin a block of HTML, which ends at the next blank line.
const blockTags = " address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html iframe legend li link main menu nav ol option p search section summary table tbody td tfoot th thead title tr track ul "

// tag is the name of the tag that a text begins with, in lower case, "" for none.
func tag(text string) (name string, closing bool) {
	rest, ok := strings.CutPrefix(text, "<")
	if !ok {
		return "", false
	}
	rest, closing = strings.CutPrefix(rest, "/")
	end := strings.IndexAny(rest, " \t/>")
	if end < 0 {
		end = len(rest)
	}
	return strings.ToLower(rest[:end]), closing
}
