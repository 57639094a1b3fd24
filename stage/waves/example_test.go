package waves_test

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/waves"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// A pipeline that deploys to three regions: a canary in the first, and then the two others side by side.
// The targets here are simulated ones.
func ExampleStage() {
	targets := map[string]rollout.Target{}
	for _, region := range []string{"eu", "us", "ap"} {
		world := &strategytest.World{Start: time.Millisecond, Stop: time.Millisecond, Request: time.Millisecond}
		world.Put(strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0"}, Replicas: 2, Share: strategy.All()}})
		targets[region] = world.Target()
	}
	build := stage.Declared{
		Stage: stage.Func(func(ctx context.Context, t *stage.Task) error {
			if err := stage.Version.Set(t, "1.1.0"); err != nil {
				return err
			}
			return stage.Built.Set(t, stage.Artifact{Digest: "sha256:9f86d081884c7d65", Location: "/artifacts/shop"})
		}),
		Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()},
	}
	healthy := gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		return gate.Verdict{Outcome: gate.Pass, Reason: "the front page answers"}, nil
	})
	pipeline := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: build},
		{Name: "production", Needs: []string{"build"}, Do: waves.Stage{
			Targets: targets,
			Waves: strategy.Waves{
				Strategy: strategy.Rolling{},
				Waves: []strategy.Wave{
					{Regions: []string{"eu"}, Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Gates: []string{"health"}}}}},
					{Regions: []string{"us", "ap"}},
				},
				Hold: strategy.Hold{Bake: 20 * time.Millisecond, Gates: []string{"health"}},
			},
			Options: rollout.WaveOptions{
				Each:  rollout.Options{Poll: time.Millisecond, GateInterval: 5 * time.Millisecond},
				Gates: func(region string) map[string]gate.Gate { return map[string]gate.Gate{"health": healthy} },
			},
		}},
	}}

	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	state, err := runner.Run(context.Background(), pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
	fmt.Println(state.Outcome, err)
	for _, region := range []string{"eu", "us", "ap"} {
		now, err := rollout.Current(context.Background(), targets[region])
		fmt.Println(region, now, err)
	}
	// Output:
	// succeeded <nil>
	// eu stable 1.1.0@9f86d081884c x2 100% <nil>
	// us stable 1.1.0@9f86d081884c x2 100% <nil>
	// ap stable 1.1.0@9f86d081884c x2 100% <nil>
}
