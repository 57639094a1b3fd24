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

func TestFlaggerTicks(t *testing.T) {
	success := preset.FlaggerMetric{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(99.0)}}
	const good, bad = 99.5, 98.0
	for _, c := range []struct {
		name      string
		threshold int
		values    []any
		checks    int
		passed    bool
		failed    bool
	}{
		{"good", 0, []any{good, good}, 0, true, false},
		{"one bad look halts", 0, []any{good, bad}, 1, false, false},
		{"and is found out on the tick after", 0, []any{good, bad, good}, 1, false, true},
		{"no number", 0, []any{math.NaN(), good}, 1, false, true},
		{"no value", 0, []any{errDown, good}, 1, false, true},
		{"fewer than the threshold", 3, []any{bad, good, bad, good, good}, 2, true, false},
		{"as many, though none in a row", 3, []any{bad, good, bad, good, bad, good}, 3, false, true},
		{"a threshold below one is one", -4, []any{bad, good}, 1, false, true},
		{"at the end of the range", 0, []any{99.0}, 0, true, false},
	} {
		f := preset.Flagger{Threshold: c.threshold, Metrics: []preset.FlaggerMetric{success}}
		var r preset.FlaggerRun
		for i, v := range c.values {
			r = f.Tick(r, since.Add(time.Duration(i)*time.Minute), func(int) (float64, error) {
				if err, bad := v.(error); bad {
					return 0, err
				}
				return v.(float64), nil
			})
		}
		assert.Equal(t, c.checks, r.FailedChecks, c.name)
		assert.Equal(t, c.passed, r.Passed, c.name)
		assert.Equal(t, c.failed, r.Failed, c.name)
	}
}

// Metrics are asked in their order, up to the first that is bad.
func TestFlaggerOrder(t *testing.T) {
	f := preset.Flagger{Metrics: []preset.FlaggerMetric{
		{Name: "a", Threshold: 5}, {Name: "b", ThresholdRange: preset.Range{Min: new(1.0), Max: new(2.0)}}, {Name: preset.RequestSuccessRate, Threshold: 90},
	}}
	for _, c := range []struct {
		values []float64
		asked  int
		halted string
	}{
		{[]float64{5, 2, 90}, 3, ""}, {[]float64{5.1, 2, 90}, 1, "a"}, {[]float64{5, 0.9, 90}, 2, "b"}, {[]float64{5, 2.1, 90}, 2, "b"},
		{[]float64{5, 1, 89.9}, 3, preset.RequestSuccessRate},
	} {
		asked := 0
		r := f.Tick(preset.FlaggerRun{}, since, func(i int) (float64, error) { asked++; return c.values[i], nil })
		assert.Equal(t, c.asked, asked, "%v", c.values)
		assert.Equal(t, c.halted, r.Halted, "%v", c.values)
	}
}

func TestFlaggerWeights(t *testing.T) {
	for _, c := range []struct {
		name string
		f    preset.Flagger
		want []int
	}{
		{"steps up to the most", preset.Flagger{StepWeight: 20, MaxWeight: 50}, []int{20, 40, 60}},
		{"the most is all by default", preset.Flagger{StepWeight: 30}, []int{30, 60, 90, 100}},
		{"a list", preset.Flagger{StepWeights: []int{1, 2, 10, 80}}, []int{1, 2, 10, 80}},
		{"a list and a step", preset.Flagger{StepWeights: []int{1, 50}, StepWeight: 25}, []int{25, 50}},
	} {
		weight, got := 0, []int(nil)
		for range 20 {
			next, promote := c.f.Advance(weight)
			if promote {
				break
			}
			weight, got = next, append(got, next)
		}
		assert.Equal(t, c.want, got, c.name)
	}
	next, promote := preset.Flagger{}.Advance(0)
	assert.Zero(t, next)
	assert.False(t, promote, "with no step the tool stays where it is")
	next, _ = preset.Flagger{StepWeights: []int{10, 20, 30}}.Advance(15)
	assert.Equal(t, 100, next, "a weight that is not in the list")
}

func TestFlaggerGate(t *testing.T) {
	flagger := func(s metrics.Source, threshold int) preset.Flagger {
		return preset.Flagger{Source: s, Threshold: threshold, Metrics: []preset.FlaggerMetric{
			{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(99.0)}},
			{Name: preset.RequestDuration, ThresholdRange: preset.Range{Max: new(500.0)}},
		}}
	}
	good, bad := steady(100, 50, 50), steady(100, 200, 50)
	v := ask(t, flagger(good, 0), every(10*time.Second, 50*time.Second)...)
	assert.Equal(t, gate.Continue, v.Outcome)
	assert.True(t, v.NoData)
	v = ask(t, flagger(good, 0), every(10*time.Second, time.Minute)...)
	assert.Equal(t, gate.Pass, v.Outcome)
	require.Len(t, v.Evidence, 3)
	assert.InDelta(t, 99.5, v.Evidence[1].Value, 1e-9)
	assert.InDelta(t, 496, v.Evidence[2].Value, 0, "in whole milliseconds")
	assert.Equal(t, gate.Continue, ask(t, flagger(bad, 0), every(10*time.Second, 110*time.Second)...).Outcome)
	v = ask(t, flagger(bad, 0), every(10*time.Second, 120*time.Second)...)
	assert.Equal(t, gate.Fail, v.Outcome)
	assert.Contains(t, v.Reason, "1 checks of new have failed (fewer than 1 may)")

	fraction := world(func(_ string, _, _ time.Duration) (metrics.Window, error) {
		return metrics.Window{Requests: 9, Latency: metrics.Histogram{Bounds: []float64{0.1, 0.5009}, Counts: []uint64{0, 9, 0}}}, nil
	})
	whole := flagger(fraction, 0)
	whole.Metrics[1].ThresholdRange.Max = new(496.9)
	assert.Equal(t, gate.Pass, ask(t, whole, time.Minute).Outcome, "496.891 ms is no more than 496 ms")
	whole.Metrics[1].ThresholdRange.Max = new(495.9)
	assert.Equal(t, gate.Continue, ask(t, whole, time.Minute).Outcome)

	// Failed checks of one step are not forgotten in the next, but what passed is.
	mixed := world(func(group string, from, to time.Duration) (metrics.Window, error) {
		if from < 2*time.Minute {
			return bad(group, from, to)
		}
		return good(group, from, to)
	})
	before := ask(t, flagger(mixed, 3), 3*time.Minute)
	assert.Equal(t, gate.Pass, before.Outcome)
	s := subject(3*time.Minute + time.Second)
	s.Since, s.Memory = s.Now, before.Memory
	v, err := flagger(mixed, 3).Check(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, gate.Continue, v.Outcome)
	assert.InDelta(t, 2, v.Evidence[0].Value, 0)

	// A source that is down counts once a question, however late that is.
	down := world(func(string, time.Duration, time.Duration) (metrics.Window, error) { return metrics.Window{}, errDown })
	assert.InDelta(t, 1, ask(t, flagger(down, 5), time.Hour).Evidence[0].Value, 0)
	assert.Equal(t, gate.Fail, ask(t, flagger(down, 5), every(time.Minute, 6*time.Minute)...).Outcome)

	// A duration above the last bucket is out of any range that has an upper end.
	slow := world(func(_ string, from, to time.Duration) (metrics.Window, error) {
		w, err := good("new", from, to)
		w.Latency.Counts[1], w.Latency.Counts[3] = 0, w.Latency.Counts[1]
		return w, err
	})
	assert.Equal(t, gate.Fail, ask(t, flagger(slow, 0), 2*time.Minute).Outcome)
}

// The interval is never shorter than ten seconds.
func TestFlaggerInterval(t *testing.T) {
	f := preset.Flagger{Source: steady(100, 0, 0), Interval: time.Second, Metrics: []preset.FlaggerMetric{{Name: preset.RequestSuccessRate, Threshold: 99}}}
	assert.Equal(t, gate.Continue, ask(t, f, 9*time.Second).Outcome)
	assert.Equal(t, gate.Pass, ask(t, f, 10*time.Second).Outcome)
}
