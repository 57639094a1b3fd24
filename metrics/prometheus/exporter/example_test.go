package exporter_test

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/davit-sdk/davit/metrics/prometheus/exporter"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
)

func Example() {
	ctx := context.Background()
	store := new(release.MemoryStore) // a journal, in a host that is more than an example
	runner := release.NewRunner(release.Config{Store: store})
	defer runner.Stop(ctx)

	collector, err := exporter.New(exporter.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := collector.Replay(ctx, store); err != nil { // before it is registered
		fmt.Println(err)
		return
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector)

	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "deploy", Do: stage.Func(func(context.Context, *stage.Task) error { return nil }), Environment: "production"},
	}}
	if err := runner.Begin(ctx, pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"}); err != nil {
		fmt.Println(err)
		return
	}
	if err := collector.Follow(ctx, runner, "shop-1"); err != nil { // until the release is over
		fmt.Println(err)
		return
	}
	families, err := registry.Gather()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range families {
		if f.GetName() == "davit_stages_ended_total" {
			fmt.Println(f.GetHelp(), f.GetMetric()[0].GetCounter().GetValue())
		}
	}
	// Output:
	// Stages that are over, by outcome. 1
}
