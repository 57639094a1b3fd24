// Package ledger (PURE) is the heart of the engine: the events of a release, the state that they fold
// to, and what is to be done next.
//
// A release is the fold of its events. [Fold] makes a [State] of them, [Decide] says which stages
// begin, which are cancelled, and when it is over; [State.Accept] says whether a signal may still be
// recorded; [Review] tells the whole story for people. There is no clock, no goroutine and no I/O in
// here, so that the same events always lead to the same state and the same decisions, in any engine.
//
// An engine turns in this circle:
//
//	decide -> append the decided events to the store -> fold them -> act -> append what came of it -> fold -> decide
//
// What came of a stage goes through [State.Settle] before it is recorded, and what came of an undo through
// [State.SettleUndo]: they say whether it is tried again, or waits for a person.
//
// # What is decided
//
// A stage that was under way when its host died goes on first, whatever holds the others, unless it may
// run only once. Then those begin whose needs are over, in the order of the pipeline, as far as there is
// room, and nobody has paused the release or has to speak to a stage that froze it. Whatever goes wrong
// lets nothing begin any more, apart from what runs always; what waits, and what is to be undone, is told
// to end. Only when nothing is under way is anything undone, one stage at a time, the latest end first;
// a stage stays as it is on which one stands that could not be taken back. What runs always comes last.
//
// Of what people say to one stage the first word counts, but an abort counts more than a skip, and more
// than an end of the stage that it did not reach in time.
//
// Scripts in testdata tell all of it as stories, and a second, plain implementation in the tests agrees
// with it on thousands of random ones.
//
// # Errors
//
// Events that cannot have been written by an engine (a gap, a stage that ends twice, a body of an
// unknown type) are refused with [ErrBroken], naming the event.
//
// # Concurrency
//
// Events are values that are never changed. A State belongs to one goroutine at a time.
package ledger
