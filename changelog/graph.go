package changelog

import (
	"fmt"
	"slices"
)

// graph is a history by its numbers: commit n of it has the number n.
type graph struct {
	commits []Commit
	at      map[string]int32
	// The parents of commit n that are in the history are parents[first[n]:first[n+1]].
	parents []int32
	first   []int32
}

// graphOf numbers the commits of a history. It fails where one comes twice, or before its child.
func graphOf(commits []Commit) (*graph, error) {
	g := &graph{
		commits: commits,
		at:      make(map[string]int32, len(commits)),
		parents: make([]int32, 0, len(commits)+len(commits)/4),
		first:   make([]int32, 1, len(commits)+1),
	}
	for i, c := range commits {
		if before, twice := g.at[c.ID]; twice {
			return nil, fmt.Errorf("history: commit %s comes twice, at %d and %d", shortID(c.ID), before, i)
		}
		g.at[c.ID] = int32(i)
	}
	for i, c := range commits {
		for _, id := range c.Parents {
			p, ok := g.at[id]
			if !ok {
				continue
			}
			if int(p) <= i {
				return nil, fmt.Errorf("history: commit %s comes after its parent %s: children must come first", shortID(c.ID), shortID(id))
			}
			g.parents = append(g.parents, p)
		}
		g.first = append(g.first, int32(len(g.parents)))
	}
	return g, nil
}

// reached says of each commit of a graph from which of several bases it can be reached: a row of bits for each
// commit, with one bit for each base.
type reached struct {
	rows  []uint64
	words int
}

// reach walks the graph once for all bases. A base is a set of commits, and reaches those and their ancestors. Since children
// come before their parents, the row of a commit is complete when it is looked at.
func (g *graph) reach(bases [][]string) reached {
	n := len(g.first) - 1
	r := reached{words: (len(bases) + 63) / 64}
	r.rows = make([]uint64, n*r.words)
	for base, ids := range bases {
		for _, id := range ids {
			if at, ok := g.at[id]; ok {
				r.rows[int(at)*r.words+base/64] |= 1 << (base % 64)
			}
		}
	}
	for i := range n {
		row := r.rows[i*r.words : (i+1)*r.words]
		for _, p := range g.parents[g.first[i]:g.first[i+1]] {
			for w, bits := range row {
				r.rows[int(p)*r.words+w] |= bits
			}
		}
	}
	return r
}

// from reports whether a commit can be reached from a base, or is in it.
func (r reached) from(base, commit int) bool {
	return r.rows[commit*r.words+base/64]>>(base%64)&1 == 1
}

// passes reports whether the last release of a component can be reached from Head, and neither of it and the last pre-release is
// an ancestor of the other: it was merged. That pre-release may be one that the release has overtaken. The graph has all commits since
// the release, and perhaps more: a pre-release that is not among them is an ancestor.
func (g *graph) passes(v *view) bool {
	tried := v.prerelease.Commit
	if v.prerelease.Version == nil && len(v.tried) > 0 {
		tried = v.tried[0]
	}
	if tried == "" || !v.previous.Reachable {
		return false
	}
	_, ok := g.at[tried]
	return ok && !g.descends(tried, v.previous.Commit) && !g.descends(v.previous.Commit, tried)
}

// descends reports whether a commit is another one or one of its descendants, as far as the graph says. The other one need not be in it.
func (g *graph) descends(id, from string) bool {
	if id == from {
		return true
	}
	start, ok := g.at[id]
	if !ok {
		return false
	}
	seen, open := map[int32]bool{start: true}, []int32{start}
	for len(open) > 0 {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		if slices.Contains(g.commits[at].Parents, from) {
			return true
		}
		for _, p := range g.parents[g.first[at]:g.first[at+1]] {
			if !seen[p] {
				seen[p] = true
				open = append(open, p)
			}
		}
	}
	return false
}
