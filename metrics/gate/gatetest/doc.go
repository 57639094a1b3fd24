// Package gatetest (SHELL) is for tests of gates. [Run] proves that a gate keeps the laws of the contract, each
// as a subtest; [Check] is the same as an error. The gate is made to read a [World], in which the kit lets
// things happen that happen to sources:
//
//	gatetest.Run(t, gatetest.Case{New: func(w *gatetest.World) gate.Gate {
//		return gate.ErrorRate{Source: w, Max: 0.01}
//	}})
//
// The laws are:
//
//	valid      Validate passes for the gate as it is given
//	pass       where all is well it passes in the end, or as the case says: else the laws below say nothing
//	verdict    each verdict has an outcome, a reason, numbers only, and a memory that can be recorded
//	nodata     where the source has no data it never passes, and says NoData and not Down
//	silent     where nobody sends requests it never passes
//	down       where the source fails, or knows no such group or metric, it never passes, and gives no
//	           verdict: an error, or Down and not NoData
//	nan        where what it reads is no number, infinite, or cannot be, it never passes
//	harm       where all requests fail and are slow, or numbers are bad, of all groups or of the candidate
//	           alone, it fails in one of the two; see Case.Harm for a gate that judges something else
//	turn       where the source goes down after it has passed, it does not pass at a look that reads it
//	cancel     it returns soon after its context has ended, also when its source hangs, and does not pass
//	same       the same subject and memory give the same verdict
//	older      it goes on from a memory that is older than its last verdict
//	garbage    a memory that it never wrote does not make it panic, nor pass where it would not without
//	           one; one that is no JSON never makes it pass
//	concurrent asked by many at once, it answers each as if it were alone
//
// A panic breaks the law during which it happens. Laws that do not apply, because the gate reads nothing for
// example, are skipped by name. Whether concurrent questions race is for the race detector to find: run the
// tests with -race.
package gatetest
