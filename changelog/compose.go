package changelog

import (
	"fmt"
	"slices"
	"strings"
)

// composition decides components together, which depend on each other and are bound in groups.
type composition struct {
	policy     Policy
	components []Component
	views      []*view
	// weighed are the decisions as far as a component's own commits lead.
	weighed []Decision
	// decided are the decisions as they are known by now, and errs why there is none.
	decided []Decision
	errs    []error
	// outward is, per component, the level that it has for those that depend on it: of all that has come since
	// its last final release, whether it is released now or not.
	outward []Level
	units   []*unit
}

// unit is what gets one version: a group, or a component that is in none.
type unit struct {
	members []int
	// group is nil for a component of its own, and view what the members of a group see together.
	group *Group
	view  *view
	// weighed is what the commits of all members of a group lead to.
	weighed Decision
}

// compose decides all components. A release makes releases of those that depend on it, and a group makes
// releases of its members, so it goes on until nothing rises any more: levels never fall on the way, and there are
// only four, which is why it ends, whatever groups and dependencies there are.
func compose(s *sight, read *reading, policy Policy) *composition {
	n := len(s.views)
	c := &composition{
		policy: policy, components: policy.components(), views: s.views,
		weighed: make([]Decision, n), decided: make([]Decision, n), errs: make([]error, n), outward: make([]Level, n),
	}
	for i, v := range s.views {
		c.weighed[i] = v.decision(s.history.Head)
		c.weighed[i].weigh(read, v, policy)
	}
	c.units = unitsOf(s, policy)
	for _, u := range c.units {
		if u.group != nil {
			u.weighed = u.view.decision(s.history.Head)
			u.weighed.weigh(read, u.view, policy)
		}
	}
	for range 4*n + 1 { // a rule of the caller's that turns with the level gets no further
		rising := false
		for _, u := range c.units {
			before := c.state(u)
			c.decide(u)
			rising = rising || !slices.Equal(before, c.state(u))
		}
		if !rising {
			break
		}
	}
	for i := range c.decided {
		for k, on := range c.decided[i].Dependencies {
			from := c.decided[c.index(on.Name)]
			c.decided[i].Dependencies[k].Previous, c.decided[i].Dependencies[k].Next = from.Previous, from.Next
		}
	}
	return c
}

func (c *composition) index(name string) int {
	return slices.IndexFunc(c.components, func(other Component) bool { return other.Name == name })
}

// state is what others see of a unit.
func (c *composition) state(u *unit) []string {
	var state []string
	for _, m := range u.members {
		next := ""
		if v := c.decided[m].Next; v != nil {
			next = v.String()
		}
		state = append(state, c.outward[m].String(), next)
	}
	return state
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
			u.view = s.merged(u, policy)
		}
		all = append(all, u)
	}
	return all
}

// decide decides the members of a unit by what is known of all others.
func (c *composition) decide(u *unit) {
	for _, m := range u.members {
		d, raised := c.raise(m)
		level := d.Level
		c.views[m].raised = raised
		c.errs[m] = d.choose(c.views[m], c.policy)
		c.decided[m] = d
		c.outward[m] = max(c.outward[m], level, d.Level)
	}
	if u.group != nil {
		c.bind(u)
	}
	for _, m := range u.members {
		if c.errs[m] != nil {
			continue
		}
		if err := c.components[m].allows(c.decided[m].Next); err != nil {
			d := &c.decided[m]
			c.errs[m], d.Next, d.NextTag, d.Why = err, nil, "", "no version: "+err.Error()
		}
	}
}

// raise is the decision for a component by its commits and by what it depends on, and, where that counts for more than the
// commits, a sentence that says so.
func (c *composition) raise(m int) (Decision, string) {
	d, raised := c.weighed[m], ""
	for _, name := range slices.Sorted(slices.Values(c.components[m].DependsOn)) {
		i := c.index(name)
		level := c.give(m, i)
		if level == None {
			continue
		}
		if from := c.decided[i]; from.Next != nil {
			d.Dependencies = append(d.Dependencies, Dependency{Name: name, Previous: from.Previous, Next: from.Next, Level: level})
		}
		if level > d.Level {
			d.Level, raised = level, fmt.Sprintf("a release of %s, which it depends on, makes it a %s release", name, level)
		}
	}
	return d, raised
}

// give is the level that a component gets from one that it depends on.
func (c *composition) give(dependent, dependency int) Level {
	level := c.outward[dependency]
	if level == None {
		return None
	}
	switch by := c.policy.PropagateBy; {
	case by != nil:
		level = min(max(by(c.components[dependent], c.components[dependency], level), None), Major)
	case c.policy.Propagate == PropagateNone:
		return None
	case c.policy.Propagate != PropagateSame:
		return Patch
	}
	if c.views[dependent].unstable(c.policy) {
		level, _ = c.policy.Zero.below(level, "")
	}
	return level
}

// bind gives the members of a group their version.
func (c *composition) bind(u *unit) {
	together := u.weighed
	u.view.raised = ""
	for _, m := range u.members {
		d, raised := c.raise(m)
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
		c.outward[m] = max(c.outward[m], level)
		d.Next, d.NextTag, d.Channel, d.Level, d.Why = nil, "", "", None, together.Why
		if c.errs[m] != nil || together.Next == nil {
			continue
		}
		d.Next, d.NextTag, d.Channel = together.Next, v.format.Print(together.Next), together.Channel
		d.Level = max(together.Level, difference(d.Previous, d.Next))
		c.outward[m] = max(c.outward[m], d.Level)
		d.Why = fmt.Sprintf("the %s group %s: %s", u.group.Kind, u.group.Name, together.Why)
		if !own {
			d.Why += fmt.Sprintf("; %s has nothing of its own", v.component.Name)
		}
	}
}

// merged is what the members of a group see together: a component with the tags and the commits of all.
func (s *sight) merged(u *unit, policy Policy) *view {
	m := &view{component: Component{Name: u.group.Name}, format: s.views[u.members[0]].format}
	n := len(s.history.Commits)
	m.since, m.news = make([]bool, n), make([]bool, n)
	for _, i := range u.members {
		v := s.views[i]
		m.tags = append(m.tags, v.tags...)
		for k := range n {
			m.since[k], m.news[k] = m.since[k] || v.since[k], m.news[k] || v.news[k]
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
	return m
}

// over is the decision for the version over all components.
func (c *composition) over(v *view, head string) (Decision, error) {
	d := v.decision(head)
	for i, part := range c.decided {
		d.Level = max(d.Level, c.outward[i])
		if part.Next != nil {
			d.Dependencies = append(d.Dependencies, Dependency{Name: part.Name, Previous: part.Previous, Next: part.Next, Level: part.Level})
		}
	}
	if len(d.Dependencies) == 0 {
		d.Level, d.Why = None, "nothing to release: no component is released"
		return d, nil
	}
	v.raised = fmt.Sprintf("the highest level of all components is %s", d.Level)
	if v.unstable(c.policy) {
		d.Level, v.raised = c.policy.Zero.below(d.Level, v.raised)
	}
	return d, d.choose(v, c.policy)
}

// fresh reports whether anything has come since the last pre-release: a commit, or the release of what it depends on.
func (d *Decision) fresh() bool {
	return len(d.Dependencies) > 0 ||
		slices.ContainsFunc(d.Reasons, func(r Reason) bool { return r.New }) ||
		slices.ContainsFunc(d.Skipped, func(s Skipped) bool { return s.New })
}
