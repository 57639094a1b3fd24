package changelog

import (
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"
)

// missed is a release that another component, or the umbrella, should have come with, and did not: whatever released them
// stopped half way.
type missed struct {
	// tag is that of the release, and from the version before it that the other one came with, nil for none.
	tag  Tag
	from *semver.Version
	// level is the step between the two.
	level Level
}

// missed is the last release of a component that was made since those of another one, nil for none. k is the place
// of the other one among the bases of sight.reached, which holds the history up to those.
func (s *sight) missed(k int, v, of *view, policy Policy) *missed {
	if !s.lacks(k, v, of, policy) {
		return nil
	}
	last := of.latest(policy)
	m := &missed{tag: last, level: Minor} // what is new is no mend
	for _, t := range of.tags {
		if t.Reachable && t.Version.Prerelease() == "" && s.has(2*k, t) {
			m.from, m.level = t.Version, difference(t.Version, last.Version)
			break
		}
	}
	return m
}

// latest is the tag of the last release of a component, which on a channel may be a pre-release.
func (v *view) latest(policy Policy) Tag {
	if policy.channel() != "" && v.prerelease.Version != nil {
		return v.prerelease
	}
	return v.previous
}

// lacks reports whether a component was released without the last release of another one.
func (s *sight) lacks(k int, v, of *view, policy Policy) bool {
	last := of.latest(policy)
	return v.previous.Version != nil && last.Version != nil && last.Reachable && !s.has(2*k, last) &&
		(policy.channel() == "" || v.prerelease.Version == nil || !s.has(2*k+1, last))
}

// has reports whether what is tagged was there when a base was released. What is not among the commits is older than all of them.
func (s *sight) has(base int, t Tag) bool {
	at, ok := s.graph.at[t.Commit]
	return !ok || s.reached.from(base, int(at))
}

// missing finds, for each component, what it depends on and was not released with.
func (c *composition) missing() {
	c.missed = make([]map[string]*missed, len(c.components))
	for m, part := range c.components {
		for _, name := range part.DependsOn {
			on := c.index(name)
			found := c.sight.missed(c.base(m), c.views[m], c.views[on], c.policy)
			if found == nil {
				continue
			}
			if c.missed[m] == nil {
				c.missed[m] = map[string]*missed{}
			}
			c.missed[m][name] = found
		}
	}
}

// base is the place of a component among the bases. One that was left behind in its group has what the group has: it
// is brought there.
func (c *composition) base(m int) int {
	for _, u := range c.units {
		if slices.Contains(u.left, m) {
			return u.leader
		}
	}
	return m
}

// outOfStep tells of everything that the plan brings together, or would if it had a version.
func (c *composition) outOfStep(umbrella *Decision) (found []Diagnostic) {
	tell := func(at Tag, text string, next *semver.Version) {
		if next != nil {
			text += fmt.Sprintf("; %s brings them together", next)
		}
		found = append(found, Diagnostic{Commit: at.Commit, Code: CodeOutOfStep, Text: text})
	}
	for _, u := range c.units {
		for _, m := range u.left {
			tell(u.target, fmt.Sprintf("%s of the fixed group %s was not released with %s, as if a release had stopped half way",
				c.components[m].Name, u.group.Name, u.target.Name), c.decided[m].Next)
		}
	}
	for m, part := range c.components {
		for _, name := range slices.Sorted(slices.Values(part.DependsOn)) {
			if on := c.missed[m][name]; on != nil && c.give(m, c.index(name)) > None {
				tell(on.tag, fmt.Sprintf("%s, which depends on %s, was not released with %s, as if a release had stopped half way", part.Name, name, on.tag.Name), c.decided[m].Next)
			}
		}
	}
	if umbrella == nil {
		return found
	}
	for i := range c.components {
		if on := c.behind[i]; on != nil {
			tell(on.tag, fmt.Sprintf("%s, which is over all components, was not released with %s, as if a release had stopped half way", umbrella.Name, on.tag.Name), umbrella.Next)
		}
	}
	return found
}
