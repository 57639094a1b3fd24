// Package tags (SHELL) tells package metrics/dora what was released from a git repository, by its tags: whoever tags each release has lead times and
// a deployment frequency without recording anything else. It brings along no engine.
//
//	repo, err := git.Open(ctx, ".", git.Options{})
//	...
//	for event, err := range tags.Events(ctx, repo, changelog.Policy{}, tags.Options{Environment: "production"}) {
//		...
//	}
//
// Each final version with a tag is a deployment that succeeded, on whatever branch it is, at the time of the tag: when it was made, or, where it does not say (a lightweight
// one), when its commit was. It brought the commits that belong to the version, as changelog.Releases tells: all that no lower
// version has, but no merges and nothing that was taken back before it was released. A change is committed when its commit says, which a rebase makes later.
//
// Versions are written as the policy says, and as v1.2.3 or 1.2.3 where it says nothing. A pre-release is part of the final version that it leads to, see
// Options.Prereleases. [Read] also tells which tags are no deployments, and why.
//
// Tags say nothing of failures. Unless incidents are added from elsewhere, show dora.Report.WithoutFailures: a change failure rate of 0 would be
// no more than that nobody has looked. The ID of a deployment is its tag. The first version brings all commits before it, see
// dora.Rules.Baseline.
//
// # Errors
//
// The first error ends the sequence: of git, of the options, of the policy, as changelog.Releases tells, or a *TimeError.
//
// # Concurrency
//
// Events may be called by any number of goroutines at once.
package tags
