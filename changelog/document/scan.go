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
