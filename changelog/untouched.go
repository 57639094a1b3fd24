package changelog

import (
	"fmt"
	"slices"
)

// untouched reports the paths of components that no commit has ever changed, where the whole history is there to say so: a
// component with a misspelt path would never be released, and nobody would know why.
func (s *sight) untouched(policy Policy) (found []Diagnostic) {
	if !policy.NeedsPaths() || len(s.history.Commits) == 0 || !s.graph.whole() {
		return nil
	}
	missing := map[string]bool{}
	for _, c := range policy.components() {
		for _, p := range c.Paths {
			missing[p] = p != rootPath
		}
	}
	for _, c := range s.history.Commits {
		for _, p := range c.Paths {
			for ; p != rootPath; p = parent(p) {
				if missing[p] {
					missing[p] = false
				}
			}
		}
	}
	for _, c := range policy.components() {
		for _, p := range c.Paths {
			if missing[p] {
				found = append(found, Diagnostic{Code: CodeUntouched, Text: fmt.Sprintf("component %s: no commit has ever changed the path %q", c.Name, p)})
			}
		}
	}
	return found
}

// whole reports whether the graph has everything that its commits descend from.
func (g *graph) whole() bool {
	return !slices.ContainsFunc(g.commits, func(c Commit) bool {
		return slices.ContainsFunc(c.Parents, func(p string) bool { _, ok := g.at[p]; return !ok })
	})
}
