package changelog

import (
	"errors"
	"fmt"
	"slices"
)

// validateDependencies reports what is wrong with what components depend on.
func (p Policy) validateDependencies(names map[string]bool, bad badFunc) {
	for _, c := range p.Components {
		for i, on := range c.DependsOn {
			switch {
			case !names[on]:
				bad("Components[%q].DependsOn[%d]: there is no component %q", c.Name, i, on)
			case on == c.Name:
				bad("Components[%q].DependsOn[%d]: a component cannot depend on itself", c.Name, i)
			case slices.Index(c.DependsOn, on) < i:
				bad("Components[%q].DependsOn[%d]: %q comes twice", c.Name, i, on)
			}
		}
	}
	var cycle *CycleError
	if _, err := inOrder(p.Components); errors.As(err, &cycle) && len(cycle.Names) > 1 {
		bad("Components[%q].DependsOn: %w", cycle.Names[0], cycle)
	}
	switch p.Propagate {
	case "", PropagatePatch, PropagateSame, PropagateNone:
	default:
		bad("Propagate: %q is none of %q, %q and %q", p.Propagate, PropagatePatch, PropagateSame, PropagateNone)
	}
}

func (p Policy) validateGroups(names map[string]bool, bad badFunc) {
	groups, bound := map[string]bool{}, map[string]string{}
	for i, g := range p.Groups {
		field := fmt.Sprintf("Groups[%d]", i)
		switch {
		case g.Name == "":
			bad("%s.Name: is empty", field)
		case groups[g.Name]:
			bad("%s.Name: %q comes twice", field, g.Name)
		default:
			field = fmt.Sprintf("Groups[%q]", g.Name)
		}
		groups[g.Name] = true
		if g.Kind != Fixed && g.Kind != Linked {
			bad("%s.Kind: %q is neither %q nor %q", field, g.Kind, Fixed, Linked)
		}
		if len(g.Components) < 2 {
			bad("%s.Components: a group has two components at least", field)
		}
		for k, name := range g.Components {
			switch in, twice := bound[name]; {
			case !names[name]:
				bad("%s.Components[%d]: there is no component %q", field, k, name)
			case twice:
				bad("%s.Components[%d]: %q is in the group %q already", field, k, name, in)
			}
			bound[name] = g.Name
		}
	}
}

func (p Policy) validateUmbrella(names map[string]bool, bad badFunc) {
	if p.Umbrella == nil {
		return
	}
	u := *p.Umbrella
	if len(p.Components) == 0 {
		bad("Umbrella: there are no components below it")
	}
	if u.Name == "" || names[u.Name] {
		bad("Umbrella.Name: %q must be a name that no component has", u.Name)
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"Paths", len(u.Paths) > 0}, {"Excludes", len(u.Excludes) > 0}, {"Aliases", len(u.Aliases) > 0},
		{"Scopes", len(u.Scopes) > 0}, {"DependsOn", len(u.DependsOn) > 0}, {"GoModule", u.GoModule != ""},
	} {
		if f.set {
			bad("Umbrella.%s: must be empty: an umbrella is over all components", f.name)
		}
	}
	u.GoModule = ""
	u.validateVersions(p, func(format string, args ...any) { bad("Umbrella."+format, args...) })
}

// validateFormats reports tag formats by which a tag could be that of two components.
func (p Policy) validateFormats(bad badFunc) {
	type writer struct {
		field, name string
		format      TagFormat
		module      string
		whole       bool // it has neither paths nor scopes
		derived     bool // from the name or the folder: what is said in the policy is reported where it is said
	}
	var writers []writer
	for _, c := range p.Components {
		format := p.formatOf(c)
		writers = append(writers, writer{fmt.Sprintf("Components[%q].Tags", c.Name), c.Name, format, c.GoModule, len(c.Paths)+len(c.Scopes) == 0, format != c.Tags && format != p.Tags})
	}
	if p.Umbrella != nil {
		writers = append(writers, writer{"Umbrella.Tags", p.Umbrella.Name, p.formatOf(*p.Umbrella), "", false, false})
	}
	for i, w := range writers {
		if err := w.format.Validate(); err != nil {
			if w.derived {
				bad("%s: %w", w.field, err)
			}
			continue
		}
		for _, other := range writers[:i] {
			if other.format.Validate() != nil {
				continue
			}
			if w.format == other.format && w.module != "" && other.module != "" {
				if a, b := readModuleLine(w.module), readModuleLine(other.module); a.highest < b.lowest || b.highest < a.lowest {
					continue // the major number tells them apart
				}
			}
			if tag, both := overlap(w.format, other.format); both {
				why := ""
				if w.whole && other.whole {
					why = ": neither of them has Paths, so that each is the whole repository"
				}
				bad("%s: a tag such as %s would be one of %s, too%s", w.field, tag, other.name, why)
			}
		}
	}
}
