// Package practice (SHELL) tells package metrics/maturity what releases did: it reads their events from the store of the engine, and nothing has to be recorded twice.
//
//	records, err := practice.Read(ctx, store, practice.Options{})
//	...
//	history, err := records.History()
//	...
//	a, err := maturity.Assess(model, maturity.Input{At: time.Now(), Releases: records.Releases, History: history})
//
// # What is told
//
//	a deployment, and a way back      what package release/delivery takes for one, under the same ids: "shop-7/deploy", "shop-7/deploy/back". Its strategies are those of the plan
//	                                  that was recorded; where nothing ran before, there is none. Its digest is that of the
//	                                  artifact, where the stage declares that it reads stage.Built, as those of packages stage/deploy and stage/waves do.
//	a gate                            each gate of each attempt of a stage, once: refused where it ever said fail, done where it said pass in the end. A gate
//	                                  that is muted decides nothing, and is none.
//	an approval                       a stage, other than a deployment by hand, that heard or waited for approve, reject and withdraw, and a pause of a rollout, from the question to the answer. Answers that
//	                                  did not count (approval.DetailIgnored) are nobody's hand.
//	a decision                        whatever else somebody told a release: pause, resume, promote, retry, skip, abort
//	a build, a test and so on         what Options.Kind says
//
// The other ids are those of the stage and of the event: "shop-7/approve@12". A stage that was taken over from another release (see release.Origin) was told of there. Changes
// are those that package release/delivery tells; the oldest of those that a release deployed says when it was committed.
//
// # Errors
//
// What cannot be read of one release keeps no other one from being told. Read then returns both: the records, and what is wrong with each release by its id. One that could
// not be read to its end is told as far as it was, and is no maturity.Release.Whole.
//
// # Cost
//
// Each Read reads the whole store twice, and keeps what it tells. It starts no goroutine.
package practice
