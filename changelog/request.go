package changelog

import (
	"strings"
	"unicode"
)

// releaseAs is the token of the footer that asks for a version.
const releaseAs = "Release-As"

// Requested is a version that a message asks for: "Release-As: 2.0.0".
type Requested struct {
	// Version is the first word behind the colon, without a v before it. Nobody has looked yet whether it is one.
	Version string
	// Span is where that word stands in the message, with its v.
	Span Span
	// MidBody says that the line is no footer of the whole message: it stands within a paragraph, or among
	// the footers of a commit within, as after squashing. It is reported (CodeMidBody).
	MidBody bool
}

// ReleaseAs are the versions that the message and the commits within it ask for, in whatever case the token is
// written, in the order of the text. A line counts wherever it stands: a request that goes unseen costs a wrong release.
func (m Message) ReleaseAs() []Requested { return m.requested }

// asked keeps the version that the line asks for.
func (p *parser) asked(l line, f footerMark) {
	r := Requested{Span: p.trim(l.start+f.value, l.end)}
	word := p.text[r.Span.Start:r.Span.End]
	if i := strings.IndexFunc(word, unicode.IsSpace); i >= 0 {
		word = word[:i]
		r.Span.End = r.Span.Start + i
	}
	r.Version = p.clean(word)
	if len(word) > 1 && (word[0] == 'v' || word[0] == 'V') && isDigit(word[1]) {
		r.Version = p.clean(word[1:])
	}
	if r.MidBody = p.within || !p.open.any && !p.paragraph; r.MidBody {
		p.report(CodeMidBody, l.start, l.end, "", f.token, " counts, but it belongs among the footers at the end of the message")
	}
	if len(p.whole.requested) < mostFooters {
		p.whole.requested = append(p.whole.requested, r)
	}
}
