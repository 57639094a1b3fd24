// Package journal (SHELL) keeps the events of releases in a folder: no server, no other program, and
// what was acknowledged is there after a crash of the process, the system or the power.
//
// It is what a host gives to a runner whose releases must survive. The smallest program:
//
//	events, err := journal.Open("/var/lib/shop/releases", journal.Options{})
//	if err != nil {
//		return err
//	}
//	defer events.Close()
//	runner := release.NewRunner(release.Config{Store: events})
//
// # What is promised
//
//   - An append that has returned nil is on disk: the file was synced, and so was the folder where
//     a file is new. Of several events in one append, all are there after a crash, or none.
//   - An append that has not returned nil may be there after a crash, or not. As long as the process
//     lives, an append that has returned an error without [ErrInDoubt] is not there.
//   - A write that a crash cut short is cut off when the journal is opened. Its bytes are kept aside, in
//     a file that ends in ".torn" and that nobody needs any more, unless that file cannot be written, as
//     on a full disk: then they are lost, and the Logger hears of it. Damage anywhere else is reported,
//     and never passed over: Open refuses.
//   - One journal has the folder at a time. The kernel gives it free when its process is dead, at once,
//     and never before. The lock is on the folder itself: there is no file of it that could be removed.
//   - A journal whose folder, or the file that it writes to, is moved, removed or replaced takes no more
//     appends: each one looks before it writes, and again before it is acknowledged. What stands in
//     the folder's place is not touched.
//   - After a sync that failed, nothing more is written until the journal is opened anew, because
//     nobody can tell what is on the disk then; reading goes on. A full disk is no such case:
//     writing goes on when there is room.
//
// One case cannot be told apart: damage to the very last commit of a journal that was not closed
// looks like a write that never ended. A journal that is closed says so, and then that shows, too.
//
// # Tampering
//
// Each append has a SHA-256 over its events and the hash of the append before it, so that an event
// that was changed, removed or put in shows in [Verify]. But there is no secret in it: who writes
// all hashes of a release anew, from the change on, is not found out, nor who cuts the last events
// off, or removes a release or the last file as a whole. A host that must know keeps [Journal.Head]
// where such a person cannot reach it, and asks [Journal.Holds].
//
// # How it works
//
// All releases share files, the segments, so that one sync does for all that write at once. Whoever
// appends while nobody else does writes and syncs by itself, and those that come meanwhile are written
// together by the first of them. When a segment is full, releases that are over are moved to files of
// their own, the packs, and segments that hold little else are dropped: by the only goroutine in
// here, which nobody but Close waits for, and which ends when that is done. So opening reads what is
// open, and 90 bytes for each release that is over. In memory, an open release costs about 200 bytes
// and 32 for each append, one that is archived 40 bytes.
//
// The files are lines of text, and events stand there as JSON:
//
//	grep -ah '^{' *.segment *.pack
//
// The format is described in format.go, for those who want to write a reader.
//
// # Errors
//
// [ErrLocked], [ErrClosed], [ErrVersion], [ErrFailed], [ErrInDoubt] and [CorruptError] can be told
// apart with errors.Is and errors.As, as can release.ErrConflict and the errors of the system, such
// as syscall.ENOSPC.
//
// # Concurrency
//
// All methods may be called from any number of goroutines.
package journal
