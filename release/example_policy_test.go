package release_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// prints is a stage that says something.
func prints(text string) stage.Func {
	return func(context.Context, *stage.Task) error {
		fmt.Println(text)
		return nil
	}
}

// When the last stage fails, what was done before it is undone, the latest first, by the stages that can.
func ExampleUndo() {
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "bucket", Do: stage.Undoable{Stage: prints("create the bucket"), By: prints("drop the bucket")}},
		{Name: "tell", Do: prints("tell the team"), Needs: []string{"bucket"}},
		{Name: "deploy", Do: stage.Undoable{Stage: prints("deploy 1.5.0"), By: prints("back to 1.4.0")}, Needs: []string{"tell"}},
		{Name: "watch", Needs: []string{"deploy"}, OnFailure: release.Undo, Do: stage.Func(func(context.Context, *stage.Task) error {
			return errors.New("too many errors")
		})},
	}}
	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	_, err := runner.Run(context.Background(), pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
	fmt.Println(err)
	// Output:
	// create the bucket
	// tell the team
	// deploy 1.5.0
	// back to 1.4.0
	// drop the bucket
	// rolled-back: stage watch: too many errors
}

// A migration has failed, and nobody but a person can tell what to do: the release is frozen until
// somebody says retry, skip or abort.
func ExampleFreeze() {
	locked := true
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "migrate", OnFailure: release.Freeze, Do: stage.Func(func(_ context.Context, t *stage.Task) error {
			if locked {
				return errors.New("the table is locked")
			}
			fmt.Println("migrated at attempt", t.Attempt())
			return nil
		})},
		{Name: "deploy", Do: prints("deployed"), Needs: []string{"migrate"}},
	}}
	ctx := context.Background()
	runner := release.NewRunner(release.Config{})
	defer runner.Stop(ctx)
	err := runner.Begin(ctx, pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for e, err := range runner.Watch(ctx, "shop-1", 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if end, ok := e.Body.(ledger.Ended); ok && end.Parked != "" {
			fmt.Println(e.Stage, end.Outcome+":", end.Reason)
			locked = false
			err := runner.Signal(ctx, "shop-1", stage.Signal{Kind: stage.Retry, Stage: e.Stage, By: "grace", Why: "I have unlocked it"})
			if err != nil {
				fmt.Println(err)
			}
		}
	}
	// Output:
	// migrate failed: the table is locked
	// migrated at attempt 2
	// deployed
}
