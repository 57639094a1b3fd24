// Package window (SHELL) is a stage that waits until a calendar is open, and for long enough, and a guard that says what
// becomes of a rollout when it closes. Calendars are those of package release/calendar.
//
//	open := func(context.Context) (*calendar.Schedule, error) { return schedule, nil }
//	release.Pipeline{Name: "shop", Stages: []release.Stage{
//		{Name: "window", Do: window.Stage{Schedule: open, Need: 40 * time.Minute}},
//		{Name: "deploy", Needs: []string{"window"}, Do: deploy.Stage{..., Hours: window.Guard{Schedule: open, Closing: window.Pause}}},
//	}}
//
// # Waiting
//
// The stage waits with stage.Wait, for the moment at which what it has asked for begins: so the wait costs nothing,
// outlives the host, and ends by itself. The calendars are read anew at each look, at least each Interval, so that a freeze
// that was made meanwhile, or taken back, counts. A schedule that cannot be read, panics, or does not answer within Patience is no open
// one: it is waited for. Signals are heard after a look, so at most twice Patience later.
//
// Why it waits, and until when, is the text of its progress, and a detail (DetailWait) each time that changes; that it is not
// known is told once, however the texts of errors differ. What let it go on is one, too (DetailOpen, DetailOverride). A Look tells
// the first 20 reasons.
//
// # Override
//
// A person lets the release go on by stage.Promote, with a reason, and ends it by stage.Reject. Who may say so is told by People.
// What does not count is recorded (DetailIgnored).
//
// stage.SkipStage passes over any stage, whoever sends it: People and NoOverride say nothing of it. A stage of which another
// reads a key cannot be skipped; so a window that must not be sets Lift, and the deployment behind it reads that:
//
//	{Name: "window", Do: window.Stage{Schedule: open, NoOverride: true, Lift: window.Lifted}},
//	{Name: "deploy", Needs: []string{"window"}, Do: deploy.Stage{..., Hours: window.Guard{Schedule: open, Closing: window.Pause, Lift: window.Lifted}}},
//
// # When it closes
//
// What is to become of a rollout that is under way then is told by Guard, in the field Hours of deploy.Stage and waves.Stage. It
// looks at the schedule before anything moves, and at least each Guard.Interval from then on.
//
// # Concurrency
//
// The functions of the host (Schedule, Expect) are called in goroutines of their own, by all releases at once, and must return
// when their context ends. One that does not keeps its goroutine: a Guard calls it no second time before it has returned, a Stage
// does at each look.
//
// # Errors
//
// A stage that is not let go on in time, or whose need fits nowhere before the horizon of its schedule, has failed; one that a person ends
// is rejected.
package window
