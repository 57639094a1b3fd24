package changelog

import (
	"slices"
	"strings"
)

// units are the changes of some commits as they can be taken back: newest first, the commits within a message from its
// end on, and before the message itself.
type units struct {
	of     []int // the commit of each unit
	inner  []int // which one within its message it is, -1 for the message itself
	first  []int // where the units of each commit begin; those of the last one end at the end
	reason []*Message
	// reverts are the units that take something back.
	reverts []int
}

func (u *units) add(commit, inner int, m *Message) {
	if m.isRevert() {
		u.reverts = append(u.reverts, len(u.of))
	}
	u.of, u.inner, u.reason = append(u.of, commit), append(u.inner, inner), append(u.reason, m)
}

// whole is the unit of the message itself, the last of its commit.
func (u *units) whole(commit int) int { return u.first[commit+1] - 1 }

// index lists the units.
func (r *reading) index() {
	if r.units != nil {
		return
	}
	n := len(r.messages)
	for i := range r.messages {
		n += len(r.messages[i].Inner)
	}
	u := &units{first: make([]int, 0, len(r.commits)+1), of: make([]int, 0, n), inner: make([]int, 0, n), reason: make([]*Message, 0, n)}
	for i := range r.messages {
		m := r.messages[i]
		u.first = append(u.first, len(u.of))
		for k := len(m.Inner) - 1; k >= 0; k-- {
			u.add(i, k, &m.Inner[k])
		}
		u.add(i, -1, m)
	}
	u.first = append(u.first, len(u.of))
	r.units = u
}

// cancellation says what became of the reverts among some commits. Nil: there are none.
type cancellation struct {
	*reading
	in []bool // the commits that it is about
	// by is, per unit, the unit of the revert that took it back, or -1.
	by []int
	// took is, per revert that took back units among them, the first of those, or -1.
	took []int
	// left is, per revert, whether it also takes back something that is not among them.
	left []bool
}

// cancel finds the pairs of change and revert that cancel each other among the commits that are in. They are newest
// first, so that whether a revert is in force is known before its targets are looked at: a revert
// that was itself taken back takes nothing back.
func (r *reading) cancel(in []bool, policy Policy) *cancellation {
	if !r.reverting || policy.Reverts == CountReverts {
		return nil
	}
	r.index()
	if !slices.ContainsFunc(r.units.reverts, func(u int) bool { return in[r.units.of[u]] }) {
		return nil
	}
	n := len(r.units.of)
	c := &cancellation{reading: r, in: in, by: make([]int, n), took: make([]int, n), left: make([]bool, n)}
	for u := range n {
		c.by[u], c.took[u] = -1, -1
	}
	for _, u := range r.units.reverts {
		switch m := r.units.reason[u]; {
		case c.by[u] >= 0 || !in[r.units.of[u]]:
		case len(m.Reverts) > 0:
			c.byID(u)
		case len(m.RevertedRequests) > 0 && c.byRequest(u):
		default:
			c.byHeader(u)
		}
	}
	return c
}

// byID takes back the commits that a revert names.
func (c *cancellation) byID(u int) {
	names := c.named()
	for _, id := range c.units.reason[u].Reverts {
		target, found := names.find(id)
		switch {
		case found == 1 && target > c.units.of[u] && c.in[target]:
			c.take(c.units.whole(target), u)
		case found > 1:
			c.left[u] = true
			c.unclear[c.units.of[u]] = "several commits have ids that begin with " + id + ", so this revert takes none of them back: write more of the id"
		default:
			c.left[u] = true
		}
	}
}

// byRequest takes back the commits of the pull requests that a revert names. It is false where none of them is
// there.
func (c *cancellation) byRequest(u int) bool {
	if c.numbers == nil {
		c.numbers = map[string][]int{}
		for i := range c.messages {
			for _, number := range c.messages[i].requests() {
				c.numbers[number] = append(c.numbers[number], i)
			}
		}
	}
	var found []int
	requests := c.units.reason[u].RevertedRequests
	for _, request := range requests {
		number := request[strings.LastIndexAny(request, "#!"):]
		for _, target := range c.numbers[number] {
			if target > c.units.of[u] && c.in[target] {
				found = append(found, target)
				break
			}
		}
	}
	for _, target := range found {
		c.take(c.units.whole(target), u)
	}
	c.left[u] = len(found) < len(requests)
	return len(found) > 0
}

// byHeader takes back the change whose header a revert quotes, as forges write it for a squashed
// revert: Revert "feat: x (#12)" (#13). A forge may have left out the number. If several commits
// fit, none is taken back.
func (c *cancellation) byHeader(u int) {
	c.left[u] = true
	quoted, ok := c.units.reason[u].quoted()
	if !ok {
		return
	}
	text, numbers := withoutNumbers(quoted)
	found := -1
	for _, target := range c.headed(text, u+1) {
		of := c.units.of[target]
		if c.by[target] >= 0 || !c.in[of] || target == c.units.whole(c.units.of[u]) {
			continue
		}
		if _, own := withoutNumbers(c.units.reason[target].Header); numbers != "" && own != "" && own != numbers {
			continue
		}
		if found >= 0 && c.units.of[found] != of {
			c.unclear[c.units.of[u]] = `several commits have the header that this revert quotes, so it takes none back: add "This reverts commit …"`
			return
		}
		found = target // the message itself comes last, and stands for all that is within it
	}
	if found >= 0 {
		c.left[u] = false
		c.take(found, u)
	}
}

// take takes back a change: for a message itself all that is within it, and all that it brought if it is a merge.
func (c *cancellation) take(target, by int) {
	if c.took[by] < 0 {
		c.took[by] = target
	}
	if c.by[target] >= 0 { // two branches took it back, and were merged
		return
	}
	if c.units.inner[target] >= 0 {
		c.takeOne(target, by)
		return
	}
	c.takeAll(c.units.of[target], by)
	for _, brought := range c.brought(c.units.of[target], c.units.reason[by].mainline) {
		c.takeAll(brought, by)
	}
}

// takeOne takes back a commit within a message, and what says the same there: that is one change.
func (c *cancellation) takeOne(target, by int) {
	c.by[target] = by
	commit, inner := c.units.of[target], c.units.inner[target]
	same := c.messages[commit].same
	if same == nil || c.units.of[by] == commit {
		return
	}
	whole := c.units.whole(commit)
	for k, first := range same {
		if u := whole - 1 - k; first == same[inner] && c.by[u] < 0 {
			c.by[u] = by
		}
	}
	if same[inner] == theTitle && c.by[whole] < 0 {
		c.by[whole] = by
	}
}

func (c *cancellation) takeAll(commit, by int) {
	for u := c.units.first[commit]; u < c.units.first[commit+1]; u++ {
		if c.by[u] < 0 && u != by {
			c.by[u] = by
		}
	}
}

// why is why a change is cancelled: that of the commit's header, -1, or one within. It is "" when it is not.
func (c *cancellation) why(commit, inner int) string {
	if c == nil {
		return ""
	}
	u := c.units.whole(commit) - 1 - inner
	switch {
	case c.by[u] >= 0 && c.units.of[c.by[u]] == commit:
		return "taken back within the same message"
	case c.by[u] >= 0:
		return "taken back by " + shortID(c.commits[c.units.of[c.by[u]]].ID)
	case c.took[u] < 0 || c.left[u]:
		return ""
	case c.units.of[c.took[u]] == commit:
		return "takes back what stands in the same message"
	}
	return "takes back " + shortID(c.commits[c.units.of[c.took[u]]].ID) + ", which was not released either"
}
