// Package approval (SHELL) is a stage that waits for people to say yes or no.
//
//	approval.Stage{Ask: "Release to production?", Quorum: 2, FourEyes: true, Deadline: 4 * time.Hour}
//
// Where several groups have a say, each must reach a quorum of its own, and nobody counts twice:
//
//	approval.Stage{Groups: []approval.Group{
//		{Name: "team", People: []string{"ada", "grace", "linus"}, Quorum: 2},
//		{Name: "security", People: []string{"eve", "mallory"}},
//	}}
//
// Who says what is taken from the release's signals. That a signal is from whom it says is for the
// host to make sure, before it hands the signal to the runner. Signals count in the order in which they
// were recorded: the first no decides, and so does the yes that completes the last quorum. Until then
// whoever has approved may take it back (stage.Withdraw), and approve again. An answer that does not
// count is noted, with the reason.
//
// How many have approved, and who of the People or the Groups is still asked, is the text of its progress and of its wait: so
// notifications and pages tell it, also of a host that is gone.
//
// The stage holds nothing while it waits. It counts what is there, keeps the tally as its checkpoint and
// returns stage.Wait, to be run again with the next answer or at the deadline: in whichever way answers,
// runs and deaths of the host fall together, the outcome is the same.
//
// # Errors
//
// A no ends the stage as stage.Rejected, with the name and the reason of whoever said it; so does a
// Deadline that passes, unless Default says otherwise. Where enough people can never be found, because
// four eyes are asked for and nobody knows who asked for the release, say, the stage fails at once.
//
// # Concurrency
//
// A Stage may be used by any number of releases at once.
package approval
