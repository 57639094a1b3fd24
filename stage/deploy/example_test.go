package deploy_test

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// A pipeline that deploys what an earlier stage has built. The target here is a simulated one.
func ExampleStage() {
	target := &strategytest.World{Start: time.Millisecond, Stop: time.Millisecond, Request: time.Millisecond}
	build := stage.Declared{
		Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			if err := stage.Version.Set(t, "1.1.0"); err != nil {
				return err
			}
			return stage.Built.Set(t, stage.Artifact{Digest: "sha256:9f86d081884c7d65", Location: "/artifacts/shop"})
		}),
		Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()},
	}
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: build},
		{Name: "production", Needs: []string{"build"}, Do: deploy.Stage{
			Target:   target.Target(),
			Strategy: strategy.BlueGreen{Replicas: 2, After: strategy.Hold{Gates: []string{"smoke"}}},
			Options: rollout.Options{
				Poll: time.Millisecond,
				Gates: map[string]gate.Gate{"smoke": gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
					return gate.Verdict{Outcome: gate.Pass, Reason: "the front page answers"}, nil
				})},
			},
		}},
	}}

	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	state, err := runner.Run(context.Background(), pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
	fmt.Println(state.Outcome, err)
	now, err := rollout.Current(context.Background(), target.Target())
	fmt.Println(now, err)
	// Output:
	// succeeded <nil>
	// stable 1.1.0@9f86d081884c x2 100% <nil>
}
