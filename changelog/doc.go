// Package changelog (PURE) reads commits and answers two questions: which version comes next, and
// what do its users have to know? Every answer comes with its reasons.
//
// It is for whoever wants the version and the notes and nothing else: it imports no engine, runs no
// program and reads no file. Package changelog/git reads a real repository.
//
//	history, err := repo.History(ctx, policy.Tags) // package changelog/git
//	decision, err := changelog.Next(history, policy)
//	fmt.Println(decision.Explain())
//	fmt.Println(decision.Notes(changelog.NotesOptions{}).Markdown())
//
// Messages are read by the letter of Conventional Commits 1.0.0, see [Parse]; versions are those of
// Semantic Versioning 2.0.0, read strictly. Where the two leave a question open, the answer is a
// field of [Policy] or written at the function that gives it.
//
// The same input gives the same output, byte for byte. Reading is linear in the length of a
// message, whatever it holds.
//
// # Errors
//
// A message is never an error: one that is not conventional is kept as such, with a [Diagnostic]
// that says why. [Next] fails with what Policy.Validate says, with [ErrTaken] or with [ErrPrerelease].
//
// # Concurrency
//
// All functions are safe for concurrent use as long as nobody changes their arguments meanwhile.
package changelog
