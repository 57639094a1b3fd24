package changelog

import (
	"slices"
	"strings"
)

// Reference is something outside of the message that it points to: an issue or a commit.
type Reference struct {
	// Action is the word that leads to it: "Closes", "Refs". Empty for a number at the end of the
	// description.
	Action string `json:"action,omitempty"`
	// Target is the issue or the commit: "#12", "owner/repository#12", "676104e", "ABC-12".
	Target string `json:"target"`
}

// referring are the tokens whose values are lists of references, besides all with a # separator.
var referring = []string{
	"ref", "refs", "references", "see", "see-also", "issue", "issues", "related", "relates-to",
	"close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved",
}

// References are the issues and commits that the message refers to: from footers such as
// "Refs: 676104e, #12" and "Closes #1, closes #2", and from the numbers in parentheses that forges
// put at the end of a description: "add x (#12)". A commit within a message without such a number has those
// of the message's header.
func (m Message) References() []Reference {
	var refs []Reference
	numbers := trailingNumbers(m.Description)
	if len(numbers) == 0 {
		numbers = trailingNumbers(m.title)
	}
	for _, number := range numbers {
		refs = append(refs, Reference{Target: number})
	}
	for _, f := range m.Footers {
		value := f.Value
		if f.Separator == " #" {
			value = "#" + value
		} else if !slices.Contains(referring, strings.ToLower(f.Token)) {
			continue
		}
		refs = appendReferences(refs, f.Token, value)
	}
	return refs
}

// appendReferences reads a list with commas; a word before a target is its action.
func appendReferences(refs []Reference, action, list string) []Reference {
	for item := range strings.SplitSeq(list, ",") {
		own := action
		for word := range strings.FieldsSeq(item) {
			if isTarget(word) {
				refs = append(refs, Reference{Action: own, Target: word})
			} else if slices.Contains(referring, strings.ToLower(word)) {
				own = word
			}
		}
	}
	return refs
}

// isTarget reports whether a word is a number with #, with or without its repository before it, a
// commit id, or an issue key of upper-case letters and a number. It is strict, because targets
// stand in the notes as links.
func isTarget(word string) bool {
	if i := strings.LastIndexAny(word, "#!"); i >= 0 {
		return isAll(word[i+1:], isDigit) && (i == 0 || isRepository(word[:i]))
	}
	if len(word) >= 6 && len(word) <= 64 && isAll(word, isHex) {
		return true
	}
	key, number, ok := strings.Cut(word, "-")
	return ok && isAll(number, isDigit) && isAll(key, func(c byte) bool { return c >= 'A' && c <= 'Z' })
}

// isRepository reports whether a text is owner/repository, in the letters that forges allow there.
func isRepository(text string) bool {
	owner, name, ok := strings.Cut(text, "/")
	return ok && isAll(owner, isSlug) && isAll(name, func(c byte) bool { return isSlug(c) || c == '.' || c == '_' })
}

// trailingNumbers are the "(#12)" at the end of a text, in their order, without parentheses.
func trailingNumbers(text string) []string {
	var numbers []string
	for {
		text = strings.TrimRight(text, " ")
		i := strings.LastIndex(text, "(#")
		if i < 0 || !strings.HasSuffix(text, ")") || !isAll(text[i+2:len(text)-1], isDigit) {
			slices.Reverse(numbers)
			return numbers
		}
		numbers = append(numbers, text[i+1:len(text)-1])
		text = text[:i]
	}
}

// isAll reports whether the text has a byte and every one of them is wanted.
func isAll(text string, wanted func(byte) bool) bool {
	for i := range len(text) {
		if !wanted(text[i]) {
			return false
		}
	}
	return text != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isSlug(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-'
}

func isHex(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
