package policy

import (
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/release/ledger"
)

// The rules that a policy has by itself where it names its environments and services. They may be exempted from as all others.
const (
	// RuleEnvironments asks that each stage works in one of Policy.Environments, or does not say where.
	RuleEnvironments = "policy.environments"
	// RuleServices asks that the service is one of Policy.Services, or not known.
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
