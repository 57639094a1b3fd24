// Package version (SHELL) is the stage that finds the next version of a service, and its release
// notes, from the commits of a git repository since its last release.
//
//	version.Stage{Dir: "."}
//
// It writes stage.Version, stage.Previous, stage.Notes, [Commit], [Level], [Tag] and [Channel], and records the whole decision,
// with the reason for every commit, as the detail "version-decision". Of a repository with several components it is a stage for
// one of them, and records the plan for all as "version-plan". A [From] behind it asks people about major versions alone.
//
// Where no commit calls for a release the stage is skipped, and with it whatever needs it. A repository with changes that are
// not committed fails it with [ErrDirty].
//
// # Errors
//
// Beside ErrDirty they are those of packages changelog and changelog/git, which say how to mend what they are about: git.ErrShallow,
// git.ErrNoTags, changelog.ErrTaken and so on.
//
// # Concurrency
//
// A Stage may be used by any number of releases at once: it only reads the repository.
package version
