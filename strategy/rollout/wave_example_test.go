package rollout_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// One region gets the release first. Two others follow side by side, and in one of them it does harm: both
// are taken back, and no further wave begins. The gates read what is measured in their own region. (The
// regions are simulated; the times are short, as this runs as a test.)
func ExampleWaves() {
	running := strategy.State{Stable: strategy.Group{
		Revision: strategy.Revision{Version: "1.4.0"}, Replicas: 4, Share: strategy.All(),
	}}
	targets, states := map[string]rollout.Target{}, map[string]strategy.State{}
	for _, region := range []string{"eu", "us", "ap", "sa"} {
		world := &strategytest.World{Start: time.Millisecond, Stop: time.Millisecond, Request: time.Millisecond}
		world.Put(running)
		targets[region], states[region] = world.Target(), running
	}
	plan, err := strategy.Waves{
		Strategy: strategy.Rolling{},
		Waves:    []strategy.Wave{{Regions: []string{"eu"}}, {Regions: []string{"us", "ap"}}, {Regions: []string{"sa"}}},
		Hold:     strategy.Hold{Bake: 30 * time.Millisecond, Gates: []string{"errors"}},
	}.Plan(states, strategy.Revision{Version: "1.5.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	errors := func(region string) gate.Gate { // in truth gate.ErrorRate, or a judge, with the source of the region
		return gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			if region == "ap" && strings.Contains(s.Step, "hold") {
				return gate.Verdict{Outcome: gate.Fail, Reason: "3% of the requests to " + s.Candidate + " failed"}, nil
			}
			return gate.Verdict{Outcome: gate.Pass, Reason: "no request failed"}, nil
		})
	}
	waves, err := rollout.NewWaves(targets, plan, rollout.WaveOptions{
		Each:  rollout.Options{Poll: time.Millisecond, GateInterval: 5 * time.Millisecond},
		Gates: func(region string) map[string]gate.Gate { return map[string]gate.Gate{"errors": errors(region)} },
		Notify: func(e rollout.Event) {
			switch e.Kind {
			case rollout.WaveStarted, rollout.WaveDone, rollout.WaveStopped:
				fmt.Printf("%s: %s\n", e.Kind, e.Text)
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := waves.Run(context.Background())
	if err != nil {
		fmt.Println("no further wave:", result.Outcome)
	}
	for _, region := range result.Regions {
		fmt.Printf("%s: %s\n", region.Region, region.Outcome)
	}
	// Output:
	// wave started: wave 1 of 3: eu
	// wave done: wave 1 of 3
	// wave started: wave 2 of 3: us, ap
	// wave stopped: region ap: gate "errors" says fail: 3% of the requests to 1.5.0 failed
	// no further wave: stopped
	// eu: promoted
	// us: rolled back
	// ap: rolled back
	// sa: untouched
}
