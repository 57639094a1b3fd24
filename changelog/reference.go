package changelog

import (
	"slices"
	"strings"
)

// Reference is something outside of the message that it points to: an issue, a request or a commit.
type Reference struct {
	// Action is the word that leads to it: "Closes", "Refs". Empty for a number at the end of the
	// description.
	Action string `json:"action,omitempty"`
	// Target is what it points to: "#12", "owner/repository#12", "!7", "group/repository!7", "676104e", "ABC-12".
	Target string `json:"target"`
	// URL is the address that the message gives for it, if it gives one.
	URL string `json:"url,omitempty"`
}

// mostReferred is how many references of a message are looked at.
const mostReferred = 1024

// referring are the tokens whose values are lists of references, besides all with a # separator.
var referring = []string{
	"ref", "refs", "reference", "references", "see", "see-also", "issue", "issues", "related", "relates", "relates-to", "part-of",
	"close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved", "implements", "reverts",
	"bug", "jira", "ticket", "tickets", "task", "tasks", "story", "link", "links",
}

// References are the issues, requests and commits that the message refers to: from footers such as
// "Refs: 676104e, #12" and "Closes #1, closes #2", and from the numbers in parentheses that forges
// put at the end of a description: "add x (#12)". A commit within a message without such a number has those
// of the message's header. There are at most 1,024.
//
// In a footer a target is a number with # or !, with or without its repository before it; a number alone of at most
// six digits, which is that of an issue; a commit's id of four digits or more; an issue key such as ABC-12; or the address of
// one of these at a forge.
func (m Message) References() []Reference { return m.references() }

func (m *Message) references() []Reference {
	var refs []Reference
	add := func(number string) { refs = append(refs, Reference{Target: number}) }
	if withoutTrailing(m.Description, add); len(refs) == 0 {
		withoutTrailing(m.title, add)
	}
	slices.Reverse(refs)
	for _, f := range m.Footers {
		value := f.Value
		if f.Separator == " #" {
			value = "#" + value
		} else if !slices.Contains(referring, strings.ToLower(f.Token)) {
			continue
		}
		refs = appendReferences(refs, f.Token, value)
	}
	return refs[:min(len(refs), mostReferred)]
}

// appendReferences reads a list with commas; a word before a target is its action.
func appendReferences(refs []Reference, action, list string) []Reference {
	for item := range strings.SplitSeq(list, ",") {
		own := action
		for word := range strings.FieldsSeq(item) {
			if len(refs) >= mostReferred {
				return refs
			}
			word = strings.TrimRight(strings.TrimLeft(word, "(<"), ".;:)>")
			if target, ok := addressed(word); ok {
				refs = append(refs, Reference{Action: own, Target: target, URL: word})
			} else if len(word) < shortestID && isAll(word, isDigit) {
				refs = append(refs, Reference{Action: own, Target: "#" + word})
			} else if isTarget(word) {
				refs = append(refs, Reference{Action: own, Target: word})
			} else if len(word) <= len("references") && slices.Contains(referring, strings.ToLower(word)) {
				own = word
			}
		}
	}
	return refs
}

// isTarget reports whether a word is a number with # or !, with or without its repository before it, a
// commit id, or an issue key of upper-case letters and a number. It is strict, because targets
// stand in the notes as links.
func isTarget(word string) bool {
	if i := strings.LastIndexAny(word, "#!"); i >= 0 {
		return isAll(word[i+1:], isDigit) && (i == 0 || isRepository(word[:i]))
	}
	if len(word) >= 4 && len(word) <= 64 && isAll(word, isHex) {
		return len(word) >= 6 || strings.IndexAny(word, "0123456789") >= 0 // a short word is rather a word
	}
	key, number, ok := strings.Cut(word, "-")
	return ok && isAll(number, isDigit) && key != "" && !isDigit(key[0]) &&
		isAll(key, func(c byte) bool { return c >= 'A' && c <= 'Z' || isDigit(c) })
}

// isRepository reports whether a text is owner/repository, or group/subgroup/repository, in the letters that forges allow there.
func isRepository(text string) bool {
	owner, name, ok := strings.Cut(text, "/")
	if !ok || !isAll(owner, isSlug) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if !isAll(part, func(c byte) bool { return isSlug(c) || c == '.' || c == '_' }) {
			return false
		}
	}
	return true
}

// pages are the folders of addresses at the forges, and the sign of the numbers that follow them.
var pages = map[string]string{
	"issues": "#", "work_items": "#", "pull": "#", "pulls": "#", "pull-requests": "#", "merge_requests": "!",
}

// addressed is what the address of an issue, a request or a commit at a forge points to: "o/r#12" for
// https://github.com/o/r/issues/12, "g/p!7" for https://gitlab.com/g/p/-/merge_requests/7, the id of a commit, "ABC-12"
// for https://example.atlassian.net/browse/ABC-12.
func addressed(word string) (string, bool) {
	rest, ok := strings.CutPrefix(word, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(word, "http://"); !ok {
			return "", false
		}
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	if !isAll(host, func(c byte) bool { return isSlug(c) || c == '.' || c == ':' }) || len(path) > 1024 {
		return "", false
	}
	parts := strings.Split(path, "/")
	for i := range len(parts) - 1 {
		folder, name := parts[i], parts[i+1]
		repository := strings.Join(parts[:i], "/")
		repository = strings.TrimSuffix(repository, "/-")
		switch sign := pages[folder]; {
		case sign != "" && isAll(name, isDigit) && isRepository(repository):
			return repository + sign + name, true
		case (folder == "commit" || folder == "commits") && isID(name) && isRepository(repository):
			return strings.ToLower(name), true
		case (folder == "browse" || folder == "issue") && strings.Contains(name, "-") && isTarget(name):
			return name, true
		}
	}
	return "", false
}

// withoutTrailing is a text without the "(#12)" at its end. Each is handed on without its parentheses, the last one first.
func withoutTrailing(text string, number func(string)) string {
	for {
		text = strings.TrimRight(text, " ")
		i := -1
		if strings.HasSuffix(text, ")") { // most do not end in one
			i = strings.LastIndex(text, "(#")
		}
		if i < 0 || !isAll(text[i+2:len(text)-1], isDigit) {
			return text
		}
		if number != nil {
			number(text[i+1 : len(text)-1])
		}
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
