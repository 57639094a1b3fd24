package changelog

import (
	"slices"
	"strings"
)

// cancellation says what became of the reverts among some commits.
type cancellation struct {
	// by is, per commit, the index of the revert that took it back, or -1.
	by []int
	// of is, per revert that took back commits among them, the index of the first of those, or -1.
	of []int
	// left is, per revert, whether it also takes back something that is not among them.
	left []bool
	// unclear is, per revert, whether several commits could be the one that it takes back.
	unclear []bool

	commits  []Commit
	messages []Message
	ids      ids
	headers  map[string][]int // the commits of a header without its numbers, newest first
}

// cancel finds the pairs of commit and revert that cancel each other. The commits are newest
// first, so that whether a revert is in force is known before its targets are looked at: a revert
// that was itself taken back takes nothing back.
func cancel(commits []Commit, messages []Message) *cancellation {
	n := len(commits)
	c := &cancellation{
		by: make([]int, n), of: make([]int, n), left: make([]bool, n), unclear: make([]bool, n),
		commits: commits, messages: messages, ids: indexByID(commits), headers: map[string][]int{},
	}
	for i, m := range messages {
		c.by[i], c.of[i] = -1, -1
		text, _ := withoutNumbers(m.Header)
		c.headers[text] = append(c.headers[text], i)
	}
	for i, m := range messages {
		switch {
		case !m.isRevert() || c.by[i] >= 0:
		case len(m.Reverts) == 0:
			c.byHeader(i)
		default:
			c.byID(i)
		}
	}
	return c
}

// byID takes back the commits that a revert names.
func (c *cancellation) byID(i int) {
	for _, id := range c.messages[i].Reverts {
		if target, ok := c.ids.find(id); ok && target > i {
			c.take(target, i)
		} else {
			c.left[i] = true
		}
	}
}

// byHeader takes back the commit whose header a revert quotes, as forges write it for a squashed
// revert: Revert "feat: x (#12)" (#13). A forge may have left out the number. If several commits
// fit, none is taken back.
func (c *cancellation) byHeader(i int) {
	c.left[i] = true
	quoted, ok := c.messages[i].quoted()
	if !ok {
		return
	}
	text, numbers := withoutNumbers(quoted)
	candidates := c.headers[text]
	older, _ := slices.BinarySearch(candidates, i+1)
	found := -1
	for _, target := range candidates[older:] {
		if c.by[target] >= 0 {
			continue
		}
		if _, own := withoutNumbers(c.messages[target].Header); numbers != "" && own != "" && own != numbers {
			continue
		}
		if found >= 0 {
			c.unclear[i] = true
			return
		}
		found = target
	}
	if found >= 0 {
		c.left[i] = false
		c.take(found, i)
	}
}

// take takes back a commit, and all that it brought if it is a merge.
func (c *cancellation) take(target, by int) {
	if c.of[by] < 0 {
		c.of[by] = target
	}
	if c.by[target] >= 0 { // two branches took it back, and were merged
		return
	}
	c.by[target] = by
	for _, brought := range c.brought(target, c.messages[by].mainline) {
		if c.by[brought] < 0 {
			c.by[brought] = by
		}
	}
}

// brought are the commits that a merge brought to its mainline: the parent of that id, or its first
// one. None for what is no merge.
func (c *cancellation) brought(merge int, mainline string) []int {
	parents := c.commits[merge].Parents
	if len(parents) < 2 {
		return nil
	}
	main := 0
	for i, p := range parents {
		if mainline != "" && strings.HasPrefix(strings.ToLower(p), mainline) {
			main = i
		}
	}
	seen := map[int]bool{}
	c.walk(parents[main], seen)
	var brought []int
	for i, p := range parents {
		if i != main {
			brought = append(brought, c.walk(p, seen)...)
		}
	}
	return brought
}

// walk are a commit and its ancestors, as far as they are among the commits and were not seen.
func (c *cancellation) walk(from string, seen map[int]bool) []int {
	var found []int
	for todo := []string{from}; len(todo) > 0; {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		at, ok := c.ids.find(strings.ToLower(id))
		if !ok || seen[at] {
			continue
		}
		seen[at] = true
		found = append(found, at)
		todo = append(todo, c.commits[at].Parents...)
	}
	return found
}

// withoutNumbers parts the "(#12)" at its end from a header.
func withoutNumbers(header string) (text, numbers string) {
	text = strings.TrimRight(header, " ")
	for range trailingNumbers(text) {
		text = strings.TrimRight(text[:strings.LastIndex(text, "(#")], " ")
	}
	return text, strings.TrimSpace(header[len(text):])
}

// why is why a commit is cancelled, "" when it is not.
func (c *cancellation) why(i int) string {
	switch {
	case c.by[i] >= 0:
		return "taken back by " + shortID(c.commits[c.by[i]].ID)
	case c.of[i] >= 0 && !c.left[i]:
		return "takes back " + shortID(c.commits[c.of[i]].ID) + ", which was not released either"
	}
	return ""
}
