// Package release (SHELL) runs pipelines: a [Pipeline] of stages is checked as a whole, and a [Runner]
// carries releases through it, writing down in a [Store] all that happens, so that a release goes on when
// its host has died.
//
// It is what a host program imports. The smallest program:
//
//	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
//		{Name: "build", Do: build},
//		{Name: "deploy", Do: deploy, Needs: []string{"build"}},
//	}}
//	runner := release.NewRunner(release.Config{})
//	defer runner.Stop(context.Background())
//	state, err := runner.Run(ctx, pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
//
// What happened is in the events alone, and all who look on read the same ones: [Runner.Watch] gives
// them as they come, and package [github.com/davit-sdk/davit/release/ledger] folds them to a state and
// to a review.
//
// What a request would lead to is known before it is made: [Runner.Preview]. A release that ended half-way
// is not begun anew from its start: a fork of it begins at the stage that failed, see [Origin].
//
// What all pipelines of a company are held to is wired once, as Config.Admit: see package
// [github.com/davit-sdk/davit/release/policy]. What a release is held to, before it begins and when all is done, are its [Criteria].
//
// # The life of a host
//
// That program keeps its events in memory. A host whose releases must outlive it opens a store, makes a
// runner, and takes up what is not over; at its end it stops the runner, and then closes the store, since
// until then the runner records:
//
//	events, err := journal.Open("/var/lib/shop/releases", journal.Options{})
//	if err != nil {
//		return err
//	}
//	defer events.Close()
//	runner := release.NewRunner(release.Config{Store: events})
//	defer runner.Stop(grace)
//	taken, err := runner.TakeUp(ctx, pipeline)
//	... serve, or Wait for what was taken up
//
// [Runner.Stop] begins nothing new at once, and cancels what runs when grace is over; a release that is
// left unfinished is taken up by the next host. To be killed is the same without the grace. What a pipeline
// brings beside its stages (fleets, routers, clients) is opened before TakeUp, since stages run
// before it returns, and closed after Stop.
//
// # How a release survives
//
// The first event of a release holds its plan: the stages, their order and their policies. It goes on by
// that plan, whatever has become of the pipeline since; only what the stages do comes from the code.
// After that, what is not recorded did not happen:
//
//   - The begin of a stage is recorded before it runs, and so is that of its undo.
//   - A checkpoint, a verdict or a detail is recorded before the stage is told so. Progress is recorded
//     every 100 ms at most.
//   - The values that a stage hands on, its end, and the begin of what follows are one write: either
//     all of it is there after a crash, or the stage is still under way.
//   - A signal is recorded before [Runner.Signal] returns.
//   - The end of a wait (a retry, a deadline, a timeout) is recorded as a time, never as a sleep.
//
// So a stage that is over never runs again. One that was under way when its host was stopped or died may
// have done its work or not, and its effect class ([stage.Effect]) says what becomes of it:
//
//	class                   when the release is taken up
//	Idempotent, the zero    it is run again, with its last checkpoint, and with the same Token
//	Pure                    it is run again from its start, without a checkpoint
//	AtMostOnce              it is parked, until a person says Retry, Skip or Abort
//
// An undo that was under way is called again, whatever the class: undoing what is undone already must be no
// error. A stage that waits (see [stage.Wait]) is not under way, and nothing is lost of it.
//
// When the store fails, or does not answer within Config.StoreTimeout, the release stops in that host: what
// runs is cancelled, nothing begins, and the release is left as it was recorded.
//
// # Who carries a release
//
// One host at a time carries a release: the one that its events name last. Another one takes it over by an
// event, and the store's Append is the fence: of two that try one wins, and whoever was left behind is
// refused with its next write, stops recording, and cancels what it runs. Each takeover raises the fencing
// token by one. A stage gets it as Task.Fence and hands it to what it works on, which can refuse whoever
// comes with a lower one: between two writes, only the target can hold off a host that has slept.
//
// A store that one process at a time can open needs nothing else: whatever it holds unfinished belongs to
// nobody. Package [github.com/davit-sdk/davit/release/journal] is one; it is free again the moment in which
// its process is dead. In a store that hosts share (a [Leaser], such as
// [github.com/davit-sdk/davit/release/sqlstore]), each host keeps a lease, by the store's clock, for
// Config.Lease; the clocks of the hosts do not count. Releases of a host that is dead are taken over by
// any host that has called TakeUp for their pipeline: when the lease has run out, or at most a third of it
// later. A host that cannot renew its lease cancels what it runs, a little before the lease ends, since
// another one may run it by then. What others have recorded, signals above all, it sees within a fifteenth
// of the lease.
//
// # Several hosts
//
// Each host on one store makes a Runner with the same Config.Lease, and calls TakeUp with its pipelines
// when it starts. One without pipelines can look on and signal: a console needs no more than the store.
//
//   - A host that stops gives its lease up, and is replaced within a third of one.
//   - A host that stood still, and wakes when another one has its releases, tells what it runs at once. A
//     stage that records a checkpoint before it touches its target does not touch it then.
//   - Run and Wait in a host that has lost a release wait for its end, and tell how that was.
//   - When the store is away for longer than a lease, releases stop where they are. When it is back, each
//     host that has called TakeUp goes on with what nobody carries, with its own, too.
//   - A signal outlives the death of the host that carries the release. One for a release at rest, of
//     which nothing runs, is acted upon by the host that sees it first. What a release at rest only waits
//     for, such as its next attempt, is left to the host that had it last, unless that is dead or a third
//     of a lease late.
//   - Deadlines, timeouts and the times of events are by the clock of the host that carries the release,
//     and never go back: a host whose clock is behind goes on from the last event's time. One whose clock
//     is ahead finds that deadlines of others have passed: keep the clocks of hosts in step to well below
//     the shortest timeout.
//
// # The way of a stage
//
//	not begun ──> running ──> over ──> being undone ──> undone, or not undone
//	               │   ▲                  │   ▲
//	               ▼   │                  ▼   │
//	       to be retried, waiting,     to be retried,
//	       interrupted, parked         interrupted
//
//	from            to             when
//	not begun       running        its needs are over, as it asks, and nothing holds it
//	not begun       over           it can never run, or a person said skip or abort
//	running         over           it has ended, and the pipeline allows it no further attempt
//	running         to be retried  it failed, and Retry allows a further attempt
//	running         waiting        it returned stage.Wait
//	running         interrupted    its host was stopped, or died
//	running         parked         it failed, and only a person can tell what is next: Freeze, or Undo behind
//	                               a stage that is irreversible
//	interrupted     running        a host takes the release up
//	interrupted     parked         it runs at most once
//	to be retried   running        the time has come, or a person said retry
//	waiting         running        a signal came for it, or its time has come; or it is to end: then it
//	                               runs once more, with a context that has ended
//	parked          running        a person said retry
//	parked          over           a person said skip or abort
//	over            being undone   the release is undone, and it can: it is a stage.Undoer that did something
//
// A stage that is made for each item of a list ([Each]) is over when all of those are that were made of it.
//
// # When a stage ends badly
//
// Stage.OnFailure says what becomes of the release: [Stop] (the default) begins nothing further; [Undo]
// then takes back what was done, the latest first, by the stages that can; [GoOn] goes on as if a failure or
// a rollback had been a success; [Freeze] leaves all as it is, until a person says retry, skip or abort.
// Once a stage has begun that is Irreversible, nothing is undone any more: Undo freezes. An abort by a person
// undoes as well, unless Pipeline.OnAbort says Stop. Where the undo of a stage fails for good, what it
// needs stays as it is, the rest is undone all the same, and the release ends as stranded: a person has to
// look. Stages that run Always come after all that, however it ended.
//
// # Signals
//
// [Runner.Signal] tells a release to pause, resume or abort as a whole, and a stage to abort, skip, retry,
// or whatever it listens for: approve, reject, withdraw, pause, resume, promote. Any host takes a signal for
// any release of its store, whoever carries it, and also when nobody does. One that comes before its stage has begun waits for
// it; one that comes when it is over is refused with [ledger.ErrTooLate]. A signal with an ID is recorded
// once, however often it is sent. That it is from whom it says is for the host to make sure.
//
// # Before and after
//
// [Runner.Preview] tells what a request would lead to, and writes nothing. [Runner.Review] tells what a release
// was, from its events alone, also while it is under way. A fork ([Origin]) is a new release that begins at a
// stage of one that is over, and takes over what was done before that.
//
// # Errors
//
// Run returns a [*stage.Error] with the outcome when the release ended otherwise than succeeded or
// skipped, or was left unfinished (Interrupted), and any other error when the engine itself could not do
// its work. [ErrConflict], [ErrStopped], [ErrUnknown], [ErrElsewhere], [ErrLost], [ledger.ErrTooLate],
// [ledger.ErrSignal] and [ledger.ErrNotOver] can be told apart with errors.Is, and an [UnknownStageError]
// with errors.As.
//
// # Concurrency
//
// All methods of a Runner may be called from any goroutine. A Runner carries any number of releases at
// once. It starts goroutines for stages that run, for timers, and where the store is shared for its lease,
// but none for a release that waits; Stop waits for all of them, and Run for those of its release. Two
// runners in one process share nothing but what they are given.
package release
