package changelog

import (
	"slices"
	"strings"
)

// mostInner is how many commits a message may hold.
const mostInner = 2048

// mergedByAzure begins the header of a merge and of a squash by Azure DevOps, which has the title of the
// pull request on the same line.
const mergedByAzure = "Merged PR "

// begins reports whether a commit within the message begins with the line, and begins it.
func (p *parser) begins(l line) bool {
	if p.crowded || p.whole.Kind == Autosquash || p.whole.Kind == Merging && p.reading.Merges != Count {
		return false
	}
	rest, bullet := strings.CutPrefix(l.text, "* ")
	switch {
	case bullet && p.open.collecting && !p.paragraph && p.listed == 0:
		return false // a list in the value of a footer
	case !bullet && (!p.paragraph || p.below):
		return false
	}
	from := len(l.text) - len(rest)
	h, ok := p.innerHeader(rest, bullet)
	if !ok {
		if bullet {
			p.endByItem(l, rest)
		}
		return false
	}
	if bullet && isReleaseNote(rest) {
		p.report(CodeQuoted, l.start, l.end, "this is a line of release notes and no commit that was squashed: it does not count")
		return false
	}
	counted := p.reading.Paragraphs
	if bullet {
		counted = p.reading.Bullets
	}
	if counted == Ignore {
		if bullet {
			p.endByBullet(l)
		}
		return false
	}
	return p.enter(line{text: rest, start: l.start + from, end: l.end}, h, l.start, bullet)
}

// isReleaseNote reports whether a line is one that a forge writes into the notes of a release: "feat: x by @ann in https://…". Bots put
// the notes of what they update into their messages.
func isReleaseNote(text string) bool {
	i := strings.LastIndex(text, " by @")
	if i < 0 {
		return false
	}
	_, address, ok := strings.Cut(text[i+len(" by @"):], " in ")
	return ok && isWeb(address) && !strings.ContainsAny(address, " \t")
}

// innerHeader reads the header of a commit within. Its type must be known, or prose would be taken for commits; and
// outside of a list it must be in lower case and say something, or trailers would be: "Test: none", "fix: #12".
func (p *parser) innerHeader(text string, bullet bool) (header, bool) {
	if isRevertHeader(text) {
		_, ok := quotedIn(text)
		return header{}, ok
	}
	n := typeLength(text)
	if n == 0 || n == len(text) || text[n] != ':' && text[n] != '(' && text[n] != '!' {
		return header{}, false
	}
	typ := text[:n]
	if !p.reading.knows(strings.ToLower(typ)) {
		return header{}, false
	}
	h := headerOf(text)
	if h.fault == emptyScope && h.description > 0 && p.reading.EmptyScope == Count {
		h.fault, h.scope = sound, Span{}
	}
	if h.fault != sound {
		return header{}, false
	}
	if !bullet && (typ != strings.ToLower(typ) || isTarget(strings.TrimSpace(text[h.description:]))) {
		return header{}, false
	}
	return h, true
}

// knows reports whether a type in lower case is known.
func (r Reading) knows(typ string) bool {
	switch typ {
	case "feat", "fix", "perf", "revert", "build", "chore", "ci", "docs", "refactor", "style", "test":
		return true
	}
	for _, known := range r.Types {
		if known == typ {
			return true
		}
	}
	return false
}

// enter begins a commit within the message; mark is where its bullet stands.
func (p *parser) enter(l line, h header, mark int, bullet bool) bool {
	complete := len(p.whole.Inner)
	if p.within {
		complete--
	}
	if p.crowded = complete == mostInner-1; p.crowded {
		p.report(CodeMore, l.start, l.end, "the message holds too many commits: this one and those behind it are text")
		return false
	}
	listed := 1
	if bullet && !p.paragraph {
		listed = p.listed + 1
	}
	p.finish()
	const many = 256
	if len(p.whole.Inner) == many {
		p.whole.Inner = slices.Grow(p.whole.Inner, mostInner-many)
	}
	p.whole.Inner = append(p.whole.Inner, Message{Span: Span{Start: mark, End: l.end}, title: p.whole.Header})
	p.within = true
	p.section = section{bodyStart: min(p.pos, len(p.text)), bodyEnd: min(p.pos, len(p.text)), listed: listed}
	p.title(l)
	if h.description == 0 {
		p.msg().Kind = Reverting
	} else {
		p.adopt(l, h)
	}
	return true
}

// leave goes back from the commit within, which is complete, to the footers of the whole message.
func (p *parser) leave() {
	p.within = false
	p.whole.unite()
	p.section = section{open: openFooter{any: true}}
}

// endByBullet ends an open footer before a commit in a list that counts as text.
func (p *parser) endByBullet(l line) {
	if !p.open.collecting || !p.paragraph {
		return
	}
	p.report(CodeAfterFooter, l.start, l.end, "a squashed commit begins here, which ends the footer ", p.open.mark.token)
	p.close()
	p.open = openFooter{any: true}
}

// endByItem ends an open footer before an item of a list of squashed commits that is the header of none: what is
// to be squashed, in any list, and in one with commits all else. A value that ends in a colon has a list of its own.
func (p *parser) endByItem(l line, item string) {
	if !p.open.collecting || !p.paragraph || p.reading.Bullets == Ignore {
		return
	}
	if autosquash(item) == 0 {
		if !p.within || p.text[p.msg().Span.Start] != '*' || p.open.list {
			return
		}
		if strings.HasSuffix(strings.TrimSpace(p.text[p.open.start:p.open.end]), ":") {
			p.open.list = true
			return
		}
	}
	p.report(CodeAfterFooter, l.start, l.end, "an item of a list of squashed commits begins here, which ends the footer ", p.open.mark.token)
	p.close()
	p.open = openFooter{any: true}
}

// merged begins the commit within the message of a merge: behind Azure's number, or else on the first line of the
// body, where the other forges put the title of the pull request.
func (p *parser) merged(l line) {
	whole := p.lines
	from := 0
	if strings.HasPrefix(l.text, mergedByAzure) {
		if i := strings.Index(l.text, ": "); i >= 0 {
			from = i + len(": ")
		}
	}
	if from == 0 {
		var ok bool
		if l, _, ok = p.filled(); !ok {
			p.lines = whole
			return
		}
		p.inFence(l)
	}
	title := line{text: l.text[from:], start: l.start + from, end: l.end}
	h := headerOf(title.text)
	_, quotes := quotedIn(title.text)
	if isRevertHeader(title.text) && quotes {
		h = header{}
	} else if h.fault != sound {
		p.lines = whole
		return
	}
	p.enter(title, h, title.start, false)
}

// isDashes reports whether a line is what forges put between the squashed commits and their co-authors.
func isDashes(text string) bool {
	return len(text) >= 3 && text[0] == '-' && strings.Trim(text, "-") == ""
}
