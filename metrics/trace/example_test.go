package trace_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/trace"
)

func Example() {
	recorded := strings.NewReader(`
{"t":5,"group":"candidate","requests":40,"errors":2,"latency":[{"le":0.1,"count":30},{"le":"+Inf","count":40}]}
{"t":5,"group":"baseline","requests":100,"errors":1,"latency":[{"le":0.1,"count":90},{"le":"+Inf","count":100}]}
{"t":10,"group":"candidate","requests":60,"errors":1,"latency":[{"le":0.1,"count":50},{"le":"+Inf","count":60}]}
`)
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	source, err := trace.NewSource(start, trace.Read(recorded, trace.ReadOptions{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	w, err := source.Read(context.Background(), metrics.Query{Group: "candidate", From: start, To: start.Add(time.Minute)})
	fmt.Println(w.Errors, "of", w.Requests, "failed,", w.Latency.Counts[0], "took at most", w.Latency.Bounds[0], "s;", err)
	// Output: 3 of 100 failed, 80 took at most 0.1 s; <nil>
}
