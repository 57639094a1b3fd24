package gatetest_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/gatetest"
)

// A gate that takes no data for good news is found out.
func ExampleCheck() {
	hopeful := func(w *gatetest.World) gate.Gate {
		return gate.Func(func(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
			n, err := w.Read(ctx, metrics.Query{Group: s.Candidate, From: s.Since, To: s.Now})
			if err != nil && ctx.Err() != nil {
				return gate.Verdict{}, err
			}
			if n.Errors > 0 {
				return gate.Verdict{Outcome: gate.Fail, Reason: fmt.Sprintf("%d requests failed", n.Errors)}, nil
			}
			return gate.Verdict{Outcome: gate.Pass, Reason: "no request failed"}, nil
		})
	}
	for line := range strings.Lines(gatetest.Check(gatetest.Case{New: hopeful}).Error()) {
		law, _, _ := strings.Cut(line, ": {")
		fmt.Println(law)
	}
	// Output:
	// law nodata: there is no data, and it passes at look 1
	// law silent: nobody sends requests, and it passes at look 1
	// law down: the source is down, and it passes at look 1
	// law turn: it has passed, and now the source is down, which it sees, and passes
}
