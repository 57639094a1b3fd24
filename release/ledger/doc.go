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
// # Errors
//
// Events that cannot have been written by an engine (a gap, a stage that ends twice, a body of an
// unknown type) are refused with [ErrBroken], naming the event.
//
// # Concurrency
//
// Events are values that are never changed. A State belongs to one goroutine at a time.
package ledger
