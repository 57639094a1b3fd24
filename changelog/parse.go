package changelog

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parse reads a commit message by Conventional Commits 1.0.0. It never fails: what is not
// conventional comes back as another Kind, with a diagnostic that says why.
//
// Where the specification is silent or messages in the wild break it:
//
//   - Lines may end in CR LF. Blank lines before the header are skipped.
//   - A type is made of letters, digits and - _ . / +, and begins with a letter or a digit. A scope
//     is any text without parentheses that is not blank.
//   - Text right below the header is body, as if the blank line were there (CodeBlankLine).
//   - Footers begin at the first paragraph whose first line is a footer; a footer begins in column
//     one. A value may have several paragraphs, as clause 10 says.
//   - BREAKING CHANGE in upper case with its colon, at the beginning of a line, is a footer even
//     within a paragraph (CodeBlankLine): a breaking change that goes unseen costs more than one too
//     many. It is one even when nothing follows the colon on its line, because git strips the
//     space there.
//   - In a squashed message the line "* type: description" ends the footer above it
//     (CodeAfterFooter).
func Parse(text string) Message {
	p := parser{text: text}
	p.header()
	p.rest()
	return p.msg
}

// parser walks over the text once, line by line.
type parser struct {
	text string
	pos  int // where the next line begins
	msg  Message
}

// line is a line of the text, without its end.
type line struct {
	text       string
	start, end int
}

func (l line) blank() bool { return strings.TrimSpace(l.text) == "" }

// next reads the next line. It is false after the last one.
func (p *parser) next() (line, bool) {
	if p.pos >= len(p.text) {
		return line{}, false
	}
	start, end := p.pos, len(p.text)
	if i := strings.IndexByte(p.text[start:], '\n'); i >= 0 {
		end = start + i
	}
	p.pos = end + 1
	for end > start && p.text[end-1] == '\r' {
		end--
	}
	return line{text: p.text[start:end], start: start, end: end}, true
}

func (p *parser) report(code Code, start, end int, format string, args ...any) {
	p.msg.Diagnostics = append(p.msg.Diagnostics, Diagnostic{
		Code: code, Text: fmt.Sprintf(format, args...), Span: Span{Start: start, End: end},
	})
}

// header reads the first line that is not blank.
func (p *parser) header() {
	for {
		l, ok := p.next()
		if !ok {
			p.msg.Kind = Free
			p.report(CodeEmpty, 0, len(p.text), "the message is empty")
			return
		}
		if l.blank() {
			continue
		}
		p.msg.Header = clean(l.text)
		p.msg.Description = p.msg.Header
		p.classify(l)
		return
	}
}

func (p *parser) classify(l line) {
	switch {
	case isRevertHeader(l.text):
		p.msg.Kind = Reverting
	case isMergeHeader(l.text):
		p.msg.Kind = Merging
		p.report(CodeMerge, l.start, l.end, "a merge: what it brings is told by the commits that were merged")
	case isAutosquashHeader(l.text):
		p.msg.Kind = Autosquash
		p.report(CodeAutosquash, l.start, l.end, "%q was to be squashed into another commit", firstWord(l.text))
	default:
		p.msg.Kind = Free
		p.conventional(l)
	}
}

// conventional reads type, scope, ! and description, or reports at what the header fails.
func (p *parser) conventional(l line) {
	fail := func(at int, format string, args ...any) {
		p.report(CodeHeader, l.start+at, l.end, "not a conventional commit: "+format, args...)
	}
	rest := l.text
	n := typeLength(rest)
	if n == 0 {
		fail(0, "the first line does not begin with a type")
		return
	}
	typ, at := rest[:n], n
	scope := ""
	if at < len(rest) && rest[at] == '(' {
		width := strings.IndexAny(rest[at+1:], "()")
		if width < 0 || rest[at+1+width] == '(' {
			fail(at, "the scope after %q is not closed", excerpt(typ))
			return
		}
		raw := rest[at+1 : at+1+width]
		scope = clean(raw)
		if scope == "" {
			fail(at, "the scope after %q is empty", excerpt(typ))
			return
		}
		if strings.TrimSpace(raw) != raw {
			p.report(CodeSpacing, l.start+at, l.start+at+width+2, "white space around the scope %q", excerpt(scope))
		}
		at += width + 2
	}
	bang := at < len(rest) && rest[at] == '!'
	if bang {
		at++
	}
	switch {
	case at >= len(rest) || rest[at] != ':':
		fail(at, "a colon must follow %q", excerpt(rest[:at]))
		return
	case strings.TrimSpace(rest[at+1:]) == "":
		fail(at, "there is no description after %q", excerpt(rest[:at+1]))
		return
	case rest[at+1] != ' ':
		fail(at, "a space must follow %q", excerpt(rest[:at+1]))
		return
	}
	if rest[at+2] == ' ' || rest[at+2] == '\t' {
		p.report(CodeSpacing, l.start+at+1, l.end, "more than one space before the description")
	}
	p.msg.Kind = Conventional
	p.msg.Type, p.msg.Scope, p.msg.Bang = strings.ToLower(typ), scope, bang
	p.msg.Description = clean(rest[at+2:])
}

// typeLength is the length of the type that the text begins with, in bytes.
func typeLength(text string) int {
	for i, r := range text {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if !letter && (i == 0 || !strings.ContainsRune("-_./+", r)) {
			return i
		}
	}
	return len(text)
}

func isMergeHeader(header string) bool {
	rest, ok := strings.CutPrefix(header, "Merge ")
	if !ok {
		return strings.HasPrefix(header, "Merged in ") || strings.HasPrefix(header, "Merged PR ")
	}
	for _, what := range []string{"branch ", "branches ", "pull request ", "remote-tracking branch", "tag ", "tags ", "commit ", "commits ", "merge request "} {
		if strings.HasPrefix(rest, what) {
			return true
		}
	}
	return false
}

func isAutosquashHeader(header string) bool {
	for _, mark := range []string{"fixup! ", "squash! ", "amend! "} {
		if strings.HasPrefix(header, mark) {
			return true
		}
	}
	return false
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

// excerpt is a text for a diagnostic, shortened, since a header may have any length.
func excerpt(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// clean is a part of the text as a Message holds it.
func clean(part string) string {
	part = strings.TrimSpace(part)
	if strings.IndexByte(part, '\r') >= 0 {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "\r\n", "\n"), "\r", "")
	}
	if !utf8.ValidString(part) {
		part = strings.ToValidUTF8(part, "\uFFFD")
	}
	return part
}
