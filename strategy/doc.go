// Package strategy (PURE) turns "from what runs now to what shall run" into a list of desired
// states: rolling, blue-green, canary, recreate and native are values, and a plan is data.
//
// Nothing in this package touches the world. There is no clock, no goroutine, no I/O and no map
// whose order could leak into a result: the same input gives the same plan, byte for byte. A plan
// can therefore be printed and approved (Plan.Table), priced (Plan.Estimate), proved safe (Verify)
// and simulated before anything moves, and what was approved (Plan.Hash) is the very data that is
// executed.
//
// Package rollout walks plans on a target, and is what most programs use this package with. Import
// this one alone to show a person what a release would do, to check in a pull request that settings
// keep the capacity that they promise, or to plan for an executor of your own.
//
// The smallest program:
//
//	from := strategy.State{Stable: strategy.Group{
//		Revision: strategy.Revision{Version: "1.4.0"}, Replicas: 10, Share: strategy.All(),
//	}}
//	plan, err := strategy.Canary{}.Plan(from, strategy.Revision{Version: "1.5.0"})
//	if err == nil {
//		fmt.Print(plan.Table())
//	}
//
// To add a strategy, write a type with a method Plan, and let Verify judge what it makes.
//
// # Words
//
// A revision is one version of the service. A pool is a set of interchangeable instances of a
// revision. A state gives up to three pools a role (stable, baseline, candidate), a size, and a
// share of the traffic. A step is a state and what must hold before the next one: a bake, gates, a
// pause. A plan is a list of steps, and the limits that it promises to keep at every instant. The
// way back from a step (Abort) is a plan as well.
//
// A region is a place that runs the whole service by itself. A wave is a set of regions that get a revision
// side by side, and a bake together. A wave plan holds the plan of each region, wave after wave.
//
// # Several regions
//
// Waves is no strategy: it says which region is walked by which strategy, and when. Its plan is the plans of
// all regions, each by the strategy that walks it, so that what is proved of one plan holds of each of them.
// What a wave is held for is the last step of each of its regions, with its bake and gates and with the gate
// WaveGate, by which regions wait for each other. So the whole of it stands in the table that a person
// approves, is held by what holds every other step, and is taken back from as any other is:
//
//	plan, err := strategy.Waves{
//		Strategy: strategy.Rolling{},
//		Waves:    strategy.InWaves(regions, strategy.Count(1), strategy.PercentOf(50)),
//		Hold:     strategy.Hold{Bake: time.Hour, Gates: []string{"errors"}},
//	}.Plan(states, revision)
//
// # Errors
//
// Validate, and Plan of each strategy, report all problems at once, as a *multierror.Error whose
// parts each begin with the name of a field: "Canary.Steps[2].Share: 5% is below the 10% of the step
// before". Callers act on ErrNothingToDo, ErrUnderWay, ErrTooManyPools, ErrWayBack,
// *IrreversibleError and *Violation; errors.Is and errors.As find them. No input makes the package
// panic.
//
// # Concurrency
//
// All functions and methods may be called at once from any number of goroutines; the methods with
// pointer receivers, which decode or set, need their value to themselves. The plans of Rolling share
// one list of gates among their steps; replace a step's list, do not write into it.
//
// # Why it is like this
//
// Transitions grow first. Between two states Transition starts what is missing, then moves traffic,
// then stops what is too much, so that a group never answers with fewer instances than both states
// give it, and going back is the same as going forth. The price is room on top. Where there is none,
// a strategy has to say so with a state in which the old instances are gone already (Rolling without
// surge, Recreate), and so the loss of capacity stands in the plan instead of in an executor.
//
// Pools count, not roles. Promoting a candidate restarts nothing: the same pool is called stable
// from then on. Roles are for people, metrics and gates; what Transition compares are pools.
//
// Capacity follows traffic. A floor of instances says little when one of ten has to answer half of
// all requests. Limits.Load makes it a law that each group can carry what it answers, which is what
// a group needs to be judged fairly, too. A canary step that sets its size apart gives this up, and
// the plan's limits tell.
//
// Some targets replace instances by themselves, as a Kubernetes Deployment does, and know more of them
// than any executor. A Native step leaves its way to them: it names where to, and the limits to keep on
// the way, and promises nothing else. Its middle is any mix of both revisions, each of which answers by
// its number, so that there is no share to hold and no group to judge before the end, and the way back
// starts from any mix as well, by the target itself. What such a step promises less than the states of
// Rolling is in the plan for everybody to see.
//
// Limits are computed from the settings, and Verify proves them from the states. Neither knows of
// the other: a mistake in one is found by the other, for every plan, in every program that asks.
//
// The way back starts from a state in which nobody knows how far a step has come: Abort therefore
// only goes where every point in between may go, and keeps traffic where it was before the step
// until the capacity is there.
//
// What a share exposes is counted, what rules and copies expose is not: they reach those who asked
// for it, or nobody.
//
// Shares are whole millionths, so that they add up exactly. This bounds a fleet to a million
// instances, which is also what protects from a mistyped number of steps.
//
// # What was turned down
//
//   - Percentages as float64: three thirds do not make a whole, and weights, percentages and
//     fractions are taken for each other.
//   - A strategy that is asked again before each step, with the state of the world: it could react,
//     but nobody could approve what it would do, and resuming would have to repeat its past decisions.
//     What reacts is the executor; the plan stands.
//   - Steps as commands ("add two, remove one"): done twice after a crash they do harm. A state may
//     be asked for again and again.
//   - A failure budget for regions ("go on while at most two of ten are bad"): what is bad in one region
//     is more likely the version than the place, and the third region would be one too many.
//   - Taking earlier waves back by default: see BadWave for who does otherwise, and why.
//   - The shortest way back over states that the plan does not contain: every state of a way back
//     has been run through on the way forth, rules and copies aside, but for a baseline that is merged
//     into stable, and for the capacity that is restored first.
//   - Native steps that are followed as they go, with the target's progress as states of the plan: it
//     would have to be planned when it happens, and a person would approve something else than what is
//     carried out. Course says what is likely.
//   - Resting at full size in Rolling when instances may be missing: it would hide what Unavailable
//     allows until the day when it happens.
package strategy
