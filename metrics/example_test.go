package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/metricstest"
)

// answered is one answer of a service, as its log has it.
type answered struct {
	at     time.Time
	group  string
	failed bool
}

// accessLog is a source of one's own.
type accessLog []answered

var _ metrics.Source = accessLog{}

func (l accessLog) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	if err := ctx.Err(); err != nil {
		return metrics.Window{}, err
	}
	if !q.From.Before(q.To) {
		return metrics.Window{}, errors.New("the stretch is empty")
	}
	if !slices.ContainsFunc(l, func(a answered) bool { return a.group == q.Group }) {
		return metrics.Window{}, metrics.ErrUnknownGroup // nobody has ever measured it: not the same as no errors
	}
	w := metrics.Window{From: q.From, To: q.To}
	for _, a := range l {
		if a.group != q.Group || a.at.Before(q.From) || !a.at.Before(q.To) {
			continue
		}
		w.Requests++
		if a.failed {
			w.Errors++
		}
	}
	return w, nil
}

// A source of one's own is one method. A gate reads it, and the kit proves it.
func Example() {
	noon := time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)
	var log accessLog
	for second := range 200 {
		log = append(log, answered{at: noon.Add(time.Duration(second) * time.Second), group: "1.5.0", failed: second%20 == 0})
	}
	fmt.Println(metricstest.Check(func() metrics.Source { return log }, metricstest.Case{
		Group: "1.5.0", Cuts: []time.Time{noon, noon.Add(time.Minute), noon.Add(2 * time.Minute)},
	}))
	g := gate.ErrorRate{Source: log, Max: 0.01}
	fmt.Println(gate.Ask(context.Background(), g, gate.Subject{Candidate: "1.5.0", Since: noon, Now: noon.Add(3 * time.Minute)}).Reason)
	// Output:
	// <nil>
	// 9 of 180 requests to 1.5.0 failed (5.00%, at most 1.00% may)
}
