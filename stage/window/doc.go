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
// that was made meanwhile, or taken back, counts. A schedule that cannot be read is no open one: it is waited for.
//
// Why it waits, and until when, is the text of its progress, and a detail (DetailWait) each time that changes. What let it
// go on is one, too (DetailOpen, DetailOverride).
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
// What is to become of a rollout that is under way then is told by Guard, in the field Hours of deploy.Stage and waves.Stage.
//
// # Errors
//
// A stage that is not let go on in time, or whose need fits nowhere before the horizon of its schedule, has failed; one that a person ends
// is rejected.
package window
