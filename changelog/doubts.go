package changelog

import (
	"fmt"
	"slices"
)

// Doubts are the names of the tags that have a say in the next version if they can be reached from Head, and of
// which the history tells neither that they can be nor that they cannot: the versions above the last
// release of their component that are not Reachable and on none of the Commits, and, where it is on another branch,
// that release itself and its pre-releases. Where the last release of a component is missing from another one that depends on it,
// or from the umbrella, they are also the final versions before it, from the highest to the lowest, down to the one that those were
// released with; that takes the Commits. It is for whoever reads histories, who knows better what is out of reach.
func Doubts(history History, policy Policy) ([]string, error) {
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	sight, err := look(history, policy)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, v := range sight.all() {
		for _, t := range v.tags {
			if p := v.previous; p.Version != nil && !t.Version.GreaterThan(p.Version) && (p.Reachable || !sameBase(t.Version, p.Version)) {
				break
			}
			if !t.Reachable {
				names = append(names, t.Name)
			}
		}
	}
	if len(history.Commits) > 0 && (sight.umbrella != nil || slices.ContainsFunc(sight.views, func(v *view) bool { return len(v.component.DependsOn) > 0 })) {
		names = append(names, sight.steps(policy)...)
	}
	return names, nil
}

// steps are the tags by which it might be known since which version others have missed the last release of a component.
func (s *sight) steps(policy Policy) (names []string) {
	s.bound()
	below := func(k int, v, of *view) {
		if !s.lacks(k, v, of, policy) {
			return
		}
		for _, t := range of.tags {
			switch {
			case t.Version.Prerelease() != "":
			case !t.Reachable:
				names = append(names, t.Name)
			case s.has(2*k, t):
				return
			}
		}
	}
	for m, v := range s.views {
		for i, of := range s.views {
			if !slices.Contains(v.component.DependsOn, of.component.Name) {
				continue
			}
			below(m, v, of)
			for k, other := range s.views { // one that was left behind by its group has what another one of the group has
				if k != i && policy.together(v.component.Name, other.component.Name) {
					below(k, v, of)
				}
			}
		}
		if s.umbrella != nil {
			below(len(s.views), s.umbrella, v)
		}
	}
	return names
}

// together reports whether two components are of one group.
func (p Policy) together(a, b string) bool {
	return a != b && slices.ContainsFunc(p.Groups, func(g Group) bool {
		return slices.Contains(g.Components, a) && slices.Contains(g.Components, b)
	})
}
