// Package gate (SHELL) is a stage that asks a gate of metrics/gate until it has an answer. Nothing but
// a pass lets the release go on; every other end carries the verdict as its evidence.
//
//	gate.Stage{Name: "error-rate", Gate: errorRate, Bake: 10 * time.Minute}
//
// Where it stands in a pipeline says what it is asked: between two stages, whether the release may go on; in
// release.Criteria, whether it may begin, and whether it has succeeded.
//
// A fork of a release asks again, before what it runs anew, as a pass of then says nothing of now; what was watched during a bake, as
// a deployment that the fork takes over, is taken over with it.
//
// # While there is no answer
//
// Continue, no data, and a source that is down are waited for: until the end of the bake, and then for as long as
// Patience. A gate.Guard says otherwise: PolicyExtend stops the clock of both while there is nothing to judge by,
// PolicyFail ends the stage, and so does PolicyAsk, as a stage asks nobody itself: with release.Freeze as the
// stage's OnFailure, a person then says retry, skip or abort.
//
// # Memory
//
// What the gate remembers is a part of the stage's checkpoint, which is made when an outcome changes, or when
// the clock stops or goes on, and each minute. A host that takes the release over goes on from there: where the
// clock stood still, it has stood still since.
//
// # Errors
//
// A gate that fails, that cannot tell, or that has not passed within bake and patience fails the stage: the error is
// a stage.Error with the last verdict as its evidence.
//
// # Concurrency
//
// A Stage may be used by any number of releases at once, as far as its gate and its Subject may.
package gate
