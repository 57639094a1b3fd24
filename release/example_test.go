package release_test

import (
	"context"
	"fmt"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
)

// A pipeline of two stages that hand a version on.
func Example() {
	version := stage.Declared{
		Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			return stage.Version.Set(t, "1.5.0")
		}),
		Write: []stage.Ref{stage.Version.Ref()},
	}
	deploy := stage.Declared{
		Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			v, err := stage.Version.Get(t)
			if err != nil {
				return err
			}
			fmt.Println("deploying", v, "to", t.Environment())
			return nil
		}),
		Read: []stage.Ref{stage.Version.Ref()},
	}
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "version", Do: version},
		{Name: "production", Do: deploy, Needs: []string{"version"}, Environment: "production"},
	}}

	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	state, err := runner.Run(context.Background(), pipeline, release.Request{
		ID: "shop-1", Service: "shop", RequestedBy: "ada",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(state.Outcome)
	// Output:
	// deploying 1.5.0 to production
	// succeeded
}

// Someone looks on from the first event, and approves when they are asked. What they see is what was
// recorded, and the review is made of the same events.
func ExampleRunner_Watch() {
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "approve", Do: approval.Stage{Ask: "Release?", FourEyes: true}},
	}}
	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	go runner.Run(context.Background(), pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})

	for e, err := range runner.Watch(context.Background(), "shop-1", 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		switch b := e.Body.(type) {
		case ledger.Progressed:
			fmt.Println(b.Text)
			err := runner.Signal(context.Background(), "shop-1", stage.Signal{
				Kind: stage.Approve, Stage: e.Stage, By: "grace", Why: "looks good",
			})
			if err != nil {
				fmt.Println(err)
			}
		case ledger.Signalled:
			fmt.Println(b.Signal.By, "says", b.Signal.Kind)
		case ledger.Finished:
			fmt.Println("the release", b.Outcome)
		}
	}
	// Output:
	// Release? 0 of 1 approvals
	// grace says approve
	// the release succeeded
}

// All that is wrong with a pipeline is told at once, before anything runs.
func ExamplePipeline_Check() {
	nothing := stage.Func(func(context.Context, *stage.Task) error { return nil })
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: nothing, Needs: []string{"deploy"}},
		{Name: "test", Do: nothing, Needs: []string{"build"}},
		{Name: "deploy", Do: nothing, Needs: []string{"test", "aproval"}},
	}}
	fmt.Println(pipeline.Check())
	// Output:
	// 2 errors occurred:
	// 	* stage deploy: needs "aproval", which there is not
	// 	* stage build: is part of a cycle: build -> test -> deploy -> build
}
