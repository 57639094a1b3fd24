package document

import "strings"

// line is a line of a document, as far as Markdown goes here.
type line struct {
	start, end int    // in bytes; end is behind the line's end
	text       string // without the line's end
	kind       lineKind
	level      int    // of a heading
	title      string // of a heading
	from       int    // of a heading: the first line of its text, which is another one if it is underlined
	bullet     int    // of an item: where its text begins, in columns
}

type lineKind int

const (
	prose      lineKind = iota
	blank               // white space alone
	heading             // a heading, or the underline of one
	underlined          // text whose underline makes it a heading
	item                // the first line of an entry in a list that is not within another
	definition          // [label]: address
	inert               // within a block of code, a comment or other HTML: nothing in it means anything
)

// scanner goes over the lines of a document and finds what is a heading and what only looks like one.
type scanner struct {
	text  string
	lines []line
	// block is the block of code or HTML that is open, and since is the line that it began on.
	block *block
	since int
	// entry is where the text of the list's item begins that is open, 0 for none, and gap says that a blank line came since.
	entry int
	gap   bool
	// paragraph is the line that a paragraph began on that may get an underline, -1 for none.
	paragraph int
}

// block is something in which lines mean nothing.
type block struct {
	what   string
	mark   string // of code: the marks that close it
	until  string // of HTML: what its last line holds, "" for a blank line after it
	within int    // the item that it is in: a line with less white space before it ends both
}

// bom may stand before the first line.
const bom = "\uFEFF"

// scan finds the lines of a text. Open is the line of a block that is never closed, -1 for none.
func scan(text string) (lines []line, open int) {
	s := scanner{text: text, paragraph: -1}
	pos := 0
	if strings.HasPrefix(text, bom) {
		pos = len(bom)
	}
	s.frontMatter(pos)
	for pos < len(text) {
		end := len(text)
		if i := strings.IndexByte(text[pos:], '\n'); i >= 0 {
			end = pos + i + 1
		}
		l := line{start: pos, end: end, text: strings.TrimRight(text[pos:end], "\r\n")}
		l.from = len(s.lines)
		s.classify(&l)
		s.lines = append(s.lines, l)
		pos = end
	}
	if s.block != nil && (s.block.mark != "" || s.block.until != "") {
		return s.lines, s.since
	}
	return s.lines, -1
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

func (s *scanner) classify(l *line) {
	indent, rest := indentation(l.text)
	if s.block != nil && s.inBlock(l, indent, rest) {
		l.kind = inert
		return
	}
	if rest == "" {
		l.kind, s.paragraph, s.gap = blank, -1, true
		return
	}
	if s.entry > 0 && indent < s.entry && s.gap {
		s.entry = 0
	}
	nested := s.entry > 0 && indent >= s.entry
	if s.opens(indent, rest, nested) {
		l.kind, s.since, s.paragraph = inert, len(s.lines), -1
		if n := bulletWidth(rest); n > 0 && !nested {
			l.kind, l.bullet = item, indent+n
		}
		return
	}
	switch level, title := atx(rest); {
	case nested || indent > 3: // text of an entry, or indented code
		return
	case level > 0:
		l.kind, l.level, l.title = heading, level, title
		s.paragraph, s.entry, s.gap = -1, 0, false
	case s.underline(l, rest):
	case bulletWidth(rest) > 0:
		l.kind, l.bullet = item, indent+bulletWidth(rest)
		s.entry, s.gap, s.paragraph = l.bullet, false, -1
	case isRule(rest):
		s.entry, s.gap, s.paragraph = 0, false, -1
	case s.paragraph < 0 && numberWidth(rest) > 0:
		s.entry, s.gap = indent+numberWidth(rest), false
	case rest[0] == '>':
		s.paragraph = -1
	case s.paragraph < 0 && s.entry == 0 && isDefinition(rest):
		l.kind = definition
	case s.paragraph < 0 && s.entry == 0:
		s.paragraph = len(s.lines)
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

// underline makes the paragraph above a heading if the line is its underline.
func (s *scanner) underline(l *line, rest string) bool {
	rest = strings.TrimRight(rest, " \t")
	if s.paragraph < 0 || strings.Trim(rest, "=") != "" && strings.Trim(rest, "-") != "" {
		return false
	}
	l.kind, l.level, l.from = heading, 1, s.paragraph
	if rest[0] == '-' {
		l.level = 2
	}
	var title []string
	for i := s.paragraph; i < len(s.lines); i++ {
		s.lines[i].kind = underlined
		title = append(title, strings.TrimSpace(s.lines[i].text))
	}
	l.title, s.paragraph = strings.Join(title, " "), -1
	return true
}

// indentation is how many columns of white space a line begins with, and what follows, without white space at its end.
func indentation(text string) (columns int, rest string) {
	for i := range len(text) {
		switch text[i] {
		case ' ':
			columns++
		case '\t':
			columns += 4 - columns%4
		default:
			return columns, strings.TrimRight(text[i:], " \t\r")
		}
	}
	return columns, ""
}

// atx is the level and the title of "## Title ##", or 0.
func atx(text string) (level int, title string) {
	for level < len(text) && text[level] == '#' {
		level++
	}
	if level == 0 || level > 6 || level < len(text) && text[level] != ' ' && text[level] != '\t' {
		return 0, ""
	}
	title = strings.TrimSpace(text[level:])
	if marks := strings.TrimRight(title, "#"); marks == "" || strings.HasSuffix(marks, " ") || strings.HasSuffix(marks, "\t") {
		title = strings.TrimSpace(marks)
	}
	return level, title
}

// bulletWidth is how far behind a bullet the text of an entry begins, 0 for what is none.
func bulletWidth(text string) int {
	if text == "" || strings.IndexByte("-*+", text[0]) < 0 {
		return 0
	}
	if len(text) == 1 {
		return 2
	}
	spaces, rest := indentation(text[1:])
	switch {
	case spaces == 0, isRule(text):
		return 0
	case rest == "", spaces > 4:
		return 2
	}
	return 1 + spaces
}

// numberWidth is how far behind a number the text of a numbered entry begins, 0 for what is none.
func numberWidth(text string) int {
	digits := 0
	for digits < len(text) && digits < 9 && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits == 0 || digits+1 >= len(text) || text[digits] != '.' && text[digits] != ')' || text[digits+1] != ' ' {
		return 0
	}
	return digits + 2
}

// isRule reports whether a line is a rule: three or more of one mark.
func isRule(text string) bool {
	marks := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == ' ' || c == '\t':
		case c == text[0] && (c == '-' || c == '*' || c == '_'):
			marks++
		default:
			return false
		}
	}
	return marks >= 3
}

func isDefinition(text string) bool {
	label, address, ok := cutDefinition(text)
	return ok && label != "" && address != ""
}

// cutDefinition parts "[label]: address" at its colon.
func cutDefinition(text string) (label, address string, ok bool) {
	rest, ok := strings.CutPrefix(text, "[")
	if !ok {
		return "", "", false
	}
	label, address, ok = strings.Cut(rest, "]:")
	if !ok || strings.ContainsAny(label, "[]") {
		return "", "", false
	}
	return strings.TrimSpace(label), strings.TrimSpace(address), true
}
