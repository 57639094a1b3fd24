package changelog

import "strings"

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
	names := c.named()
	for todo := []string{from}; len(todo) > 0; {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		at, n := names.find(strings.ToLower(id))
		if n != 1 || seen[at] {
			continue
		}
		seen[at] = true
		found = append(found, at)
		todo = append(todo, c.commits[at].Parents...)
	}
	return found
}
