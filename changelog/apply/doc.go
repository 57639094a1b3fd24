// Package apply (SHELL) carries out a plan of package changelog: it writes versions and changelogs into files, commits, tags,
// pushes and publishes.
//
//	a := apply.Applier{
//		Repository: repo, Dir: dir, // package changelog/git
//		Files:      []apply.File{{Path: "package.json", Updater: apply.Pointer("/version")}},
//		Committer:  git.Committer{Repository: repo},
//		Tagger:     git.Tagger{Repository: repo},
//		Journal:    apply.FileJournal{Path: repo.Private("release.json")},
//	}
//	steps, err := a.Steps(plan) // what would be done
//	result, err := a.Apply(ctx, plan)
//
// The steps come in this order: files, commit, tags, push, publish. Before the first one everything is checked that can
// be: that the repository is where the plan says and has no other changes, that no tag is taken, and what
// every file is going to hold. A failure then changes nothing.
//
// # Never half a release
//
// A [Journal] keeps the plan and the steps that are done. After a failure, or a kill at whatever point, the same
// call, or [Applier.Resume] where the plan is gone, goes on with the first step that is not. Each step may so be done
// twice, and comes to the same: a file is written if it is as it was, a commit or a tag that is there is
// taken for done if it is the one, and pushing and publishing must be such that again is harmless. While a plan is half
// done no other one is begun. There is no dry run: leave it at Steps.
//
// # Errors
//
// [MovedError], [DirtyError], [TakenError], [PendingError], [FileError], [ErrNothing] and [ErrSteps] are for callers to act
// on; each says what to do.
//
// # Concurrency
//
// One plan is carried out at a time in one repository; the caller sees to that. All else is safe for concurrent use.
package apply
