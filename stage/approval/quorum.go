package approval

import (
	"fmt"
	"slices"
	"strings"
)

// groups are the groups that must reach their quorum; without any there is one, of all people.
func (s Stage) groups() []Group {
	if len(s.Groups) > 0 {
		return s.Groups
	}
	return []Group{{People: s.People, Quorum: s.Quorum}}
}

func (g Group) quorum() int { return max(g.Quorum, 1) }

// has reports whether somebody may answer for the group.
func (g Group) has(name string) bool {
	return len(g.People) == 0 || slices.ContainsFunc(g.People, func(p string) bool { return same(p, name) })
}

// everybody is who is in the groups, each once.
func everybody(groups []Group) []string {
	var all []string
	for _, g := range groups {
		for _, name := range g.People {
			if !slices.ContainsFunc(all, func(other string) bool { return same(other, name) }) {
				all = append(all, name)
			}
		}
	}
	return all
}

// places say who counts in which group.
type places [][]string

// seat gives each of the people a place in one of their groups, so that as many places as can be are
// taken: whoever could sit elsewhere makes room for one who cannot.
func seat(groups []Group, people []string) places {
	p := make(places, len(groups))
	for _, name := range people {
		p.add(groups, name, make([]bool, len(groups)))
	}
	return p
}

// add finds a place for somebody, and reports whether there is one. Groups that were tried are not
// tried again.
func (p places) add(groups []Group, name string, tried []bool) bool {
	for i, g := range groups {
		if tried[i] || !g.has(name) {
			continue
		}
		tried[i] = true
		if len(p[i]) < g.quorum() {
			p[i] = append(p[i], name)
			return true
		}
		for n, other := range p[i] {
			if p.add(groups, other, tried) {
				p[i][n] = name
				return true
			}
		}
	}
	return false
}

// lacking reports whether a place is free.
func (p places) lacking(groups []Group) bool {
	taken, of := p.sum(groups)
	return taken < of
}

func (p places) sum(groups []Group) (taken, of int) {
	for i, g := range groups {
		taken, of = taken+len(p[i]), of+g.quorum()
	}
	return taken, of
}

// text is how many places are taken, for people: "1 of 2 approvals", "team 1 of 2, security 0 of 1". Behind each group that lacks
// somebody are those whom left says, where they are known: "1 of 2 approvals (still asked: eve, mallory)". It may be nil.
func (p places) text(groups []Group, left func(Group) []string) string {
	parts := make([]string, len(groups))
	for i, g := range groups {
		if parts[i] = fmt.Sprintf("%s %d of %d", g.Name, len(p[i]), g.quorum()); g.Name == "" {
			parts[i] = fmt.Sprintf("%d of %d approvals", len(p[i]), g.quorum())
		}
		if left != nil && len(p[i]) < g.quorum() {
			parts[i] += stillAsked(left(g))
		}
	}
	return strings.Join(parts, ", ")
}

// stillAsked names people, the first of them where they are many.
func stillAsked(people []string) string {
	const most, longest = 8, 60
	if len(people) == 0 {
		return ""
	}
	more := ""
	if n := len(people) - most; n > 0 {
		people, more = people[:most], fmt.Sprintf(" and %d more", n)
	}
	names := make([]string, len(people))
	for i, name := range people {
		names[i] = cut(strings.Join(strings.Fields(name), " "), longest)
	}
	return " (still asked: " + strings.Join(names, ", ") + more + ")"
}
