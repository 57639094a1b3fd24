package metricstest_test

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/metricstest"
	"github.com/davit-sdk/davit/metrics/trace"
)

func Example() {
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	source, err := trace.NewSource(start, trace.Lines(
		trace.Line{T: 5 * time.Second, Group: "1.1.0", Requests: 40, Errors: 2},
		trace.Line{T: 10 * time.Second, Group: "1.1.0", Requests: 60},
	))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(metricstest.Check(func() metrics.Source { return source }, metricstest.Case{
		Group: "1.1.0", Cuts: []time.Time{start, start.Add(5 * time.Second), start.Add(10 * time.Second)},
	}))
	// Output: <nil>
}
