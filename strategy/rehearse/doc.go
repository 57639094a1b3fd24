// Package rehearse (SHELL) plays a rollout through before it begins: the real plan of a strategy, the
// real gates with their judge, and simulated traffic, in virtual time. It tells how long the release
// will take, how many requests the candidate will have answered by then, and, for a candidate that does
// harm of a given size, how often and how soon that is found, and how many requests it costs.
//
//	report, err := rehearse.Rehearsal{
//		Plan:    plan,
//		Gates:   func(s metrics.Source) (map[string]gate.Gate, error) { return map[string]gate.Gate{"harm": judge.Gate{Source: s}}, nil },
//		Traffic: rehearse.Traffic{Rate: 100, Service: rehearse.Service{ErrorRate: 0.001}},
//	}.Run(ctx)
//
// A rehearsal walks the plan as package rollout does, with the same bakes, questions to the gates,
// patience, and way back; a test of this package holds the two together, move by move. What it leaves
// out are failures of the target: instances start, traffic moves and instances drain in the times that
// Times gives. A step that is left to the target (strategy.Native) is walked by its Course, in batches as
// large as the limits allow, each of which takes these times; a real target may overlap them, and be done
// sooner. A pause of the plan is answered at once.
//
// The same seed gives the same report, byte for byte.
//
// # Errors
//
// Validate names every field that is wrong. A gate's error in a rehearsal is no verdict, as in a
// rollout; the report counts how often that happened.
//
// # Concurrency
//
// Run plays the runs on as many goroutines as there are processors, and waits for them. The gates of
// one run are asked by one goroutine at a time; those of different runs at once.
package rehearse
