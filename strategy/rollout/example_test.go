package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// A canary that does harm at half of the traffic is taken back. The target is a simulated one; a real
// one differs in nothing but its constructor.
func Example() {
	world := &strategytest.World{Start: time.Millisecond, Stop: time.Millisecond, Request: time.Millisecond}
	old := strategy.Revision{Version: "1.0.0"}
	world.Put(strategy.State{Stable: strategy.Group{Revision: old, Replicas: 4, Share: strategy.All()}})
	target := world.Target()

	ctx := context.Background()
	from, err := rollout.Current(ctx, target)
	if err != nil {
		fmt.Println(err)
		return
	}
	canary := strategy.Canary{Gates: []string{"errors"}, Steps: []strategy.CanaryStep{
		{Share: strategy.Percent(25)}, {Share: strategy.Percent(50)},
	}}
	plan, err := canary.Plan(from, strategy.Revision{Version: "1.1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	asked := 0
	r, err := rollout.New(target, plan, rollout.Options{
		Poll: time.Millisecond,
		Gates: map[string]gate.Gate{"errors": gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			if asked++; asked == 2 {
				return gate.Verdict{Outcome: gate.Fail, Reason: "3 of 200 requests failed, at most 1% may"}, nil
			}
			return gate.Verdict{Outcome: gate.Pass, Reason: "0 of 200 requests failed"}, nil
		})},
		Notify: func(e rollout.Event) {
			if e.Kind == rollout.StepReached {
				fmt.Println("reached:", e.Text)
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := r.Run(ctx)
	var harm *rollout.GateError
	fmt.Println(result.Outcome, errors.As(err, &harm))
	fmt.Println(err)
	// Output:
	// reached: stable 1.0.0 x4 75% + candidate 1.1.0 x1 25%
	// reached: stable 1.0.0 x4 50% + candidate 1.1.0 x2 50%
	// reached: stable 1.0.0 x4 100%
	// rolled back true
	// rollout rolled back at step 2 (50% of the traffic to 1.1.0): gate "errors" says fail: 3 of 200 requests failed, at most 1% may
}

// A process that died in mid-rollout left a checkpoint; the next one goes on from it.
func ExampleResume() {
	world := &strategytest.World{Start: time.Millisecond, Stop: time.Millisecond, Request: time.Millisecond}
	world.Put(strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0"}, Replicas: 2, Share: strategy.All()}})
	from, _ := rollout.Current(context.Background(), world.Target())
	plan, _ := strategy.Rolling{}.Plan(from, strategy.Revision{Version: "1.1.0"})

	var last rollout.Checkpoint
	ctx, die := context.WithCancel(context.Background())
	options := rollout.Options{
		Poll: time.Millisecond,
		Checkpoint: func(_ context.Context, c rollout.Checkpoint) error {
			last = c // a host writes it to disk
			return nil
		},
		Notify: func(e rollout.Event) {
			if e.Kind == rollout.StepDone {
				die()
			}
		},
	}
	first, err := rollout.New(world.Target(), plan, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, _ := first.Run(ctx)
	fmt.Println(result.Outcome)

	second, err := rollout.Resume(world.Target(), plan, last, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err = second.Run(context.Background())
	fmt.Println(result.Outcome, err)
	// Output:
	// interrupted
	// promoted <nil>
}
