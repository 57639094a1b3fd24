// Package policy (PURE) holds pipelines against the rules of a company: an approval before production, a canary for what matters most, a way
// back, the same artifact everywhere, so that teams do not drift apart.
//
// It is for whoever answers for more pipelines than one. A policy is wired once, in code:
//
//	rules := policy.Policy{
//		Name:  "acme",
//		Tiers: map[string][]string{"tier-1": {"shop", "payment"}, "tier-2": {"blog"}},
//		Environments: []string{"staging", "production"},
//		Services:     []string{"shop", "payment", "blog"},
//		Rules: []policy.Rule{
//			{Name: "approval", Demand: policy.Approved{FourEyes: true}, For: policy.Scope{Environments: []string{"production"}}},
//			{Name: "canary", Demand: policy.Progressive{}, For: policy.Scope{Tiers: []string{"tier-1"}, Environments: []string{"production"}}},
//			{Name: "way-back", Demand: policy.Reversible{}},
//			{Name: "one-artifact", Demand: policy.SameArtifact{}},
//		},
//	}
//
// and enforced in two places. In a test of the host's pipelines, where a team learns of it first:
//
//	outline, err := pipeline.Outline()
//	report, err := rules.Check("shop", outline, time.Now())
//	err = report.Err()
//
// And in the host, where no release begins that breaks a rule:
//
//	runner := release.NewRunner(release.Config{Admit: rules.Admit})
//
// # What is looked at
//
// The outline of a pipeline, which is the data that is recorded with a release: the criteria are stages in it as all others. What a stage does is
// what it declares: package stage/deploy says that it deploys, and whether it does so progressively, and package stage/approval that it asks
// people. A function or a command that deploys says so by being wrapped in a stage.Declared with the trait stage.Deploys; what does not say it
// is not seen.
//
// A stage counts as coming before another one when that cannot begin unless the first has succeeded: by Needs, directly or through others. A need of
// a stage that runs Always, or whose When also takes other ends, is none of that, and neither is a stage that is forgiven its failure (GoOn). A
// person who says skip to a stage passes over it nevertheless; that is recorded with the name. A fork takes over the approvals of the release
// that it was forked from, as far as they were given to the same: see release.Origin.
//
// # What is not known
//
// Counts against the pipeline: a rule for a tier is asked of a service whose tier is not known, and a rule for an environment of a stage that does
// not say where it works. A demand that panics does not hold.
//
// Names are compared to the letter. A policy that lists its environments and services refuses all others ("prod"); one that does not list them
// refuses those that differ from one that it names in case or outer spaces alone ("Production"), and passes over the rest. A rule that finds
// nothing in a pipeline that it could be about is idle in the report: it is not said to hold. Which service a release is of is what its request
// says: that it is true is for the host to make sure.
//
// # Errors
//
// Violations are told all at once, each with its rule, its stage and how to mend it; [Report.Err] gives them as a [*BrokenError]. A policy
// that is wrong itself holds for nobody: [Policy.Validate] reports all of that, and Check and Admit fail with it.
//
// # Concurrency
//
// A Policy may be used by any number of goroutines at once, as far as the demands in it may.
package policy
