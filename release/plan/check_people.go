package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/stage"
)

// people looks at who takes part, and whether they are there when they are needed.
func (c *checker) people() {
	if len(c.People) == 0 {
		c.wrong("People", "name those who take part", "there is nobody")
	}
	awake, cover := presence{}, c.cover()
	for i, one := range c.People {
		field := fmt.Sprintf("People[%d] (%s)", i, one.Name)
		if strings.TrimSpace(one.Name) == "" {
			c.wrong(field+".Name", "", "it is empty")
		} else if slices.ContainsFunc(c.People[:i], func(o Person) bool { return same(o.Name, one.Name) }) {
			c.wrong(field+".Name", "", "two are called so")
		}
		if one.Zone == "" {
			c.wrong(field+".Zone", "name a zone such as Europe/Berlin", "it is missing, so it is not known when they sleep")
			continue
		}
		for j, h := range one.hours() {
			if _, err := h.window(c.Window.From); err != nil {
				c.wrong(fmt.Sprintf("%s.Hours[%d]", field, j), "", "%v", err)
			}
		}
		for j, away := range one.Away {
			c.span(fmt.Sprintf("%s.Away[%d]", field, j), away)
		}
		if c.against.Zones == nil || !c.windowed() {
			continue
		}
		working, err := one.Working(c.against.Zones, cover)
		if err != nil {
			c.wrong(field, "", "when they work is not known: %v", err)
			continue
		}
		awake[one.Name] = working
	}
	c.groups()
	if c.against.Zones == nil {
		c.unchecked("People", "whether they are awake when they are needed", "Zones")
		return
	}
	c.sleepers(awake)
}

// cover is the window, with the phases that are not within it, as long as all of it is not longer than a window may be.
func (c *checker) cover() Span {
	all := c.Window
	for _, ph := range c.Phases {
		if !ph.From.Before(ph.Until) {
			continue
		}
		if ph.From.Before(all.From) {
			all.From = ph.From
		}
		if ph.Until.After(all.Until) {
			all.Until = ph.Until
		}
	}
	if all.Length() > MaxWindow {
		return c.Window
	}
	return all
}

// groups looks at stakeholders.
func (c *checker) groups() {
	if !slices.ContainsFunc(c.Groups, func(g Group) bool { return g.Role == Informed }) {
		c.doubt("Groups", "name who is told", "nobody is informed")
	}
	for i, g := range c.Groups {
		field := fmt.Sprintf("Groups[%d] (%s)", i, g.Name)
		if strings.TrimSpace(g.Name) == "" {
			c.wrong(field+".Name", "", "it is empty")
		} else if slices.ContainsFunc(c.Groups[:i], func(o Group) bool { return o.Name == g.Name }) {
			c.wrong(field+".Name", "", "two are called so")
		}
		if !slices.Contains([]Role{Approves, Consulted, Informed}, g.Role) {
			c.wrong(field+".Role", "it is approves, consulted or informed", "there is no role %q", g.Role)
		}
		if len(g.People) == 0 {
			c.wrong(field+".People", "", "there is nobody in it")
		}
		for j, name := range g.People {
			if c.person(name) == nil {
				c.wrong(field+".People", "add them to People", "nobody is called %q", name)
			}
			if slices.ContainsFunc(g.People[:j], func(other string) bool { return same(other, name) }) {
				c.wrong(field+".People", "", "%s is in it twice", name)
			}
		}
	}
}

// ask looks at a question to a group.
func (c *checker) ask(field string, a Ask) {
	g := c.group(a.Group)
	switch {
	case g == nil:
		c.wrong(field+".Group", "add it to Groups", "there is no group %q", a.Group)
		return
	case a.Quorum < 0:
		c.wrong(field+".Quorum", "", "%d is below zero", a.Quorum)
	case a.quorum() > len(g.People):
		c.wrong(field+".Quorum", "", "%d of %s must say yes, and there are %d", a.quorum(), a.Group, len(g.People))
	}
	if others := slices.DeleteFunc(slices.Clone(g.People), func(name string) bool { return same(name, c.Owner) }); a.FourEyes && len(others) < a.quorum() && len(others) < len(g.People) {
		c.doubt(field+".FourEyes", "add others to the group", "without %s, who asks for the release as a rule, %d of %s can say yes, and %d must", c.Owner, len(others), a.Group, a.quorum())
	}
	if g.Role != Approves {
		c.doubt(field+".Group", "give it the role approves", "group %s has no say, it is %s", a.Group, g.Role)
	}
}

// resources looks at what is booked, here and in other plans.
func (c *checker) resources() {
	known := map[string]Resource{}
	for i, r := range c.Resources {
		field := fmt.Sprintf("Resources[%d] (%s)", i, r.Name)
		_, twice := known[r.Name]
		switch {
		case strings.TrimSpace(r.Name) == "":
			c.wrong(field+".Name", "", "it is empty")
		case twice:
			c.wrong(field+".Name", "", "two are called so")
		}
		if r.Capacity < 0 {
			c.wrong(field+".Capacity", "", "%d is below zero", r.Capacity)
		}
		known[r.Name] = r
	}
	for i, b := range c.Bookings {
		field := fmt.Sprintf("Bookings[%d] (%s)", i, b.Resource)
		r, there := known[b.Resource]
		switch {
		case !there:
			c.wrong(field+".Resource", "add it to Resources", "there is no resource %q", b.Resource)
		case b.Amount < 0:
			c.wrong(field+".Amount", "", "%d is below zero", b.Amount)
		case b.Amount > max(1, r.Capacity):
			c.wrong(field+".Amount", "", "%d are booked, and there are %d", b.Amount, max(1, r.Capacity))
		}
		c.span(field, b.Span)
	}
	if c.against.Others == nil {
		c.unchecked("Bookings", "whether other plans book the same", "Others")
	}
	others := slices.DeleteFunc(slices.Clone(c.against.Others), func(o Plan) bool { return o.Name == c.Name }) // the plan itself is no other
	for _, conflict := range Conflicts(append([]Plan{c.Plan}, others...)...) {
		if !slices.Contains(conflict.Plans, c.Name) {
			continue
		}
		if conflict.Person != "" {
			c.doubt("Phases", "name somebody else, or move one", "%s", conflict)
			continue
		}
		if len(conflict.Plans) == 1 && slices.ContainsFunc(c.Bookings, func(b Booking) bool { return b.Resource == conflict.Resource && b.Amount > conflict.Capacity }) {
			continue // it was told at the booking
		}
		c.wrong("Bookings", "move one of them", "%s", conflict)
	}
}

// risks looks at what may go wrong, and what is done then.
func (c *checker) risks() {
	if len(c.Risks) == 0 {
		c.doubt("Risks", "think of what may go wrong", "there is none")
	}
	for i, r := range c.Risks {
		field := fmt.Sprintf("Risks[%d] (%s)", i, r.Name)
		if !stage.ValidName(r.Name) {
			c.wrong(field+".Name", "lower-case letters, digits and inner dashes or dots", "%q is no name", r.Name)
		} else if slices.ContainsFunc(c.Risks[:i], func(o Risk) bool { return o.Name == r.Name }) {
			c.wrong(field+".Name", "", "there are two of that name")
		}
		for _, level := range []struct {
			field string
			Level
		}{{"Likelihood", r.Likelihood}, {"Impact", r.Impact}} {
			if !slices.Contains([]Level{Low, Medium, High}, level.Level) {
				c.wrong(field+"."+level.field, "it is low, medium or high", "there is no level %q", level.Level)
			}
		}
		c.trigger(field+".Trigger", r)
		c.mitigation(field+".Mitigation", r)
	}
}
