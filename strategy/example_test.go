package strategy_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// A plan is data: it is made, proved, priced and shown before anything moves.
func Example() {
	from := strategy.State{Stable: strategy.Group{
		Revision: strategy.Revision{Version: "1.4.0"}, Replicas: 10, Share: strategy.All(),
	}}
	canary := strategy.Canary{
		Steps: []strategy.CanaryStep{{Share: strategy.Percent(10)}, {Share: strategy.Percent(50)}},
		Bake:  5 * time.Minute,
		Gates: []string{"errors"},
	}
	plan, err := canary.Plan(from, strategy.Revision{Version: "1.5.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := plan.Verify(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan.Table())
	cost := plan.Estimate(strategy.EstimateOptions{Startup: 20 * time.Second})
	fmt.Println("takes", cost.Duration, "and risks", cost.Exposure, "of all of the traffic")
	// Output:
	// Canary: 1.4.0 -> 1.5.0
	// at least 10 available, at most 20 instances, 10 for all of the traffic
	//
	// STEP  WHY                          STABLE            CANDIDATE       CAPACITY  EXPOSED  BAKE  GATES
	// now   what runs                    10 x 1.4.0, 100%  -               10..10    0%       -     -
	// 1     10% of the traffic to 1.5.0  10 x 1.4.0, 90%   1 x 1.5.0, 10%  10..11    10%      5m0s  errors
	// 2     50% of the traffic to 1.5.0  10 x 1.4.0, 50%   5 x 1.5.0, 50%  11..15    50%      5m0s  errors
	// 3     promote 1.5.0                10 x 1.5.0, 100%  -               10..20    100%     -     -
	// takes 11m0s and risks 3m12s of all of the traffic
}

func show(p strategy.Plan, err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, s := range p.Steps {
		fmt.Printf("%d. %s\n", i+1, s.State)
	}
}

func production(replicas int) strategy.State {
	return strategy.State{Stable: strategy.Group{
		Revision: strategy.Revision{Version: "1.4.0"}, Replicas: replicas, Share: strategy.All(),
	}}
}

// One instance on top, none missing.
func ExampleRolling() {
	rolling := strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}
	show(rolling.Plan(production(4), strategy.Revision{Version: "1.5.0"}))
	// Output:
	// 1. stable 1.4.0 x3 75% + candidate 1.5.0 x1 25%
	// 2. stable 1.4.0 x2 50% + candidate 1.5.0 x2 50%
	// 3. stable 1.4.0 x1 25% + candidate 1.5.0 x3 75%
	// 4. stable 1.5.0 x4 100%
}

// A small preview that only marked requests reach, and a switch back that is instant for an hour.
func ExampleBlueGreen() {
	blueGreen := strategy.BlueGreen{
		Preview:      strategy.Count(1),
		PreviewMatch: []strategy.Match{{Header: "X-Preview", Value: "green"}},
		Before:       strategy.Hold{Gates: []string{"smoke"}},
		After:        strategy.Hold{Bake: time.Minute, Gates: []string{"errors"}},
		Warm:         time.Hour,
	}
	show(blueGreen.Plan(production(4), strategy.Revision{Version: "1.5.0"}))
	// Output:
	// 1. stable 1.4.0 x4 100% + candidate 1.5.0 x1 0%, header X-Preview=green
	// 2. stable 1.4.0 x4 100% + candidate 1.5.0 x4 0%, header X-Preview=green
	// 3. stable 1.4.0 x4 0% + candidate 1.5.0 x4 100%
	// 4. stable 1.4.0 x4 0% + candidate 1.5.0 x4 100%
	// 5. stable 1.5.0 x4 100%
}

// A copy of the traffic first, then a tenth of it, beside a baseline as young and as large as the
// candidate.
func ExampleCanary() {
	canary := strategy.Canary{
		Steps:    []strategy.CanaryStep{{Mirror: strategy.Percent(10)}, {Share: strategy.Percent(10)}},
		Bake:     10 * time.Minute,
		Gates:    []string{"errors"},
		Baseline: true,
	}
	show(canary.Plan(production(10), strategy.Revision{Version: "1.5.0"}))
	// Output:
	// 1. stable 1.4.0 x10 100% + baseline 1.4.0 x1 0%, mirrors 10% + candidate 1.5.0 x1 0%, mirrors 10%
	// 2. stable 1.4.0 x10 80% + baseline 1.4.0 x1 10% + candidate 1.5.0 x1 10%
	// 3. stable 1.5.0 x10 100%
}

// What a target such as a Kubernetes Deployment does by itself, within limits that are known beforehand.
func ExampleNative() {
	plan, err := strategy.Native{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}.
		Plan(production(4), strategy.Revision{Version: "1.5.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan.Table())
	back, _ := strategy.Abort(plan, 0)
	fmt.Println("back:", back.Steps[0].State, "by the target itself:", back.Steps[0].Native)
	// Output:
	// Native: 1.4.0 -> 1.5.0
	// at least 4 available, at most 5 instances, 4 for all of the traffic
	//
	// STEP  WHY                                              STABLE           CAPACITY  EXPOSED  WALKED BY
	// now   what runs                                        4 x 1.4.0, 100%  4..4      0%       -
	// 1     4 x 1.4.0 become 4 x 1.5.0 by the target itself  4 x 1.5.0, 100%  4..5      100%     the target itself
	// back: stable 1.4.0 x4 100% by the target itself: true
}

// What cannot run twice goes dark in between; the plan says so, and for how long.
func ExampleRecreate() {
	plan, err := strategy.Recreate{}.Plan(production(2), strategy.Revision{Version: "1.5.0"})
	show(plan, err)
	cost := plan.Estimate(strategy.EstimateOptions{Startup: 20 * time.Second, Drain: 5 * time.Second})
	fmt.Println("downtime:", cost.Downtime)
	// Output:
	// 1. nothing
	// 2. stable 1.5.0 x2 100%
	// downtime: 25s
}

// Verify proves any plan, whoever made it, against limits of your own.
func ExampleVerify() {
	plan, _ := strategy.Rolling{}.Plan(production(4), strategy.Revision{Version: "1.5.0"})
	err := strategy.Verify(plan, strategy.Limits{MinAvailable: 4, MaxTotal: 5})
	var v *strategy.Violation
	if errors.As(err, &v) {
		fmt.Println(v)
	}
	// Output:
	// Steps[0] (shrink) breaks the law of floor: only 3 instances of the groups that answer are certain, 4 must be
}

// The way back from a step is a plan too: capacity first, then traffic.
func ExampleAbort() {
	blueGreen, _ := strategy.BlueGreen{}.Plan(production(4), strategy.Revision{Version: "1.5.0"})
	retired := len(blueGreen.Steps) - 1
	back, err := strategy.Abort(blueGreen, retired)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range back.Steps {
		fmt.Printf("%s: %s\n", s.Reason, s.State)
	}
	// Output:
	// restore capacity: 4 of 1.4.0: stable 1.4.0 x4 0% + candidate 1.5.0 x4 100%
	// back to 1.4.0, as before: stable 1.4.0 x4 100%
}

// The phases of a transition: start, then route, then stop.
func ExampleTransition() {
	to := strategy.State{Stable: strategy.Group{
		Revision: strategy.Revision{Version: "1.5.0"}, Replicas: 2, Share: strategy.All(),
	}}
	phases, _ := strategy.Transition(production(2), to)
	for _, p := range phases {
		fmt.Printf("%s: %s\n", p.Kind, p.State)
	}
	// Output:
	// grow: stable 1.5.0 x2 0% + candidate 1.4.0 x2 100%
	// route: stable 1.5.0 x2 100% + candidate 1.4.0 x2 0%
	// shrink: stable 1.5.0 x2 100%
}
