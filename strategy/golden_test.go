package strategy_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

var update = flag.Bool("update", false, "write the tables in testdata anew")

// TestTables compares whole plans, as people see them, with what was read and approved once:
// each plan, and the way back from each of its steps.
func TestTables(t *testing.T) {
	drain := strategy.EstimateOptions{Startup: 20 * time.Second, Drain: 10 * time.Second}
	for _, test := range []struct {
		name     string
		strategy strategy.Strategy
		from     strategy.State
	}{
		{"rolling", strategy.Rolling{MinReady: 10 * time.Second, Bake: time.Minute, Gates: []string{"errors"}}, running(v1, 10)},
		{"rolling-no-surge", strategy.Rolling{Surge: strategy.Count(0)}, running(v1, 3)},
		{"rolling-one-instance", strategy.Rolling{Surge: strategy.Count(0)}, running(v1, 1)},
		{"rolling-batches", strategy.Rolling{Batch: strategy.Count(2), Unavailable: strategy.Count(0)}, running(v1, 6)},
		{"rolling-partition", strategy.Rolling{Partition: 3, Sticky: true}, running(v1, 10)},
		{"rolling-smaller", strategy.Rolling{Replicas: 4}, running(v1, 10)},
		{"rolling-larger", strategy.Rolling{Replicas: 10}, running(v1, 4)},
		{"bluegreen", strategy.BlueGreen{After: strategy.Hold{Bake: time.Minute, Gates: []string{"errors"}}, Warm: time.Hour}, running(v1, 4)},
		{"bluegreen-preview", strategy.BlueGreen{
			Preview: strategy.PercentOf(25), PreviewMatch: []strategy.Match{{Header: "X-Preview", Value: "green"}},
			Before:     strategy.Hold{Pause: &strategy.Pause{Reason: "does green look right?", Deadline: time.Hour}},
			Switch:     []strategy.Share{strategy.Percent(10), strategy.Percent(50)},
			SwitchHold: strategy.Hold{Bake: time.Minute},
		}, running(v1, 4)},
		{"canary", strategy.Canary{
			Bake: 5 * time.Minute, Gates: []string{"errors", "latency"}, Deadline: 10 * time.Minute,
			After: strategy.Hold{Bake: 30 * time.Minute, Gates: []string{"errors"}},
		}, running(v1, 10)},
		{"canary-all-features", strategy.Canary{
			Steps: []strategy.CanaryStep{
				{Match: []strategy.Match{{Cookie: "canary", Value: "1"}}, Bake: time.Minute},
				{Mirror: strategy.Percent(20), Gates: []string{"diff"}},
				{Share: strategy.Percent(10)},
				{Share: strategy.Percent(60), Pause: &strategy.Pause{Reason: "go on?"}},
				{Share: strategy.Percent(60), Irreversible: "drops column users.name"},
			},
			Baseline: true, DynamicStable: true, Bake: 5 * time.Minute, Gates: []string{"errors"}, MinReady: 5 * time.Second,
		}, running(v1, 10)},
		{"canary-size-apart", strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(10), Replicas: strategy.Count(3)}}}, running(v1, 10)},
		{"recreate", strategy.Recreate{Bake: time.Minute, Gates: []string{"errors"}}, running(v1, 2)},
		{"native", strategy.Native{After: strategy.Hold{Bake: time.Minute, Gates: []string{"errors"}}, Deadline: 10 * time.Minute}, running(v1, 10)},
		{"native-larger", strategy.Native{Replicas: 6, Surge: strategy.Count(0)}, running(v1, 4)},
		{"native-first-release", strategy.Native{Replicas: 3}, strategy.State{}},
		{"first-release", strategy.Canary{Replicas: 3, After: strategy.Hold{Bake: time.Minute}}, strategy.State{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := mustPlan(t, test.strategy, test.from, v2)
			var out strings.Builder
			out.WriteString(p.Table())
			fmt.Fprintf(&out, "\nestimate: %+v\n", p.Estimate(drain))
			for i := range p.Steps {
				back, err := strategy.Abort(p, i)
				if err != nil {
					fmt.Fprintf(&out, "\nback from step %d: %v\n", i+1, err)
					continue
				}
				require.NoError(t, back.Verify())
				fmt.Fprintf(&out, "\nback from step %d:\n%s", i+1, back.Table())
			}
			checkGolden(t, test.name+".txt", out.String())
		})
	}
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test ./strategy -update, and read what it wrote")
	require.Equal(t, string(want), got)
}
