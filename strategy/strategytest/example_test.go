package strategytest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// A plan is rehearsed against instances of which the third one of the new revision dies. The world
// is a quick one, as an Example has no virtual time; in a test it would be in a
// testing/synctest bubble, and its times real ones.
func ExampleWorld() {
	from := strategy.State{Stable: strategy.Group{
		Revision: strategy.Revision{Version: "1.4.0"}, Replicas: 4, Share: strategy.All(),
	}}
	plan, err := strategy.Canary{
		Steps: []strategy.CanaryStep{{Share: strategy.Percent(25)}, {Share: strategy.Percent(50)}},
	}.Plan(from, strategy.Revision{Version: "1.5.0"})
	if err != nil {
		fmt.Println(err)
		return
	}

	world := &strategytest.World{
		Start: time.Millisecond, Stop: time.Millisecond, Request: time.Millisecond,
		Behave: func(pool strategy.Pool, n int) strategytest.Behaviour {
			if pool.Revision == plan.To && n == 2 {
				return strategytest.Behaviour{Crash: time.Microsecond, Reason: "exit status 2: out of memory"}
			}
			return strategytest.Behaviour{}
		},
	}
	world.Put(plan.From)
	world.Limit(plan.Limits)

	r, err := rollout.New(world.Target(), plan, rollout.Options{
		Poll: time.Millisecond,
		Notify: func(e rollout.Event) {
			if e.Kind == rollout.StepReached || e.Kind == rollout.InstanceFailed {
				fmt.Printf("%s: %s\n", e.Kind, e.Text)
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := r.Run(context.Background())
	fmt.Println(result.Outcome, err, len(world.Violations()), "violations")
	// Output:
	// step reached: stable 1.4.0 x4 75% + candidate 1.5.0 x1 25%
	// step reached: stable 1.4.0 x4 50% + candidate 1.5.0 x2 50%
	// instance failed: 1.5.0-2 of 1.5.0: exit status 2: out of memory
	// step reached: stable 1.5.0 x4 100%
	// promoted <nil> 0 violations
}

// Swap is a strategy that somebody wrote in a hurry: it starts the new revision and stops the old
// one in a single step, and promises to need no room for that.
type Swap struct{}

func (Swap) Plan(from strategy.State, to strategy.Revision) (strategy.Plan, error) {
	n := from.Stable.Replicas
	if n < 1 || to.IsZero() {
		return strategy.Plan{}, errors.New("nothing to swap")
	}
	return strategy.Plan{
		Strategy: "Swap", From: from, To: to, Limits: strategy.Limits{MinAvailable: n, MaxTotal: n},
		Steps: []strategy.Step{{
			Reason: "swap", State: strategy.State{Stable: strategy.Group{Revision: to, Replicas: n, Share: strategy.All()}},
		}},
	}, nil
}

func ExampleCheckStrategy() {
	err := strategytest.CheckStrategy(Swap{})
	var all *multierror.Error
	if errors.As(err, &all) {
		for _, err := range all.Errors {
			var v *strategytest.Violation
			if errors.As(err, &v) {
				fmt.Println("broken:", v.Law)
			}
		}
	}
	// Output:
	// broken: limits
	// broken: refuses
}

// In a test, RunFleet tells law by law; here the simulated fleet stands for yours.
func ExampleCheckFleet() {
	err := strategytest.CheckFleet(context.Background(), func() (strategytest.FleetHarness, error) {
		world := &strategytest.World{Start: time.Millisecond, Stop: time.Millisecond}
		return strategytest.FleetHarness{
			Fleet: world.Fleet(),
			Pools: []strategy.Pool{
				{Revision: strategy.Revision{Version: "1.4.0"}},
				{Revision: strategy.Revision{Version: "1.5.0"}},
			},
			Kill:   func(id string) error { return world.KillInstance(id, "killed") },
			Poll:   time.Millisecond,
			Settle: 5 * time.Millisecond,
			OnSkip: func(law, why string) { fmt.Println("not proved:", law) },
		}, nil
	})
	fmt.Println("broken:", err)
	// Output:
	// not proved: waitless
	// not proved: reopened
	// broken: <nil>
}
