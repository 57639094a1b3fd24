package document

import "strings"

// indentation is how many columns of white space a line begins with, and what follows, without white space at its end.
func indentation(text string) (columns int, rest string) {
	for i := range len(text) {
		switch text[i] {
		case ' ':
			columns++
		case '\t':
			columns += 4 - columns%4
		default:
			return columns, strings.TrimRight(text[i:], " \t\r")
		}
	}
	return columns, ""
}

// atx is the level and the title of "## Title ##", or 0.
func atx(text string) (level int, title string) {
	for level < len(text) && text[level] == '#' {
		level++
	}
	if level == 0 || level > 6 || level < len(text) && text[level] != ' ' && text[level] != '\t' {
		return 0, ""
	}
	title = strings.TrimSpace(text[level:])
	if marks := strings.TrimRight(title, "#"); marks == "" || strings.HasSuffix(marks, " ") || strings.HasSuffix(marks, "\t") {
		title = strings.TrimSpace(marks)
	}
	return level, title
}

// bulletWidth is how far behind a bullet the text of an entry begins, 0 for what is none.
func bulletWidth(text string) int {
	if text == "" || strings.IndexByte("-*+", text[0]) < 0 {
		return 0
	}
	if len(text) == 1 {
		return 2
	}
	spaces, rest := indentation(text[1:])
	switch {
	case spaces == 0, isRule(text):
		return 0
	case rest == "", spaces > 4:
		return 2
	}
	return 1 + spaces
}

// numberWidth is how far behind a number the text of a numbered entry begins, 0 for what is none.
func numberWidth(text string) int {
	digits := 0
	for digits < len(text) && digits < 9 && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits == 0 || digits+1 >= len(text) || text[digits] != '.' && text[digits] != ')' || text[digits+1] != ' ' {
		return 0
	}
	return digits + 2
}

// isRule reports whether a line is a rule: three or more of one mark.
func isRule(text string) bool {
	marks := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == ' ' || c == '\t':
		case c == text[0] && (c == '-' || c == '*' || c == '_'):
			marks++
		default:
			return false
		}
	}
	return marks >= 3
}

func isDefinition(text string) bool {
	label, address, ok := cutDefinition(text)
	return ok && label != "" && address != ""
}

// cutDefinition parts "[label]: address" at its colon.
func cutDefinition(text string) (label, address string, ok bool) {
	rest, ok := strings.CutPrefix(text, "[")
	if !ok {
		return "", "", false
	}
	label, address, ok = strings.Cut(rest, "]:")
	if !ok || strings.ContainsAny(label, "[]") {
		return "", "", false
	}
	return strings.TrimSpace(label), strings.TrimSpace(address), true
}
