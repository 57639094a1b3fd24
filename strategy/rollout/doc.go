// Package rollout (SHELL) walks a plan on a target: start, ready, route, verified, drained, stop. It
// is the one executor for every strategy.
//
// A host that only wants a canary imports this package and strategy, and gets no engine:
//
//	target, err := rollout.Compose(fleet, router, rollout.ComposeOptions{}) // or a Target of your own
//	from, err := rollout.Current(ctx, target)
//	plan, err := strategy.Canary{Steps: steps}.Plan(from, revision)
//	r, err := rollout.New(target, plan, rollout.Options{Gates: gates})
//	result, err := r.Run(ctx)
//
// # The traffic contract
//
// Each step of a plan is reached in up to three phases, which strategy.Transition makes and
// strategy.Verify proves: grow (all new instances are available), route (the split is in effect, as
// read back), shrink (what gets no requests any more has answered those that it had, and stops).
// Nothing is scaled down while it may still get a request, and no share goes to a group without
// available instances. The phases are planned from what is observed, so a new process goes on from
// whatever the old one left. A host whose router lives in its own process loses the table with it:
// Resume gives the traffic back to what runs before anything else, and where no rollout was under
// way, Restore does, with the state that the host remembers, and Relight, where it is not known whether that is
// needed.
//
// # Native steps
//
// A step that the plan leaves to the target (strategy.Native) has one phase, roll: Roller.Roll is called
// instead of Apply until the state shows. On the way, both revisions may have any number of instances
// within the plan's limits, and get traffic by it; that is no drift, but a third revision is, and what
// the limits do not allow, and pools that go the other way. An abort in mid-way is a native step back. A
// pause keeps the rollout from calling Roll again and from going on to the next step, while what the
// target does by itself goes on, and its deadline stands still. Deadlines, failed and stuck instances, and
// a crash of the host are as everywhere else.
//
// # Harm
//
// A gate that fails, a progress deadline, too many failed instances of the new revision, one that is
// stuck, and a person's abort all end the way forward, and begin the way back: strategy.Abort's plan, under a
// context of its own. It ends verified in the state that the plan started from (RolledBack), or it
// says what runs where (RollbackFailed). Behind a step that cannot be undone, and where somebody else
// keeps changing the target, nothing moves any more (Frozen): a person decides.
//
// A target that is sure that a pool will not get there (its image cannot be pulled, a quota is used up)
// says so in PoolStatus.Stuck. On the way forward such a pool of the new revision ends its step at once,
// with a *StuckError. Where it is the old revision that is stuck, and on the way back, it is told, and
// waited for until the deadline, whose error names it: the release may be what mends it, and the way back
// leads nowhere else. While a state that was reached is held it is the same, whichever the revision:
// there an instance lacks a replacement, for which the revision is hardly to blame, since it has started
// before. The state is degraded meanwhile, so that nothing is baked, and no gate's word counts. A pool that
// somebody else has taken over (PoolStatus.Seized) ends either at once.
//
// A gate that does not answer is not a pass and not a failure: a source that is down, no data, too little of
// it. It is asked again until the bake is over, and then until Options.Patience ends; then a person is asked,
// with a deadline and a default answer. A gate.Guard says what else follows from no data, and from a source
// that is down: the clock of bake and patience is stopped (PolicyExtend), a person is asked at once (PolicyAsk),
// or the release is taken back (PolicyFail).
//
// What gates remember from one question to the next is kept for the whole rollout, by their names, and goes
// into the Checkpoint now and then: when an outcome changes, when a step ends, and each minute. A process that
// resumes gives it back to them. On the way back nobody asks gates, and it is dropped.
//
// # Autoscalers
//
// An autoscaler is not fought. Where PoolStatus.Autoscaled tells what one wants of a pool, the pool has
// its size when as many are available, whatever number the state says; more or fewer than that is no
// drift, and Current takes the size that it finds. The plan's limits are then those of what the states
// say: an autoscaler may go above MaxTotal, and, where it wants less than a state, below MinAvailable.
// Whether a pool is to run at all stays the state's word: of a pool that it does not name none is left.
//
// # Undo, and who may move the target
//
// What was promoted and did no harm may have to be taken back all the same, as a release is one step of
// something larger: Undo walks the same way back, as an errand of its own that ends with its context and
// goes on from its last position. It refuses where something else was released since.
//
// Several hosts may take turns with a release. A target that is a Fencer is told the token of the one
// that moves it now (Options.Fence) and refuses all who came before: one that slept, wakes up and
// knows nothing of its successor moves nothing, and takes nothing back either.
//
// # Several regions
//
// Waves walks a strategy.WavePlan: each region by a Rollout of its own on a Target of its own, wave after
// wave. Two load balancers, two namespaces and ten clusters are regions all the same.
//
//	plan, err := strategy.Waves{Strategy: rolling, Waves: strategy.InWaves(names, strategy.Count(1))}.Plan(states, revision)
//	w, err := rollout.NewWaves(targets, plan, rollout.WaveOptions{Gates: gatesOf, Checkpoint: keep})
//	result, err := w.Run(ctx)
//
// Before the first wave every region is looked at: one that cannot be reached, or is not as the plan says,
// refuses all, and the error names it. In a wave the regions begin in their order, as many at once as the
// plan says. The hold of a wave is the last step of each of its regions: a region that is there waits for
// the others by the gate strategy.WaveGate, and is held meanwhile as in every bake; then all bake together,
// and none leaves before all are well. So the gates of a hold are asked in each region, with that region's
// groups and by that region's sources (WaveOptions.Gates), and what a wave pauses for is asked once. A gate
// that compares with the old version belongs into the strategy, where both run: in a hold there is nothing
// left to compare with, and NewWaves says so.
//
// A wave is bad when one of its regions does not make it: harm, a deadline, a target that is otherwise than
// planned, a pause that nobody answers. From that moment no region and no wave begins any more, those of
// the wave that are under way are taken back at once, and so are those of it that were promoted. The waves
// before stay or are taken back, as the plan says (strategy.Extent). Abort takes back everything. One
// WaveCheckpoint holds the positions of all regions. UndoWaves takes a whole plan back, the latest wave
// first.
//
// # Errors
//
// Run returns an *Error for every end but a promotion, or, of what Undo wired, but the end of the way
// back; it wraps the cause: *GateError, *DeadlineError,
// *CrashError, *StuckError, *ConflictError, *AbortError, or the context's cause. New and Resume report all that is
// wrong with a plan, its gates and the target's abilities at once, before anything moves. Waves return a
// *WaveError, which tells of each region how it ended, and wraps the *Error of the one that was bad first.
//
// Whatever a target, a gate or a function of the host does wrong is an error: a panic is one, and so is an answer
// that cannot be true (Observation.Validate), by which nothing is proved. Only a call that does not return, though
// its context has ended, holds up everything; the log names it.
//
// # Concurrency
//
// A Rollout runs in the goroutine that calls Run; the gates of a step are asked concurrently, and
// waited for. Pause, Resume, Promote and Abort may be called from any goroutine. A Target serves one
// rollout at a time.
//
// # Why it is odd where it is
//
// The executor knows states and phases only, never a strategy: whatever a strategy wants must be
// in its plan, or a person could not approve it. Apply does not wait: waiting, pacing and deadlines
// are the executor's, so that a pause or an abort takes effect at once whatever the target. A pause
// suspends movement and its deadlines, but not the gates of a state that is held: harm in a pause is
// still harm.
package rollout
