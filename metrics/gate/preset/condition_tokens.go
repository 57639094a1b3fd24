package preset

import (
	"strings"
	"unicode"
)

// conditionTokens are the words of the text: names, numbers, operators.
func conditionTokens(text string) []string {
	var tokens []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		n := 1
		switch c := rune(text[0]); {
		case unicode.IsDigit(c) || c == '.':
			n = numberLength(text)
		case unicode.IsLetter(c):
			n = len(text) - len(strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }))
		default:
			for _, operator := range []string{"<=", ">=", "==", "!=", "&&", "||"} {
				if strings.HasPrefix(text, operator) {
					n = len(operator)
				}
			}
		}
		n = max(n, 1)
		tokens, text = append(tokens, text[:n]), text[n:]
	}
	return tokens
}

// numberLength is the length of the number that the text begins with.
func numberLength(text string) int {
	n := 0
	for n < len(text) {
		c := text[n]
		sign := (c == '+' || c == '-') && n > 0 && (text[n-1] == 'e' || text[n-1] == 'E')
		if !(c >= '0' && c <= '9' || c == '.' || c == 'e' || c == 'E' || sign) {
			break
		}
		n++
	}
	return n
}
