package enact_test

import (
	"context"
	"fmt"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/davit-sdk/davit/release/plan/enact"
	"github.com/davit-sdk/davit/stage"
)

func Example() {
	p := plan.Plan{
		Name: "shop-5", Service: "shop", Owner: "ada",
		Risks: []plan.Risk{{
			Name: "harm", Trigger: plan.Trigger{Stage: "production", Ends: []stage.Outcome{stage.Failed}}, Mitigation: plan.Mitigation{Stage: "page"},
		}},
		Activate: []plan.Criterion{{Name: "healthy", Gate: "errors"}},
	}
	production := stage.Func(func(context.Context, *stage.Task) error { return fmt.Errorf("no route") })
	page := stage.Func(func(context.Context, *stage.Task) error {
		fmt.Println("the page says that the shop is as before")
		return nil
	})
	pipeline, err := enact.Pipeline(release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "production", Do: production}}}, p, enact.Parts{
		Gates: map[string]gate.Gate{"errors": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Pass, Reason: "no errors"}, nil
		})},
		Remedies: map[string]stage.Stage{"page": page},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	runner := release.NewRunner(release.Config{})
	defer runner.Close()
	kept := make(chan error)
	go func() { kept <- enact.Keep(ctx, runner, p, "shop-5", nil) }()
	state, _ := runner.Run(ctx, pipeline, release.Request{ID: "shop-5", Service: "shop", RequestedBy: "ada"})
	fmt.Println(state.Outcome, <-kept)
	// Output:
	// the page says that the shop is as before
	// failed <nil>
}
