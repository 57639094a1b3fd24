package preset_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/preset"
)

func repeat(v float64, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = v
	}
	return values
}

// What users of the tool have published of its judge, with the tool's answers and the numbers behind them.
func TestKayentaAgainstPublicVectors(t *testing.T) {
	seven := append(repeat(100, 7), 1, 1, 1)
	eight := append(repeat(100, 8), 1, 1)
	metric := preset.KayentaMetric{EffectSize: preset.EffectSize{AllowedIncrease: 1.05}}
	got := metric.Classify(seven, repeat(1, 10))
	assert.Equal(t, preset.ClassPass, got.Class, "spinnaker/spinnaker#6278: 7 of 10 values are a hundredfold")
	assert.InDelta(t, 6.825022991538781e-05, got.Low, 1e-15)
	assert.InDelta(t, 99, got.High, 1e-12)
	assert.InDelta(t, 98.99992904170193, got.Shift, 1e-12)
	assert.InDelta(t, 70.3, got.Deviation, 1e-12)
	assert.Equal(t, preset.ClassHigh, metric.Classify(eight, repeat(1, 10)).Class, "spinnaker/spinnaker#6278: 8 of 10")

	metric = preset.KayentaMetric{}
	assert.Equal(t, preset.ClassPass, metric.Classify([]float64{0, 1, 2, 1, 0, 0}, repeat(0, 6)).Class, "spinnaker/kayenta#426: sparse")
	assert.Equal(t, preset.ClassPass, metric.Classify(
		[]float64{10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 17.0, 17.1, 17.2, 17.3, 17.4, 17.5, 17.6, 17.7},
		[]float64{1, 100, 4, 101, 5, 102, 6, 103, 7, 104, 8, 105, 9, 106, 17},
	).Class, "spinnaker/kayenta#780, case 1")
}

func TestKayentaClasses(t *testing.T) {
	nan := math.NaN()
	high, low := []float64{20, 22, 21, 25, 30, 24, 23, 26}, []float64{1, 2.2, 1.1, 2.5, 3, 1.3, 2.1, 1.9}
	type metric = preset.KayentaMetric
	effect := func(e preset.EffectSize) metric { return metric{Critical: true, EffectSize: e} }
	for _, c := range []struct {
		name               string
		m                  metric
		candidate, control []float64
		want               preset.Class
		critical           bool
	}{
		{"higher", metric{}, high, low, preset.ClassHigh, false},
		{"lower", metric{}, low, high, preset.ClassLow, false},
		{"higher is good", metric{Direction: preset.Decrease}, high, low, preset.ClassPass, false},
		{"lower is good", metric{Direction: preset.Increase}, low, high, preset.ClassPass, false},
		{"critical", metric{Critical: true}, high, low, preset.ClassHigh, true},
		{"critical, lower", metric{Critical: true}, low, high, preset.ClassLow, true},
		{"not by as much as is critical", effect(preset.EffectSize{AllowedIncrease: 5, CriticalIncrease: 13}), high, low, preset.ClassHigh, false},
		{"not by as much as matters", effect(preset.EffectSize{AllowedIncrease: 13, CriticalIncrease: 15}), high, low, preset.ClassPass, false},
		{"just as low as matters", effect(preset.EffectSize{AllowedDecrease: 0.5, CriticalDecrease: 0.5}), []float64{10, 11, 12, 13, 14, 15}, []float64{20, 22, 24, 26, 28, 30}, preset.ClassLow, true},
		{"not as low as matters", effect(preset.EffectSize{AllowedDecrease: 0.05}), low, high, preset.ClassPass, false},
		{"by pairs", effect(preset.EffectSize{Measure: "cles", AllowedIncrease: 1}), high, low, preset.ClassHigh, true},
		{"by pairs, not all", effect(preset.EffectSize{Measure: "cles", AllowedIncrease: 1}), append(high, 0), low, preset.ClassPass, false},
		{"a mean of zero is any effect", effect(preset.EffectSize{AllowedIncrease: 100}), high, repeat(0, 8), preset.ClassHigh, true},
		{"no values", metric{}, nil, low, preset.ClassNodata, false},
		{"no values of the control", metric{}, high, nil, preset.ClassNodata, false},
		{"no numbers", metric{}, repeat(nan, 8), low, preset.ClassNodata, false},
		{"no numbers, critical", metric{Critical: true, MustHaveData: true}, repeat(nan, 8), low, preset.ClassNodata, true},
		{"no numbers where some must be", metric{MustHaveData: true}, repeat(nan, 8), low, preset.ClassNodataFail, false},
		{"no values, replaced", metric{NaNStrategy: "replace"}, nil, low, preset.ClassPass, false},
		{"no numbers, replaced by zero", metric{NaNStrategy: "replace"}, repeat(nan, 8), high, preset.ClassLow, false},
		{"zero in place of no error", metric{NaNStrategy: "replace"}, []float64{1, 4, 2, 3, 1}, repeat(nan, 5), preset.ClassHigh, false},
		{"the same in another order", metric{}, []float64{1, 2, 3}, []float64{3, 1, 2}, preset.ClassPass, false},
		{"one and the same value", metric{}, repeat(1, 3), repeat(1, 2), preset.ClassPass, false},
		{"two values", metric{}, repeat(10, 5), repeat(1, 5), preset.ClassHigh, false},
		{"two values, one of them zero", metric{}, repeat(10, 5), repeat(0, 5), preset.ClassHigh, false},
		{"nearly all the same", metric{}, []float64{1, 1, 1, 1, 10}, repeat(1, 5), preset.ClassPass, false},
		{"infinite", metric{Critical: true}, []float64{math.Inf(1), 2}, low, preset.ClassError, false},
		{"an outlier is kept", metric{EffectSize: preset.EffectSize{AllowedIncrease: 20}}, append(high, 9e6), append(low, 2), preset.ClassHigh, false},
	} {
		got := c.m.Classify(c.candidate, c.control)
		assert.Equal(t, c.want, got.Class, c.name)
		assert.Equal(t, c.critical, got.Critical && got.Class != preset.ClassPass, c.name)
	}
	// Removed is only what lies outside the percentiles 1 and 99 as well, so of many values.
	many := preset.KayentaMetric{EffectSize: preset.EffectSize{AllowedIncrease: 20}, Outliers: preset.Outliers{Strategy: "remove"}}
	candidate, control := make([]float64, 0, 300), make([]float64, 0, 300)
	for i := range 300 {
		candidate, control = append(candidate, high[i%8]), append(control, low[i%8])
	}
	candidate[7] = 9e6
	assert.Equal(t, preset.ClassPass, many.Classify(candidate, control).Class, "the mean without the outlier is not 20 times as high")
	for i := range 6 {
		candidate[i] = 9e6
	}
	assert.Equal(t, preset.ClassHigh, many.Classify(candidate, control).Class, "of seven, the 99th percentile is one")
	for i := range 7 {
		candidate[i], control[i] = 20, -9e6
	}
	assert.Equal(t, preset.ClassPass, many.Classify(candidate, control).Class, "the mean of the control is below zero with them")
	candidate[7], control = 9e6, control[7:]
	many.Outliers.Strategy = ""
	assert.Equal(t, preset.ClassHigh, many.Classify(candidate, control).Class)
}

// High is what has the whole interval above a quarter of the estimate.
func TestKayentaTolerance(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 9))
	near := 0
	for range 400 {
		candidate, control := make([]float64, 12), make([]float64, 12)
		for i := range candidate {
			candidate[i], control[i] = 10+rnd.NormFloat64()+1.6, 10+rnd.NormFloat64()
		}
		c := preset.KayentaMetric{}.Classify(candidate, control)
		want := preset.ClassPass
		if c.Low > 0.25*c.Shift {
			want = preset.ClassHigh
		}
		require.Equal(t, want, c.Class, "%s", c)
		if c.Low > 0.2*c.Shift && c.Low < 0.3*c.Shift {
			near++
		}
	}
	assert.Greater(t, near, 20)
}

func TestKayentaScore(t *testing.T) {
	metric := func(groups ...string) preset.KayentaMetric { return preset.KayentaMetric{Groups: groups} }
	a, b := metric("a"), metric("b")
	class := func(classes ...preset.Class) []preset.Classification {
		var all []preset.Classification
		for _, c := range classes {
			all = append(all, preset.Classification{Class: c})
		}
		return all
	}
	const pass, high, low, nodata, missing, broken = preset.ClassPass, preset.ClassHigh, preset.ClassLow, preset.ClassNodata, preset.ClassNodataFail, preset.ClassError
	for _, c := range []struct {
		name    string
		metrics []preset.KayentaMetric
		weights map[string]float64
		classes []preset.Classification
		want    float64
	}{
		{"one passes", []preset.KayentaMetric{a}, nil, class(pass), 100},
		{"one fails", []preset.KayentaMetric{a}, nil, class(high), 0},
		{"one of three", []preset.KayentaMetric{a, a, a}, nil, class(pass, high, low), 33.33},
		{"groups by weight", []preset.KayentaMetric{a, a, b}, map[string]float64{"a": 75, "b": 25}, class(pass, pass, high), 75},
		{"half of a group", []preset.KayentaMetric{a, a, b}, map[string]float64{"a": 50, "b": 50}, class(pass, high, high), 25},
		{"the others share what is left", []preset.KayentaMetric{a, b, metric("c")}, map[string]float64{"a": 80}, class(pass, high, pass), 90},
		{"no data is left out", []preset.KayentaMetric{a, a, a}, nil, class(pass, pass, nodata), 100},
		{"a group without data is full", []preset.KayentaMetric{a, a, b}, nil, class(pass, pass, nodata), 100},
		{"data that must be there", []preset.KayentaMetric{a, a}, nil, class(pass, missing), 50},
		{"half without data", []preset.KayentaMetric{a, b}, nil, class(pass, nodata), 0},
		{"what cannot be computed is left out", []preset.KayentaMetric{a, b}, nil, class(pass, broken), 100},
		{"nothing could be computed", []preset.KayentaMetric{a}, nil, class(broken), 100},
		{"muted", []preset.KayentaMetric{a, {Groups: []string{"a"}, Muted: true}}, nil, class(pass, high), 100},
		{"in two groups", []preset.KayentaMetric{a, metric("a", "b")}, nil, class(pass, high), 25},
		{"critical", []preset.KayentaMetric{a, a}, nil, append(class(pass), preset.Classification{Class: high, Critical: true}), 0},
	} {
		k := preset.Kayenta{Metrics: c.metrics, GroupWeights: c.weights}
		got, _ := k.Score(c.classes)
		assert.InDelta(t, c.want, got, 1e-9, c.name)
	}
}

// Judgements on the way end the analysis where the score is not above the marginal one; the last one must pass.
func TestKayentaJudgements(t *testing.T) {
	k := preset.Kayenta{Pass: 75, Marginal: 50, LifetimeDuration: 3 * time.Minute, AnalysisInterval: time.Minute}
	for range 4 {
		k.Metrics = append(k.Metrics, preset.KayentaMetric{Groups: []string{"a"}})
	}
	score := func(of int) []preset.Series { // so many hundreds of the four pass
		var all []preset.Series
		for i := range 4 {
			s := preset.Series{Candidate: repeat(2, 10), Control: repeat(1, 10)}
			if i < of {
				s.Candidate = repeat(1, 10)
			}
			all = append(all, s)
		}
		return all
	}
	for _, c := range []struct {
		name           string
		scores         []int
		passed, failed bool
	}{
		{"all good", []int{4, 4, 4}, true, false},
		{"not over yet", []int{4, 4}, false, false},
		{"the last just passes", []int{4, 4, 3}, true, false},
		{"marginal on the way", []int{3, 3, 4}, true, false},
		{"not above marginal", []int{4, 2, 4}, false, true},
		{"the last is marginal", []int{4, 4, 2}, false, true},
		{"nothing", []int{0}, false, true},
	} {
		var r preset.KayentaRun
		for _, s := range c.scores {
			r = k.Judge(r, score(s))
		}
		assert.Equal(t, c.passed, r.Passed, "%s: %s", c.name, r.Reason)
		assert.Equal(t, c.failed, r.Failed, "%s: %s", c.name, r.Reason)
	}
	k.Pass = 80
	r := k.Judge(k.Judge(k.Judge(preset.KayentaRun{}, score(4)), score(4)), score(3))
	assert.True(t, r.Failed, "above marginal is not enough at the end")
}

func TestKayentaGate(t *testing.T) {
	kayenta := func(s metrics.Source) preset.Kayenta {
		return preset.Kayenta{Source: s, Pass: 95, Marginal: 75, LifetimeDuration: 20 * time.Minute, AnalysisInterval: 10 * time.Minute, BeginAfter: time.Minute,
			Metrics: []preset.KayentaMetric{{Name: "errors", Value: preset.Errors(), Groups: []string{"all"}, Direction: preset.Increase}}}
	}
	asked := map[string][]time.Duration{}
	noted := world(func(group string, from, to time.Duration) (metrics.Window, error) {
		asked[group] = append(asked[group], from)
		return steady(100, 50, 50)(group, from, to)
	})
	v := ask(t, kayenta(noted), 659*time.Second)
	assert.Equal(t, gate.Continue, v.Outcome)
	assert.True(t, v.NoData)
	assert.Empty(t, asked)
	assert.Equal(t, gate.Continue, ask(t, kayenta(noted), 660*time.Second).Outcome)
	assert.Len(t, asked["new"], 10)
	assert.Equal(t, time.Minute, asked["new"][0], "it waits first")
	assert.Equal(t, asked["new"], asked["twin"], "the baseline by default")
	v = ask(t, kayenta(noted), 660*time.Second, 1260*time.Second)
	assert.Equal(t, gate.Pass, v.Outcome)
	assert.Contains(t, v.Reason, "judgement 2 of 2: score 100 (pass 95, marginal 75), 0 of 1 metrics are bad; errors: Pass")

	sliding := kayenta(noted)
	sliding.Lookback, sliding.Control, asked["new"], asked["old"] = 5*time.Minute, gate.Stable, nil, nil
	ask(t, sliding, 1260*time.Second)
	assert.Len(t, asked["new"], 10, "five for each judgement")
	assert.Equal(t, asked["new"], asked["old"])

	v = ask(t, kayenta(steady(100, 500, 50)), 660*time.Second)
	assert.Equal(t, gate.Fail, v.Outcome)
	assert.Contains(t, v.Reason, "errors: High")

	// A metric that has no data: with one among many the tool does not mind.
	some := kayenta(steady(100, 50, 50))
	some.Metrics = append(some.Metrics,
		preset.KayentaMetric{Name: "restarts", Value: preset.Count("restarts"), Groups: []string{"all"}},
		preset.KayentaMetric{Name: "p50", Value: preset.Latency(0.5), Groups: []string{"all"}})
	assert.Equal(t, gate.Pass, ask(t, some, 1260*time.Second).Outcome)
	some.Strict = true
	assert.Equal(t, gate.Fail, ask(t, some, 1260*time.Second).Outcome)

	slow := world(func(_ string, _, _ time.Duration) (metrics.Window, error) {
		return metrics.Window{Requests: 5, Latency: metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{0, 5}}}, nil
	})
	some.Source = slow
	_, err := some.Check(t.Context(), subject(1260*time.Second))
	require.ErrorContains(t, err, "is infinite, and cannot be ranked")
	empty := kayenta(world(func(string, time.Duration, time.Duration) (metrics.Window, error) {
		return metrics.Window{}, metrics.ErrNoData
	}))
	assert.Equal(t, gate.Fail, ask(t, empty, 660*time.Second).Outcome, "all metrics without data")
}

// Of many values that lie far from the rest, more than one in a hundred, none is an outlier.
func TestKayentaKeepsOutliersThatAreMany(t *testing.T) {
	m := preset.KayentaMetric{Name: "load", Groups: []string{"all"}, Outliers: preset.Outliers{Strategy: "remove"}}
	values := func(far int, by float64) []float64 {
		all := make([]float64, 300)
		for i := range all {
			if all[i] = 10 + float64(i%5) + by; i < far {
				all[i] = -1e4
			}
		}
		return all
	}
	assert.InDelta(t, 1, m.Classify(values(2, 0), values(0, 0.01)).Deviation, 0.01, "two of 300 are left out")
	assert.Negative(t, m.Classify(values(9, 0), values(0, 0.01)).Deviation, "nine are not")
}
