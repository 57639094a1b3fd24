package changelog

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fault is what keeps a line from being a conventional header.
type fault int

const (
	sound fault = iota
	noType
	openScope
	emptyScope
	noColon
	noDescription
	noSpace
)

// header is where the parts of "type(scope)!: description" stand in a line.
type header struct {
	fault fault
	at    int // where the fault is
	// scope has its parentheses.
	typ, scope, bang Span
	description      int
}

// headerOf finds the parts. It goes on behind an empty scope, which some readings accept.
func headerOf(text string) header {
	n := typeLength(text)
	if n == 0 {
		return header{fault: noType}
	}
	h := header{typ: Span{End: n}}
	at := n
	if at < len(text) && text[at] == '(' {
		width := strings.IndexAny(text[at+1:], "()")
		if width < 0 || text[at+1+width] == '(' {
			return header{fault: openScope, at: at, typ: h.typ}
		}
		h.scope = Span{Start: at, End: at + width + 2}
		if isBlank(text[at+1 : at+1+width]) {
			h.fault, h.at = emptyScope, at
		}
		at += width + 2
	}
	if at < len(text) && text[at] == '!' {
		h.bang = Span{Start: at, End: at + 1}
		at++
	}
	f := sound
	switch {
	case at >= len(text) || text[at] != ':':
		f = noColon
	case isBlank(text[at+1:]):
		f = noDescription
	case text[at+1] != ' ':
		f = noSpace
	}
	if f != sound && h.fault == sound {
		h.fault, h.at = f, at
	}
	h.description = at + 2
	if f != sound {
		h.description = 0
	}
	return h
}

// typeLength is the length of the type that the text begins with, in bytes.
func typeLength(text string) int {
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		switch {
		case isSlug(text[i]) && (i > 0 || r != '-'):
		case r < utf8.RuneSelf:
			if i == 0 || !strings.ContainsRune("_./+", r) {
				return i
			}
		default:
			r, size = utf8.DecodeRuneInString(text[i:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				return i
			}
		}
		i += size
	}
	return len(text)
}

// header reads the first line that is not blank. It is false when there is none.
func (p *parser) header() bool {
	l, _, ok := p.filled()
	if !ok {
		p.msg().Kind = Free
		p.report(CodeEmpty, 0, len(p.text), "the message is empty")
		return false
	}
	p.inFence(l)
	p.classify(l)
	return true
}

// title sets the header, and the description to all of it.
func (p *parser) title(l line) {
	at := p.trim(l.start, l.end)
	m := p.msg()
	if p.within && at.End == p.whole.At.Header.End { // behind Azure's number, so clean already
		m.Header = p.ending(p.whole.Header, p.whole.At.Header, at)
	} else {
		m.Header = p.clean(p.text[at.Start:at.End])
	}
	m.At.Header = at
	m.Description, m.At.Description = m.Header, m.At.Header
}

func (p *parser) classify(l line) {
	p.title(l)
	m := p.msg()
	switch {
	case isRevertHeader(l.text):
		m.Kind = Reverting
	case isMergeHeader(l.text):
		m.Kind = Merging
		if p.reading.Merges != Count {
			p.report(CodeMerge, l.start, l.end, "a merge: what it brings is told by the commits that were merged")
			return
		}
		p.report(CodeMerge, l.start, l.end, "a merge: what is within its message counts")
		p.merged(l)
	case autosquash(l.text) > 0:
		m.Kind = Autosquash
		mark := autosquash(l.text)
		p.report(CodeAutosquash, l.start, l.end, "", firstWord(l.text), " was to be squashed into another commit")
		if p.reading.Autosquash == Count {
			p.conventional(l, mark)
		}
	default:
		m.Kind = Free
		p.conventional(l, 0)
	}
}

// conventional reads the header that begins so far behind the beginning of the line, or reports at
// what it fails.
func (p *parser) conventional(l line, from int) {
	start := l.start + from
	text := l.text[from:]
	h := headerOf(text)
	if h.fault == emptyScope && h.description > 0 && p.reading.EmptyScope == Count {
		p.report(CodeEmptyScope, start+h.scope.Start, start+h.scope.End, "the scope after ", text[:h.typ.End], " is empty")
		h.fault, h.scope = sound, Span{}
	}
	if h.fault != sound {
		before, what, behind := h.why(text)
		p.report(CodeHeader, start+h.at, l.end, "not a conventional commit: "+before, what, behind)
		return
	}
	p.adopt(line{text: text, start: start, end: l.end}, h)
}

// adopt takes the parts of a sound header over.
func (p *parser) adopt(l line, h header) {
	m := p.msg()
	m.Kind = Conventional
	m.Type, m.At.Type = strings.ToLower(l.text[:h.typ.End]), h.typ.at(l.start)
	if h.scope.End > 0 {
		m.Scope, m.At.Scope = p.part(l.start+h.scope.Start+1, l.start+h.scope.End-1)
		if m.At.Scope.End-m.At.Scope.Start != h.scope.End-h.scope.Start-2 {
			p.report(CodeSpacing, l.start+h.scope.Start, l.start+h.scope.End, "white space around the scope ", m.Scope)
		}
	}
	if m.Bang = h.bang.End > 0; m.Bang {
		m.At.Bang = h.bang.at(l.start)
	}
	if c := l.text[h.description]; c == ' ' || c == '\t' {
		p.report(CodeSpacing, l.start+h.description-1, l.end, "more than one space before the description")
	}
	// It is the end of the header, which is clean already.
	m.At.Description = p.trim(l.start+h.description, l.end)
	m.Description = p.ending(m.Header, m.At.Header, m.At.Description)
}

// why says what is wrong with a header: what stands in the middle is to be quoted.
func (h header) why(text string) (before, what, behind string) {
	switch h.fault {
	case noType:
		return "no type at the beginning of ", text, ""
	case openScope:
		return "the scope after ", text[:h.at], " is not closed"
	case emptyScope:
		return "the scope after ", text[:h.at], " is empty"
	case noColon:
		return "a colon must follow ", text[:h.at], ""
	case noDescription:
		return "there is no description after ", text[:h.at+1], ""
	default:
		return "a space must follow ", text[:h.at+1], ""
	}
}

// mergeHeaders are how git and the forges begin the message of a merge.
var mergeHeaders = []string{
	"branch ", "branches ", "pull request ", "remote-tracking branch", "tag ", "tags ", "commit ", "commits ", "merge request ",
	"changes ", "PR ", "#", `"`,
}

func isMergeHeader(header string) bool {
	rest, ok := strings.CutPrefix(header, "Merge ")
	if !ok {
		return strings.HasPrefix(header, "Merged in ") || strings.HasPrefix(header, mergedByAzure)
	}
	for _, what := range mergeHeaders {
		if strings.HasPrefix(rest, what) {
			return true
		}
	}
	return false
}

// autosquash is how long the "fixup! " at the beginning of a header is, however often it stands there.
func autosquash(header string) int {
	n := 0
	for more := true; more; {
		more = false
		for _, mark := range [...]string{"fixup! ", "squash! ", "amend! "} {
			if strings.HasPrefix(header[n:], mark) {
				n += len(mark)
				more = true
			}
		}
	}
	return n
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}
