// Package delivery (SHELL) tells package metrics/dora what releases did: it reads their events from the store of the engine, and nothing has to be
// recorded twice.
//
//	feed := delivery.New(delivery.Options{})
//	events, err := feed.Read(ctx, store) // and again, for what has come since
//	for _, e := range events {
//		if err := history.Add(e); err != nil {
//			return err
//		}
//	}
//
// # What is told
//
// A deployment is a stage that moved a rollout, as packages stage/deploy and stage/waves do, or that Options.Deploys names. Its environment is
// that of the stage, and its ID "shop-7/deploy", with "#2" for a second attempt.
//
//	it succeeded                        a deployment with the changes of the release
//	it was taken back under way         a deployment without changes, which ended when it turned back, and a rollback
//	                                    ("shop-7/deploy/back") that fixes it, when all was as before
//	it got stuck                        a deployment without changes, and an incident ("shop-7/deploy/stuck") that it caused,
//	                                    and that the next deployment there which succeeds resolves, other than one of its own group
//	it succeeded, and was undone        a deployment, and a rollback ("shop-7/deploy/undo") that fixes it; one that
//	                                    failed is an attempt, and the deployment is stuck
//	it ended before it moved anything,  a deployment that failed: an attempt, which users did not see
//	or is tried again
//
// A stage that was taken over from another release (see release.Origin) was told of there; a fork brings the changes of the release
// that it was forked from. Stages that were made for the items of one list are one
// group, and so are their ways back among themselves ("shop-7/copy/undo" takes back "shop-7/copy"): a rollback of many
// targets is one deployment. Changes are what stage/version records: changelog.Decision.Leads, committed when their commits were. Each change is told once.
//
// # The figures of Prometheus
//
// Package metrics/prometheus/exporter counts by the same rules. Its deployments that succeeded or failed are the deployments here that are neither
// rollbacks nor attempts, and its (failed + undone) / (succeeded + failed) is the change failure rate by dora.Rules{Rollbacks: dora.RollbacksApart}; by
// default, a rollback is a deployment, too. It observes lead times once for each deployment that a commit is in, and those of merges
// and of what was reverted, too; dora takes the first deployment alone. Its time to restore an undone deployment begins when the undo does; here,
// a failure begins when the deployment ended.
//
// # Again, and after a restart
//
// Each event is told once. [Feed.Cursor] is how far a feed has read, and [Resume] goes on from there in another process. Events come in the order of time; a release that
// is read later than what happened behind it, since another host recorded it late, is not known to what was fixed before.
//
// # Memory
//
// A feed keeps the state of the releases that are not over, some hundred bytes of each one that is, and the ids of all changes; so does a cursor.
//
// # Errors
//
// What cannot be read of one release keeps no other one from being told. Read then returns both: the events, and what is wrong with each release by its id. A release whose
// history is broken (ledger.ErrBroken) is reported by each Read.
//
// # Concurrency
//
// A Feed may be used by any number of goroutines at once; each event goes to one of them.
package delivery
