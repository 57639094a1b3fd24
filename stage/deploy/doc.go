// Package deploy (SHELL) is the stage that brings a revision to a target by a strategy: it plans,
// walks the plan, and takes the revision back when it does harm.
//
//	deploy.Stage{
//		Target:   target, // rollout.Compose(fleet, router, …), or a Target of your own
//		Strategy: strategy.Canary{Steps: …},
//		Options:  rollout.Options{Gates: map[string]gate.Gate{"errors": …}},
//	}
//
// It reads the version and the artifact from stage.Version and stage.Built, and plans from what the
// target runs at that moment. It records its position after every step, and the plan with it; after a crash
// of the host it goes on inside the same plan, also in a host whose strategy is another one by then. To go on
// it needs the gates that the plan names; to be taken back it needs none. A plan of more than 32 KiB of JSON
// is not kept, and is made again: one of some seventy steps, or more. A deployment that can neither go on nor
// be taken back ends as stage.Stranded.
//
// # Undo
//
// A deployment that did well is taken back all the same when a later stage fails, or a person aborts:
// the stage is a stage.Undoer. The way back keeps the limits of the plan, has no holds, and goes on from
// its own position after a crash. It leads to what ran before, whatever the strategy: to nothing, where
// nothing ran. What was released since, by whomever, is not touched.
//
// A target must be able to start the revision that ran before. One that learns from Prepare where
// artifacts lie forgets it with its host; Recall tells it once more:
//
//	Recall: func(ctx context.Context, r strategy.Revision) error { return fleet.Learn(r, archive.Find(r.Digest)) }
//
// # Hours
//
// When the stage may begin is for a stage of package stage/window before it to say. What becomes of a rollout that is under way when the
// calendar closes is told by Hours: it runs to its end, holds until the calendar opens, or is taken back. The calendar is looked at
// before anything moves, for up to window.Patience: what begins while it is closed holds where it is, or is refused as aborted. Who
// did so shows as "calendar" in the events. The time for which it holds counts for the Timeout of the stage in its pipeline, if that has one.
//
// # Errors
//
// A release that was taken back ends as stage.RolledBack, one that a person stopped as
// stage.Aborted once everything is as it was, and one that could be neither completed nor taken
// back as stage.Stranded. All of them wrap the *rollout.Error with its cause and evidence. A stage
// whose time is up takes the revision back and ends as stage.RolledBack, with the timeout as the
// reason; so does one that a person skips, which the engine records as stage.Skipped. What Undo
// returns is told there.
//
// # Concurrency
//
// A Stage may be used by several releases at once as far as its Target allows that. Most targets
// carry one rollout at a time: stages that share one must need one another, directly or through
// others, and releases that share one must run one after the other.
package deploy
