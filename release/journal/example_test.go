package journal_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/davit-sdk/davit/release/journal"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

func Example() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	for range 2 { // the second time, what the first one wrote is there
		j, err := journal.Open(dir, journal.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		for id, err := range j.Open(ctx) {
			fmt.Println("not over:", id, err)
		}
		for e, err := range j.Events(ctx, "shop-1", 0) {
			fmt.Println(e.Seq, e.Stage, e.Body.Type(), err)
		}
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		err = j.Append(ctx, "shop-1", 0,
			ledger.Event{Seq: 1, Time: at, Stage: "build", Attempt: 1, Body: ledger.Began{}},
			ledger.Event{Seq: 2, Time: at, Stage: "build", Attempt: 1, Body: ledger.Ended{Outcome: stage.Succeeded}},
		)
		fmt.Println("append:", err)
		if err := j.Close(); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("verify:", journal.Verify(ctx, dir))
	// Output:
	// append: <nil>
	// not over: shop-1 <nil>
	// 1 build stage.began <nil>
	// 2 build stage.ended <nil>
	// append: release shop-1: append: conflict: it has 2 events, 0 were expected
	// verify: <nil>
}
