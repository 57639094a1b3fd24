// Package gate (PURE) decides whether a release may go on: a Gate looks at evidence and answers pass, fail,
// continue or inconclusive. Nothing but a pass lets a release pass.
//
// A rollout asks gates while it bakes (package strategy/rollout), a stage asks one as its work (package
// stage/gate), and so a release asks whether it may begin, and whether it has succeeded (release.Criteria).
// All of them take the same gates. A small one, and a larger one:
//
//	gate.ErrorRate{Source: router, Max: 0.01}
//
//	gate.Schedule{
//		Gate: gate.All{
//			gate.Named{Name: "slo", Gate: gate.Burn{Source: router, SLO: 0.999}},
//			gate.Named{Name: "queue", Gate: gate.Guard{
//				Gate: gate.Relative{Source: monitoring, Name: "queue_length", By: gate.Max, Ratio: 1.2, Difference: 5},
//				Down: gate.PolicyExtend,
//			}},
//			gate.Any{gate.VersionLevel{Most: gate.Patch}, gate.InTime{Calendar: notOnFridays}},
//		},
//		Delay: time.Minute,
//		Green: 5 * time.Minute,
//	}
//
// # Criteria
//
//	ErrorRate, Latency   a group's failed requests, and how long requests take, since the bake began
//	Series               any series: an aggregate of a window within bounds, for some time
//	Relative             the same series of two groups, by ratio and difference
//	Windows              lets those two read what a metrics.Source counts: error rates, restarts
//	Burn, Budget         a service level objective: how fast the error budget burns, what is left of it
//	Number               any number that you can read: Coverage, OpenBugs
//	Tests, Approvals     test results, and the yes of people that is recorded elsewhere
//	InTime, VersionLevel the calendar, and by how much the version differs
//	Func                 a function of your own
//
// All of those that measure are bare thresholds: easy to explain, and without a stated rate of false alarms,
// which grows as a limit comes near to what is usual and as there is little data. A judge that compares two
// groups and states its rate is another Gate.
//
// # Combinations
//
// All, Any, Quorum and Score ask several gates about one and the same moment, and Not turns one round. Their
// rules are at Quorum: the answer is the N-th best of the answers of its gates, in the order pass, continue,
// inconclusive, fail. Muted is a dry run: its verdict is recorded, and never decides.
//
// # When it is asked, and for how long it must agree
//
// A Schedule delays the first look, spaces the looks, and wants the gate to agree with itself for some time.
// Around an All that is same-sample agreement: all green in one and the same sampling, and in each one after it
// for as long as that.
//
// # No data, and nobody to ask
//
// Neither ever lets a release pass, and they are told apart: NoData in a verdict says that the source works and
// has nothing to judge by, Down that there was nobody to ask. What follows is a Policy of a Guard, for each of
// the two:
//
//	PolicyHold    wait, within the bake and the patience of whoever asks; the default
//	PolicyExtend  wait, and stop the clock of both meanwhile
//	PolicyAsk     ask a person
//	PolicyFail    fail
//
// # Memory
//
// A gate holds no state. What it remembers is in its verdict, and comes back with the next question; the caller
// records it, so that it outlives a host. See Subject.Memory. Combinations keep the memories of their gates
// apart by name. A gate that is given a memory which it cannot read, or which is of another gate or of other
// settings, says so in its reason, does not pass at that look, and begins anew.
//
// # Errors
//
// An error of Check means that there is no verdict: a source that is down, a group that nobody measures, a
// number that is none. The caller asks again; it never takes an error for an answer. A source that works and
// has no data yet is no error: the gate answers continue, with NoData. Whoever asks uses Ask, which makes of an
// error, of a panic, and of an answer that nobody could record a verdict with Down.
//
// Whoever wires gates uses Validate, which reports all that is wrong with their settings, each problem with the
// path of its field: "All[1]: Guard.Gate: Relative.Name: unknown metric". A source that knows its names
// beforehand (metrics.Namer) is asked for them there, so that a name that it does not have is found before
// anything runs.
//
// # Concurrency
//
// The gates of this package hold no state, and are safe for concurrent use where what they read is. Package
// [github.com/davit-sdk/davit/metrics/gate/gatetest] proves that a gate of your own keeps the laws.
//
// # Why it is odd where it is
//
// All asks its gates one after the other, as a pure package starts no goroutine; so a gate that may take long
// is better named in the plan by itself, where it is asked beside the others. It asks all of them even when the
// first one fails: their evidence belongs to the record, and what they remember must not stand still.
//
// Between continue and inconclusive the laws of De Morgan do not hold: Not of All of two Nots is Any but for
// that. Any of the two is continue, since it may pass yet by itself, and All is inconclusive, since it cannot
// pass any more without a person; both tell the caller what it wants to know.
package gate
