package changelog

import (
	"slices"
	"strings"
)

// owners says which components a commit belongs to, for one after the other.
type owners struct {
	paths  bool // whether the policy looks at paths
	roots  []int
	claims map[string][]claim
	// lengths says of which lengths the claimed paths are: most files need not be looked up.
	lengths []bool
	scopes  map[string][]int
	// known are the owners of what lies in a folder, for folders that were seen, and folder and found the last of them.
	known  map[string][]int
	folder string
	found  []int
	out    []bool // scratch, by component
}

// claim is what a component says about a path.
type claim struct {
	component int
	kind      claimKind
}

type claimKind int

const (
	excludes claimKind = iota
	hadFormerly
	has
)

func newOwners(p Policy) *owners {
	components := p.components()
	o := &owners{
		paths: p.NeedsPaths(), claims: map[string][]claim{}, scopes: map[string][]int{},
		known: map[string][]int{}, folder: "\x00", out: make([]bool, len(components)),
	}
	for i, c := range components {
		if c.isRoot() {
			o.roots = append(o.roots, i)
		}
		for kind, paths := range [...][]string{excludes: c.Excludes, hadFormerly: c.Aliases, has: c.ownPaths()} {
			for _, path := range paths {
				o.claims[path] = append(o.claims[path], claim{i, claimKind(kind)})
				o.lengths = append(o.lengths, make([]bool, max(0, len(path)+1-len(o.lengths)))...)
				o.lengths[len(path)] = true
			}
		}
		for _, scope := range c.Scopes {
			o.scopes[strings.ToLower(scope)] = append(o.scopes[strings.ToLower(scope)], i)
		}
	}
	return o
}

// of marks the components that a commit belongs to, by their index in the policy. It reports whether there is one.
func (o *owners) of(c *Commit, m *Message, into []bool) bool {
	clear(into)
	owned := false
	mark := func(components []int) {
		for _, i := range components {
			into[i], owned = true, true
		}
	}
	for _, path := range c.Paths {
		mark(o.ofPath(path))
	}
	if len(o.scopes) > 0 {
		mark(o.ofScopes(m.Scope))
		for i := range m.Inner {
			mark(o.ofScopes(m.Inner[i].Scope))
		}
	}
	if !o.paths || len(c.Paths) == 0 && !owned {
		mark(o.roots)
	}
	return owned
}

// ofScopes are the components that have one of the scopes of a message, which commas part.
func (o *owners) ofScopes(scopes string) (found []int) {
	if scopes == "" {
		return nil
	}
	for scope := range strings.SplitSeq(scopes, ",") {
		found = append(found, o.scopes[strings.ToLower(strings.TrimSpace(scope))]...)
	}
	return found
}

// ofPath are the components that have a file.
func (o *owners) ofPath(path string) []int {
	if !o.paths {
		return nil
	}
	if len(path) < len(o.lengths) && o.lengths[len(path)] && len(o.claims[path]) > 0 {
		return o.search(path)
	}
	folder := parent(path)
	if folder == o.folder {
		return o.found
	}
	found, ok := o.known[folder]
	if !ok {
		folder = strings.Clone(folder)
		found = o.search(folder)
		o.known[folder] = found
	}
	o.folder, o.found = folder, found
	return found
}

// search goes from a path up to the root until a component claims it that has not excluded it further down.
func (o *owners) search(path string) []int {
	clear(o.out)
	for {
		var found, formerly []int
		for _, c := range o.claims[path] {
			switch {
			case c.kind == excludes:
				o.out[c.component] = true
			case o.out[c.component]:
			case c.kind == has:
				found = append(found, c.component)
			default:
				formerly = append(formerly, c.component)
			}
		}
		if found == nil {
			found = formerly
		}
		if found != nil || path == rootPath {
			slices.Sort(found)
			return found
		}
		path = parent(path)
	}
}

// parent is the folder that a path lies in.
func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i]
	}
	return rootPath
}
