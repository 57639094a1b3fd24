package gate_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/gatetest"
)

// Each gate of the package keeps the laws of a gate, by itself and within each other one.
func TestConformance(t *testing.T) {
	type world = gatetest.World
	series := func(w *world) gate.Series {
		return gate.Series{Source: w, Name: "queue", Must: []gate.Bound{gate.AtMost(1)}}
	}
	tests := func(w *world) gate.Tests {
		return gate.Tests{Read: func(ctx context.Context, s gate.Subject) (gate.TestResults, error) {
			n, err := w.Number(ctx, s)
			if math.IsNaN(n) || math.IsInf(n, 0) {
				return gate.TestResults{}, errors.New("that is no number of tests")
			}
			return gate.TestResults{Passed: uint64(n) + 1}, err
		}}
	}
	errorRate := func(w *world) gate.Gate { return gate.ErrorRate{Source: w, Max: 0.01} }
	cases := []gatetest.Case{
		{Name: "ErrorRate", New: errorRate},
		{Name: "Latency", New: func(w *world) gate.Gate { return gate.Latency{Source: w, Max: time.Second} }},
		{Name: "Series", Bad: new(9.0), New: func(w *world) gate.Gate { return series(w) }},
		{Name: "Series for a while", Bad: new(9.0), Looks: 20, New: func(w *world) gate.Gate {
			s := series(w)
			s.For, s.By = time.Minute, gate.Max
			return s
		}},
		{Name: "Relative", Bad: new(9.0), New: func(w *world) gate.Gate { return gate.Relative{Source: w, Name: "queue"} }},
		{Name: "Windows", New: func(w *world) gate.Gate {
			return gate.All{
				gate.Relative{Source: gate.Windows{Source: w}, Name: "error rate", Ratio: 1.5},
				gate.Series{Source: gate.Windows{Source: w}, Name: "latency p99", Must: []gate.Bound{gate.AtMost(1)}},
			}
		}},
		{Name: "Burn", New: func(w *world) gate.Gate { return gate.Burn{Source: w, SLO: 0.999} }},
		{Name: "Budget", New: func(w *world) gate.Gate { return gate.Budget{Source: w, SLO: 0.999} }},
		{Name: "Number", Bad: new(3.0), New: func(w *world) gate.Gate { return gate.OpenBugs(w.Number, 0) }},
		{Name: "Coverage", Bad: new(79.0), Number: 80, New: func(w *world) gate.Gate { return gate.Coverage(w.Number, 80) }},
		{Name: "Tests", Number: 5, New: func(w *world) gate.Gate { return tests(w) }},
		{Name: "Approvals", Number: 1, New: func(w *world) gate.Gate {
			return gate.Approvals{Read: func(ctx context.Context, s gate.Subject) ([]gate.Approval, error) {
				n, err := w.Number(ctx, s)
				if math.IsNaN(n) || math.IsInf(n, 0) {
					return nil, errors.New("that is nobody")
				}
				return []gate.Approval{{By: "ada"}}, err
			}}
		}},
		{Name: "InTime", New: func(*world) gate.Gate {
			return gate.InTime{Calendar: gate.CalendarFunc(func(time.Time) (bool, string) { return true, "" })}
		}},
		{Name: "VersionLevel", New: func(*world) gate.Gate { return gate.VersionLevel{Most: gate.Minor} }},
		{Name: "All", Looks: 20, New: func(w *world) gate.Gate {
			s := series(w)
			s.For = time.Minute
			return gate.All{errorRate(w), gate.Named{Name: "queue", Gate: s}}
		}},
		{Name: "Any", New: func(w *world) gate.Gate { return gate.Any{errorRate(w), gate.Latency{Source: w, Max: time.Second}} }},
		{Name: "Quorum", New: func(w *world) gate.Gate {
			return gate.Quorum{N: 2, Of: []gate.Gate{errorRate(w), series(w), gate.Named{Name: "muted", Gate: gate.Muted{Gate: tests(w)}}}}
		}},
		{Name: "Score", New: func(w *world) gate.Gate {
			return gate.Score{Least: 0.6, Of: []gate.Weighted{{Gate: errorRate(w), Must: true}, {Gate: series(w), Weight: 2}}}
		}},
		{Name: "Not", Bad: new(1.0), New: func(w *world) gate.Gate {
			return gate.Not{Gate: gate.Guard{Gate: gate.Series{Source: w, Name: "queue", Must: []gate.Bound{gate.AtLeast(1)}}, NoData: gate.PolicyFail, Down: gate.PolicyFail, After: -1}}
		}},
		{Name: "Guard", New: func(w *world) gate.Gate {
			return gate.Guard{Gate: errorRate(w), NoData: gate.PolicyExtend, Down: gate.PolicyAsk, After: time.Minute}
		}},
		{Name: "Schedule", Looks: 20, Every: 10 * time.Second, New: func(w *world) gate.Gate {
			return gate.Schedule{Gate: gate.All{errorRate(w), series(w)}, Delay: time.Minute, Interval: 15 * time.Second, Green: time.Minute, Keep: 5}
		}},
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { gatetest.Run(t, c) })
	}
}

// A muted gate passes always: that is what it is for. It keeps the other laws.
func TestMutedConformance(t *testing.T) {
	gatetest.Run(t, gatetest.Case{New: func(w *gatetest.World) gate.Gate { return gate.Muted{Gate: gate.ErrorRate{Source: w, Max: 0.01}} }})
}

// What is not known of a source, even half of it, is no pass for a group that is compared either.
func TestConformanceOfFewRequests(t *testing.T) {
	few := func(q metrics.Query) metrics.Window { return metrics.Window{From: q.From, To: q.To, Requests: 99} }
	gatetest.Run(t, gatetest.Case{Want: gate.Continue, Windows: few, New: func(w *gatetest.World) gate.Gate {
		return gate.All{gate.ErrorRate{Source: w, Max: 1}, gate.Burn{Source: w, SLO: 0.9}, gate.Budget{Source: w, SLO: 0.9}}
	}})
}
