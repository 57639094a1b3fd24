package preset_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/preset"
)

var errDown = errors.New("connection refused")

// measured plays measurements, each as soon as it is due, and gives the run and when it came to its end.
func measured(t *testing.T, m preset.ArgoMetric, values ...any) (preset.ArgoRun, time.Duration) {
	t.Helper()
	m.Name = "m"
	a := preset.ArgoRollouts{Metrics: []preset.ArgoMetric{m}}
	r, at := a.Start(since), since
	for _, v := range values {
		next, ok := a.Next(r, 0)
		require.True(t, ok, "%v comes after the end, which is %s", v, r.Phase)
		at = next
		one := preset.Measurement{}
		if err, bad := v.(error); bad {
			one.Err = err
		} else {
			one.Value = v.(float64)
		}
		r = a.Step(r, at, one)
	}
	return r, at.Sub(since)
}

func TestArgoConditionTable(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		success, failure string
		value            float64
		want             preset.Phase
	}{
		{"", "", nan, preset.PhaseSuccessful},
		{"result >= 0.95", "", 0.96, preset.PhaseSuccessful},
		{"result >= 0.95", "", 0.94, preset.PhaseFailed},
		{"result >= 0.95", "", nan, preset.PhaseFailed},
		{"", "result < 0.9", 0.95, preset.PhaseSuccessful},
		{"", "result < 0.9", 0.8, preset.PhaseFailed},
		{"", "result < 0.9", nan, preset.PhaseSuccessful},
		{"result >= 0.95", "result < 0.9", 0.92, preset.PhaseInconclusive},
		{"result >= 0.95", "result < 0.9", nan, preset.PhaseInconclusive},
		{"result >= 0.95", "result < 0.9", 0.99, preset.PhaseSuccessful},
		{"result >= 0.5", "result < 0.9", 0.7, preset.PhaseFailed},
	} {
		m := preset.ArgoMetric{SuccessCondition: c.success, FailureCondition: c.failure}
		r, _ := measured(t, m, c.value)
		assert.Equal(t, c.want, r.Phase, "success %q, failure %q, %v", c.success, c.failure, c.value)
	}
}

func TestArgoLimits(t *testing.T) {
	const good, bad, unsure = 0.99, 0.1, 0.92
	both := preset.ArgoMetric{SuccessCondition: "result >= 0.95", FailureCondition: "result < 0.9", Interval: time.Minute}
	with := func(change func(m *preset.ArgoMetric)) preset.ArgoMetric {
		m := both
		change(&m)
		return m
	}
	for _, c := range []struct {
		name   string
		m      preset.ArgoMetric
		values []any
		want   preset.Phase
		at     time.Duration
	}{
		{"one measurement by default", preset.ArgoMetric{SuccessCondition: "result > 0.5"}, []any{good}, preset.PhaseSuccessful, 0},
		{"first after the delay", preset.ArgoMetric{InitialDelay: time.Minute}, []any{good}, preset.PhaseSuccessful, time.Minute},
		{"an interval goes on and on", both, []any{good, good, good}, preset.PhaseRunning, 2 * time.Minute},
		{"the first failure", both, []any{good, bad}, preset.PhaseFailed, time.Minute},
		{"failures up to the limit", with(func(m *preset.ArgoMetric) { m.FailureLimit = 2; m.Count = 4 }), []any{bad, good, bad, good}, preset.PhaseSuccessful, 3 * time.Minute},
		{"one more", with(func(m *preset.ArgoMetric) { m.FailureLimit = 2; m.Count = 4 }), []any{bad, good, bad, bad}, preset.PhaseFailed, 3 * time.Minute},
		{"the first that is unsure", both, []any{unsure}, preset.PhaseInconclusive, 0},
		{"unsure up to the limit", with(func(m *preset.ArgoMetric) { m.InconclusiveLimit = 1; m.Count = 2 }), []any{unsure, good}, preset.PhaseSuccessful, time.Minute},
		{"errors do not count", with(func(m *preset.ArgoMetric) { m.Count = 2 }), []any{errDown, errDown, good, errDown, good}, preset.PhaseSuccessful, (10 + 10 + 60 + 10) * time.Second},
		{"five errors in a row are 40 s", both, []any{errDown, errDown, errDown, errDown, errDown}, preset.PhaseErrored, 40 * time.Second},
		{"a value ends the row", both, []any{errDown, errDown, errDown, errDown, good, errDown, errDown, errDown, errDown}, preset.PhaseRunning, (40 + 60 + 30) * time.Second},
		{"no error allowed", with(func(m *preset.ArgoMetric) { m.ConsecutiveErrorLimit = new(0) }), []any{errDown}, preset.PhaseErrored, 0},
		{"so many successes in a row", with(func(m *preset.ArgoMetric) { m.ConsecutiveSuccessLimit, m.FailureLimit = 2, 5 }), []any{good, bad, good, good}, preset.PhaseSuccessful, 3 * time.Minute},
		{"an error ends that row", with(func(m *preset.ArgoMetric) { m.ConsecutiveSuccessLimit = 2 }), []any{good, errDown, good}, preset.PhaseRunning, 70 * time.Second},
		{"too few in a row, and not too many failures", with(func(m *preset.ArgoMetric) { m.ConsecutiveSuccessLimit, m.FailureLimit, m.Count = 2, 2, 4 }),
			[]any{good, bad, good, bad}, preset.PhaseInconclusive, 3 * time.Minute},
		{"too few in a row, and failures do not matter", with(func(m *preset.ArgoMetric) { m.ConsecutiveSuccessLimit, m.FailureLimit, m.Count = 2, -1, 3 }),
			[]any{bad, good, bad}, preset.PhaseFailed, 2 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, at := measured(t, c.m, c.values...)
			assert.Equal(t, c.want, r.Phase)
			assert.Equal(t, c.at, at)
		})
	}
	// Where several limits are passed at once, an error hides what is unsure, and that hides a failure.
	for _, c := range []struct {
		value float64
		err   error
		want  preset.Phase
	}{{bad, nil, preset.PhaseFailed}, {unsure, nil, preset.PhaseInconclusive}, {0, errDown, preset.PhaseErrored}} {
		a := preset.ArgoRollouts{Metrics: []preset.ArgoMetric{with(func(m *preset.ArgoMetric) { m.ConsecutiveErrorLimit = new(0) })}}
		r := a.Start(since)
		r.Results[0] = preset.ArgoResult{Phase: preset.PhaseRunning, Failed: 1}
		r = a.Step(r, since, preset.Measurement{Value: c.value, Err: c.err})
		assert.Equal(t, c.want, r.Phase)
	}
}

// The run is as bad as its worst metric; what is measured at the same moment counts together.
func TestArgoWorstMetric(t *testing.T) {
	metric := func(name string) preset.ArgoMetric {
		return preset.ArgoMetric{Name: name, SuccessCondition: "result > 5", FailureCondition: "result < 1", ConsecutiveErrorLimit: new(0), Interval: time.Minute}
	}
	a := preset.ArgoRollouts{Metrics: []preset.ArgoMetric{metric("a"), metric("b"), metric("c")}}
	const good, unsure, bad = 9, 3, 0
	one := func(i int, v float64) preset.Measurement { return preset.Measurement{Metric: i, Value: v} }
	broken := preset.Measurement{Metric: 2, Err: errDown}
	for _, c := range []struct {
		name     string
		measured []preset.Measurement
		want     preset.Phase
	}{
		{"all good", []preset.Measurement{one(0, good), one(1, good), one(2, good)}, preset.PhaseRunning},
		{"one unsure", []preset.Measurement{one(0, good), one(1, unsure)}, preset.PhaseInconclusive},
		{"an error is worse", []preset.Measurement{one(0, unsure), broken}, preset.PhaseErrored},
		{"a failure is worst", []preset.Measurement{one(0, unsure), one(1, bad), broken}, preset.PhaseFailed},
	} {
		r := a.Step(a.Start(since), since, c.measured...)
		assert.Equal(t, c.want, r.Phase, c.name)
		after := a.Step(r, since.Add(time.Minute), one(0, bad), one(1, bad))
		if r.Phase != preset.PhaseRunning {
			assert.Equal(t, r, after, "%s: what has ended stays", c.name)
		}
	}
	a.Metrics[1].DryRun = true
	r := a.Step(a.Start(since), since, one(0, good), one(1, bad), one(2, good))
	assert.Equal(t, preset.PhaseRunning, r.Phase, "a dry run does not count")
	assert.Equal(t, preset.PhaseFailed, r.Results[1].Phase)
}

func TestArgoGate(t *testing.T) {
	query := preset.Query{Value: preset.SuccessRate()}
	counted := preset.ArgoMetric{Name: "success", SuccessCondition: "result[0] >= 0.99", Interval: time.Minute, Count: 3, InitialDelay: time.Minute, Query: query}
	endless := counted
	endless.Count = 0
	gateOf := func(s metrics.Source, m ...preset.ArgoMetric) preset.ArgoRollouts {
		return preset.ArgoRollouts{Source: s, Metrics: m}
	}
	good, bad := steady(100, 50, 50), steady(100, 200, 50)

	v := ask(t, gateOf(good, counted), every(5*time.Second, 55*time.Second)...)
	assert.Equal(t, gate.Continue, v.Outcome)
	assert.True(t, v.NoData)
	assert.Equal(t, gate.Continue, ask(t, gateOf(good, counted), every(5*time.Second, 175*time.Second)...).Outcome)
	v = ask(t, gateOf(good, counted), every(5*time.Second, 180*time.Second)...)
	assert.Equal(t, gate.Pass, v.Outcome)
	assert.Equal(t, uint64(3), v.Evidence[0].Samples)
	v = ask(t, gateOf(bad, counted), every(5*time.Second, 60*time.Second)...)
	assert.Equal(t, gate.Fail, v.Outcome)
	assert.Contains(t, v.Reason, "ended as Failed: success failed 1 times")

	// A run without an end passes with the end of the bake, and only then.
	v = ask(t, gateOf(good, endless), time.Hour)
	assert.Equal(t, gate.Continue, v.Outcome)
	s := subject(time.Hour)
	s.End, s.Memory = true, v.Memory
	v, err := gateOf(good, endless).Check(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, gate.Pass, v.Outcome)

	// A step of its own begins anew, a background run goes on.
	for background, want := range map[bool]uint64{false: 0, true: 3} {
		g := gateOf(good, counted)
		g.Background = background
		s := subject(200 * time.Second)
		s.Memory = ask(t, g, 200*time.Second).Memory
		s.Since = s.Now
		v, err := g.Check(t.Context(), s)
		require.NoError(t, err)
		assert.Equal(t, want, v.Evidence[0].Samples, "background %v", background)
	}

	// No data for 40 s are an error, as they are for the tool.
	silent := world(func(_ string, from, to time.Duration) (metrics.Window, error) {
		if from >= 150*time.Second && to < 400*time.Second {
			return metrics.Window{}, metrics.ErrNoData
		}
		return good("new", from, to)
	})
	longer := endless
	longer.Query.Range = 10 * time.Second
	assert.Equal(t, gate.Continue, ask(t, gateOf(silent, longer), 219*time.Second).Outcome)
	assert.Equal(t, gate.Fail, ask(t, gateOf(silent, longer), 220*time.Second).Outcome)
}

// A source that is down is asked again after 10 s, but an hour in which nobody asked is not an hour in
// which it was down.
func TestArgoSourceDown(t *testing.T) {
	m := preset.ArgoMetric{Name: "success", SuccessCondition: "result >= 0.99", Interval: time.Minute, Query: preset.Query{Value: preset.SuccessRate()}}
	g := preset.ArgoRollouts{Source: world(func(string, time.Duration, time.Duration) (metrics.Window, error) { return metrics.Window{}, errDown }), Metrics: []preset.ArgoMetric{m}}
	assert.Equal(t, gate.Continue, ask(t, g, time.Hour).Outcome)
	assert.Equal(t, gate.Continue, ask(t, g, time.Hour, time.Hour+9*time.Second, time.Hour+30*time.Second).Outcome)
	assert.Equal(t, gate.Fail, ask(t, g, every(10*time.Second, time.Minute)...).Outcome)
}

func TestArgoStrict(t *testing.T) {
	late := preset.ArgoMetric{Name: "success", FailureCondition: "result < 0.99", Interval: time.Minute, InitialDelay: time.Hour, Query: preset.Query{Value: preset.SuccessRate()}}
	idle := late
	idle.InitialDelay = 0
	for _, c := range []struct {
		name   string
		m      preset.ArgoMetric
		strict bool
		want   gate.Outcome
	}{
		{"never measured", late, false, gate.Pass},
		{"never measured", late, true, gate.Continue},
		{"no request at all", idle, false, gate.Pass},
		{"no request at all", idle, true, gate.Fail},
	} {
		g := preset.ArgoRollouts{Source: steady(0, 0, 0), Metrics: []preset.ArgoMetric{c.m}, Strict: c.strict}
		s := subject(10 * time.Minute)
		s.End = true
		v, err := g.Check(t.Context(), s)
		require.NoError(t, err)
		assert.Equal(t, c.want, v.Outcome, "%s, strict %v: %s", c.name, c.strict, v.Reason)
	}
}
