// Package git (SHELL) reads the history of a real repository for package changelog, by running git.
//
// It is for whoever wants the next version or the notes of a repository on disk:
//
//	repo, err := git.Open(ctx, ".", git.Options{})
//	history, err := repo.History(ctx, policy)
//	plan, err := changelog.Decide(history, policy)
//
// A Repository only reads. A [Committer], a [Tagger] and a [Remote] write, for package changelog/apply. Git runs without pager, colours, hooks, prompts, replacement objects and optional
// locks, in the C locale, with all GIT_ variables taken out of its environment that could lead it
// to another repository. The configuration of the user and
// of the repository stay in force, because they say which repositories to trust; what could change
// the output is overruled. The configuration of the whole machine is in force for what writes, which may say how a remote is reached and
// what signs; what only reads goes by it where it alone trusts the repository. GIT_CONFIG_NOSYSTEM=1 turns it off for both.
//
// A partial clone that lacks its trees (--filter=tree:0) has no paths: a policy that needs them fails with ErrPartial. One that
// lacks nothing but files (--filter=blob:none) is as good as a whole one. Nothing is fetched by itself.
//
// Commits come in one stream from one process, however long the history is. Where the repository stands and how its tags are called is
// read from its files, without a process; git is asked wherever they hold more than plain references.
//
// # Errors
//
// [ErrNoGit], [ErrNotRepository], [ErrShallow], [ErrNoTags], [ErrPartial] and [ErrNoCommits] are for callers to act on. Every
// other failure of git is an [*Error], which holds what git said.
//
// # Concurrency
//
// A Repository is safe for concurrent use. No process outlives the call, or the loop, that
// started it.
package git
