package changelog

import (
	"fmt"
	"slices"
	"strings"
)

// unit is what gets one version: a group, or a component that is in none.
type unit struct {
	members []int
	// group is nil for a component of its own, and view what the members of a group see together.
	group *Group
	view  *view
	// weighed is what the commits of all members of a group lead to.
	weighed Decision
	// left are the members of a fixed group that were left behind by the release that target is the tag of, which is one of leader.
	left   []int
	leader int
	target Tag
}

// unitsOf are the units in an order in which dependencies come first, as far as groups allow it.
func unitsOf(s *sight, policy Policy) []*unit {
	components := policy.components()
	order, _ := inOrder(components) // a policy with a cycle was refused
	units := make([]*unit, len(components))
	var all []*unit
	for _, i := range order {
		if units[i] != nil {
			continue
		}
		u := &unit{members: []int{i}, view: s.views[i]}
		for g, group := range policy.Groups {
			if slices.Contains(group.Components, components[i].Name) {
				u.members, u.group = nil, &policy.Groups[g]
			}
		}
		for _, m := range order {
			if u.group != nil && slices.Contains(u.group.Components, components[m].Name) {
				u.members = append(u.members, m)
			}
		}
		for _, m := range u.members {
			units[m] = u
		}
		if u.group != nil {
			u.merge(s, policy)
		}
		all = append(all, u)
	}
	return all
}

// bind gives the members of a group their version.
func (c *composition) bind(u *unit) {
	together := u.weighed
	for _, m := range u.members {
		own := c.weighed[m]
		if slices.Contains(u.left, m) {
			own.Level = None // it is in the weight of the group as far as it is new there
		}
		d, raised := c.raise(m, own)
		if d.Level > together.Level {
			together.Level, u.view.raised = d.Level, raised
		}
		together.Dependencies = append(together.Dependencies, d.Dependencies...)
	}
	level := together.Level
	err := together.choose(u.view, c.policy)
	for _, m := range u.members {
		d, v := &c.decided[m], c.views[m]
		d.Group = u.group.Name
		own := d.Next != nil || c.errs[m] != nil
		if u.group.Kind == Linked && !own {
			continue
		}
		if c.errs[m] = err; err == nil && together.Next != nil {
			c.errs[m] = v.free(together.Next)
		}
		c.outward[m], c.own[m] = max(c.outward[m], level), max(c.own[m], level)
		d.Next, d.NextTag, d.Channel, d.Level, d.Why = nil, "", "", None, together.Why
		if err == nil && together.Next == nil && slices.Contains(u.left, m) {
			c.catchUp(u, m)
			continue
		}
		if c.errs[m] != nil || together.Next == nil {
			continue
		}
		d.Next, d.NextTag, d.Channel = together.Next, v.format.Print(together.Next), together.Channel
		d.Level = max(together.Level, difference(d.Previous, d.Next))
		c.outward[m] = max(c.outward[m], d.Level)
		d.Why = fmt.Sprintf("the %s group %s: %s", u.group.Kind, u.group.Name, together.Why)
		if d.Level > together.Level {
			d.Why += fmt.Sprintf("; from %s that is a %s release", d.Previous, d.Level)
		}
		if !own {
			d.Why += fmt.Sprintf("; %s has nothing of its own", v.component.Name)
		}
	}
}

// catchUp gives a member of a fixed group the version that it was left behind by, where nothing has come since that would call for
// another one.
func (c *composition) catchUp(u *unit, m int) {
	d, v := &c.decided[m], c.views[m]
	if err := v.admits(u.target.Version); err != nil {
		c.errs[m], d.Why = err, "no version: "+err.Error()
		return
	}
	d.Next, d.NextTag = u.target.Version, v.format.Print(u.target.Version)
	d.Channel, _ = channelOf(d.Next.Prerelease())
	if d.Level = difference(d.Previous, d.Next); d.Previous == nil {
		d.Level = max(c.weighed[m].Level, Patch)
	}
	d.Why = fmt.Sprintf("the fixed group %s: %s was released without it", u.group.Name, u.target.Name)
	c.outward[m], c.own[m] = max(c.outward[m], d.Level), max(c.own[m], Patch)
}

// accompany says of each member of a fixed group who has its version, too.
func (c *composition) accompany(u *unit) {
	if u.group == nil || u.group.Kind != Fixed {
		return
	}
	for _, m := range u.members {
		d := &c.decided[m]
		if d.Next == nil {
			continue
		}
		for _, other := range u.members {
			if next := c.decided[other].Next; other != m && (next != nil && next.Equal(d.Next) || c.views[other].has(d.Next)) {
				d.With = append(d.With, c.components[other].Name)
			}
		}
		slices.Sort(d.With)
	}
}

// merge is what the members of a group see together: a component with the tags and the commits of all.
func (u *unit) merge(s *sight, policy Policy) {
	m := &view{component: Component{Name: u.group.Name}, format: s.views[u.members[0]].format}
	for _, i := range u.members {
		v := s.views[i]
		m.tags = append(m.tags, v.tags...)
		if m.misread == nil {
			m.misread = v.misread
		}
		if first := v.initial(policy); m.component.Initial == nil || first.GreaterThan(m.component.Initial) {
			m.component.Initial = first
		}
	}
	slices.SortFunc(m.tags, func(a, b Tag) int {
		if c := b.Version.Compare(a.Version); c != 0 {
			return c
		}
		return strings.Compare(b.Name, a.Name)
	})
	m.last(s.history, policy)
	m.passed = s.graph.passes(m)
	u.view = m
	u.leave(s, policy)
	u.gather(s)
}

// gather finds the commits that are new to one of the members. Those that a release of the group has are not new to
// the members that it has left behind.
func (u *unit) gather(s *sight) {
	n := len(s.history.Commits)
	m := u.view
	m.since, m.news = make([]bool, n), make([]bool, n)
	for _, i := range u.members {
		v, left := s.views[i], slices.Contains(u.left, i)
		final := left && u.target.Version.Prerelease() == ""
		for k := range n {
			since := v.since[k] && !(final && s.reached.from(2*u.leader, k))
			news := v.news[k] && since && !(left && !final && s.reached.from(2*u.leader+1, k))
			m.since[k], m.news[k] = m.since[k] || since, m.news[k] || news
		}
	}
}
