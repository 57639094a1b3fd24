// Package enact (SHELL) makes a plan act: it turns criteria and remedies of a plan into stages of the pipeline, and keeps a release to the
// plan while it runs.
//
// It is for the host that runs what package plan describes:
//
//	pipeline, err := enact.Pipeline(shop, p, enact.Parts{
//		Gates:    map[string]gate.Gate{"errors": errorRate},
//		Remedies: map[string]stage.Stage{"page": putUpPage},
//	})
//	...
//	go func() { done <- enact.Keep(ctx, runner, p, "shop-5", tell) }()
//	state, err := runner.Run(ctx, pipeline, release.Request{ID: "shop-5", ...})
//
// # What keeps
//
// Keep reads the events of the release, and what has come is decided from them alone (see plan.Watch). A signal that it sends is recorded
// before anything else happens, under an ID that is the risk's own. So a Keep that is begun anew after a restart sends what was not sent, and
// nothing twice. People are told at least once: after a restart again, with the same plan.Action.ID, by which whoever passes it on tells
// copies apart. Signals are sent before anybody is told, and people who cannot be told hold nothing up.
//
// No signal lets a release pass what holds it back: to promote a stage, or to skip one that asks people or gates, that waits for its time, or that is a
// criterion, is never sent by itself, and whoever decides is told instead.
//
// A remedy is a stage of the pipeline, which runs when another stage has ended as the plan says, and is skipped otherwise. It is frozen in the
// first event of the release as all stages are, and needs nobody who keeps.
//
// # Errors
//
// Criteria, Remedies and Pipeline report everything that is missing at once, by the field of the plan. Keep ends with an error of
// the store; begin it again. Errors of tell, and signals that are refused, are told when it ends. That a signal comes too late is no error.
//
// # Concurrency
//
// All functions may be called at once for different releases. One Keep at a time suffices for a release; several do no harm but to tell people twice.
package enact
