package gate_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// moment is what examples are asked about: the first minute of a step at a Friday noon.
func moment() gate.Subject {
	since := time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)
	return gate.Subject{Step: "10%", Stable: "1.0.0", Candidate: "1.1.0", Since: since, Now: since.Add(time.Minute), Share: 0.1}
}

func ExampleErrorRate() {
	measured := source{window: metrics.Window{Requests: 800, Errors: 31}}
	g := gate.ErrorRate{Source: measured, Max: 0.01}

	v, err := g.Check(context.Background(), moment())
	fmt.Println(v.Outcome, err)
	fmt.Println(v.Reason)
	// Output:
	// fail <nil>
	// 31 of 800 requests to 1.1.0 failed (3.88%, at most 1.00% may)
}

// A series within bounds: at least one replica answers, and at no time more than five wait.
func ExampleSeries() {
	monitoring := lines{of: map[string][]float64{"1.1.0": {3, 4, 7, 2}}}
	g := gate.Series{
		Source: monitoring, Name: "queue length", Window: 30 * time.Second,
		By: gate.Max, Must: []gate.Bound{gate.AtLeast(0), gate.AtMost(5)},
	}
	fmt.Println(gate.Ask(context.Background(), g, moment()))
	// Output:
	// fail: max queue length of 1.1.0 in 30s is 7, and must be >= 0 and <= 5
	//   max queue length of 1.1.0 in 30s: 7, asked for >= 0, 3 samples
	//   max queue length of 1.1.0 in 30s: 7, asked for <= 5, 3 samples
}

// The candidate may use a tenth more memory than what runs, and 50 MB.
func ExampleRelative() {
	monitoring := lines{of: map[string][]float64{"1.1.0": {640}, "1.0.0": {500}}}
	g := gate.Relative{Source: monitoring, Name: "memory in MB", Ratio: 1.1, Difference: 50}
	fmt.Println(gate.Ask(context.Background(), g, moment()))
	// Output:
	// fail: last memory in MB of 1.1.0 is 640, and must be <= 600 (1.1 times the other and 50 more; stable 1.0.0 has 500)
	//   last memory in MB of 1.1.0: 640, asked for <= 600, 1 samples, against stable 1.0.0
}

// The error rate of the candidate may be one and a half times that of what runs, and 0.1 points.
func ExampleWindows() {
	router := grouped{"1.1.0": {Requests: 900, Errors: 19}, "1.0.0": {Requests: 8100, Errors: 81}}
	g := gate.Relative{Source: gate.Windows{Source: router}, Name: "error rate", Ratio: 1.5, Difference: 0.001}
	fmt.Println(gate.Ask(context.Background(), g, moment()).Reason)
	// Output:
	// last error rate of 1.1.0 is 0.0211111, and must be <= 0.016 (1.5 times the other and 0.001 more; stable 1.0.0 has 0.01)
}

// An error budget that burns too fast, in the last hour and still now.
func ExampleBurn() {
	measured := byLength{of: map[time.Duration][2]uint64{
		time.Hour: {90_000, 1800}, 5 * time.Minute: {8000, 152},
		6 * time.Hour: {600_000, 2000}, 30 * time.Minute: {50_000, 300}, 72 * time.Hour: {9_000_000, 5000},
	}}
	v := gate.Ask(context.Background(), gate.Burn{Source: measured, SLO: 0.999}, moment())
	fmt.Println(v.Outcome)
	fmt.Println(v.Reason)
	// Output:
	// fail
	// 1.1.0 burns its error budget at 20 in 1h0m0s and at 19 in 5m0s (14.4 in both is too fast)
}

// Small versions may go out at any time, larger ones not on a Friday.
func ExampleAny() {
	g := gate.Any{
		gate.Named{Name: "small", Gate: gate.VersionLevel{Most: gate.Patch}},
		gate.Named{Name: "workday", Gate: gate.InTime{Calendar: gate.CalendarFunc(func(at time.Time) (bool, string) {
			return at.Weekday() != time.Friday, "no releases on Fridays"
		})}},
	}
	fmt.Println(gate.Ask(context.Background(), g, moment()))
	patch := moment()
	patch.Candidate = "1.0.1"
	fmt.Println(gate.Ask(context.Background(), g, patch).Outcome)
	// Output:
	// continue: 0 of 2 gates pass, 1 must (small says fail: 1.0.0 to 1.1.0: minor, at most patch may be; workday says continue: Fri 6 Mar 2026 12:01 UTC is closed for releases: no releases on Fridays)
	// pass
}

// Coverage alone is no reason to pass, nor to fail; open bugs are.
func ExampleScore() {
	number := func(v float64) gate.Reader {
		return func(context.Context, gate.Subject) (float64, error) { return v, nil }
	}
	g := gate.Score{Least: 0.75, Of: []gate.Weighted{
		{Gate: gate.Named{Name: "bugs", Gate: gate.OpenBugs(number(0), 0)}, Weight: 3, Must: true},
		{Gate: gate.Named{Name: "coverage", Gate: gate.Coverage(number(71), 80)}, Weight: 1},
	}}
	v := gate.Ask(context.Background(), g, moment())
	fmt.Println(v.Outcome, v.Evidence[0])
	// Output:
	// pass score: 0.75, asked for >= 0.75, 2 samples
}

// A monitoring system that is down stops the clock; a group without requests fails after a while.
func ExampleGuard() {
	down := source{err: errors.New("connection refused")}
	g := gate.Guard{
		Gate: gate.ErrorRate{Source: down, Max: 0.01},
		Down: gate.PolicyExtend, NoData: gate.PolicyFail,
	}
	s := moment()
	for range 3 {
		v := gate.Ask(context.Background(), g, s)
		fmt.Println(v)
		s.Memory, s.Now = v.Memory, s.Now.Add(time.Minute)
	}
	// Output:
	// continue (nobody could be asked): no verdict: read the metrics of 1.1.0: connection refused
	// continue (nobody could be asked, the clock is stopped): no verdict: read the metrics of 1.1.0: connection refused; it is so for 1m0s, and the policy for that is "extend"
	// continue (nobody could be asked, the clock is stopped): no verdict: read the metrics of 1.1.0: connection refused; it is so for 2m0s, and the policy for that is "extend"
}

// Both gates must be green in the same sampling, and stay so for two minutes.
func ExampleSchedule() {
	g := gate.Schedule{Gate: gate.All{script("PCPPP"), script("PPPPP")}, Green: 2 * time.Minute, Keep: 3}
	s := moment()
	for range 5 {
		v := gate.Ask(context.Background(), g, s)
		fmt.Println(v.Outcome, v.Looks)
		s.Memory, s.Now = v.Memory, s.Now.Add(time.Minute)
	}
	// Output:
	// continue [12:01:00 pass]
	// continue [12:01:00 pass 12:02:00 continue]
	// continue [12:01:00 pass 12:02:00 continue 12:03:00 pass]
	// continue [12:02:00 continue 12:03:00 pass 12:04:00 pass]
	// pass [12:03:00 pass 12:04:00 pass 12:05:00 pass]
}

// A dry run: what the gate says is recorded, and decides nothing.
func ExampleMuted() {
	strict := gate.ErrorRate{Source: source{window: metrics.Window{Requests: 1000, Errors: 5}}, Max: 0.001}
	v := gate.Ask(context.Background(), gate.All{gate.Muted{Gate: strict}, script("P")}, moment())
	fmt.Println(v.Outcome, v.Evidence)
	v = gate.Ask(context.Background(), gate.Muted{Gate: strict}, moment())
	fmt.Println(v.Outcome, v.Muted)
	// Output:
	// pass [error rate of 1.1.0: 0.005, asked for <= 0.001, 1000 samples]
	// pass fail
}

// What is wrong is found when gates are wired, with the path of each field.
func ExampleValidate() {
	monitoring := listed{lines{names: []string{"heap bytes", "queue length"}}}
	fmt.Print(gate.Validate(gate.All{
		gate.Guard{Gate: gate.Relative{Source: monitoring, Name: "queue lenght"}, Down: "pass"},
		gate.Latency{Source: source{}},
	}))
	// Output:
	// 3 errors occurred:
	// 	* All[0]: Guard.Gate: Relative.Name: unknown metric: "queue lenght"; the source has heap bytes, queue length
	// 	* All[0]: Guard.Down: unknown policy "pass"
	// 	* All[1]: Latency.Max: 0s is not above zero
}
