// Package release (SHELL) runs pipelines: a [Pipeline] of stages is checked as a whole, and a [Runner]
// carries one release after the other through it, writing down in a [Store] all that happens.
//
// It is what a host program imports. The smallest program:
//
//	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
//		{Name: "build", Do: build},
//		{Name: "deploy", Do: deploy, Needs: []string{"build"}},
//	}}
//	runner := release.NewRunner(release.Config{})
//	defer runner.Stop(context.Background())
//	state, err := runner.Run(ctx, pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
//
// What happened is in the events alone, and all who look on read the same ones: [Runner.Watch] gives
// them as they come, and package [github.com/davit-sdk/davit/release/ledger] folds them to a state and
// to a review.
//
// # Errors
//
// Run returns a [*stage.Error] with the outcome when the release ended otherwise than succeeded or
// skipped, and any other error when the engine itself could not do its work. [ErrConflict],
// [ErrStopped], [ErrUnknown], [ledger.ErrTooLate] and [ledger.ErrSignal] can be told apart with
// errors.Is.
//
// # Concurrency
//
// All methods of a Runner may be called from any goroutine. A Runner starts goroutines for running
// stages only, and Run returns when those of its release have ended.
package release
