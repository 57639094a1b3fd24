package release_test

import (
	"context"
	"fmt"
	"os"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/stage"
)

// The second host on a folder takes up what the first one has left: what was done stays done, and what
// was under way goes on from its checkpoint. Whether the first one was stopped, as here, or died, makes no
// difference.
func ExampleRunner_TakeUp() {
	dir, err := os.MkdirTemp("", "releases")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	half := make(chan struct{})
	build := func(ctx context.Context, t *stage.Task) error {
		fmt.Println("building")
		return nil
	}
	deploy := func(ctx context.Context, t *stage.Task) error {
		var done int
		if _, err := t.Restore(&done); err != nil {
			return err
		}
		for ; done < 4; done++ {
			fmt.Println("deploying to instance", done)
			if err := t.Checkpoint(ctx, done+1); err != nil {
				return err
			}
			if done == 1 && t.Attempt() == 1 {
				close(half)
				<-ctx.Done() // this host ends here
				return context.Cause(ctx)
			}
		}
		return nil
	}
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: stage.Func(build)},
		{Name: "deploy", Do: stage.Func(deploy), Needs: []string{"build"}},
	}}

	// A host opens the journal, then takes up; at its end it stops the runner, then closes the journal.
	host := func(work func(runner *release.Runner, taken []string) error) error {
		events, err := journal.Open(dir, journal.Options{})
		if err != nil {
			return err
		}
		defer events.Close()
		runner := release.NewRunner(release.Config{Store: events})
		defer runner.Close()
		taken, err := runner.TakeUp(ctx, pipeline)
		if err != nil {
			return err
		}
		return work(runner, taken)
	}
	err = host(func(runner *release.Runner, taken []string) error {
		err := runner.Begin(ctx, pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
		<-half
		return err
	})
	fmt.Println("the first host has ended:", err)
	err = host(func(runner *release.Runner, taken []string) error {
		state, err := runner.Wait(ctx, "shop-1")
		if err != nil {
			return err
		}
		fmt.Println("the second host took up", taken)
		fmt.Println(state.Outcome, "with fence", state.Fence)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// building
	// deploying to instance 0
	// deploying to instance 1
	// the first host has ended: <nil>
	// deploying to instance 2
	// deploying to instance 3
	// the second host took up [shop-1]
	// succeeded with fence 2
}
