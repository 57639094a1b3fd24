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
// Its texts have no carriage returns, and what was not UTF-8 is U+FFFD in them.
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
	// mainline is, where Reverts is one merge, the id of the parent that it goes back to.
	mainline string
	// Diagnostics are what is wrong or odd, in the order in which it was found.
	Diagnostics []Diagnostic
}

// Footer is one "token: value" or "token #value".
type Footer struct {
	// Token is the token as it was written.
	Token string
	// Separator is ": " or " #".
	Separator string
	// Value is what follows, up to the next footer, without white space around it.
	Value string
	// Span is where the footer stands in the message.
	Span Span
}

// Is reports whether the footer has that token, in whatever case.
func (f Footer) Is(token string) bool { return strings.EqualFold(f.Token, token) }

// Breaking reports whether the footer is a breaking change: BREAKING CHANGE or BREAKING-CHANGE in
// upper case, with a colon.
func (f Footer) Breaking() bool {
	return f.Separator == ": " && (f.Token == breakingSpaced || f.Token == breakingHyphened)
}

// Breaking reports whether the message tells of a breaking change, by ! or by footer. It must be
// Conventional for that, or Reverting, which counts as the type revert.
func (m Message) Breaking() bool {
	return (m.Kind == Conventional || m.Kind == Reverting) && (m.Bang || m.breakingFooter())
}

func (m Message) breakingFooter() bool {
	for _, f := range m.Footers {
		if f.Breaking() {
			return true
		}
	}
	return false
}

// BreakingNotes are the descriptions of the breaking changes: the values of the footers, or the
// description of a message that says it by ! alone. Nil when nothing breaks.
func (m Message) BreakingNotes() []string {
	if !m.Breaking() {
		return nil
	}
	var notes []string
	for _, f := range m.Footers {
		if f.Breaking() && f.Value != "" {
			notes = append(notes, f.Value)
		}
	}
	if len(notes) == 0 {
		notes = []string{m.Description}
	}
	return notes
}
