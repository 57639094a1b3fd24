package changelog

import (
	"strings"
	"unicode/utf8"
)

// Parse is ParseWith the recommended Reading.
func Parse(text string) Message { return ParseWith(text, Reading{}) }

// ParseWith reads a commit message by Conventional Commits 1.0.0. It never fails: what is not
// conventional comes back as another Kind, with a diagnostic that says why.
//
// Where the specification is silent or messages in the wild break it, and Reading does not say:
//
//   - Lines may end in CR LF or in CR. A byte order mark and blank lines before the header are skipped.
//   - A type is made of letters, digits and - _ . / +, and begins with a letter or a digit. A scope
//     is any text without parentheses that is not blank.
//   - Text right below the header is body, as if the blank line were there (CodeBlankLine).
//   - Footers begin at the first paragraph whose first line is a footer; a footer begins in column
//     one. A value may have several paragraphs, as clause 10 says.
//   - BREAKING CHANGE is a footer even when nothing follows the colon on its line, because git strips
//     the space there.
//   - "This reverts commit 676104e." takes something back only below the header of a revert (CodeNotRevert).
//   - What stands between two code fences is text, whatever it looks like. A fence that nobody closes is none.
//   - A message has at most 4,096 footers, 4,096 breaking changes and 2,048 commits within (CodeMore), and 1,024
//     code fences.
//
// A commit within a message, see Reading.Bullets, reaches to the next one. What stands behind it is its body
// and its footers. Footers belong to the whole message again below a line of dashes, as forges put it
// before the co-authors, and below a list of such commits without blank lines between.
func ParseWith(text string, r Reading) Message {
	var m Message
	m.read(text, &r, r.Merges)
	return m
}

// read is ParseWith, which writes the message where it is to stay, and uses the room of the Footers that are there again.
// What merges do may be another than the reading says.
func (m *Message) read(text string, r *Reading, merges Within) {
	p := parser{lines: lines{text: text}, reading: *r}
	p.reading.Merges = merges
	p.whole.Span.End, p.whole.Footers = len(text), m.Footers[:0]
	p.inspect()
	if strings.HasPrefix(text, byteOrderMark) {
		p.pos = len(byteOrderMark)
	}
	if p.header() {
		p.rest()
	}
	*m = p.whole
}

// Message is the commit's message, taken apart. A commit with one parent is no merge, whatever its header says: a
// forge wrote it when it squashed, so Reading.Merges is Count for it. One with several parents is a merge where its header
// is not conventional and not that of a revert, such as "Merge main" or "Sync with upstream".
func (c Commit) Message(r Reading) Message {
	var m Message
	c.message(&r, &m)
	return m
}

// message is Message, which writes it where it is to stay.
func (c *Commit) message(r *Reading, m *Message) {
	merges := r.Merges
	if len(c.Parents) == 1 {
		merges = Count
	}
	m.read(c.Text, r, merges)
	if len(c.Parents) > 1 && m.Kind == Free && m.Header != "" && len(m.Inner) == 0 {
		m.Kind = Merging
		for i, d := range m.Diagnostics {
			if d.Code == CodeHeader {
				m.Diagnostics[i].Code, m.Diagnostics[i].Text = CodeMerge, "a merge, by its parents: what it brings is told by the commits that were merged"
			}
		}
	}
}

// parser walks over the text once, line by line.
type parser struct {
	lines
	reading Reading
	whole   Message
	within  bool   // the lines belong to the last one of its Inner
	crowded bool   // there is no room for a further commit within
	soiled  bool   // the text has bytes that no Message may hold
	spoilt  int    // how many of them U+FFFD stands for
	fences  bool   // the code blocks are known, because a line may be a fence
	fenced  []Span // those of them that are still to come
	// footers and breaking are how many there are so far.
	footers, breaking int
	section
}

// msg is the message that the lines belong to: the whole one, or one within.
func (p *parser) msg() *Message {
	if p.within {
		return &p.whole.Inner[len(p.whole.Inner)-1]
	}
	return &p.whole
}

// section is where the parser is in that message.
type section struct {
	bodyStart, bodyEnd int
	open               openFooter
	below              bool // the line stands right below the header
	paragraph          bool // the line is the first of a paragraph
	listed             int  // how many commits within the last paragraph with any has
	dashes             bool // the last line was one of dashes
}

// rest reads the body, the footers and the commits within.
func (p *parser) rest() {
	p.bodyStart, p.bodyEnd = min(p.pos, len(p.text)), min(p.pos, len(p.text))
	p.below, p.paragraph = true, true
	for {
		l, parted, ok := p.filled()
		if !ok {
			break
		}
		if parted {
			p.below, p.paragraph = false, true
		}
		if p.below && !p.within {
			p.report(CodeBlankLine, l.start, l.end, "a blank line must follow the first line")
		}
		p.line(l)
		p.below, p.paragraph = false, false
	}
	p.finish()
	if p.within {
		p.leave()
	}
}

// shortest is how long a line must be to be more than text: "a: b".
const shortest = 4

// line reads one line below the header.
func (p *parser) line(l line) {
	fenced := p.inFence(l)
	if len(l.text) < shortest && !isDashes(l.text) {
		p.dashes = false
		p.plain(l)
		return
	}
	if fenced {
		p.plain(l)
		p.almostBreaking(l)
		return
	}
	if p.within && isDashes(l.text) {
		p.dashes = true
		return
	}
	if c := l.text[0]; c < utf8.RuneSelf && c != '*' && (c == '-' || !isSlug(c)) { // neither a commit nor a footer begins with it
		p.dashes = false
		p.plain(l)
		p.almostBreaking(l)
		return
	}
	if p.begins(l) {
		return
	}
	var f footerMark
	isFooter := false
	if p.mayBeFooter(l.text[0]) {
		f, isFooter = footerAt(l.text)
	}
	if isFooter && p.within && (p.dashes || p.paragraph && p.listed > 1) {
		p.finish()
		p.leave()
	}
	p.dashes = false
	p.reverting(l)
	switch {
	case isFooter && f.sure && !p.open.any && (!p.paragraph || p.below) && p.reading.Unseparated == Ignore:
		p.plain(l)
		p.report(CodeNotBreaking, l.start, l.end, "this is no breaking change: a blank line must stand before ", f.token)
	case isFooter && (p.open.any || p.paragraph || f.sure):
		if !p.open.any && !p.paragraph {
			p.report(CodeBlankLine, l.start, l.start+f.value, "a blank line must stand before ", f.token)
		}
		p.footer(l, f)
	default:
		p.plain(l)
		if f.asks {
			p.asked(l, f)
		}
		p.almostBreaking(l)
	}
}

// mayBeFooter reports whether a footer may begin with a line that begins with that byte, or Release-As, which counts anywhere. Most
// lines stand where no other footer can.
func (p *parser) mayBeFooter(c byte) bool {
	switch {
	case c == breakingSpaced[0]:
		return true
	case p.footers > mostFooters:
		return false
	}
	return p.open.any || p.paragraph || p.dashes || c|0x20 == 'r'
}

// plain adds a line to the footer that is open, or else to the body.
func (p *parser) plain(l line) {
	if p.open.any {
		p.open.end = l.end
	} else {
		p.bodyEnd = l.end
	}
}

// finish completes the message that the lines belong to.
func (p *parser) finish() {
	p.close()
	if p.bodyEnd > p.bodyStart {
		p.body()
	}
	p.reverts()
	if end := p.bodyEnd; p.within {
		if p.open.any {
			end = p.open.end
		}
		m := p.msg()
		m.Span.End = max(m.Span.End, end)
	}
}
