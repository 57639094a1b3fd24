package judge_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/judge"
)

func TestForecast(t *testing.T) {
	traffic := judge.Traffic{Rate: 200, ErrorRate: 0.001, Runs: 20 / min(raced, 4), Seed: 1, Harms: []judge.Harm{{ErrorRate: 0.5}, {ErrorRate: 0.01}, {Slower: 0.5}}}
	f, err := judge.Config{}.Forecast(traffic)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, f.Good.Passed, 0.9, "\n%s", f)
	assert.Zero(t, f.Good.Failed)
	assert.InDelta(t, 4, f.Good.Half.Minutes(), 2)
	require.Len(t, f.Harms, 3)
	for _, o := range f.Harms {
		assert.GreaterOrEqual(t, o.Failed, 0.95, "\n%s", f)
		assert.InDelta(t, 1, o.Failed+o.Passed+o.Undecided, 1e-9)
		assert.Positive(t, o.Harmed)
		assert.LessOrEqual(t, o.Half, o.Most)
	}
	assert.Less(t, f.Harms[0].Half, f.Harms[1].Half, "what is worse is found sooner")

	again, err := judge.Config{}.Forecast(traffic)
	require.NoError(t, err)
	assert.Equal(t, f, again, "the same seed gives the same forecast")
	_, err = json.Marshal(f)
	require.NoError(t, err)
	assert.Contains(t, f.String(), "50% slower")
}

// A rollout with fixed steps ends when they do.
func TestForecastOfSteps(t *testing.T) {
	f, err := judge.Config{}.Forecast(judge.Traffic{
		Rate: 1, ErrorRate: 0.001, Runs: 5, Steps: []judge.Step{{Share: 0.1, For: 5 * time.Minute}, {Share: 0.5, For: 5 * time.Minute}}, Harms: []judge.Harm{},
	})
	require.NoError(t, err)
	assert.InDelta(t, 1, f.Good.Undecided, 1e-9, "too little traffic for ten minutes")
	assert.InDelta(t, 180, f.Good.Requests, 30)
	assert.Zero(t, f.Good.Half)
}

func TestTrafficValidate(t *testing.T) {
	_, err := judge.Config{Alpha: 5}.Forecast(judge.Traffic{
		Rate: math.NaN(), ErrorRate: 2, Median: -1, Spread: 10, Runs: -1,
		Steps: []judge.Step{{Share: 2, For: time.Second}, {Share: 0.1, For: -1}}, Harms: []judge.Harm{{ErrorRate: -1}, {Slower: math.Inf(1)}},
	})
	require.Error(t, err)
	for _, field := range []string{"Config.Alpha", "Traffic.Rate", "Traffic.ErrorRate", "Traffic.Median", "Traffic.Spread", "Traffic.Runs", "Steps[0].Share", "Steps[1].For", "Harms[0].ErrorRate", "Harms[1].Slower"} {
		assert.ErrorContains(t, err, field)
	}
}

func ExampleConfig_Forecast() {
	f, err := judge.Balanced().Forecast(judge.Traffic{Rate: 200, ErrorRate: 0.001, Runs: 20, Harms: []judge.Harm{{ErrorRate: 0.01}, {ErrorRate: 0.5}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range f.Harms {
		fmt.Printf("%s: found in %.0f of 100 releases, half of them within %s\n", o.Harm, 100*o.Failed, o.Half.Round(time.Minute))
	}
	// Output:
	// 1% fail: found in 100 of 100 releases, half of them within 2m0s
	// 50% fail: found in 100 of 100 releases, half of them within 0s
}

// What the package says of little traffic.
func TestForecastOfLittleTraffic(t *testing.T) {
	f, err := judge.Balanced().Forecast(judge.Traffic{
		Rate: 0.2, ErrorRate: 0.001, Runs: 10, Steps: []judge.Step{{Share: 0.5, For: time.Hour}},
		Harms: []judge.Harm{{ErrorRate: 1}, {ErrorRate: 0.1}, {ErrorRate: 0.02}, {Slower: 0.5}, {Slower: 0.2}},
	})
	require.NoError(t, err)
	assert.Zero(t, f.Good.Passed)
	assert.Zero(t, f.Good.Failed)
	outage, tenth, fiftieth, half, fifth := f.Harms[0], f.Harms[1], f.Harms[2], f.Harms[3], f.Harms[4]
	assert.InDelta(t, 15, outage.Requests, 5)
	for _, o := range []judge.Outlook{tenth, half} {
		assert.Greater(t, o.Failed, 0.85, "%s", o.Harm)
		assert.Less(t, o.Half, 30*time.Minute, "%s", o.Harm)
	}
	for _, o := range []judge.Outlook{fiftieth, fifth} {
		assert.Less(t, o.Failed, 0.5, "%s", o.Harm)
	}
}
