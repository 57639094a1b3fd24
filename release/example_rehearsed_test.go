//go:build !race

package release_test

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rehearse"
)

// What the judge would find of a canary, and what that would cost, before it begins. It is left out under the race
// detector, which takes ten times as long and tries less of the same in package rehearse.
func Example_rehearsed() {
	rehearsed := func(ctx context.Context, plan strategy.Plan) error {
		rehearsal := rehearse.Rehearsal{
			Plan: plan,
			Gates: func(simulated metrics.Source) (map[string]gate.Gate, error) {
				return map[string]gate.Gate{"harm": judge.Gate{Source: simulated}}, nil
			},
			Traffic: rehearse.Traffic{Rate: 100, Service: rehearse.Service{
				ErrorRate: 0.001, Median: 50 * time.Millisecond, P99: 400 * time.Millisecond}},
			Runs: 20,
		}
		curve, err := rehearsal.Curve(ctx, rehearse.Harm{}, rehearse.Harm{Errors: 0.009}, rehearse.Harm{Errors: 0.999}, rehearse.Harm{Slower: 0.5})
		if err != nil {
			return err
		}
		fmt.Print(curve)
		return nil
	}

	plan, err := strategy.Canary{
		Ramp:  strategy.Ramp{From: strategy.Percent(1), To: strategy.Percent(50), Growth: 4},
		Bake:  30 * time.Second,
		Gates: []string{"harm"},
	}.Plan(strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.4.0"}, Replicas: 10, Share: strategy.All()}}, strategy.Revision{Version: "1.5.0"})
	fmt.Println(err, rehearsed(context.Background(), plan))
	// Output:
	// harm                    rolled back  promoted  found after        promoted after     answered by it  of those failed
	// no harm                 0%           100%      -                  6m0s (p90 16m40s)  15483           16.2
	// +0.9 points of errors   100%         0%        2m5s (p90 2m35s)   -                  946             10.1
	// +99.9 points of errors  100%         0%        20s (p90 30s)      -                  22              22.2
	// latency +50 %           100%         0%        5m20s (p90 5m40s)  -                  2551            2.2
	// <nil> <nil>
}
