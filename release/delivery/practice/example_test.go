package practice_test

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/maturity"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/delivery"
	"github.com/davit-sdk/davit/release/delivery/practice"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// One release by a command, and what that says about its service.
func Example() {
	ctx := context.Background()
	store := new(release.MemoryStore)
	runner := release.NewRunner(release.Config{Store: store})
	defer runner.Stop(ctx)
	nothing := stage.Func(func(context.Context, *stage.Task) error { return nil })
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "test", Do: nothing},
		{Name: "copy", Needs: []string{"test"}, Environment: "production", Do: nothing},
	}}
	if _, err := runner.Run(ctx, pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"}); err != nil {
		fmt.Println(err)
		return
	}

	records, err := practice.Read(ctx, store, practice.Options{
		Delivery: delivery.Options{Deploys: func(s ledger.Stage) bool { return s.Name == "copy" }},
		Kind: func(s ledger.Stage) maturity.Kind {
			if s.Name == "test" {
				return maturity.KindTest
			}
			return maturity.KindOther
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	history, err := records.History()
	if err != nil {
		fmt.Println(err)
		return
	}
	model, err := maturity.Named("delivery")
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := maturity.Assess(model, maturity.Input{At: time.Now(), Releases: records.Releases, History: history})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range a.Services[0].Dimensions[0].Findings[:3] {
		fmt.Println(f.Answer, f.Name+":", f.Why)
	}
	// Output:
	// unknown a machine builds, from version control: no step of kind "build" is told of, by whatever name; nobody has declared it
	// yes a machine runs the tests of the code: 1 of 1 (100 %); asked for: at least 50 %
	// no what is deployed is known by its digest: 0 of 1 (0 %); asked for: at least 95 %
}
