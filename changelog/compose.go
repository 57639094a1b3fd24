package changelog

import (
	"fmt"
	"slices"
)

// composition decides components together, which depend on each other and are bound in groups.
type composition struct {
	sight      *sight
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
	// own is outward without the step that a member of a group makes because others were ahead of it.
	own   []Level
	units []*unit
	// missed are, per component, the releases of what it depends on that it was not part of, and behind those of each component
	// that the umbrella was not part of.
	missed []map[string]*missed
	behind []*missed
}

// compose decides all components. A release makes releases of those that depend on it, and a group makes
// releases of its members, so it goes on until nothing rises any more: levels never fall on the way, and there are
// only four, which is why it ends, whatever groups and dependencies there are.
func compose(s *sight, read *reading, policy Policy) *composition {
	n := len(s.views)
	c := &composition{
		sight: s, policy: policy, components: policy.components(), views: s.views,
		weighed: make([]Decision, n), decided: make([]Decision, n), errs: make([]error, n), outward: make([]Level, n), own: make([]Level, n),
	}
	for i, v := range s.views {
		c.weighed[i] = v.decision(s.history.Head)
		c.weighed[i].weigh(read, v, policy)
		c.weighed[i].merge(s, read, i, &policy)
	}
	c.units = unitsOf(s, policy)
	c.missing()
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
	for _, u := range c.units {
		c.accompany(u)
	}
	for i := range c.decided {
		for k := range c.decided[i].Dependencies {
			on := &c.decided[i].Dependencies[k]
			*on = c.dependency(on.Name, on.Level, c.missed[i][on.Name])
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

// decide decides the members of a unit by what is known of all others.
func (c *composition) decide(u *unit) {
	for _, m := range u.members {
		d, raised := c.raise(m, c.weighed[m])
		level := d.Level
		c.views[m].raised = raised
		c.errs[m] = d.choose(c.views[m], c.policy)
		c.decided[m] = d
		c.outward[m] = max(c.outward[m], level, d.Level)
		c.own[m] = max(c.own[m], level, d.Level)
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

// raise is a decision for a component by its commits, and by what it depends on, and, where that counts for more than the
// commits, a sentence that says so.
func (c *composition) raise(m int, d Decision) (Decision, string) {
	raised := ""
	for _, name := range slices.Sorted(slices.Values(c.components[m].DependsOn)) {
		i := c.index(name)
		level := c.give(m, i)
		if level == None {
			continue
		}
		missed := c.missed[m][name]
		if c.decided[i].Next != nil || missed != nil {
			d.Dependencies = append(d.Dependencies, c.dependency(name, level, missed))
		}
		switch {
		case level <= d.Level:
		case c.decided[i].Next == nil && missed != nil:
			d.Level, raised = level, fmt.Sprintf("%s, which it depends on, was released without it, which makes it a %s release", missed.tag.Name, level)
		default:
			d.Level, raised = level, fmt.Sprintf("a release of %s, which it depends on, makes it a %s release", name, level)
		}
	}
	return d, raised
}

// dependency is a component that another one depends on: what it is released as, or was without the other one.
func (c *composition) dependency(name string, level Level, missed *missed) Dependency {
	from := c.decided[c.index(name)]
	on := Dependency{Name: name, Previous: from.Previous, Next: from.Next, Level: level}
	if missed != nil {
		on.Previous = missed.from
		if on.Next == nil {
			on.Next = missed.tag.Version
		}
	}
	return on
}

// give is the level that a component gets from one that it depends on.
func (c *composition) give(dependent, dependency int) Level {
	level := c.outward[dependency]
	if missed := c.missed[dependent][c.components[dependency].Name]; missed != nil {
		level = max(level, missed.level)
	}
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

// over is the decision for the version over all components.
func (c *composition) over(v *view, head string) (Decision, error) {
	d := v.decision(head)
	c.behind = make([]*missed, len(c.components))
	for i, part := range c.decided {
		level := part.Level
		d.Level = max(d.Level, c.own[i])
		if c.behind[i] = c.sight.missed(len(c.views), v, c.views[i], c.policy); c.behind[i] != nil {
			level, d.Level = max(level, c.behind[i].level), max(d.Level, c.behind[i].level)
		}
		if part.Next != nil || c.behind[i] != nil {
			d.Dependencies = append(d.Dependencies, c.dependency(part.Name, level, c.behind[i]))
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

// fresh reports whether anything has come since the last pre-release: a commit, the release of what it depends on, or what the last
// release has and the pre-release has not, such as a hotfix that was merged.
func (d *Decision) fresh(v *view) bool {
	return d.Prerelease == nil || v.passed || len(d.Dependencies) > 0 ||
		slices.ContainsFunc(d.Reasons, func(r Reason) bool { return r.New }) ||
		slices.ContainsFunc(d.Skipped, func(s Skipped) bool { return s.New })
}
