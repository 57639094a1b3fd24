package changelog

import "strings"

// Kind is what sort of message a commit has.
type Kind string

const (
	// Conventional is a message with a type and a description.
	Conventional Kind = "conventional"
	// Reverting is a message that git wrote for a revert: Revert "…" or Reapply "…".
	Reverting Kind = "revert"
	// Merging is a message that git or a forge wrote for a merge.
	Merging Kind = "merge"
	// Autosquash is a fixup!, squash! or amend! that nobody has squashed.
	Autosquash Kind = "autosquash"
	// Free is any other message.
	Free Kind = "free"
)

// Message is a commit message, taken apart.
//
// Its texts have no control characters but LF and tab: U+FFFD stands for those, and for each byte that was
// not UTF-8.
type Message struct {
	// Kind says what sort of message it is. The Diagnostics say why one is not Conventional.
	Kind Kind
	// Header is the first line that is not blank.
	Header string
	// Type is the type in lower case, "" unless Conventional.
	Type string
	// Scope is the text between the parentheses, "" for none.
	Scope string
	// Bang says that the header has a ! before its colon.
	Bang bool
	// Description is what follows the type; the whole header unless Conventional.
	Description string
	// Body is all between the header and the footers.
	Body string
	// Footers are the footers, in their order.
	Footers []Footer
	// Reverts are the ids of the commits that the message says to revert, perhaps shortened, in
	// lower case.
	Reverts []string
	// RevertedRequests are the pull or merge requests that the message says to revert: "#12", "o/r#12", "!7".
	RevertedRequests []string
	// Span is where the message stands in the text: all of it, but for one within another message.
	Span Span
	// At is where the parts stand in the text.
	At Places
	// Inner are the commits within the message, in their order, see Reading. They have no Inner themselves, and
	// what they have in their text is not in Body and Footers. All diagnostics are those of the whole message.
	Inner []Message
	// mainline is, where Reverts is one merge, the id of the parent that it goes back to.
	mainline  string
	requested []Requested
	// title is the header of the message that this one is within.
	title string
	// same says of each of the Inner which change it belongs to: the first of them that says the same, itself mostly, or
	// theTitle. Nil: each is a change of its own.
	same []int
	// Diagnostics are what is wrong or odd, in the order in which it was found.
	Diagnostics []Diagnostic
}

// Places is where the parts of a message stand in the text of the commit, without white space around them. What is
// not there has the zero Span. Type, Scope, Bang and Description are set for Conventional ones;
// Scope is without its parentheses.
type Places struct {
	Header, Type, Scope, Bang, Description, Body Span
}

// Footer is one "token: value" or "token #value".
type Footer struct {
	// Token is the token as it was written.
	Token string
	// Separator is ": " or " #".
	Separator string
	// Value is what follows, up to the next footer, without white space around it.
	Value string
	// Span is where the footer stands in the text, and ValueSpan where its value does.
	Span, ValueSpan Span
}

// Is reports whether the footer has that token, in whatever case.
func (f Footer) Is(token string) bool { return strings.EqualFold(f.Token, token) }

// Breaking reports whether the footer is a breaking change: BREAKING CHANGE or BREAKING-CHANGE in
// upper case, with a colon.
func (f Footer) Breaking() bool {
	return f.Separator == ": " && (f.Token == breakingSpaced || f.Token == breakingHyphened)
}

// Breaking reports whether the message or one of the commits within tells of a breaking change, by ! or by footer. It
// must be Conventional for that, or Reverting, which counts as the type revert.
func (m Message) Breaking() bool { return m.breaking() }

func (m *Message) breaking() bool {
	if m.breaks() {
		return true
	}
	for i := range m.Inner {
		if m.Inner[i].breaks() {
			return true
		}
	}
	return false
}

// breaks is Breaking without the commits within.
func (m *Message) breaks() bool {
	return (m.Kind == Conventional || m.Kind == Reverting) && (m.Bang || m.breakingFooter())
}

func (m *Message) breakingFooter() bool {
	for i := range m.Footers {
		if m.Footers[i].Breaking() {
			return true
		}
	}
	return false
}

// BreakingNotes are the descriptions of the breaking changes: the values of the footers, or the
// description of a message, or of a commit within, that says it by ! alone. Nil when nothing breaks.
func (m Message) BreakingNotes() []string { return m.allBreakingNotes() }

func (m *Message) allBreakingNotes() []string {
	notes := m.breakingNotes(nil)
	for i := range m.Inner {
		notes = m.Inner[i].breakingNotes(notes)
	}
	return notes
}

func (m *Message) breakingNotes(notes []string) []string {
	if !m.breaks() {
		return notes
	}
	before := len(notes)
	for _, f := range m.Footers {
		if f.Breaking() && f.Value != "" {
			notes = append(notes, f.Value)
		}
	}
	if len(notes) == before {
		notes = append(notes, m.Description)
	}
	return notes
}
