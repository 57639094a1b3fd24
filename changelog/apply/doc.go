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
//	result, err := a.Resume(ctx) // what an earlier run has left half done
//	if errors.Is(err, apply.ErrNothing) { // mostly
//		steps, err := a.Steps(plan) // what would be done
//		result, err := a.Apply(ctx, plan)
//	}
//
// The steps come in this order: files, commit, tags, push, publish. Before the first one everything is checked that can
// be: that the repository is where the plan says and has no other changes, that no tag is taken, what every file is going to
// hold and that it can be written, that a commit and a tag can be made, which needs an identity and perhaps a key to sign
// with, and that there is a branch to push to. A failure then changes nothing.
//
// # Never half a release
//
// A [Journal] keeps the plan and the steps that are done. After a failure, or a kill at whatever point, the same
// call, or [Applier.Resume] where the plan is gone, goes on with the first step that is not. Each step may so be done
// twice, and comes to the same: a file is written if it is as it was, a commit or a tag that is there is
// taken for done if it is the one, and pushing and publishing must be such that again is harmless. While a plan is half
// done no other one is begun. There is no dry run: leave it at Steps.
//
// A program that decides and applies alone does not go on after its commit is made: HEAD has moved, so that it decides
// on another plan, and fails with a [PendingError]. So try Resume first.
//
// Some failures stay: a push is refused for ever once the branch has moved on. [Applier.Abandon] takes back what was made
// here, as long as nothing was pushed; then fetch, decide again and apply. A publisher that will never succeed is passed over by one of
// the same name that does nothing.
//
// A [FileJournal] in the folder of the repository, where git.Repository.Private puts it, lives as long as the checkout. Where
// each run has a checkout of its own, as most CI systems do, a run that dies leaves nothing behind to be resumed. Before the push that is
// right: nothing has happened. After it, what was not published stays so, since the tag is there and the next run finds
// nothing to release. Keep the journal where it outlives the run and belongs to the branch, such as a folder that CI
// caches or a volume, together with the checkout, or use a [Journal] of your own; or publish in a job of its own that the tag starts.
//
// # Errors
//
// [MovedError], [BranchError], [ErrLocked], [DirtyError], [TakenError], [PendingError], [PushedError], [FileError], [ErrNothing] and [ErrSteps] are for callers to act
// on; each says what to do.
//
// # Concurrency
//
// Apply, Resume and Abandon are safe for concurrent use, also by several processes, if the Journal is a [Locker], as a
// FileJournal is: one of them is at work at a time, and the others fail with ErrLocked and do nothing. With any other Journal
// the caller sees to that. A kill frees the lock; a git that was running then may go on for a moment, such as a push that was
// under way.
package apply
