package changelog

import (
	"strconv"
	"strings"
)

// Span is a stretch of a text in bytes: it begins at Start and ends before End.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Diagnostic is something that the author of a commit message should know about it.
type Diagnostic struct {
	// Commit is the commit that it is about. Parse leaves it empty, Decide fills it in.
	Commit string `json:"commit,omitempty"`
	// Code tells diagnostics apart; it does not change between versions.
	Code Code `json:"code"`
	// Text says for people what was found and what to write instead.
	Text string `json:"text"`
	// Span is where it was found in the message.
	Span Span `json:"span"`
}

// Code names a kind of diagnostic.
type Code string

const (
	// CodeEmpty: there is no message.
	CodeEmpty Code = "empty"
	// CodeHeader: the first line is not "type(scope)!: description". The message is not conventional.
	CodeHeader Code = "header"
	// CodeMerge: the message is one that git or a forge writes for a merge.
	CodeMerge Code = "merge"
	// CodeAutosquash: the message says that its commit was to be squashed into another.
	CodeAutosquash Code = "autosquash"
	// CodeSpacing: the header has more white space than it should have.
	CodeSpacing Code = "spacing"
	// CodeBlankLine: a blank line is missing before the body or before a breaking change.
	CodeBlankLine Code = "blank-line"
	// CodeNotBreaking: a line looks like a breaking change and is not one.
	CodeNotBreaking Code = "not-breaking"
	// CodeNoValue: a breaking change does not say what breaks.
	CodeNoValue Code = "no-value"
	// CodeAfterFooter: a squashed commit's header, or another item of the list that it stands in, ends a footer; the text
	// up to the next footer belongs to neither.
	CodeAfterFooter Code = "after-footer"
	// CodeUnclearRevert: a revert names no commit, and several have the header that it quotes, or it names one by the
	// beginning of an id that several have. It takes none of them back.
	CodeUnclearRevert Code = "unclear-revert"
	// CodeEncoding: the message has bytes that are not UTF-8, or control characters.
	CodeEncoding Code = "encoding"
	// CodeEmptyScope: the scope is empty, and the policy lets that pass.
	CodeEmptyScope Code = "empty-scope"
	// CodeMidBody: a Release-As that counts stands where it does not belong.
	CodeMidBody Code = "mid-body"
	// CodeUncounted: the message of a merge would lead to a higher version, if the policy let it count (Reading.Merges).
	CodeUncounted Code = "uncounted"
	// CodeUnheard: a Release-As is in a commit that belongs to no component. It has no say.
	CodeUnheard Code = "unheard"
	// CodeUntagged: the commit seems to be a release, and there is no tag of that version, in whatever form.
	CodeUntagged Code = "untagged"
	// CodeOtherFormat: tags hold versions in a form that the policy does not read, or are those of parts where it knows only the whole, or of
	// the whole where it knows only parts. Commit is that of the highest.
	CodeOtherFormat Code = "other-format"
	// CodeUntouched: no commit has ever changed a path of a component. It is about no commit.
	CodeUntouched Code = "untouched"
	// CodeOutOfStep: a component, or the umbrella, was not released with what it belongs to: a fixed group, what it depends on, or its
	// parts. Commit is that of the release that it missed.
	CodeOutOfStep Code = "out-of-step"
	// CodeNotRevert: the body says what it reverts, and the header is not that of a revert. It takes nothing back.
	CodeNotRevert Code = "not-revert"
	// CodeQuoted: a line looks like a commit within and is one of release notes that somebody put into the message. It
	// does not count.
	CodeQuoted Code = "quoted"
	// CodeRaised: a commit within the message is of a higher level than the header. Decide finds it.
	CodeRaised Code = "raised"
	// CodeMore: there is more of something in the message than is looked at.
	CodeMore Code = "more"
)

// at is the span in a text that the text it is about begins in so far behind the beginning.
func (s Span) at(start int) Span { return Span{Start: s.Start + start, End: s.End + start} }

// mostDiagnostics is how many diagnostics a message has, besides the one that says that there are more.
const mostDiagnostics = 100

// report adds a diagnostic: said, and further texts, every other one of which is put in quotes.
func (p *parser) report(code Code, start, end int, said string, further ...string) {
	to := &p.whole.Diagnostics
	switch n := len(*to); {
	case n > mostDiagnostics:
		return
	case n == mostDiagnostics:
		code, start, end, said, further = CodeMore, 0, len(p.text), "there is more to be said about this message than is listed", nil
	}
	for i, text := range further {
		if i%2 == 0 {
			text = inQuotes(text)
		}
		said += text
	}
	*to = append(*to, Diagnostic{Code: code, Text: said, Span: Span{Start: start, End: end}})
}

// excerpt is a text for a diagnostic, shortened, since a header may have any length.
func excerpt(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// inQuotes is an excerpt in quotes.
func inQuotes(text string) string { return strconv.Quote(excerpt(text)) }
