package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// Policy is what each pipeline must hold.
type Policy struct {
	// Name names the policy, for people.
	Name string
	// Rules are asked in their order.
	Rules []Rule
	// Tiers are the services by how much they matter: the name of a tier, and its services. A service is in one of them at most.
	Tiers map[string][]string
	// Environments and Services are all that there are, by their names, to the letter. A stage that works in another environment breaks
	// RuleEnvironments, and a pipeline of another service RuleServices: a rule for "production" would pass over "prod" and say that it
	// holds. Whatever the policy names itself must be among them. Empty: any name may be one, but those that differ in case or outer spaces alone
	// from one that the policy names.
	Environments, Services []string
	// Exempt are the exemptions, each from one rule and for a time.
	Exempt []Exemption
}

// Rule is one demand, and of whom it is asked.
type Rule struct {
	// Name names the rule in violations and exemptions. No two have the same.
	Name string
	// Why says what the rule is for, for people. It may be empty.
	Why string
	// For is of whom it is asked. Zero: of all.
	For Scope
	// Demand is what is asked.
	Demand Demand
}

// Scope is a part of what a policy is about. An empty field means all.
type Scope struct {
	Tiers        []string `json:"tiers,omitempty"`
	Services     []string `json:"services,omitempty"`
	Environments []string `json:"environments,omitempty"`
}

// Demand is what a rule asks of a pipeline. Breaches are called once for each pipeline that the rule is asked of, from any goroutine, and
// always answers the same for the same subject; none means that the pipeline holds it. A demand may also have a method Validate() error, and be a
// Looker.
type Demand interface {
	Breaches(s *Subject) []Breach
}

// Looker is a demand that tells which stages it is about. Where there are none, and no breach, the report says that the rule had nothing to look at,
// not that it holds. Of a demand that is none, that is said where no stage works in the environments of the rule.
type Looker interface {
	Looks(s *Subject) []*ledger.Stage
}

// DemandFunc is a demand of your own.
type DemandFunc func(s *Subject) []Breach

// Breaches calls the function.
func (f DemandFunc) Breaches(s *Subject) []Breach { return f(s) }

// Breach is one way in which a pipeline does not hold a demand.
type Breach struct {
	// Stage is the stage that it is about; empty where it is the pipeline as a whole.
	Stage string
	// What says what is wrong, and Mend what to do about it.
	What, Mend string
}

// Exemption lets a service break a rule for a time.
type Exemption struct {
	// Rule is the rule, by its name.
	Rule string `json:"rule"`
	// Service is who may break it; Stage is where. Empty: everywhere in the pipeline.
	Service string `json:"service"`
	Stage   string `json:"stage,omitempty"`
	// By is who allowed it, and Why why. Neither may be empty.
	By  string `json:"by"`
	Why string `json:"why"`
	// Until is when it ends: at that moment it holds no more. There is none without an end.
	Until time.Time `json:"until"`
}

// Validate reports everything that is wrong with the policy itself, by its fields. The error is a *multierror.Error.
func (p Policy) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if len(p.Rules) == 0 {
		bad("Policy.Rules: there is none")
	}
	p.environments().validate(bad)
	p.services().validate(bad)
	environments, services := p.named()
	p.environments().alike("environment", environments, bad)
	p.services().alike("service", services, bad)
	names := make(map[string]int)
	for i, r := range p.Rules {
		switch r.Name {
		case "":
			bad("Policy.Rules[%d].Name: it is empty", i)
		case RuleEnvironments, RuleServices:
			bad("Policy.Rules[%d].Name: %q is a rule that each policy has by itself", i, r.Name)
		}
		if at, twice := names[r.Name]; twice {
			bad("Policy.Rules[%d].Name: %q is that of Rules[%d], too", i, r.Name, at)
		}
		names[r.Name] = i
		for _, tier := range r.For.Tiers {
			if _, known := p.Tiers[tier]; !known {
				bad("Policy.Rules[%d].For.Tiers: there is no tier %q", i, tier)
			}
		}
		p.environments().check(fmt.Sprintf("Policy.Rules[%d].For.Environments", i), r.For.Environments, bad)
		p.services().check(fmt.Sprintf("Policy.Rules[%d].For.Services", i), r.For.Services, bad)
		if r.Demand == nil {
			bad("Policy.Rules[%d].Demand: there is none", i)
		} else if v, ok := r.Demand.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				bad("Policy.Rules[%d].Demand: %w", i, err)
			}
		}
	}
	in := make(map[string]string)
	for _, tier := range slices.Sorted(maps.Keys(p.Tiers)) {
		p.services().check("Policy.Tiers: "+tier, p.Tiers[tier], bad)
		for _, service := range p.Tiers[tier] {
			if other, twice := in[service]; twice {
				bad("Policy.Tiers: %s is in %s and in %s", service, other, tier)
			}
			in[service] = tier
		}
	}
	for i, e := range p.Exempt {
		if _, known := names[e.Rule]; !known && e.Rule != RuleEnvironments && e.Rule != RuleServices {
			bad("Policy.Exempt[%d].Rule: there is no rule %q", i, e.Rule)
		}
		for _, field := range []struct{ name, text string }{{"Service", e.Service}, {"By", e.By}, {"Why", e.Why}} {
			if field.text == "" {
				bad("Policy.Exempt[%d].%s: it is empty", i, field.name)
			}
		}
		if e.Until.IsZero() {
			bad("Policy.Exempt[%d].Until: an exemption has an end", i)
		}
	}
	return errs.ErrorOrNil()
}

// Tier is the tier of a service; empty where it is in none.
func (p Policy) Tier(service string) string {
	for _, tier := range slices.Sorted(maps.Keys(p.Tiers)) {
		if slices.Contains(p.Tiers[tier], service) {
			return tier
		}
	}
	return ""
}

// asks reports whether the rule is asked of a service of a tier.
func (s Scope) asks(service, tier string) bool {
	return (len(s.Services) == 0 || service == "" || slices.Contains(s.Services, service)) &&
		(len(s.Tiers) == 0 || tier == "" || slices.Contains(s.Tiers, tier))
}

// Check holds the pipeline of a service against the policy at a time. The outline is that of release.Pipeline.Outline, or what is recorded with a
// release. The error says that the policy is wrong, or the outline; that the pipeline breaks rules is in the report, and no error.
func (p Policy) Check(service string, outline ledger.Pipeline, now time.Time) (Report, error) {
	if err := errors.Join(p.Validate(), outline.Validate()); err != nil {
		return Report{}, fmt.Errorf("policy %s: %w", p.Name, err)
	}
	r := Report{Policy: p.Name, Pipeline: outline.Name, Service: service, Tier: p.Tier(service), At: now.UTC()}
	order := newSubject(service, r.Tier, outline) // what needs what is the same for all rules
	for _, rule := range slices.Concat(p.unspelled(service, outline), p.rules()) {
		if !rule.For.asks(service, r.Tier) {
			r.NotAsked = append(r.NotAsked, rule.Name)
			continue
		}
		breaches, idle := rule.breaches(order.in(rule.For.Environments))
		switch {
		case idle:
			r.Idle = append(r.Idle, rule.Name)
		case len(breaches) == 0:
			r.Held = append(r.Held, rule.Name)
		}
		for _, b := range breaches {
			v := Violation{Rule: rule.Name, Why: rule.Why, Stage: b.Stage, What: b.What, Mend: b.Mend}
			if e, ok := p.exempt(v, service, now); ok {
				r.Exempted = append(r.Exempted, Exempted{v, e})
				continue
			}
			r.Violations = append(r.Violations, v)
		}
	}
	for _, e := range p.Exempt {
		if e.Service == service && !now.Before(e.Until) {
			r.Expired = append(r.Expired, e)
		}
	}
	return r, nil
}

// breaches are those of the demand; a demand that panics has one. Idle: there are none, and nothing that they could be of.
func (r Rule) breaches(s *Subject) (breaches []Breach, idle bool) {
	defer func() {
		if value := recover(); value != nil {
			breaches = []Breach{{What: fmt.Sprintf("the demand of the rule panics: %v", value), Mend: "mend the rule"}}
		}
	}()
	breaches = r.Demand.Breaches(s)
	return breaches, len(breaches) == 0 && r.idle(s)
}

// exempt is the exemption from a violation that holds longest.
func (p Policy) exempt(v Violation, service string, now time.Time) (longest Exemption, found bool) {
	for _, e := range p.Exempt {
		if e.Rule == v.Rule && e.Service == service && (e.Stage == "" || e.Stage == v.Stage) && now.Before(e.Until) && e.Until.After(longest.Until) {
			longest, found = e, true
		}
	}
	return longest, found
}

// Admit refuses a release whose pipeline breaks a rule at the time of its request. It is for release.Config.Admit.
func (p Policy) Admit(r stage.Release, outline ledger.Pipeline) error {
	report, err := p.Check(r.Service, outline, r.RequestedAt)
	if err != nil {
		return err
	}
	return report.Err()
}
