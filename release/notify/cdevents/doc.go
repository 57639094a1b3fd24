// Package cdevents (SHELL) sends messages of package release/notify as CDEvents, in CloudEvents 1.0 over HTTP, to programs that follow deliveries.
//
//	events := &cdevents.Channel{URL: "https://broker.example.com/default", Source: "/davit/shop"}
//
// It speaks CDEvents 0.5.1:
//
//	release.requested                        dev.cdevents.pipelinerun.queued.0.3.0 (started would need an address to look at)
//	the end of a release                     dev.cdevents.pipelinerun.finished.0.3.0: success, failure, cancel (aborted) or error (stranded)
//	stage.began                              dev.cdevents.taskrun.started.0.3.0
//	the end of a stage                       dev.cdevents.taskrun.finished.0.3.0
//	 and, where it deploys (Deploys)
//	 and it succeeded                        dev.cdevents.service.deployed.0.3.0, or service.upgraded, where a previous version is known
//	 and it was rolled back or undone        dev.cdevents.service.rolledback.0.3.0
//
// All others are in no version of CDEvents that is released, and nothing is sent of them: approvals come with the one after 0.5.1. Of a digest, each
// part is sent by itself.
//
// The run of a pipeline has the ID of the release, and the run of a task "RELEASE/STAGE/ATTEMPT". An artifact is named by a package URL: "pkg:generic/shop@1.5.0?checksum=sha256:...".
// A service event needs an environment and an artifact: without an environment, or where neither version nor digest is known, there is none.
// What CDEvents has no place for is in customData: the notify.Occurrence.
//
// The ID of an event is that of the message, and where a message is two events, with "-2" behind it for the second. A receiver that keeps source and ID, as CloudEvents
// has it, sees each event once.
//
// # Errors
//
// 2xx is success. 400, 413, 415 and 422 are Permanent; Retry-After is heeded. Redirects are refused. Where a message is several events and
// one is not taken, all come again.
//
// # Concurrency
//
// A Channel may be used from any goroutine.
package cdevents
