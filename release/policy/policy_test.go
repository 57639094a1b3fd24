package policy_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/policy"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is expected anew")

var (
	today      = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	built      = stage.Built.Ref()
	production = policy.Scope{Environments: []string{"production"}}
)

// good is a pipeline that holds every rule of acme.
func good() ledger.Pipeline {
	return ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{
		{Name: "build", Writes: []stage.Ref{built}, Traits: []stage.Trait{stage.Builds}, Timeout: time.Hour},
		{Name: "scan", Needs: []string{"build"}, Timeout: time.Hour},
		{Name: "staging", Needs: []string{"scan"}, Environment: "staging", Reads: []stage.Ref{built}, CanUndo: true, Traits: []stage.Trait{stage.Deploys}, OnFailure: ledger.Undo, Timeout: time.Hour},
		{Name: "approval", Needs: []string{"staging"}, Traits: []stage.Trait{stage.Asks, stage.FourEyes}, OnFailure: ledger.Undo},
		{Name: "production", Needs: []string{"approval"}, Environment: "production", Reads: []stage.Ref{built}, CanUndo: true, Gates: []string{"errors"},
			Traits: []stage.Trait{stage.Deploys, stage.Progressive}, OnFailure: ledger.Undo, Timeout: time.Hour},
		{Name: "tell", Needs: []string{"production"}, Always: true},
	}}
}

func acme() policy.Policy {
	return policy.Policy{
		Name:  "acme",
		Tiers: map[string][]string{"tier-1": {"shop", "payment"}, "tier-2": {"blog"}},
		Rules: []policy.Rule{
			{Name: "approval", Why: "nobody goes to production alone", Demand: policy.Approved{FourEyes: true}, For: production},
			{Name: "canary", Demand: policy.Progressive{}, For: policy.Scope{Tiers: []string{"tier-1"}, Environments: []string{"production"}}},
			{Name: "way-back", Demand: policy.Reversible{Automatic: true}},
			{Name: "one-artifact", Demand: policy.SameArtifact{}},
			{Name: "gate", Demand: policy.Gated{Names: []string{"errors"}}, For: production},
			{Name: "scan", Demand: policy.Ordered{First: policy.Match{Name: "scan*"}, Then: policy.Match{Trait: stage.Deploys}}},
			{Name: "scanned", Demand: policy.Required{Stage: policy.Match{Name: "scan*"}}},
			{Name: "in-time", Demand: policy.Bounded{Stage: policy.Match{Trait: stage.Deploys}, Most: 2 * time.Hour}},
			{Name: "no-skipping", Demand: policy.Forbidden{Stage: policy.Match{Trait: stage.Deploys, Is: func(s *ledger.Stage) bool { return s.OnFailure == ledger.GoOn }, As: "whose failure is forgiven"}}},
			{Name: "apart", Demand: policy.Forbidden{Stage: policy.Match{Environment: "production"}, Beside: &policy.Match{Environment: "playground"}}},
		},
	}
}

// named is a stage of a pipeline.
func named(p *ledger.Pipeline, name string) *ledger.Stage {
	for i := range p.Stages {
		if p.Stages[i].Name == name {
			return &p.Stages[i]
		}
	}
	panic(name)
}

func TestRules(t *testing.T) {
	tests := []struct {
		name   string
		change func(p *ledger.Pipeline)
		want   []string // rule, stage
	}{
		{"nothing", func(*ledger.Pipeline) {}, nil},
		{"no approval", func(p *ledger.Pipeline) { named(p, "approval").Traits = nil }, []string{"approval production"}},
		{"two eyes", func(p *ledger.Pipeline) { named(p, "approval").Traits = []stage.Trait{stage.Asks} }, []string{"approval production"}},
		{"an approval that is forgiven", func(p *ledger.Pipeline) { named(p, "approval").OnFailure = ledger.GoOn }, []string{"approval production", "way-back approval"}},
		{"an approval that need not be given", func(p *ledger.Pipeline) {
			named(p, "production").When = []ledger.Condition{{Stage: "approval", Is: []stage.Outcome{stage.Succeeded, stage.Skipped}}}
		}, []string{"approval production", "scan production"}},
		{"a deployment in any case", func(p *ledger.Pipeline) { named(p, "production").Always = true }, []string{"approval production", "way-back production", "scan production"}},
		{"an approval beside", func(p *ledger.Pipeline) { named(p, "production").Needs = []string{"staging"} }, []string{"approval production"}},
		{"no canary", func(p *ledger.Pipeline) { named(p, "production").Traits = []stage.Trait{stage.Deploys} }, []string{"canary production"}},
		{"no way back", func(p *ledger.Pipeline) { named(p, "staging").CanUndo = false }, []string{"way-back staging"}},
		{"irreversible", func(p *ledger.Pipeline) { named(p, "production").Irreversible = true }, []string{"way-back production"}},
		{"irreversible before", func(p *ledger.Pipeline) { named(p, "scan").Irreversible = true }, []string{"way-back staging", "way-back production"}},
		{"not taken back", func(p *ledger.Pipeline) { named(p, "production").OnFailure = ledger.Stop }, []string{"way-back production", "way-back production"}},
		{"irreversible beside", func(p *ledger.Pipeline) {
			p.Stages = append(p.Stages, ledger.Stage{Name: "drop", Needs: []string{"staging"}, Irreversible: true, OnFailure: ledger.Undo})
		}, []string{"way-back production"}},
		{"irreversible in any case", func(p *ledger.Pipeline) {
			p.Stages = append(p.Stages, ledger.Stage{Name: "drop", Irreversible: true, Always: true})
		},
			[]string{"way-back staging", "way-back production"}},
		{"irreversible behind", func(p *ledger.Pipeline) { named(p, "tell").Irreversible = true }, nil},
		{"stops beside", func(p *ledger.Pipeline) { p.Stages = append(p.Stages, ledger.Stage{Name: "smoke"}) }, []string{"way-back smoke", "way-back smoke"}},
		{"freezes beside", func(p *ledger.Pipeline) {
			p.Stages = append(p.Stages, ledger.Stage{Name: "smoke", Needs: []string{"staging"}, OnFailure: ledger.Freeze})
		}, []string{"way-back smoke", "way-back smoke"}},
		{"stops before", func(p *ledger.Pipeline) { named(p, "scan").OnFailure = ledger.Stop }, nil},
		{"undoes beside", func(p *ledger.Pipeline) {
			p.Stages = append(p.Stages, ledger.Stage{Name: "smoke", OnFailure: ledger.Undo})
		}, nil},
		{"an abort leaves it", func(p *ledger.Pipeline) { p.OnAbort = ledger.Stop }, []string{"way-back "}},
		{"reads nothing", func(p *ledger.Pipeline) { named(p, "staging").Reads = nil }, []string{"one-artifact staging"}},
		{"built twice", func(p *ledger.Pipeline) {
			again := stage.NewKey[stage.Artifact]("again").Ref()
			a, d := named(p, "approval"), named(p, "production")
			a.Writes, a.Traits, d.Reads = []stage.Ref{again}, append(a.Traits, stage.Builds), []stage.Ref{again}
		}, []string{"one-artifact production", "one-artifact approval"}},
		{"reads both", func(p *ledger.Pipeline) {
			d := named(p, "production")
			d.Reads = append(d.Reads, stage.NewKey[stage.Artifact]("again").Ref())
		}, []string{"one-artifact production"}},
		{"builds while it deploys", func(p *ledger.Pipeline) {
			d := named(p, "production")
			d.Traits = append(d.Traits, stage.Builds)
		}, []string{"one-artifact production"}},
		{"builds beside", func(p *ledger.Pipeline) {
			p.Stages = append(p.Stages, ledger.Stage{Name: "docs", Needs: []string{"staging"}, Traits: []stage.Trait{stage.Builds}, OnFailure: ledger.Undo})
		}, nil},
		{"no gate", func(p *ledger.Pipeline) { named(p, "production").Gates = []string{"latency"} }, []string{"gate production"}},
		{"a gate before", func(p *ledger.Pipeline) {
			named(p, "production").Gates = nil
			named(p, "approval").Gates = []string{"errors"}
		}, nil},
		{"no scan", func(p *ledger.Pipeline) { named(p, "scan").Name = "look"; named(p, "staging").Needs = []string{"look"} },
			[]string{"scan staging", "scan production", "scanned "}},
		{"forever", func(p *ledger.Pipeline) { named(p, "staging").Timeout = 0 }, []string{"in-time staging"}},
		{"long", func(p *ledger.Pipeline) { named(p, "staging").Timeout = 3 * time.Hour }, []string{"in-time staging"}},
		{"forgiven", func(p *ledger.Pipeline) { named(p, "staging").OnFailure = ledger.GoOn },
			[]string{"way-back staging", "no-skipping staging"}},
		{"together", func(p *ledger.Pipeline) { named(p, "scan").Environment = "playground" }, []string{"apart production"}},
		{"nowhere", func(p *ledger.Pipeline) {
			named(p, "staging").Environment = ""
		}, []string{"approval staging", "canary staging", "gate staging"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := good()
			test.change(&p)
			report, err := acme().Check("shop", p, today)
			require.NoError(t, err)
			var got []string
			for _, v := range report.Violations {
				got = append(got, v.Rule+" "+v.Stage)
				assert.NotEmpty(t, v.What)
				assert.NotEmpty(t, v.Mend)
			}
			if test.name == "nowhere" || test.name == "together" || test.name == "no scan" {
				assert.Subset(t, got, test.want)
				return
			}
			assert.Equal(t, test.want, got, report.Text())
		})
	}
}

func TestWhoIsAsked(t *testing.T) {
	p := good()
	named(&p, "production").Traits = []stage.Trait{stage.Deploys}
	for service, broken := range map[string]bool{"shop": true, "blog": false, "unheard-of": true, "": true} {
		report, err := acme().Check(service, p, today)
		require.NoError(t, err)
		assert.Equal(t, broken, report.Err() != nil, "service %q: what is not known counts against it", service)
		assert.Equal(t, !broken, len(report.NotAsked) == 1, service)
	}
}

func TestExemptions(t *testing.T) {
	p := good()
	named(&p, "production").Traits = []stage.Trait{stage.Deploys}
	rules := acme()
	until := today.Add(time.Hour)
	rules.Exempt = []policy.Exemption{
		{Rule: "canary", Service: "shop", Stage: "production", By: "grace", Why: "no router yet", Until: until},
		{Rule: "canary", Service: "blog", By: "grace", Why: "small", Until: until},
		{Rule: "way-back", Service: "shop", By: "ada", Why: "first day", Until: today},
	}
	report, err := rules.Check("shop", p, today)
	require.NoError(t, err)
	require.NoError(t, report.Err())
	require.Len(t, report.Exempted, 1)
	assert.Equal(t, "grace", report.Exempted[0].Exemption.By)
	require.Len(t, report.Expired, 1, "one that is over at this moment")

	report, err = rules.Check("shop", p, until)
	require.NoError(t, err)
	assert.Len(t, report.Violations, 1, "its end does not belong to it")
	rules.Exempt[0].Stage = "staging"
	report, err = rules.Check("shop", p, today)
	require.NoError(t, err)
	assert.Len(t, report.Violations, 1, "it is for one stage")

	request := stage.Release{Service: "shop", RequestedAt: today}
	var broken *policy.BrokenError
	require.ErrorAs(t, rules.Admit(request, p), &broken)
	assert.ErrorContains(t, broken, "policy acme: pipeline shop: rule canary: stage production: it deploys to production to all at once")
	rules.Exempt[0].Stage = ""
	assert.NoError(t, rules.Admit(request, p))
	request.RequestedAt = until
	assert.Error(t, rules.Admit(request, p))
}

func TestAWrongPolicyHoldsForNobody(t *testing.T) {
	wrong := policy.Policy{
		Tiers: map[string][]string{"a": {"shop"}, "b": {"shop"}},
		Rules: []policy.Rule{
			{Demand: policy.Progressive{}}, {Name: "x"}, {Name: "x", Demand: policy.Bounded{Most: -1}, For: policy.Scope{Tiers: []string{"c"}}},
			{Name: "y", Demand: policy.Forbidden{Stage: policy.Match{Name: "["}, Beside: &policy.Match{Trait: "sings"}}},
			{Name: "z", Demand: policy.Ordered{First: policy.Match{Name: "["}}}, {Name: "w", Demand: policy.Required{Stage: policy.Match{Name: "["}}},
		},
		Exempt: []policy.Exemption{{Rule: "q"}},
	}
	err := wrong.Validate()
	for _, want := range []string{
		"Policy.Rules[0].Name: it is empty", "Policy.Rules[1].Demand: there is none", `Policy.Rules[2].Name: "x" is that of Rules[1], too`,
		`Policy.Rules[2].For.Tiers: there is no tier "c"`, "Policy.Rules[2].Demand: Bounded.Most: -1ns is below zero",
		`Policy.Rules[3].Demand`, `Forbidden.Stage.Name: "[" is no pattern`, `Forbidden.Beside.Trait: there is no trait "sings"`,
		`Ordered.First.Name: "[" is no pattern`, `Required.Stage.Name: "[" is no pattern`,
		"Policy.Tiers: shop is in a and in b", `Policy.Exempt[0].Rule: there is no rule "q"`,
		"Policy.Exempt[0].Service: it is empty", "Policy.Exempt[0].By: it is empty", "Policy.Exempt[0].Why: it is empty", "Policy.Exempt[0].Until: an exemption has an end",
	} {
		assert.ErrorContains(t, err, want)
	}
	var all *multierror.Error
	require.ErrorAs(t, err, &all)
	_, checked := wrong.Check("shop", good(), today)
	assert.Error(t, checked)
	assert.Error(t, wrong.Admit(stage.Release{Service: "shop"}, good()))
	assert.ErrorContains(t, policy.Policy{}.Validate(), "Policy.Rules: there is none")
	_, err = acme().Check("shop", ledger.Pipeline{}, today)
	assert.Error(t, err, "an outline that is none")
}

func TestARuleOfOnesOwn(t *testing.T) {
	rules := policy.Policy{Name: "own", Rules: []policy.Rule{
		{Name: "secrets", Demand: policy.DemandFunc(func(s *policy.Subject) []policy.Breach {
			var breaches []policy.Breach
			for _, p := range s.Matching(policy.Match{Name: "*-production"}) {
				breaches = append(breaches, policy.Breach{Stage: p.Name, What: s.Service + " " + s.Tier})
			}
			return breaches
		})},
		{Name: "panics", Demand: policy.DemandFunc(func(*policy.Subject) []policy.Breach { panic(errors.New("oh")) })},
	}}
	report, err := rules.Check("shop", good(), today)
	require.NoError(t, err)
	require.Len(t, report.Violations, 1)
	assert.Equal(t, "rule panics: the pipeline: the demand of the rule panics: oh: mend the rule", report.Violations[0].String())
}

func TestReport(t *testing.T) {
	p := good()
	named(&p, "production").Traits = []stage.Trait{stage.Deploys}
	named(&p, "production").CanUndo = false
	named(&p, "approval").Traits = []stage.Trait{stage.Asks}
	rules := acme()
	rules.Exempt = []policy.Exemption{
		{Rule: "way-back", Service: "shop", By: "grace", Why: "the router\ncomes in December", Until: today.AddDate(0, 1, 0)},
		{Rule: "gate", Service: "shop", By: "ada", Why: "first day", Until: today},
	}
	report, err := rules.Check("shop", p, today)
	require.NoError(t, err)
	text, err := json.MarshalIndent(report, "", "\t")
	require.NoError(t, err)
	report.Service = "blog"
	report.Tier = ""
	golden(t, "report.txt", report.Text())
	golden(t, "report.json", string(text)+"\n")
	var back policy.Report
	require.NoError(t, json.Unmarshal(text, &back))
	back.Service, back.Tier = report.Service, report.Tier
	assert.Equal(t, report, back)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run with -update, and read the difference")
}
