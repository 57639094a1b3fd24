package preset_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/preset"
)

var since = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func subject(now time.Duration) gate.Subject {
	return gate.Subject{Step: "step 2: 10%", Stable: "old", Baseline: "twin", Candidate: "new", Since: since, Now: since.Add(now)}
}

// world answers a query by its group and by the time since the bake began.
type world func(group string, from, to time.Duration) (metrics.Window, error)

func (w world) Read(_ context.Context, q metrics.Query) (metrics.Window, error) {
	return w(q.Group, q.From.Sub(since), q.To.Sub(since))
}

// steady has so many requests a second, of which a part fails, in tenths of a per mille.
func steady(rate uint64, candidate, others uint64) world {
	return func(group string, from, to time.Duration) (metrics.Window, error) {
		n := rate * uint64((to - from).Seconds())
		w := metrics.Window{Requests: n, Errors: n * others / 10_000, Latency: metrics.NewHistogram([]float64{0.1, 0.5, 1})}
		if group == "new" {
			w.Errors = n * candidate / 10_000
		}
		w.Latency.Counts[1] = n
		return w, nil
	}
}

// ask asks a gate at these times, as a rollout does: with what it said last.
func ask(t *testing.T, g gate.Gate, times ...time.Duration) gate.Verdict {
	t.Helper()
	var v gate.Verdict
	for _, at := range times {
		s := subject(at)
		s.Memory = v.Memory
		var err error
		v, err = g.Check(context.Background(), s)
		require.NoError(t, err)
		require.NotEmpty(t, v.Outcome)
		require.NotEmpty(t, v.Reason)
		require.LessOrEqual(t, len(v.Memory), gate.MaxMemory)
		_, err = json.Marshal(v)
		require.NoError(t, err)
	}
	return v
}

// every lists times with that step.
func every(step, until time.Duration) []time.Duration {
	var times []time.Duration
	for at := step; at <= until; at += step {
		times = append(times, at)
	}
	return times
}

// rough is a world with failures, gaps and different groups, the same each time it is asked.
func rough(seed uint64) world {
	return func(group string, from, to time.Duration) (metrics.Window, error) {
		w := metrics.Window{Latency: metrics.NewHistogram([]float64{0.1, 0.5, 1})}
		seen := false
		for s := from.Truncate(5 * time.Second); s < to; s += 5 * time.Second {
			rnd := rand.New(rand.NewPCG(seed, uint64(s)+uint64(len(group))<<50))
			if s < 0 || rnd.IntN(9) == 0 || seed%2 == 0 && (s/(100*time.Second)+time.Duration(seed))%7 == 3 {
				continue
			}
			seen = true
			for range 3 + rnd.IntN(10) {
				w.Requests++
				bad := group == "new" && seed%3 == 0
				if rnd.IntN(400) == 0 || bad && rnd.IntN(20) == 0 {
					w.Errors++
				}
				latency := rnd.ExpFloat64() / 8
				if bad {
					latency *= 1.5
				}
				w.Latency.Observe(latency)
			}
		}
		if !seen {
			return metrics.Window{}, metrics.ErrNoData
		}
		return w, nil
	}
}

// all are the presets in settings that look at all that they can.
func all(s metrics.Source) map[string]gate.Gate {
	return map[string]gate.Gate{
		"Argo": preset.ArgoRollouts{Source: s, Metrics: []preset.ArgoMetric{
			{Name: "success", Interval: 20 * time.Second, Count: 40, SuccessCondition: "result[0] >= 0.95", FailureCondition: "result[0] < 0.9",
				FailureLimit: 2, InconclusiveLimit: 8, InitialDelay: 20 * time.Second, Query: preset.Query{Value: preset.SuccessRate()}},
			{Name: "p99", Interval: 30 * time.Second, FailureCondition: "result > 0.99", FailureLimit: 12, Query: preset.Query{Value: preset.Latency(0.99), Range: 2 * time.Minute}},
		}},
		"Flagger": preset.Flagger{Source: s, Interval: 20 * time.Second, Threshold: 12, Metrics: []preset.FlaggerMetric{
			{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(98.0)}},
			{Name: preset.RequestDuration, ThresholdRange: preset.Range{Max: new(990.0)}},
		}},
		"Kayenta": preset.Kayenta{Source: s, Pass: 75, Marginal: 50, LifetimeDuration: 900 * time.Second, AnalysisInterval: 300 * time.Second, Step: 20 * time.Second,
			Metrics: []preset.KayentaMetric{
				{Name: "errors", Value: preset.ErrorRate(), Groups: []string{"a"}, Direction: preset.Increase},
				{Name: "p50", Value: preset.Latency(0.5), Groups: []string{"b"}},
			}},
		"PipeCD": preset.PipeCD{Source: s, Duration: 900 * time.Second, Metrics: []preset.PipeCDMetric{
			{Name: "errors", Value: preset.ErrorRate(), Interval: 300 * time.Second, Expected: preset.Range{Max: new(0.1)}, FailureLimit: 1},
			{Name: "p50", Value: preset.Latency(0.5), Interval: 300 * time.Second, Strategy: preset.CanaryPrimary, SkipOnNoData: true},
			{Name: "twin", Value: preset.ErrorRate(), Interval: 240 * time.Second, Strategy: preset.CanaryBaseline, FailureLimit: 2},
		}},
	}
}

// A verdict depends on what happened, not on how often it was asked for, nor on how old the memory is
// that comes back after a restart.
func TestVerdictDoesNotDependOnTheQuestions(t *testing.T) {
	outcomes := map[string]map[gate.Outcome]int{}
	for seed := range uint64(30) {
		for name, g := range all(rough(seed)) {
			rnd := rand.New(rand.NewPCG(seed, 7))
			want := ask(t, g, every(5*time.Second, 1000*time.Second)...)
			var v gate.Verdict
			memories := []json.RawMessage{nil}
			for at := time.Duration(0); at < 1000*time.Second; {
				at = min(at+time.Duration(rnd.IntN(200))*time.Second, 1000*time.Second)
				s := subject(at)
				s.Memory = memories[max(0, len(memories)-1-rnd.IntN(3))]
				var err error
				v, err = g.Check(context.Background(), s)
				require.NoError(t, err)
				memories = append(memories, v.Memory)
			}
			require.Equal(t, want.Outcome, v.Outcome, "%s, seed %d: %s, but %s", name, seed, want.Reason, v.Reason)
			require.Equal(t, want.Reason, v.Reason, "%s, seed %d", name, seed)
			if outcomes[name] == nil {
				outcomes[name] = map[gate.Outcome]int{}
			}
			outcomes[name][v.Outcome]++
		}
	}
	for name, o := range outcomes {
		assert.Greater(t, o[gate.Fail], 2, "%s: %v", name, o)
		assert.Greater(t, o[gate.Pass]+o[gate.Continue], 2, "%s: %v", name, o)
	}
}

func TestPresetsFailClosed(t *testing.T) {
	down := errors.New("connection refused")
	for name, g := range all(world(func(string, time.Duration, time.Duration) (metrics.Window, error) { return metrics.Window{}, down })) {
		t.Run(name+", source down", func(t *testing.T) {
			v, err := g.Check(context.Background(), subject(2000*time.Second))
			if err != nil {
				return
			}
			assert.NotEqual(t, gate.Pass, v.Outcome, v.Reason)
		})
		t.Run(name+", given up", func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_, err := g.Check(ctx, subject(2000*time.Second))
			require.Error(t, err)
		})
		t.Run(name+", no candidate", func(t *testing.T) {
			s := subject(2000 * time.Second)
			s.Candidate = ""
			_, err := g.Check(context.Background(), s)
			require.ErrorContains(t, err, "has no candidate group")
		})
	}
	for name, g := range all(steady(10, 0, 0)) {
		for other, h := range all(steady(10, 0, 0)) {
			if other == name {
				continue
			}
			s := subject(400 * time.Second)
			s.Memory = ask(t, h, 400*time.Second).Memory
			v, err := g.Check(context.Background(), s)
			require.NoError(t, err)
			toldOnce(t, g, s, v, " gate ")
		}
		s := subject(400 * time.Second)
		s.Memory = json.RawMessage(`{"preset":`)
		v, err := g.Check(context.Background(), s)
		require.NoError(t, err)
		toldOnce(t, g, s, v, "cannot be read")
	}
	for name, w := range map[string]metrics.Window{
		"more errors than requests":  {Requests: 1, Errors: 2},
		"a histogram that is no one": {Requests: 1, Latency: metrics.Histogram{Bounds: []float64{1}}},
	} {
		for of, g := range all(world(func(string, time.Duration, time.Duration) (metrics.Window, error) { return w, nil })) {
			v, err := g.Check(context.Background(), subject(2000*time.Second))
			if err == nil {
				assert.NotEqual(t, gate.Pass, v.Outcome, "%s: %s", of, name)
			}
		}
	}
}

// All settings that are wrong are told at once, each by its name.
func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		v      interface{ Validate() error }
		fields []string
	}{
		"Argo, empty": {preset.ArgoRollouts{}, []string{"ArgoRollouts.Source", "ArgoRollouts.Metrics"}},
		"Argo": {preset.ArgoRollouts{Source: steady(1, 0, 0), Metrics: []preset.ArgoMetric{
			{Interval: time.Millisecond, InitialDelay: -1, Count: -1, FailureLimit: -1, InconclusiveLimit: -1, ConsecutiveErrorLimit: new(-1),
				SuccessCondition: "good", FailureCondition: "bad", Query: preset.Query{Of: "canary", Range: -1}},
			{Name: "a", Count: 2, FailureLimit: 3, ConsecutiveSuccessLimit: -2, Query: preset.Query{Value: preset.Errors()}},
			{Name: "a", Query: preset.Query{Value: preset.Errors()}},
		}}, []string{
			"Metrics[0].Name", "Metrics[0].Interval", "Metrics[0].InitialDelay", "Metrics[0].Count", "Metrics[0].FailureLimit", "Metrics[0].InconclusiveLimit",
			"Metrics[0].ConsecutiveErrorLimit", "SuccessCondition", "FailureCondition", "Metrics[0].Query.Value", "Metrics[0].Query.Of", "Metrics[0].Query.Range",
			"Metrics[1].Interval: is needed", "Metrics[1].ConsecutiveSuccessLimit", `Metrics[2].Name: "a" is empty or taken`,
		}},
		"Argo, limits": {preset.ArgoRollouts{Source: steady(1, 0, 0), Metrics: []preset.ArgoMetric{{Name: "a", Interval: time.Minute, Count: 3, FailureLimit: 2, ConsecutiveSuccessLimit: 2}}},
			[]string{"Metrics[0].Count: 3 measurements, and the limits need 4"}},
		"Flagger, empty": {preset.Flagger{}, []string{"Flagger.Source", "Flagger.Metrics"}},
		"Flagger": {preset.Flagger{Source: steady(1, 0, 0), Interval: -1, MaxWeight: 101, StepWeights: []int{-1}, Metrics: []preset.FlaggerMetric{
			{}, {Name: preset.RequestDuration, Value: preset.Errors()}, {Name: "mine", Interval: -1},
			{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(2.0), Max: new(1.0)}},
		}}, []string{"Flagger.Interval", "101 is no weight", "-1 is no weight", "Metrics[0].Name", "Metrics[1].Value", `Metrics[2].Value: is missing, and "mine"`,
			"Metrics[2].Interval", "Metrics[3].ThresholdRange"}},
		"Kayenta, empty": {preset.Kayenta{}, []string{"Kayenta.Source", "Kayenta.Metrics", "Kayenta.Pass", "Kayenta.LifetimeDuration"}},
		"Kayenta": {preset.Kayenta{Source: steady(1, 0, 0), Pass: 50, Marginal: 60, LifetimeDuration: time.Hour, Step: 2 * time.Hour, Lookback: -1, Control: "x",
			GroupWeights: map[string]float64{"a": 101}, Metrics: []preset.KayentaMetric{{Direction: "up", NaNStrategy: "none",
				Outliers: preset.Outliers{Strategy: "none", OutlierFactor: -1}, EffectSize: preset.EffectSize{Measure: "cohen"}}}},
			[]string{"Kayenta.Marginal", "Lookback", "Kayenta.Step", "Kayenta.Control", `GroupWeights["a"]`, "Metrics[0].Name", "Metrics[0].Value",
				"Metrics[0].Groups", "Metrics[0].Direction", "Metrics[0].NaNStrategy", "Metrics[0].Outliers.Strategy", "Metrics[0].EffectSize.Measure", "-1 is not a number from zero up"}},
		"PipeCD, empty": {preset.PipeCD{}, []string{"PipeCD.Source", "PipeCD.Metrics"}},
		"PipeCD": {preset.PipeCD{Source: steady(1, 0, 0), Duration: -1, Metrics: []preset.PipeCDMetric{
			{Of: "x", FailureLimit: -1, Deviation: "UP"}, {Name: "b", Strategy: "BEST", Interval: time.Minute, Value: preset.Errors()},
		}}, []string{"PipeCD.Duration", "Metrics[0].Name", "Metrics[0].Of", "Metrics[0].FailureLimit", "Metrics[0].Deviation", "Metrics[0].Expected", "Metrics[0].Value", "Metrics[0].Interval", "Metrics[1].Strategy"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.v.Validate()
			require.Error(t, err)
			for _, field := range c.fields {
				assert.ErrorContains(t, err, field)
			}
		})
	}
	for name, g := range all(steady(1, 0, 0)) {
		require.NoError(t, g.(interface{ Validate() error }).Validate(), name)
	}
}

// toldOnce is what a preset says that was given another one's memory: once why, and no pass, and then all that
// it would have said without one.
func toldOnce(t *testing.T, g gate.Gate, s gate.Subject, v gate.Verdict, why string) {
	t.Helper()
	assert.Contains(t, v.Reason, "it begins anew, since the memory ")
	assert.Contains(t, v.Reason, why)
	assert.NotEqual(t, gate.Pass, v.Outcome)
	s.Memory = nil
	want := gate.Ask(context.Background(), g, s)
	assert.Equal(t, string(want.Memory), string(v.Memory))
	s.Memory = v.Memory
	assert.Equal(t, want.Outcome, gate.Ask(context.Background(), g, s).Outcome)
	assert.NotContains(t, gate.Ask(context.Background(), g, s).Reason, "anew")
}

// A threshold that is changed in mid-release gives a verdict again, at once in the step and in the next one.
func TestAPresetThatIsSetAnewIsNotStuck(t *testing.T) {
	f := preset.Flagger{Source: steady(10, 0, 0), Interval: 10 * time.Second, Metrics: []preset.FlaggerMetric{{Name: preset.RequestSuccessRate, ThresholdRange: preset.Range{Min: new(99.0)}}}}
	s := subject(20 * time.Second)
	s.Memory = ask(t, f, 20*time.Second).Memory
	f.Threshold = 5
	toldOnce(t, f, s, gate.Ask(context.Background(), f, s), "with settings")
	for name, change := range map[string]string{"at": `"at":"2001-01-01T00:00:00Z"`, "since": `"at":"2026-03-01T11:00:00Z"`} {
		s := subject(20 * time.Second)
		memory := string(ask(t, f, 20*time.Second).Memory)
		old := `"at":"` + since.Add(20*time.Second).Format(time.RFC3339) + `"`
		require.Contains(t, memory, old, name)
		s.Memory = json.RawMessage(strings.Replace(memory, old, change, 1))
		toldOnce(t, f, s, gate.Ask(context.Background(), f, s), "before the bake began")
	}
}
