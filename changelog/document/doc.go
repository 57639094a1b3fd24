// Package document (PURE) edits a changelog that people write and programs add to: a file in the form of Keep a
// Changelog, 1.1.0 or 2.0.0, or near it.
//
// It is for whoever wants notes of a release in such a file, and wants everything else in it left alone:
//
//	d := document.Parse(text)
//	if err := d.Upsert(decision.Notes(o), document.Options{}); err != nil { … }
//	if err := d.Release(decision.Next, day, document.Options{}); err != nil { … }
//	if err := d.Upsert(decision.Notes(o), document.Options{}); err != nil { … }
//	text = d.String()
//
// Upsert alone leaves Unreleased as it is, with what was generated there before. Release moves that to the version, and the second Upsert takes out what
// holds no longer: entries of commits that were rebased or reverted since. apply.Document of package changelog/apply does all three.
//
// A Document keeps every byte that no edit is about: Parse and String give back any text as it was. Edits
// follow the file: its level of headings, its brackets and links, its bullets, its line ends.
//
// # Generated entries
//
// An entry that Upsert writes ends its first line with a comment, which pages do not show:
//
//   - lower two boats at once (#7) <!-- generated c0ffee0002 5d41402a -->
//
// The first word is the commit, or what else the entry is about, and the second is a checksum of the entry. As long as
// it fits, the entry belongs to the program: Upsert rewrites it, moves it and takes it away. As soon as
// somebody edits the entry it is theirs: it stays as it is, and no other is written for its commit. Formatters that
// wrap lines change nothing, since white space does not count.
//
// An entry that people wrote themselves also stands for a generated one, if it names the same commit, the same pull
// request, or says the same in other punctuation.
//
// # Errors
//
// An edit that fails changes nothing. [ErrNoVersion], [ErrNothing], [DuplicateError] and [PlaceError] say what a person has to mend.
//
// # Concurrency
//
// A Document is for one goroutine at a time.
package document
