package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/release/ledger"
)

// The rules that a policy has by itself. They may be exempted from as all others.
const (
	// RuleEnvironments asks that each stage works in one of Policy.Environments, or does not say where. Where these are not named, it asks that
	// no stage works in one that differs from one that the policy names elsewhere in case or outer spaces alone; it is told only where it is broken.
	RuleEnvironments = "policy.environments"
	// RuleServices asks that the service is one of Policy.Services, or not known; where these are not named, as RuleEnvironments does.
	RuleServices = "policy.services"
)

// names is a list of all that there is of something.
type names struct {
	field string   // of the policy
	all   []string // none: it is not said what there is
}

// check reports a name that is not in the list.
func (n names) check(field string, asked []string, bad func(format string, args ...any)) {
	for _, name := range asked {
		if len(n.all) > 0 && !slices.Contains(n.all, name) {
			bad("%s: %q is not in Policy.%s", field, name, n.field)
		}
	}
}

// validate reports names that are empty, or there twice.
func (n names) validate(bad func(format string, args ...any)) {
	for i, name := range n.all {
		if name == "" {
			bad("Policy.%s[%d]: it is empty", n.field, i)
		}
		if at := slices.Index(n.all, name); at < i {
			bad("Policy.%s[%d]: %q is that of %s[%d], too", n.field, i, name, n.field, at)
		}
	}
}

// stranger is what is wrong with a name; nil where it is empty, or in the list.
func (n names) stranger(stage, what, name string) []Breach {
	if name == "" || slices.Contains(n.all, name) {
		return nil
	}
	return []Breach{{stage, fmt.Sprintf("the policy knows no %s %q, so no rule for one that it knows is asked of it", what, name),
		fmt.Sprintf("write it as Policy.%s has it, or add it there", n.field)}}
}

func (p Policy) environments() names { return names{"Environments", p.Environments} }
func (p Policy) services() names     { return names{"Services", p.Services} }

// chooser is a demand that chooses stages by what may be an environment.
type chooser interface{ choices() []choice }

// named are the environments and the services that the policy names anywhere, each spelling once.
func (p Policy) named() (environments, services []string) {
	environments, services = slices.Clone(p.Environments), slices.Clone(p.Services)
	for _, r := range p.Rules {
		environments, services = append(environments, r.For.Environments...), append(services, r.For.Services...)
		if c, ok := r.Demand.(chooser); ok {
			for _, one := range c.choices() {
				environments = append(environments, one.match.Environment)
			}
		}
	}
	for _, tier := range slices.Sorted(maps.Keys(p.Tiers)) {
		services = append(services, p.Tiers[tier]...)
	}
	for _, e := range p.Exempt {
		services = append(services, e.Service)
	}
	return spellings(environments), spellings(services)
}

// spellings are the names without those that are empty or come again.
func spellings(all []string) []string {
	var once []string
	for _, name := range all {
		if name != "" && !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

// misspelled is a name that is meant, as others are spelled: one that differs in case or outer spaces alone. Empty: it is one of them, or like none.
func misspelled(name string, all []string) string {
	i := slices.IndexFunc(all, func(other string) bool { return strings.EqualFold(strings.TrimSpace(name), strings.TrimSpace(other)) })
	if name == "" || i < 0 || slices.Contains(all, name) {
		return ""
	}
	return all[i]
}

// alike reports names of the policy that differ in case or outer spaces alone: of the list, where there is one, as others must be in that.
func (n names) alike(what string, all []string, bad func(format string, args ...any)) {
	if len(n.all) > 0 {
		all = n.all
	}
	for i, name := range all {
		if meant := misspelled(name, all[:i]); meant != "" {
			bad("Policy: it names the %s %q, and %q", what, meant, name)
		}
	}
}

// unspelled are the rules against names that are spelled otherwise, where the policy does not list all that there are; none where none is.
func (p Policy) unspelled(service string, outline ledger.Pipeline) (own []Rule) {
	environments, services := p.named()
	odd := func(rule, stage, what, name string, all []string) {
		if meant := misspelled(name, all); meant != "" {
			own = append(own, Rule{Name: rule, Why: "a rule for " + meant + " passes over what is spelled otherwise", Demand: DemandFunc(func(*Subject) []Breach {
				return []Breach{{stage, fmt.Sprintf("the %s %q is spelled otherwise than %q", what, name, meant), fmt.Sprintf("write it as %q", meant)}}
			})})
		}
	}
	for i := range outline.Stages {
		if node := &outline.Stages[i]; len(p.Environments) == 0 {
			odd(RuleEnvironments, node.Name, "environment", node.Environment, environments)
		}
	}
	if len(p.Services) == 0 {
		odd(RuleServices, "", "service", service, services)
	}
	return own
}

// rules are those of the policy, behind those that it has by itself.
func (p Policy) rules() []Rule {
	var own []Rule
	if known := p.environments(); len(known.all) > 0 {
		own = append(own, Rule{Name: RuleEnvironments, Why: "a rule for an environment passes over what is spelled otherwise", Demand: DemandFunc(func(s *Subject) (all []Breach) {
			for i := range s.Pipeline.Stages {
				node := &s.Pipeline.Stages[i]
				all = append(all, known.stranger(node.Name, "environment", node.Environment)...)
			}
			return all
		})})
	}
	if known := p.services(); len(known.all) > 0 {
		own = append(own, Rule{Name: RuleServices, Why: "a rule for a service passes over what is spelled otherwise", Demand: DemandFunc(func(s *Subject) []Breach {
			return known.stranger("", "service", s.Service)
		})})
	}
	return append(own, p.Rules...)
}

// idle reports whether there is nothing in the pipeline that the rule looks at: no stage in its environments, or none that its demand is about.
func (r Rule) idle(s *Subject) bool {
	if looker, ok := r.Demand.(Looker); ok {
		return len(looker.Looks(s)) == 0
	}
	within := func(node ledger.Stage) bool { return s.InScope(&node) }
	return !slices.ContainsFunc(s.Pipeline.Stages, within)
}
