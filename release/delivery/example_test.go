package delivery_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/delivery"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Two releases by a command: the second one breaks production, and the third mends it.
func Example() {
	ctx := context.Background()
	store := new(release.MemoryStore)
	runner := release.NewRunner(release.Config{Store: store})
	defer runner.Stop(ctx)
	for i, err := range []error{nil, errors.New("the shop answers nobody"), nil} {
		pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "deploy", Environment: "production", Do: stage.Func(func(context.Context, *stage.Task) error { return err })},
		}}
		_, _ = runner.Run(ctx, pipeline, release.Request{ID: fmt.Sprintf("shop-%d", i+1), Service: "shop", RequestedBy: "ada"})
	}

	feed := delivery.New(delivery.Options{Deploys: func(s ledger.Stage) bool { return s.Name == "deploy" }})
	events, err := feed.Read(ctx, store)
	if err != nil {
		fmt.Println(err)
		return
	}
	var history dora.History
	for _, event := range events {
		if err := history.Add(event); err != nil {
			fmt.Println(err)
			return
		}
	}
	report, err := history.Report(dora.Rules{}, dora.Query{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("deployments:", report.DeploymentFrequency.N)
	fmt.Println("failed:", report.ChangeFailureRate.K, "of", report.ChangeFailureRate.N)
	fmt.Println("recovered:", report.FailedDeploymentRecovery.N, "open:", report.FailedDeploymentRecovery.Censored)
	// Output:
	// deployments: 3
	// failed: 1 of 3
	// recovered: 1 open: 0
}
