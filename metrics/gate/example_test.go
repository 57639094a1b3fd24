package gate_test

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

func ExampleErrorRate() {
	measured := source{window: metrics.Window{Requests: 800, Errors: 31}}
	g := gate.ErrorRate{Source: measured, Max: 0.01}

	v, err := g.Check(context.Background(), gate.Subject{Step: "10%", Candidate: "1.1.0", Since: time.Unix(0, 0), Now: time.Unix(60, 0)})
	fmt.Println(v.Outcome, err)
	fmt.Println(v.Reason)
	// Output:
	// fail <nil>
	// 31 of 800 requests to 1.1.0 failed (3.88%, at most 1.00% may)
}
