package release_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
)

// A release failed at its last stage, for a reason that lay outside. A fork of it builds nothing anew:
// it carries the same version on.
func ExampleOrigin() {
	down := true
	build := stage.Declared{Write: []stage.Ref{stage.Version.Ref()}, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
		fmt.Println("building for", t.Release().ID)
		return stage.Version.Set(t, "1.5.0")
	})}
	deploy := stage.Declared{Read: []stage.Ref{stage.Version.Ref()}, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
		if down {
			return errors.New("the cluster is down")
		}
		version, err := stage.Version.Get(t)
		fmt.Println("deploying", version, "for", t.Release().ID)
		return err
	})}
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: build},
		{Name: "deploy", Do: deploy, Needs: []string{"build"}},
	}}
	ctx := context.Background()
	runner := release.NewRunner(release.Config{})
	defer runner.Stop(ctx)
	_, err := runner.Run(ctx, pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
	fmt.Println("shop-1:", err)

	down = false
	state, err := runner.Run(ctx, pipeline, release.Request{
		ID: "shop-2", RequestedBy: "ada",
		ForkOf: &release.Origin{Release: "shop-1", Stage: "deploy"},
	})
	fmt.Println("shop-2:", state.Outcome, err)
	// Output:
	// building for shop-1
	// shop-1: failed: stage deploy: the cluster is down
	// deploying 1.5.0 for shop-2
	// shop-2: succeeded <nil>
}
