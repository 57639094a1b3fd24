package pace_test

import (
	"fmt"
	"iter"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/pace"
	"github.com/davit-sdk/davit/stage"
)

func Example() {
	pipeline := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{
		{Name: "build"}, {Name: "staging", Needs: []string{"build"}}, {Name: "production", Needs: []string{"staging"}},
	}}
	// What a store has of a release, as a rule: store.Events(ctx, id, 0).
	events := func(id string, stages int, minutes ...time.Duration) iter.Seq2[ledger.Event, error] {
		now, seq := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), uint64(0)
		return func(yield func(ledger.Event, error) bool) {
			tell := func(name string, attempt int, body ledger.Body) {
				seq++
				yield(ledger.Event{Seq: seq, Time: now, Stage: name, Attempt: attempt, Body: body}, nil)
			}
			tell("", 0, ledger.Requested{Release: stage.Release{ID: id, Service: "shop", RequestedBy: "ada"}, Pipeline: pipeline})
			for i, took := range minutes {
				tell(pipeline.Stages[i].Name, 1, ledger.Began{})
				if now = now.Add(took * time.Minute); i < stages {
					tell(pipeline.Stages[i].Name, 1, ledger.Ended{Outcome: stage.Succeeded})
				}
			}
		}
	}

	book := pace.NewBook(pace.Options{})
	for i, rollout := range []time.Duration{12, 14, 13, 30, 15} {
		if err := book.Add(pace.Rehearsal, events(fmt.Sprint("rehearsal-", i), 3, 4, 6, rollout)); err != nil {
			fmt.Println(err)
			return
		}
	}
	expectation, err := book.Expect(pipeline)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(expectation.Text())

	need, err := expectation.Runway()
	fmt.Println("fits into 35 minutes:", err == nil && need <= 35*time.Minute)

	course, err := pace.Follow(events("shop-1", 1, 5, 0)) // it has built for five minutes, and goes to staging
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(book.Forecast(course, time.Date(2026, 11, 23, 9, 7, 0, 0, time.UTC)))
	// Output:
	// pipeline shop: work 24m, p95 36m58s; with people 24m, p95 36m58s
	//   STAGE       RUNS             WORK  P95   PEOPLE  P95
	//   build       5 (5 rehearsed)  4m    4m+   -       -
	//   staging     5 (5 rehearsed)  6m    6m+   -       -
	//   production  5 (5 rehearsed)  14m   27m+  -       -
	// fits into 35 minutes: false
	// shop-1: 25 %, 1 of 3 stages; 18m of work left, p95 30m58s, by 09:37:58Z
}
