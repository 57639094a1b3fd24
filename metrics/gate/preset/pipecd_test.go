package preset_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/preset"
)

func TestPipeCDLooks(t *testing.T) {
	nan := math.NaN()
	low, high := []float64{1, 2, 3, 4, 5, 6}, []float64{7, 8, 9, 10, 11, 12}
	within := preset.PipeCDMetric{Expected: preset.Range{Min: new(1.0), Max: new(6.0)}}
	compare := func(d preset.Deviation) preset.PipeCDMetric {
		return preset.PipeCDMetric{Strategy: preset.CanaryPrimary, Deviation: d}
	}
	skipping := within
	skipping.SkipOnNoData = true
	for _, c := range []struct {
		name   string
		m      preset.PipeCDMetric
		points preset.Points
		failed bool
	}{
		{"within", within, preset.Points{Experiment: low}, false},
		{"one outside", within, preset.Points{Experiment: []float64{1, 6, 6.1}}, true},
		{"no value: the tool lets it pass", within, preset.Points{}, false},
		{"a value that is none", within, preset.Points{Experiment: []float64{1, nan}}, true},
		{"a value that is none, skipped", skipping, preset.Points{Experiment: []float64{1, nan}}, false},
		{"source down", within, preset.Points{Err: errDown}, true},
		{"source down is not skipped", skipping, preset.Points{Err: errDown}, true},
		{"different", compare(""), preset.Points{Experiment: high, Control: low}, true},
		{"different the other way", compare(""), preset.Points{Experiment: low, Control: high}, true},
		{"alike", compare(""), preset.Points{Experiment: []float64{1, 3, 5}, Control: []float64{2, 4, 6}}, false},
		{"higher", compare(preset.DeviationHigh), preset.Points{Experiment: high, Control: low}, true},
		{"lower is good", compare(preset.DeviationHigh), preset.Points{Experiment: low, Control: high}, false},
		{"lower", compare(preset.DeviationLow), preset.Points{Experiment: low, Control: high}, true},
		{"too few to tell", compare(""), preset.Points{Experiment: high[:2], Control: low[:2]}, false},
		{"all the same", compare(""), preset.Points{Experiment: repeat(1, 9), Control: repeat(1, 9)}, false},
		{"no value on either side: the tool lets it pass", compare(""), preset.Points{}, false},
		{"no value on one side", compare(""), preset.Points{Control: low}, true},
		{"no value on the other", compare(""), preset.Points{Experiment: low}, true},
	} {
		p := preset.PipeCD{Metrics: []preset.PipeCDMetric{c.m}}
		assert.Equal(t, c.failed, p.Failed(p.Look(preset.PipeCDRun{}, since, 0, c.points)), c.name)
		p.Metrics[0].FailureLimit = 1
		r := p.Look(p.Look(preset.PipeCDRun{}, since, 0, c.points), since, 0, preset.Points{Experiment: repeat(3, 4), Control: repeat(3, 4)})
		assert.False(t, p.Failed(r), "%s, and one failure is allowed", c.name)
		assert.Equal(t, c.failed, p.Failed(p.Look(r, since, 0, c.points)), "%s, and once more", c.name)
	}
}

func TestPipeCDGate(t *testing.T) {
	pipecd := func(s metrics.Source, m preset.PipeCDMetric) preset.PipeCD {
		m.Name, m.Interval = "m", 5*time.Minute
		return preset.PipeCD{Source: s, Duration: 15 * time.Minute, Metrics: []preset.PipeCDMetric{m}}
	}
	good, bad := steady(100, 50, 50), steady(100, 200, 50)
	limit := preset.PipeCDMetric{Value: preset.ErrorRate(), Expected: preset.Range{Max: new(0.01)}}
	v := ask(t, pipecd(good, limit), 299*time.Second)
	assert.True(t, v.NoData)
	assert.Equal(t, gate.Continue, ask(t, pipecd(good, limit), 899*time.Second).Outcome)
	v = ask(t, pipecd(good, limit), 900*time.Second)
	assert.Equal(t, gate.Pass, v.Outcome)
	assert.Contains(t, v.Reason, "m: 0 of 3 looks failed (0 may), 3 had values")
	assert.Equal(t, gate.Pass, ask(t, pipecd(good, limit), 2000*time.Second).Outcome)
	assert.Equal(t, gate.Continue, ask(t, pipecd(bad, limit), 299*time.Second).Outcome)
	assert.Equal(t, gate.Fail, ask(t, pipecd(bad, limit), 300*time.Second).Outcome)

	open := pipecd(good, limit)
	open.Duration = 0
	s := subject(time.Hour)
	s.Memory = ask(t, open, time.Hour).Memory
	s.End = true
	v, err := open.Check(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, gate.Pass, v.Outcome, "until the bake is over")

	// A source that is down fails one look a question, however late that is.
	down := world(func(string, time.Duration, time.Duration) (metrics.Window, error) { return metrics.Window{}, errDown })
	patient := pipecd(down, limit)
	patient.Metrics[0].FailureLimit = 1
	assert.InDelta(t, 1, ask(t, patient, 899*time.Second).Evidence[0].Value, 0)
	assert.Equal(t, gate.Fail, ask(t, patient, every(time.Minute, 600*time.Second)...).Outcome)

	// Whom it looks at, and when.
	type read struct {
		group string
		from  time.Duration
	}
	var reads []read
	noted := world(func(group string, from, to time.Duration) (metrics.Window, error) {
		reads = append(reads, read{group, from})
		assert.Equal(t, time.Minute, to-from)
		return good(group, from, to)
	})
	for _, c := range []struct {
		m     preset.PipeCDMetric
		first []read
	}{
		{limit, []read{{"new", -time.Minute}}},
		{preset.PipeCDMetric{Value: preset.Errors(), Expected: preset.Range{Max: new(1e9)}, Of: gate.Stable}, []read{{"old", -time.Minute}}},
		{preset.PipeCDMetric{Value: preset.Errors(), Strategy: preset.CanaryPrimary}, []read{{"new", -time.Minute}, {"old", -time.Minute}}},
		{preset.PipeCDMetric{Value: preset.Errors(), Strategy: preset.CanaryBaseline}, []read{{"new", -time.Minute}, {"twin", -time.Minute}}},
		{preset.PipeCDMetric{Value: preset.Errors(), Strategy: preset.Previous, LastStart: since.Add(-24 * time.Hour), LastGroup: "older"},
			[]read{{"new", -time.Minute}, {"older", -24*time.Hour - time.Minute}}},
	} {
		reads = nil
		ask(t, pipecd(noted, c.m), 300*time.Second)
		require.Len(t, reads, 6*len(c.first), "six values a side")
		for i, want := range c.first {
			assert.Equal(t, want, reads[6*i])
		}
	}
	first := preset.PipeCDMetric{Value: preset.Errors(), Strategy: preset.Previous}
	assert.Equal(t, gate.Pass, ask(t, pipecd(bad, first), 900*time.Second).Outcome, "the first deployment")
}

// What was never measured passes with the tool, and not where Strict is set.
func TestPipeCDStrict(t *testing.T) {
	silent := world(func(string, time.Duration, time.Duration) (metrics.Window, error) {
		return metrics.Window{}, metrics.ErrNoData
	})
	for _, m := range []preset.PipeCDMetric{
		{Value: preset.ErrorRate(), Expected: preset.Range{Max: new(0.01)}},
		{Value: preset.ErrorRate(), Strategy: preset.CanaryPrimary},
		{Value: preset.ErrorRate(), Strategy: preset.Previous},
	} {
		m.Name, m.Interval = "m", time.Minute
		p := preset.PipeCD{Source: silent, Duration: 5 * time.Minute, Metrics: []preset.PipeCDMetric{m}}
		assert.Equal(t, gate.Pass, ask(t, p, 5*time.Minute).Outcome, m.Strategy)
		p.Strict = true
		v := ask(t, p, 5*time.Minute)
		assert.Equal(t, gate.Continue, v.Outcome, m.Strategy)
		assert.True(t, v.NoData)
	}
}
