// Package changelog (PURE) reads commits and answers two questions: which version comes next, and
// what do its users have to know? Every answer comes with its reasons.
//
// It is for whoever wants the version and the notes and nothing else: it imports no engine, runs no
// program and reads no file. Package changelog/git reads a real repository.
//
//	history, err := repo.History(ctx, policy) // package changelog/git
//	plan, err := changelog.Decide(history, policy)
//	fmt.Println(plan.Explain())
//	fmt.Println(plan.Components[0].Notes(changelog.NotesOptions{}).Markdown())
//
// Messages are read by the letter of Conventional Commits 1.0.0, see [ParseWith]; versions are those of
// Semantic Versioning 2.0.0, read strictly. Where the two leave a question open, the answer is a
// field of [Policy] or written at the function that gives it.
//
// The same input gives the same output, byte for byte. Reading is linear in the length of a
// message, whatever it holds, and deciding in the number of commits.
//
// # Which version comes next
//
// The last release is the highest final version whose tag counts; [Reach] says which do. A tag counts only if it is
// written in the component's form and holds three numbers without leading zeros: v1, latest and v2026.01.02 have
// no say, and the decision names them with their reasons. Of versions that differ in their build metadata alone
// the last release is the one that comes first in the history. Where no tag can be read and others hold versions in one other
// form, such as 1.2.3 or release-1.2.3, the answer is [ErrOtherFormat] with the form to set, and not the first version; of fewer such
// tags, beside releases that can be read, there is a diagnostic. There also is one where the tags are those of parts, such as api/v1.2.3, and
// the policy has no components, and where components begin anew in a repository that was released as a whole.
//
// There are two ranges. The level of a release is the highest of all commits since the last release: a breaking
// change is major, the rest is up to Policy.Types. Whether there is anything to release on a channel is
// up to the commits since its last pre-release. So 1.1.0-beta.1 is followed by 1.1.0-beta.2 after a feature, and by
// 2.0.0-beta.1 after a breaking change, and not by anything after a chore. What the last release has and the pre-release has not is
// new to the channel, too: after 1.0.1 was merged into
// the branch of 1.1.0-beta.1 there is 1.1.0-beta.2, whose notes tell what 1.0.1 has brought: who has 1.1.0-beta.1 does not have it. Those of
// 1.1.0 do not tell it again.
//
//   - The level gives the version without its channel. An ancestor that is a pre-release of a higher one
//     raises it to that.
//   - If the channel has a pre-release of that version, the counter goes on, otherwise it begins at 1.
//   - Whoever goes from alpha to beta to rc needs no new commit. The way back is [ErrLower], because 1.1.0-alpha.4 would
//     come before 1.1.0-rc.1.
//   - A policy without a channel, or with Final, releases the final version: 1.1.0 of 1.1.0-rc.2, also without a new
//     commit. What has come since the pre-release is released with it, and marked as new in the decision.
//   - Once a final version is out, on whatever branch, its pre-releases are over: the next beta is one of the version
//     after it.
//
// A maintenance branch such as 1.2.x or release/1.x keeps to its line: a version outside of it is [ErrOutOfRange], with the
// range. A footer "Release-As: 2.0.0" is obeyed, the newest one, unless it is not above the last release. One of a
// pre-release has had its say once that is tagged, and those before it come to nothing. The level stays that
// of the commits where they call for more. A
// version that is tagged on a commit which is no ancestor is [ErrTaken], and never given twice.
//
// # Components
//
// A repository may hold several components with versions of their own. They are decided together, from one walk of the history,
// however many there are:
//
//   - A commit belongs to the components whose files it changes. The longest path wins, whole names are compared, so that
//     a/b/x belongs to a/b and not to a, and pkg/ab never to pkg/a. What Excludes takes out falls to the next
//     shorter path. Aliases count as paths too, but after the Paths of others. A path that several components have
//     belongs to all of them. "." takes what is left. A merge has the files that it changes against its
//     first parent.
//   - It also belongs to the components that have its scope, or one of its scopes: "fix(api, web): x".
//   - A commit without files belongs to those of its scope alone, or else to the component with the path ".". So a
//     Release-As in an empty commit is never one for all, and one that is for nobody is told.
//   - What belongs to nobody is in Plan.Skipped, with the reason.
//
// Each component reads the tags of its own form. Two forms that could both read a tag are an error of the policy, whatever tags
// there are. A tag that nobody reads is in Plan.IgnoredTags.
//
// The release of a component releases those that depend on it, by Policy.Propagate: as a patch, or with the same level, which
// is a minor one at most below 1.0.0, or by a rule of your own. It works through groups, too. [Fixed] components are released
// together; [Linked] ones only where they have something of their own. Both get the version that follows the highest one of
// the group, by the highest level in it. A member that was behind goes further than the level of the commits, and
// its own level is that of its step. An umbrella is released whenever a component is, by the levels without such steps.
//
// A release that stopped half way is brought to its end by the next plan, which tells it in a diagnostic: a member of a fixed group that did not
// become 1.3.0 when another one did becomes 1.3.0, or, where something has come since, goes on with all to the version after it. What
// should have been released with something that it depends on is released now, and an umbrella after its parts, by the
// levels of all that they missed. Whoever was never in step, such as the members of a new group, gets there by the next release.
//
// On a channel a component is released again if it has something new since its last pre-release, or if what it depends on is
// released; its level is that of all that has come since its last final release, here and in what it depends on.
//
// [GoModules] makes components of go.mod files. Their tags are those that Go wants, api/v1.2.3 for the folder api, and
// ec2/v2.0.0 for the folder ec2/v2 of a module that ends in /v2. A version that the module's path does not allow is a [ModuleVersionError], before anything is tagged.
//
// # What users have to know
//
// [Decision.Notes] makes notes of a decision: data, whose JSON can be read back, with [Notes.Markdown], [Notes.Text],
// [Notes.Short] and a [Template] to print them. [NotesOptions] choose an [Audience], the sections, links and the people to name; one plan
// gives as many texts as there are readers. A version without changes says so, and whom of its fixed group it is released with. [Releases] tells a whole history, release by release, while it is read. Package changelog/document
// puts notes into a file that people write, too.
//
// What a commit says is text and never more: [Escape] makes it inert in Markdown and HTML, wherever it is printed. That
// goes for addresses, too: an address in a subject is no link. Links come from [Links] alone, which [LinksFor] tells from the
// address of a remote.
//
// # What else a plan is good for
//
// [Decision.Leads] are the commits that lead times are measured from, [Decision.Signals] the reverts and hotfixes that say that an earlier
// release failed, and [Decision.Scope] compares a release with what was planned for it. A [Plan] has the same over all components.
//
// Package changelog/apidiff, a module of its own, holds a decision against the real difference of a Go module's API, as a gate: a
// patch that removes a function does not pass.
//
// # Errors
//
// A message is never an error: one that is not conventional is kept as such, with a [Diagnostic]
// that says why. [Decide] fails with what Policy.Validate says, or with a [ComponentError] for each component that has no
// next version: [ErrOtherFormat], [ErrTaken], [ErrLower], [ErrOutOfRange], [ErrReleaseAs], [ErrOverflow],
// [ModuleVersionError]. Its plan is
// there nonetheless, with all reasons. That there is nothing to release is no error: Next is nil, and Why says so.
//
// # Concurrency
//
// All functions are safe for concurrent use as long as nobody changes their arguments meanwhile.
package changelog
