package changelog

import "strings"

// shortestID is how many digits of a commit's id make a name for it in "This reverts commit".
const shortestID = 7

// isRevert reports whether taking other commits back is all that the commit does, by what its
// message says.
func (m *Message) isRevert() bool { return m.Kind == Reverting || m.Type == "revert" }

// undoes reports whether a commit within is a revert.
func (m *Message) undoes() bool {
	for i := range m.Inner {
		if m.Inner[i].isRevert() {
			return true
		}
	}
	return false
}

// isRevertHeader reports whether git wrote the header for a revert, or for the revert of one.
func isRevertHeader(header string) bool {
	return strings.HasPrefix(header, `Revert "`) || strings.HasPrefix(header, `Reapply "`)
}

// bringsBack is the message of the commit that a revert of a revert brings back, as far as its
// header tells: Reapply "feat: x", or Revert "Revert "feat: x"". It is false for all others.
func (m *Message) bringsBack() (Message, bool) {
	if m.Kind != Reverting || m.breaking() {
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
func (m *Message) quoted() (string, bool) {
	if m.Kind != Reverting {
		return m.Description, m.Type == "revert"
	}
	return quotedIn(m.Header)
}

func quotedIn(header string) (string, bool) {
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

// mostReverts is how many commits, and how many requests, a message can revert.
const mostReverts = 1024

// reverting keeps what a line of the body says to revert, in the words of git and the forges.
func (p *parser) reverting(l line) {
	if c := l.text[0]; c != 'T' && c != 'R' && c != 'c' { // nearly all
		return
	}
	m := p.msg()
	if len(m.Reverts) >= mostReverts || len(m.RevertedRequests) >= mostReverts {
		return
	}
	switch l.text[0] {
	case 'T':
		if rest, ok := strings.CutPrefix(l.text, "This reverts "); ok {
			if list, ok := strings.CutPrefix(rest, "commit"); ok {
				before := len(m.Reverts)
				if m.Reverts = appendIDs(m.Reverts, strings.TrimPrefix(list, "s")); len(m.Reverts) >= mostReverts {
					p.report(CodeMore, l.start, l.end, "the message reverts too many commits: those behind this line are not looked at")
				}
				if len(m.Reverts) > before && !m.isRevert() && m.Kind != Merging {
					p.report(CodeNotRevert, l.start, l.end, "the header is not that of a revert, so that this takes nothing back: begin it with revert:, or leave git's words")
				}
			} else if list, ok := strings.CutPrefix(rest, "merge request "); ok {
				p.revertedRequest(list)
			}
		}
	case 'R':
		if rest, ok := strings.CutPrefix(l.text, "Reverts "); ok {
			p.revertedRequest(rest)
		}
	case 'c':
		if id := reversing(l.text); id != "" && len(m.Reverts) == 1 {
			m.mainline = id
		}
	}
}

// revertedRequest keeps the number of a pull or merge request that is all that is left of a line.
func (p *parser) revertedRequest(rest string) {
	rest = strings.TrimRight(rest, ". \t")
	if target, ok := addressed(rest); ok {
		rest = target
	}
	if strings.ContainsAny(rest, "#!") && isTarget(rest) {
		m := p.msg()
		m.RevertedRequests = append(m.RevertedRequests, rest)
	}
}

// reversing is the id in the line "changes made to 676104e." which git adds for a merge: the parent
// whose state the revert of the merge brings back.
func reversing(text string) string {
	id, ok := strings.CutPrefix(text, "changes made to ")
	id = strings.TrimRight(id, ". ")
	if !ok || !isID(id) {
		return ""
	}
	return strings.ToLower(id)
}

// isID reports whether a word is an id of a commit or the beginning of one.
func isID(word string) bool { return len(word) >= shortestID && len(word) <= 64 && isAll(word, isHex) }

// appendIDs adds the ids of a list such as "676104e and a215868." up to its end.
func appendIDs(ids []string, list string) []string {
	for word := range strings.FieldsSeq(list) {
		if len(ids) >= mostReverts {
			break
		}
		if word == "and" {
			continue
		}
		id := strings.TrimRight(word, ".,;")
		if !isID(id) {
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
	m := p.msg()
	if m.Type != "revert" || len(m.Reverts) > 0 {
		return
	}
	for _, ref := range m.references() {
		if len(ref.Target) >= 6 && isAll(ref.Target, isHex) {
			m.Reverts = append(m.Reverts, strings.ToLower(ref.Target))
		}
	}
}

// withoutNumbers parts the "(#12)" at its end from a header.
func withoutNumbers(header string) (text, numbers string) {
	text = strings.TrimRight(header, " ")
	for strings.HasSuffix(text, ")") {
		i := strings.LastIndex(text, "(#")
		if i < 0 || !isAll(text[i+2:len(text)-1], isDigit) {
			break
		}
		text = strings.TrimRight(text[:i], " ")
	}
	return text, strings.TrimSpace(header[len(text):])
}

// requests are the numbers of the pull and merge requests that the commit is the result of: "#12", "!7".
func (m *Message) requests() []string {
	var numbers []string
	add := func(sign, from string) {
		n := 0
		for n < len(from) && isDigit(from[n]) {
			n++
		}
		if n > 0 {
			numbers = append(numbers, sign+from[:n])
		}
	}
	withoutTrailing(m.Header, func(number string) {
		if len(numbers) == 0 { // the others are issues, or what a revert quotes
			numbers = append(numbers, number)
		}
	})
	if rest, ok := strings.CutPrefix(m.Header, "Merge pull request #"); ok {
		add("#", rest)
	}
	if rest, ok := strings.CutPrefix(m.Header, mergedByAzure); ok {
		add("!", rest)
	}
	if _, rest, ok := strings.Cut(m.Header, "(pull request #"); ok {
		add("#", rest)
	}
	const gitlab = "See merge request "
	for _, text := range []string{m.Body, m.lastText()} {
		if i := strings.LastIndex(text, gitlab); i >= 0 {
			if _, number, ok := strings.Cut(text[i:], "!"); ok {
				add("!", number)
			}
		}
	}
	return numbers
}

// lastText is the last text of the message.
func (m *Message) lastText() string {
	if n := len(m.Inner); n > 0 {
		m = &m.Inner[n-1]
	}
	if n := len(m.Footers); n > 0 {
		return m.Footers[n-1].Value
	}
	return m.Body
}
