package ledger_test

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// What is to be done follows from the events and the time, and from nothing else.
func ExampleDecide() {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	state := new(ledger.State)
	err := state.Apply(ledger.Event{Seq: 1, Time: now, Body: ledger.Requested{
		Release: stage.Release{ID: "shop-1", Service: "shop", RequestedBy: "ada"},
		Pipeline: ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{
			{Name: "build", Timeout: 5 * time.Minute},
			{Name: "lint"},
			{Name: "deploy", Needs: []string{"build", "lint"}},
		}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	decision := ledger.Decide(state, now)
	for _, e := range decision.Append {
		if err := state.Apply(e); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("start", decision.Start)
	fmt.Println("wake at", ledger.Decide(state, now).Wake.Format(time.TimeOnly))
	for _, c := range ledger.Decide(state, now.Add(time.Hour)).Cancel {
		fmt.Println("cancel", c.Stage, "-", c.Cause.Reason)
	}
	// Output:
	// start [build lint]
	// wake at 10:05:00
	// cancel build - it took longer than its timeout of 5m0s
}
