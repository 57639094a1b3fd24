package release_test

import (
	"context"
	"fmt"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
)

// One stage for each region that comes with the request, one region at a time. Each writes a string, and
// whoever comes behind them reads all of these as a map.
func ExampleEach() {
	var (
		regions   = stage.NewKey[[]string]("regions")
		address   = stage.NewKey[string]("address")
		addresses = stage.NewKey[map[string]string]("address")
	)
	deploy := stage.Declared{Write: []stage.Ref{address.Ref()}, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
		fmt.Println(t.Stage())
		return address.Set(t, t.Item().Name+".shop.example")
	})}
	announce := stage.Declared{Read: []stage.Ref{addresses.Ref()}, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
		all, err := addresses.Get(t)
		fmt.Println(all)
		return err
	})}
	pipeline := release.Pipeline{Name: "shop", Inputs: []stage.Ref{regions.Ref()}, Stages: []release.Stage{
		{Name: "deploy", Do: deploy, Each: &release.Each{Key: regions.Ref(), Parallel: 1}},
		{Name: "announce", Do: announce, Needs: []string{"deploy"}},
	}}
	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	state, err := runner.Run(context.Background(), pipeline, release.Request{
		ID: "shop-1", Service: "shop", RequestedBy: "ada",
		Inputs: []release.Value{release.Input(regions, []string{"us", "eu"})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(state.Stages), "stages,", state.Outcome)
	// Output:
	// deploy.us
	// deploy.eu
	// map[eu:eu.shop.example us:us.shop.example]
	// 4 stages, succeeded
}
