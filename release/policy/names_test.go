package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/policy"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listed is acme's policy, with all that there is.
func listed() policy.Policy {
	rules := acme()
	rules.Environments = []string{"staging", "production", "playground"}
	rules.Services = []string{"shop", "payment", "blog"}
	return rules
}

func broken(r policy.Report) (all []string) {
	for _, v := range r.Violations {
		all = append(all, v.Rule+" "+v.Stage)
	}
	return all
}

func TestNamesThatAreSpelledOtherwise(t *testing.T) {
	unguarded := func(environment string) ledger.Pipeline {
		p := good()
		d := named(&p, "production")
		d.Environment, d.Needs = environment, []string{"staging"}
		return p
	}
	for environment, like := range map[string]bool{"Production": true, "prod": false, " production ": true, "produc\u0442ion": false} {
		report, err := listed().Check("shop", unguarded(environment), today)
		require.NoError(t, err)
		assert.Equal(t, []string{policy.RuleEnvironments + " production"}, broken(report), environment)
		assert.ErrorContains(t, report.Err(), "the policy knows no environment")

		report, err = acme().Check("shop", unguarded(environment), today)
		require.NoError(t, err)
		if like {
			assert.Equal(t, []string{policy.RuleEnvironments + " production"}, broken(report), environment)
			assert.ErrorContains(t, report.Err(), `is spelled otherwise than "production": write it as "production"`)
		} else {
			assert.NoError(t, report.Err())
		}
		assert.NotContains(t, report.Held, policy.RuleEnvironments)
		assert.Contains(t, report.Idle, "approval", "a rule that found no stage does not hold")
		assert.NotContains(t, report.Held, "approval")
		assert.Contains(t, report.Text(), "idle    approval: there is nothing to look at\n")
	}
	report, err := listed().Check("shop", unguarded("production"), today)
	require.NoError(t, err)
	assert.Equal(t, []string{"approval production"}, broken(report))
	assert.Contains(t, report.Held, policy.RuleEnvironments)
	assert.Empty(t, report.Idle)

	for service, want := range map[string][]string{"shop": nil, "": nil, "Shop": {policy.RuleServices + " "}, "shop ": {policy.RuleServices + " "}} {
		report, err := listed().Check(service, good(), today)
		require.NoError(t, err)
		assert.Equal(t, want, broken(report), "service %q", service)
		report, err = acme().Check(service, good(), today)
		require.NoError(t, err)
		assert.Equal(t, len(want) > 0, slices.Contains(broken(report), policy.RuleServices+" "), "service %q, which is in a tier", service)
	}
	// The rules that a policy has by itself are exempted from as all others.
	rules := listed()
	rules.Exempt = []policy.Exemption{{Rule: policy.RuleEnvironments, Service: "shop", Stage: "production", By: "grace", Why: "until it is renamed", Until: today.Add(time.Hour)}}
	report, err = rules.Check("shop", unguarded("prod"), today)
	require.NoError(t, err)
	assert.NoError(t, report.Err())
	assert.Len(t, report.Exempted, 1)
}

func TestNamesThatThePolicyDoesNotKnowItself(t *testing.T) {
	rules := listed()
	rules.Environments = append(rules.Environments, "", "staging")
	rules.Services = []string{"shop", "payment"}
	rules.Rules[0].For = policy.Scope{Environments: []string{"Production"}, Services: []string{"Shop"}}
	rules.Rules[1].Name = policy.RuleServices
	var many *multierror.Error
	require.ErrorAs(t, rules.Validate(), &many)
	assert.Len(t, many.Errors, 6)
	for _, want := range []string{
		"Policy.Environments[3]: it is empty", `Policy.Environments[4]: "staging" is that of Environments[0], too`,
		`Policy.Rules[0].For.Environments: "Production" is not in Policy.Environments`, `Policy.Rules[0].For.Services: "Shop" is not in Policy.Services`,
		`Policy.Rules[1].Name: "policy.services" is a rule that each policy has by itself`, `Policy.Tiers: tier-2: "blog" is not in Policy.Services`,
	} {
		assert.ErrorContains(t, many, want)
	}
}

// Names are in use wherever the policy has them, and it spells each in one way.
func TestNamesInUse(t *testing.T) {
	p := good()
	named(&p, "staging").Environment = "Staging"
	here := policy.Match{Environment: "staging"}
	for name, rule := range map[string]policy.Rule{
		"scope":     {Demand: policy.Approved{}, For: policy.Scope{Environments: []string{"staging"}}},
		"required":  {Demand: policy.Required{Stage: here}},
		"ordered":   {Demand: policy.Ordered{First: policy.Match{Name: "build"}, Then: here}},
		"bounded":   {Demand: policy.Bounded{Stage: here}},
		"forbidden": {Demand: policy.Forbidden{Stage: policy.Match{Name: "none"}, Beside: &here}},
	} {
		rule.Name = "r"
		report, err := policy.Policy{Name: "p", Rules: []policy.Rule{rule}}.Check("shop", p, today)
		require.NoError(t, err)
		assert.Contains(t, broken(report), policy.RuleEnvironments+" staging", name)
	}
	rules := acme()
	rules.Tiers["tier-3"] = []string{"Shop"}
	rules.Rules[0].For.Environments = append(slices.Clone(rules.Rules[0].For.Environments), "PRODUCTION")
	err := rules.Validate()
	require.ErrorContains(t, err, `Policy: it names the service "shop", and "Shop"`)
	require.ErrorContains(t, err, `Policy: it names the environment "production", and "PRODUCTION"`)
	rules = listed()
	rules.Environments = append(rules.Environments, "Staging")
	require.ErrorContains(t, rules.Validate(), `Policy: it names the environment "staging", and "Staging"`)
}

func TestWhatIsIdle(t *testing.T) {
	here := policy.Match{Name: "production"}
	own := policy.DemandFunc(func(*policy.Subject) []policy.Breach { return nil })
	for name, test := range map[string]struct {
		demand policy.Demand
		idle   []bool // for an environment that is there, for one that is there with nothing to look at, and for one that is not there
	}{
		"approved":    {policy.Approved{}, []bool{false, true, true}},
		"progressive": {policy.Progressive{}, []bool{false, true, true}},
		"reversible":  {policy.Reversible{}, []bool{false, true, true}},
		"gated":       {policy.Gated{}, []bool{false, true, true}},
		"artifact":    {policy.SameArtifact{}, []bool{false, true, true}},
		"ordered":     {policy.Ordered{First: policy.Match{Trait: stage.Asks}, Then: here}, []bool{false, true, true}},
		"bounded":     {policy.Bounded{Stage: here}, []bool{false, true, true}},
		"forbidden":   {policy.Forbidden{Stage: policy.Match{Name: "nowhere"}}, []bool{false, false, true}},
		"own":         {own, []bool{false, false, true}},
	} {
		p := good()
		for i := range p.Stages {
			if s := &p.Stages[i]; s.Environment == "" {
				s.Environment = "build"
			}
		}
		for i, scope := range []policy.Scope{production, {Environments: []string{"build"}}, {Environments: []string{"nowhere"}}} {
			report, err := policy.Policy{Name: "p", Rules: []policy.Rule{{Name: "r", Demand: test.demand, For: scope}}}.Check("shop", p, today)
			require.NoError(t, err)
			require.NoError(t, report.Err(), name)
			assert.Equal(t, test.idle[i], len(report.Idle) == 1, "%s for %v", name, scope)
			assert.Equal(t, !test.idle[i], len(report.Held) == 1, "%s for %v", name, scope)
		}
	}
}
