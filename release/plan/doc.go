// Package plan (PURE) is the plan around a release, as a value: what is in it, who does what when, who has to know, what may go wrong and what is
// done then, how long users may be without the service, how it is taken back, and what has to hold before and after.
//
// It is for release managers who write it, reviewers who want to know what is missing, and hosts that hold a release to it:
//
//	p := plan.Plan{
//		Name: "shop-5", Service: "shop", Environment: "production", Owner: "ada",
//		Window: plan.Span{From: monday9, Until: monday17},
//		People: []plan.Person{{Name: "ada", Zone: "Europe/Berlin"}, {Name: "grace", Zone: "America/New_York"}},
//		...
//	}
//	findings := p.Check(plan.Against{Zones: time.LoadLocation, Outline: &outline, Expected: &expectation, Schedule: schedule, Changes: &changes})
//	fmt.Print(findings.Text())
//	err := findings.Err() // nil where nothing but warnings was found
//
// [Plan.Validate] finds what is wrong in the plan itself; [Plan.Check] holds it against the pipeline that it is for, what that takes (package pace), the
// calendars (package calendar), the commits (package changelog) and other plans. What it was not given it names as not checked.
//
// # It acts
//
// Package enact makes stages of the criteria and of the mitigations, and a keeper that follows a release and sends the signals of risks whose
// trigger has come. What has come is told by [Watch] from the events of the release alone, and each signal has an ID of the plan's own: after
// a restart, nothing is forgotten and nothing is done twice. [Plan.Spent] holds outages against the budget.
//
// # Modes
//
// A plan is a draft, is approved, is executed, and is completed; [Plan.Move] records who moved it, when and why, and the digest of what it said
// then. Only a plan without errors is approved, by one of its people who is in a group that approves and is not its owner, and with the
// [Plan.Review] of that very plan. Whatever is changed later is not approved: [Plan.Bound], and so Check, Admit and package enact, refuse it until
// it is a draft again. The digest is no signature: it tells a change from none, and does not prove who wrote the moves. Keep plans where only
// those write who may.
//
// [Plan.Admit] refuses a release of a plan that is not approved, or outside of its window: a host asks it in release.Config.Admit, beside the
// rules of the company.
//
// # JSON
//
// Durations are nanoseconds. [Parse] is strict: fields and modes that it does not know are errors. Whether the plan makes sense, Validate says.
//
// # Errors
//
// All that is wrong is found at once; each finding names the field and says how to mend it. [Findings.Err] is a *multierror.Error of [Finding].
//
// # Concurrency
//
// A Plan may be read by any number of goroutines at once. A Watch belongs to one at a time.
package plan
