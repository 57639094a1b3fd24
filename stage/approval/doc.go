// Package approval (SHELL) is a stage that waits for people to say yes or no.
//
//	approval.Stage{Ask: "Release to production?", Quorum: 2, FourEyes: true, Deadline: 4 * time.Hour}
//
// Who says what is taken from the release's signals. That a signal is from whom it says is for the
// host to make sure, before it hands the signal to the runner.
package approval
