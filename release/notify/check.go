package notify

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// check goes through Options, and makes of them what a notifier needs.
type check struct {
	o     Options
	crews map[string]*crew
	boxes map[string]*box
	errs  *multierror.Error
}

func (c *check) bad(format string, args ...any) {
	c.errs = multierror.Append(c.errs, fmt.Errorf(format, args...))
}

// under is bad for the fields of something.
func (c *check) under(where string) func(format string, args ...any) {
	return func(format string, args ...any) { c.bad(where+"."+format, args...) }
}

func (c *check) all(n *Notifier) {
	if c.o.Store == nil {
		c.bad("Store: it is nil")
	}
	c.channels()
	for i, g := range c.o.Groups {
		c.group(fmt.Sprintf("Groups[%d]", i), g)
	}
	if len(c.o.Groups) == 0 {
		c.bad("Groups: there is none")
	}
	if len(c.o.Rules) == 0 {
		c.bad("Rules: there is none")
	}
	names := map[string]bool{}
	for i, r := range c.o.Rules {
		where := fmt.Sprintf("Rules[%d]", i)
		if r.Name == "" || names[r.Name] {
			c.bad("%s.Name: %q is empty, or there are two of that name", where, r.Name)
		}
		names[r.Name] = true
		n.rules = append(n.rules, c.rule(where, r))
	}
	n.forms = map[Kind]*form{}
	for _, k := range slices.Sorted(maps.Keys(c.o.Templates)) {
		if !slices.Contains(Kinds(), k) {
			c.bad("Templates[%s]: there is no such kind", k)
			continue
		}
		f, err := parse(c.o.Templates[k], []Kind{k})
		if err != nil {
			c.bad("Templates[%s]: %w", k, err)
		}
		n.forms[k] = f
	}
	if c.o.Alarms != "" {
		if n.alarms = c.crews[c.o.Alarms]; n.alarms == nil {
			c.bad("Alarms: there is no group %q", c.o.Alarms)
		}
	}
	c.durations()
	n.boxes = sorted(c.boxes)
}

func (c *check) durations() {
	for _, d := range []struct {
		field string
		time.Duration
	}{{"Poll", c.o.Poll}, {"Timeout", c.o.Timeout}, {"Retry.Within", c.o.Retry.Within}, {"Retry.Backoff", c.o.Retry.Backoff},
		{"Retry.MaxBackoff", c.o.Retry.MaxBackoff}} {
		if d.Duration < 0 {
			c.bad("%s: %s is below zero", d.field, d.Duration)
		}
	}
	if c.o.Retry.Attempts < 0 {
		c.bad("Retry.Attempts: %d is below zero", c.o.Retry.Attempts)
	}
	if m := c.o.Retry.MaxBackoff; m > 0 && m < c.o.Retry.Backoff {
		c.bad("Retry.MaxBackoff: %s is less than the Backoff of %s", m, c.o.Retry.Backoff)
	}
}

func (c *check) channels() {
	if len(c.o.Channels) == 0 {
		c.bad("Channels: there is none")
	}
	for _, name := range slices.Sorted(maps.Keys(c.o.Channels)) {
		where := "Channels[" + name + "]"
		if !stage.ValidName(name) {
			c.bad("%s: not a name: lower-case letters, digits and inner dashes or dots, a letter first, at most 63", where)
		}
		c.boxes[name] = newBox(name)
		switch ch := c.o.Channels[name].(type) {
		case nil:
			c.bad("%s: it is nil", where)
		case Validator:
			if err := ch.Validate(); err != nil {
				c.bad("%s: %w", where, err)
			}
		}
	}
}

func (c *check) rule(where string, r Rule) *rule {
	made := &rule{Rule: r}
	bad := c.under(where)
	for _, list := range []struct {
		field    string
		patterns []string
	}{{"Kinds", r.Kinds}, {"Services", r.Services}, {"Environments", r.Environments}} {
		for i, p := range list.patterns {
			if _, err := path.Match(p, ""); err != nil || p == "" {
				bad("%s[%d]: %q is no pattern", list.field, i, p)
			} else if list.field == "Kinds" && len(kindsOf([]string{p})) == 0 {
				bad("Kinds[%d]: no kind matches %q", i, p)
			}
		}
	}
	if !r.AtLeast.valid() {
		bad("AtLeast: %s is none", r.AtLeast)
	}
	if r.Dedupe < 0 {
		bad("Dedupe: %s is below zero", r.Dedupe)
	}
	if len(r.To) == 0 {
		bad("To: there is no group")
	}
	made.to = c.groupsOf(where+".To", r.To)
	if r.Escalate != nil {
		c.escalation(where+".Escalate", r, made)
	}
	if r.Template != (Template{}) {
		kinds := kindsOf(r.Kinds)
		if len(kinds) == 0 {
			kinds = Kinds()
		}
		f, err := parse(r.Template, kinds)
		if err != nil {
			bad("Template: %w", err)
		}
		made.template = f
	}
	return made
}

func (c *check) escalation(where string, r Rule, made *rule) {
	if r.Escalate.After < time.Minute {
		c.bad("%s.After: %s is less than a minute", where, r.Escalate.After)
	}
	if len(r.Escalate.To) == 0 {
		c.bad("%s.To: there is no group", where)
	}
	if !slices.ContainsFunc(kindsOf(r.Kinds), Kind.Asks) {
		c.bad("%s: the rule matches nothing that asks a person: %s, %s", where, ApprovalAsked, StageParked)
	}
	made.escalate = c.groupsOf(where+".To", r.Escalate.To)
	for _, g := range made.escalate {
		if len(g.members) > 0 && c.errs.ErrorOrNil() == nil {
			if _, ok := newClimb(time.Minute, []*crew{g}, someday()).step(); !ok {
				c.bad("%s.To: nobody in group %q is ever awake", where, g.name)
			}
		}
	}
}

// kindsOf are the kinds that match any of the patterns.
func kindsOf(patterns []string) []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !matchesAny(patterns, string(k)) })
}

func (c *check) groupsOf(where string, names []string) []*crew {
	var all []*crew
	for i, name := range names {
		if g := c.crews[name]; g != nil {
			all = append(all, g)
		} else {
			c.bad("%s[%d]: there is no group %q", where, i, name)
		}
	}
	return all
}
