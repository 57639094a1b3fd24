package changelog

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes a text inert in Markdown and HTML, on one line: whatever it holds, a page shows its
// characters and nothing else. It is what Notes.Markdown does with every text of a commit.
//
// It makes no heading, list, rule, table, link, image, HTML, formula or footnote. "@name", "#12", "!12", "GH-12", "www.", "://" and
// ":name:" get an invisible word joiner (U+2060), because forges make mentions, links and emoji of them whatever the
// Markdown says. Control characters and those that turn the direction of writing become U+FFFD. Code between backticks stays what
// it is: nothing is active there. Bare commit ids stay as well, since a forge can only link them to that commit.
func Escape(text string) string { return escape(oneLine(text)) }

// oneLine joins the lines of a text and makes what is no text visible.
func oneLine(text string) string {
	if isPlainLine(text) {
		return text
	}
	return strings.Join(strings.Fields(printable(text)), " ")
}

// isPlainLine reports whether a text is ASCII without control characters, and has no white space at its
// ends or twice in a row, as most have not.
func isPlainLine(text string) bool {
	before := byte(' ')
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c >= 0x7F || c == ' ' && before == ' ' {
			return false
		}
		before = c
	}
	return text == "" || before != ' '
}

// printable puts U+FFFD in the place of control characters and of those that turn the direction of
// writing, and a space in the place of white space: so a terminal and a page show what is there.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069,
			r == 0x061C, r == 0x200E, r == 0x200F:
			return utf8.RuneError
		}
		return r
	}, text)
}

// wordJoiner is an invisible character that parts a word without allowing a line break.
const wordJoiner = "\u2060"

const (
	// special are the bytes that escape may have to change anywhere in a text, starting those at its beginning.
	special  = "`<>&\\*_[]|~$@#!%:wW-"
	starting = "+-=:0123456789"
)

var isSpecial = func() (table [256]bool) {
	for _, c := range []byte(special) {
		table[c] = true
	}
	return table
}()

// quiet is where, from a place on, the next byte stands that escape has to change, or the end of the text.
func quiet(text string, i int) int {
	for ; i < len(text); i++ {
		if !isSpecial[text[i]] {
			continue
		}
		switch text[i] {
		case ':', '-', 'w', 'W':
			if !isLinking(text, i) {
				continue
			}
		}
		return i
	}
	return i
}

// escapeName is Escape for what has no code in it: backticks are characters. The text of a link at the beginning of a
// paragraph must not hold "]:", not even in a code span, or the whole is taken for a definition.
func escapeName(text string) string {
	return strings.ReplaceAll(escape(strings.ReplaceAll(oneLine(text), "`", backtick)), backtick, "\\`")
}

// escape makes one line of text inert in Markdown and HTML, but for its code spans.
func escape(text string) string {
	from := quiet(text, 0)
	at := startLength(text)
	if from == len(text) && at < 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	writeEscapedFrom(&b, text, at, from)
	return b.String()
}

// writeEscaped writes what Escape returns.
func writeEscaped(b *strings.Builder, text string) {
	text = oneLine(text)
	writeEscapedFrom(b, text, startLength(text), quiet(text, 0))
}

// writeEscapedFrom writes what escape returns, given where the beginning needs a backslash, below 0 for nowhere, and where the first
// byte stands that has to change.
func writeEscapedFrom(b *strings.Builder, text string, start, from int) {
	if start >= 0 {
		b.WriteString(text[:start])
		b.WriteByte('\\')
		b.WriteString(text[start:from])
	} else {
		b.WriteString(text[:from])
	}
	if from == len(text) {
		return
	}
	last := lastRuns(text)
	for i := from; i < len(text); {
		if text[i] == '`' {
			n := runLength(text[i:])
			if end := closingRun(text, i+n, n, last); end > 0 {
				b.WriteString(text[i:end])
				i = end
				continue
			}
			for range n {
				b.WriteString("\\`")
			}
			i += n
			continue
		}
		escapeByte(b, text, i)
		next := quiet(text, i+1)
		b.WriteString(text[i+1 : next])
		i = next
	}
}

func escapeByte(b *strings.Builder, text string, i int) {
	c := text[i]
	switch c {
	case '<':
		b.WriteString("&lt;")
	case '>':
		b.WriteString("&gt;")
	case '&':
		b.WriteString("&amp;")
	case '\\', '*', '_', '[', ']', '|', '~', '$':
		b.WriteByte('\\')
		b.WriteByte(c)
	default:
		b.WriteByte(c)
	}
	if isLinking(text, i) {
		b.WriteString(wordJoiner)
	}
}

// isLinking reports whether forges make a link or a mention of what stands around the end of the byte at i.
func isLinking(text string, i int) bool {
	next := byte(' ')
	if i+1 < len(text) {
		next = text[i+1]
	}
	switch text[i] {
	case '@', '#':
		return next != ' '
	case '!', '%', '$', '&':
		return isDigit(next)
	case '~':
		return isSlug(next)
	case ':':
		return next == '/' || isEmoji(text[i+1:])
	case '-':
		return isDigit(next) && i >= 2 && strings.EqualFold(text[i-2:i], "gh")
	case 'w', 'W':
		return next == '.' && i >= 2 && strings.EqualFold(text[i-2:i], "ww")
	}
	return false
}

// isEmoji reports whether a text begins with the name of an emoji and the colon behind it: "+1:". The numbers in a time
// are none.
func isEmoji(text string) bool {
	const longest = 64
	named := false
	for i := 0; i < len(text) && i <= longest; i++ {
		switch c := text[i]; {
		case c == ':':
			return named || text[:i] == "100" || text[:i] == "1234"
		case !isSlug(c) && c != '_' && c != '+':
			return false
		case !isDigit(c):
			named = true
		}
	}
	return false
}

// startLength is where, at the beginning of a line, a backslash has to stand so that it makes no block: a heading, list, rule or
// definition. It is below 0 where none has to, and never behind the first byte that escape changes.
func startLength(text string) int {
	if text == "" {
		return -1
	}
	switch text[0] {
	case '#', '+', '-', '=', ':':
		return 0
	}
	digits := 0
	for digits < len(text) && isDigit(text[digits]) {
		digits++
	}
	if digits > 0 && digits < len(text) && (text[digits] == '.' || text[digits] == ')') && (digits+1 == len(text) || text[digits+1] == ' ') {
		return digits
	}
	return -1
}
