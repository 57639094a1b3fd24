package changelog

import (
	"slices"
	"strings"
)

// shortestID is how many digits of a commit's id make a name for it in "This reverts commit".
const shortestID = 7

// isRevert reports whether taking other commits back is all that the commit does, by what its
// message says.
func (m Message) isRevert() bool { return m.Kind == Reverting || m.Type == "revert" }

// isRevertHeader reports whether git wrote the header for a revert, or for the revert of one.
func isRevertHeader(header string) bool {
	return strings.HasPrefix(header, `Revert "`) || strings.HasPrefix(header, `Reapply "`)
}

// bringsBack is the message of the commit that a revert of a revert brings back, as far as its
// header tells: Reapply "feat: x", or Revert "Revert "feat: x"". It is false for all others.
func (m Message) bringsBack() (Message, bool) {
	if m.Kind != Reverting || m.Breaking() {
		return Message{}, false
	}
	header := m.Header
	back := false // an odd number of reverts takes back
	for isRevertHeader(header) {
		if strings.HasPrefix(header, "Revert") {
			back = !back
		}
		_, header, _ = strings.Cut(header, `"`)
		// A forge writes its number behind the closing quote.
		if i := strings.LastIndexByte(header, '"'); i >= 0 {
			header = header[:i]
		}
	}
	return Parse(header), !back
}

// quoted is the header that a revert quotes: feat: x of Revert "feat: x" (#13), of revert: feat: x,
// and Revert "feat: x" of Reapply "feat: x", because that takes the revert back.
func (m Message) quoted() (string, bool) {
	if m.Kind != Reverting {
		return m.Description, m.Type == "revert"
	}
	header := m.Header
	_, text, _ := strings.Cut(header, `"`)
	end := strings.LastIndexByte(text, '"')
	if end < 0 {
		return "", false
	}
	if text = text[:end]; strings.HasPrefix(header, "Reapply") {
		text = `Revert "` + text + `"`
	}
	return text, true
}

// reversing is the id in the line "changes made to 676104e." which git adds for a merge: the parent
// whose state the revert of the merge brings back.
func reversing(text string) string {
	id, _ := strings.CutPrefix(text, "changes made to ")
	id = strings.ToLower(strings.TrimRight(id, "."))
	if id == strings.ToLower(text) || len(id) < shortestID || !isAll(id, isHex) {
		return ""
	}
	return id
}

// appendReverts adds the ids of a line such as "This reverts commit 676104e, reversing …".
func appendReverts(ids []string, text string) []string {
	rest, ok := strings.CutPrefix(text, "This reverts commit")
	if !ok {
		return ids
	}
	rest = strings.TrimPrefix(rest, "s")
	for word := range strings.FieldsSeq(rest) {
		if word == "and" {
			continue
		}
		id := strings.TrimRight(word, ".,;")
		if len(id) < shortestID || len(id) > 64 || !isAll(id, isHex) {
			break
		}
		ids = append(ids, strings.ToLower(id))
		if strings.HasSuffix(word, ".") {
			break
		}
	}
	return ids
}

// reverts completes Reverts: "revert: x" may name its commits in Refs footers, as the
// specification recommends.
func (p *parser) reverts() {
	if p.msg.Type != "revert" || len(p.msg.Reverts) > 0 {
		return
	}
	for _, ref := range p.msg.References() {
		if len(ref.Target) >= 6 && isAll(ref.Target, isHex) {
			p.msg.Reverts = append(p.msg.Reverts, strings.ToLower(ref.Target))
		}
	}
}

// ids finds commits by their id or its beginning.
type ids []identified

type identified struct {
	id string
	at int
}

func indexByID(commits []Commit) ids {
	index := make(ids, len(commits))
	for i, c := range commits {
		index[i] = identified{id: strings.ToLower(c.ID), at: i}
	}
	slices.SortStableFunc(index, func(a, b identified) int { return strings.Compare(a.id, b.id) })
	return index
}

// find is the only commit whose id begins so.
func (x ids) find(prefix string) (at int, ok bool) {
	i, _ := slices.BinarySearchFunc(x, prefix, func(e identified, id string) int { return strings.Compare(e.id, id) })
	if i >= len(x) || !strings.HasPrefix(x[i].id, prefix) {
		return 0, false
	}
	if i+1 < len(x) && strings.HasPrefix(x[i+1].id, prefix) {
		return 0, false
	}
	return x[i].at, true
}
