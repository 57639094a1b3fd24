// Package stagetest (SHELL) is for tests of stages. A [Host] gives a Task to a unit test, and shows what
// the stage did with it:
//
//	host := stagetest.NewHost(build, stagetest.Given(stage.Version, "1.5.0"))
//	err := build.Run(t.Context(), host.Task())
//	artifact, err := stagetest.Value(host, stage.Built)
//
// [Run] proves that a stage keeps the laws of the contract, each as a subtest; [Check] is the same as
// an error:
//
//	stagetest.Run(t, func() stage.Stage { return build }, stagetest.Case{
//		Inputs: []stagetest.Input{stagetest.Given(stage.Version, "1.5.0")}, // what it reads
//	})
//
// The laws are:
//
//	declared   Reads, Writes, Listens, Secrets, Gates, Traits and Effect name proper things, once, and always the same
//	valid      Validate passes for the stage as it is given
//	outcome    the stage ends as the case says, in time, without a panic
//	undeclared it uses no key and no signal that it does not declare
//	writes     when it succeeds, it has set all the keys that it declares to write
//	missing    when values that it reads, and its secrets, are missing, it fails, and does not panic
//	cancel     it returns soon after its context has ended, whenever that is, without a panic; one that
//	           waits in vain does not succeed by being cancelled
//	again      a further attempt with the same token ends in the same way, with the same values, and
//	           when it had succeeded, without a further effect, where the case counts them
//	goroutines it leaves no goroutine behind, nor does its Undo
//	progress   it never goes back
//	evidence   each verdict names its gate and gives its reason
//	size       what one attempt records stays below MaxRecords
//	secrets    a secret that it is given shows in nothing that it records, logs or returns
//	pure       where it is Pure, it has no effects, and from its start sets the same values again
//	wakes      where it waits, a signal or a time to come can end that
//	signals    where it waits for signals, the end is the same when they come one by one, and when
//	           attempts are lost with their host
//	undo       Undo takes back what is done, whatever the end, but for one that is stranded
//	undone     Undo of what is undone already ends well, and has no further effect
//	undocut    Undo takes back what was cut off, and goes on where an Undo was cut off
//	undocancel Undo returns soon after its context has ended, whenever that is, without a panic
//
// What Undo has to take away is told by Case.Undone. A stage that waits is run again, as by an engine,
// when a signal or its time comes.
//
// Laws that do not apply, because the stage declares nothing to read for example, are skipped by name.
package stagetest
