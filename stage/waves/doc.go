// Package waves (SHELL) is the stage that brings a revision to several regions in waves, in one plan: it
// plans from what all regions run, walks the waves, and stops at the first bad one.
//
//	waves.Stage{
//		Targets: map[string]rollout.Target{"eu": eu, "us": us, "ap": ap},
//		Waves: strategy.Waves{
//			Strategy: strategy.Rolling{},
//			Waves:    []strategy.Wave{{Regions: []string{"eu"}}, {Regions: []string{"us", "ap"}}},
//			Hold:     strategy.Hold{Bake: time.Hour, Gates: []string{"errors"}},
//		},
//		Options: rollout.WaveOptions{Gates: func(region string) map[string]gate.Gate { … }},
//	}
//
// It is what package stage/deploy is for one target: it reads the version and the artifact from
// stage.Version and stage.Built, records one position for all regions, and goes on inside the same plan
// after a crash of the host, as told there. Regions that run the revision already are left out; where all do, the stage is
// skipped.
//
// # One stage or many
//
// A pipeline may also have a stage for each region (release.Stage.Each). Waves are for what those cannot do:
// the plan of all regions is approved as one; regions of a wave are held together, and taken back together;
// who is asked to go on is asked once for a wave; and the order holds on the way back, too.
//
// # A bad wave
//
// A bad wave is taken back, and no further one begins. What happens to the waves before is for
// strategy.Waves.TakeBack to say. Where they stay, as they do by default, the stage has failed: regions run
// different versions until somebody decides. With release.Undo as the stage's policy that is decided
// beforehand: the stage is a stage.Undoer, and takes back all regions that have the revision, the latest
// wave first.
//
// # Answers
//
// Approve and Resume answer what a wave pauses for, and else the one region that asks. Where several regions
// ask at the same moment, the reason of the signal begins with the names of those that it is for and a
// colon: "us, ap: looks good". Without, it is an answer to none, and is logged as one that comes too early. A reason that names regions is
// for those alone, whoever else asks.
//
// # Hours
//
// What becomes of the waves when a calendar closes is told by Hours, as at stage/deploy. A pause holds all regions, and
// no further one begins.
//
// # Errors
//
// A release that was taken back in all regions ends as stage.RolledBack, one that a person stopped as
// stage.Aborted once everything is as it was, one that stays in the waves before a bad one as stage.Failed,
// and one that could be neither completed nor taken back somewhere as stage.Stranded. All of them wrap the
// *rollout.WaveError, which tells of each region how it ended. A stage whose time is up takes the revision
// back everywhere.
//
// # Concurrency
//
// A Stage may be used by several releases at once as far as its Targets allow that, as told at
// stage/deploy.
package waves
