package judge_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// What becomes of candidates of all kinds. Seeds are fixed, so no run depends on luck.
func TestOutcomes(t *testing.T) {
	arm := func(candidate, baseline float64) func(bool, float64) float64 {
		return func(c bool, _ float64) float64 {
			if c {
				return candidate
			}
			return baseline
		}
	}
	// step is worse than the other arm until so many seconds.
	step := func(slow, until float64) func(bool, float64) float64 {
		return func(c bool, at float64) float64 {
			if c && at < until {
				return slow
			}
			return 1
		}
	}
	for _, c := range []struct {
		name    string
		world   func(w *world)
		config  judge.Config
		outcome gate.Outcome
		cause   judge.Cause
		after   time.Duration // at least
		before  time.Duration
	}{
		{"as good", nil, judge.Config{}, gate.Pass, judge.CauseHarmless, 5 * time.Minute, 8 * time.Minute},
		{"better", func(w *world) { w.errors, w.slowness = arm(0.0001, 0.01), arm(0.8, 1) }, judge.Config{}, gate.Pass, judge.CauseHarmless, 5 * time.Minute, 8 * time.Minute},
		{"an outage", func(w *world) { w.errors = arm(1, 0.001) }, judge.Config{}, gate.Fail, judge.CauseHarm, 15 * time.Second, 25 * time.Second},
		{"ten times the errors", func(w *world) { w.errors = arm(0.01, 0.001) }, judge.Config{}, gate.Fail, judge.CauseHarm, 15 * time.Second, 2 * time.Minute},
		{"twice as slow", func(w *world) { w.slowness = arm(2, 1) }, judge.Config{}, gate.Fail, judge.CauseHarm, 5 * time.Minute, 6 * time.Minute},
		{"twice as slow, beside a fresh baseline", func(w *world) { w.slowness = arm(2, 1) }, judge.Config{FreshBaseline: true}, gate.Fail, judge.CauseHarm, 15 * time.Second, time.Minute},
		{"a cold start that ends late", func(w *world) { w.slowness = step(3, 200) }, judge.Config{}, gate.Pass, judge.CauseHarmless, 5 * time.Minute, 15 * time.Minute},
		{"an incident of everybody's", func(w *world) {
			w.errors = func(_ bool, at float64) float64 { return 0.001 + 0.1*math.Max(0, math.Sin(at/60)) }
		},
			judge.Config{}, gate.Pass, judge.CauseHarmless, 3 * time.Minute, 30 * time.Minute},
		{"bursts of everybody's", func(w *world) {
			w.slowness = func(_ bool, at float64) float64 { return 1 + 3*math.Max(0, math.Sin(at/20)) }
		},
			judge.Config{}, gate.Pass, judge.CauseHarmless, 3 * time.Minute, 15 * time.Minute},
		{"late harm", func(w *world) {
			w.errors = func(c bool, at float64) float64 { return map[bool]float64{false: 0.001, true: 0.02}[c && at > 150] }
		}, judge.Config{}, gate.Fail, judge.CauseHarm, 160 * time.Second, 5 * time.Minute},
		{"a slow leak", func(w *world) {
			w.slowness = func(c bool, at float64) float64 { return map[bool]float64{false: 1, true: 1 + at/60*0.01}[c] }
		}, judge.Config{}, gate.Fail, judge.CauseHarm, 5 * time.Minute, 15 * time.Minute},
		{"the baseline is sick", func(w *world) { w.errors = arm(0.6, 0.6) }, judge.Config{}, gate.Inconclusive, judge.CauseUnhealthy, 10 * time.Second, time.Minute},
		{"little traffic", func(w *world) { w.rate = 0.2 }, judge.Config{}, gate.Inconclusive, judge.CauseMoreData, time.Hour, time.Hour},
		{"an outage in little traffic", func(w *world) { w.rate, w.errors = 0.2, arm(1, 0.001) }, judge.Config{}, gate.Fail, judge.CauseHarm, 30 * time.Second, 4 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := quiet()
			if c.world != nil {
				c.world(&w)
			}
			g, _ := w.play(t, c.config, 1, 2*time.Hour)
			assert.Equal(t, c.outcome, g.Outcome, "%s", g)
			assert.Equal(t, c.cause, g.Cause, "%s", g)
			assert.GreaterOrEqual(t, g.Served, c.after-10*time.Second, "%s", g)
			assert.LessOrEqual(t, g.Served, c.before+10*time.Second, "%s", g)
		})
	}
}

// feed plays the same sample over and over.
func feed(t *testing.T, c judge.Config, s judge.Sample, looks int) judge.Judgement {
	t.Helper()
	j, err := judge.New(c)
	require.NoError(t, err)
	var g judge.Judgement
	s.From, s.To = noon, noon.Add(5*time.Second)
	for range looks {
		g, err = j.Observe(s)
		require.NoError(t, err)
		s.From, s.To = s.To, s.To.Add(5*time.Second)
	}
	return g
}

func TestSilenceNeverPasses(t *testing.T) {
	good := metrics.Window{Requests: 500, Latency: metrics.Histogram{Bounds: []float64{0.1}, Counts: []uint64{250, 250}}}
	for _, c := range []struct {
		name    string
		s       judge.Sample
		looks   int
		outcome gate.Outcome
	}{
		{"both", judge.Sample{}, 10, gate.Continue},
		{"both, for long", judge.Sample{}, 721, gate.Inconclusive},
		{"no candidate", judge.Sample{Baseline: good}, 100, gate.Continue},
		{"no candidate where there should be one", judge.Sample{Baseline: good, Share: 0.1}, 6, gate.Inconclusive},
		{"no baseline", judge.Sample{Candidate: good}, 100, gate.Continue},
		{"no baseline, for long", judge.Sample{Candidate: good}, 721, gate.Inconclusive},
		{"no latency", judge.Sample{Candidate: metrics.Window{Requests: 500}, Baseline: good}, 700, gate.Continue},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := feed(t, judge.Config{}, c.s, c.looks)
			assert.Equal(t, c.outcome, g.Outcome, "%s", g)
			assert.Equal(t, judge.CauseNoData, g.Cause)
		})
	}
}

// A candidate that passed and falls silent has not passed any more.
func TestAPassCanBeLost(t *testing.T) {
	w := quiet()
	g, j := w.play(t, judge.Config{}, 1, time.Hour)
	require.Equal(t, gate.Pass, g.Outcome)
	s := judge.Sample{From: g.At, To: g.At.Add(2 * time.Minute), Baseline: metrics.Window{Requests: 10_000}}
	g, err := j.Observe(s)
	require.NoError(t, err)
	assert.Equal(t, gate.Continue, g.Outcome, "%s", g)
	assert.Equal(t, judge.CauseNoData, g.Cause)
}

func TestFailIsFinal(t *testing.T) {
	w := quiet()
	w.errors = func(c bool, _ float64) float64 { return map[bool]float64{true: 1}[c] }
	g, j := w.play(t, judge.Config{}, 1, time.Hour)
	require.Equal(t, gate.Fail, g.Outcome)
	assert.Zero(t, g.MaxShare)
	for range 1000 {
		var err error
		g, err = j.Observe(judge.Sample{From: g.At, To: g.At.Add(5 * time.Second), Candidate: metrics.Window{Requests: 500}, Baseline: metrics.Window{Requests: 500, Errors: 50}})
		require.NoError(t, err)
		require.Equal(t, gate.Fail, g.Outcome)
	}
}

// A limit needs no baseline, and no baseline excuses it.
func TestLimit(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{Limit: 0.1}}}
	bad := metrics.Window{Requests: 100, Errors: 40}
	assert.Equal(t, gate.Fail, feed(t, c, judge.Sample{Candidate: bad}, 10).Outcome)
	assert.Equal(t, gate.Fail, feed(t, c, judge.Sample{Candidate: bad, Baseline: metrics.Window{Requests: 100, Errors: 19}}, 10).Outcome)
	assert.Equal(t, gate.Continue, feed(t, c, judge.Sample{Candidate: metrics.Window{Requests: 100, Errors: 9}}, 200).Outcome)
	assert.Equal(t, gate.Continue, feed(t, judge.Config{}, judge.Sample{Candidate: bad}, 100).Outcome, "none is configured")
}

func TestImpossibleSamples(t *testing.T) {
	h := metrics.Histogram{Bounds: []float64{0.1}, Counts: []uint64{5, 5}}
	other := metrics.Histogram{Bounds: []float64{0.2}, Counts: []uint64{5, 5}}
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{}, judge.Latency{}, judge.Count{Of: "restarts"}, judge.Gauge{Of: "heap"}}}
	for _, test := range []struct {
		field string
		s     judge.Sample
	}{
		{"Sample.To", judge.Sample{From: noon, To: noon}},
		{"Sample.To", judge.Sample{From: noon.Add(time.Minute), To: noon}},
		{"Sample.To", judge.Sample{To: noon}},
		{"Sample.Share", judge.Sample{Share: math.NaN()}},
		{"Sample.Share", judge.Sample{Share: 1.1}},
		{"Sample.Candidate", judge.Sample{Candidate: metrics.Window{Requests: 3, Errors: 4}}},
		{"Sample.Baseline", judge.Sample{Baseline: metrics.Window{Requests: 1 << 60}}},
		{"Sample.Parts[1]", judge.Sample{Parts: []metrics.Window{{}, {Errors: 1}}}},
		{"Bounds[0]: NaN", judge.Sample{Candidate: metrics.Window{Latency: metrics.Histogram{Bounds: []float64{math.NaN()}, Counts: []uint64{1, 2}}}}},
		{"Sample.Baseline: Latency", judge.Sample{Candidate: metrics.Window{Latency: h}, Baseline: metrics.Window{Latency: other}}},
		{"Sample.Parts[0]: Latency", judge.Sample{Candidate: metrics.Window{Latency: h}, Parts: []metrics.Window{{Latency: other}}}},
		{`Counts["restarts"]`, judge.Sample{Candidate: metrics.Window{Counts: map[string]uint64{"restarts": 1 << 60}}}},
		{`Gauges["heap"]`, judge.Sample{Baseline: metrics.Window{Gauges: map[string][]float64{"heap": {1, math.NaN()}}}}},
		{`Gauges["heap"]`, judge.Sample{Candidate: metrics.Window{Gauges: map[string][]float64{"heap": {math.Inf(-1)}}}}},
	} {
		t.Run(test.field, func(t *testing.T) {
			j, err := judge.New(c)
			require.NoError(t, err)
			before, err := j.MarshalJSON()
			require.NoError(t, err)
			if test.s.From.IsZero() && test.s.To.IsZero() {
				test.s.From, test.s.To = noon, noon.Add(5*time.Second)
			}
			g, err := j.Observe(test.s)
			require.ErrorContains(t, err, test.field)
			assert.Empty(t, g.Outcome, "an error is no verdict")
			after, err := j.MarshalJSON()
			require.NoError(t, err)
			assert.JSONEq(t, string(before), string(after), "nothing of it was taken")
		})
	}
}

func TestOverlapsAndGaps(t *testing.T) {
	j, err := judge.New(judge.Config{})
	require.NoError(t, err)
	s := judge.Sample{From: noon, To: noon.Add(5 * time.Second), Candidate: metrics.Window{Requests: 100}, Baseline: metrics.Window{Requests: 100}}
	_, err = j.Observe(s)
	require.NoError(t, err)
	_, err = j.Observe(s)
	require.ErrorIs(t, err, judge.ErrOverlap, "late data comes too late")
	require.ErrorIs(t, j.Learn(s), judge.ErrOverlap, "judging has begun")
	s.From, s.To = s.To.Add(time.Hour), s.To.Add(time.Hour+5*time.Second)
	g, err := j.Observe(s)
	require.NoError(t, err, "a gap is no sample")
	assert.Equal(t, s.To, g.At)

	j, err = judge.New(judge.Config{})
	require.NoError(t, err)
	require.NoError(t, j.Learn(s))
	require.ErrorIs(t, j.Learn(s), judge.ErrOverlap)
}

// Other buckets than before are learned anew, and are no harm.
func TestBoundsMayChange(t *testing.T) {
	j, err := judge.New(judge.Config{FreshBaseline: true})
	require.NoError(t, err)
	at := noon
	var g judge.Judgement
	for i := range 200 {
		h := metrics.Histogram{Bounds: []float64{0.05, 0.1, 0.2, 0.3}, Counts: []uint64{50, 200, 200, 45, 5}}
		if i >= 20 {
			h = metrics.Histogram{Bounds: []float64{0.06, 0.12, 0.24, 0.36, 0.48}, Counts: []uint64{50, 200, 200, 45, 5, 0}}
		}
		w := metrics.Window{Requests: 500, Latency: h}
		g, err = j.Observe(judge.Sample{From: at, To: at.Add(5 * time.Second), Candidate: w, Baseline: w})
		require.NoError(t, err)
		require.NotEqual(t, gate.Fail, g.Outcome, "%s", g)
		at = g.At
	}
	assert.Equal(t, gate.Pass, g.Outcome, "%s", g)
}

func TestValidate(t *testing.T) {
	bad := judge.Config{
		Metrics: []judge.Metric{
			nil, judge.Errors{Margin: -1, Limit: 2, Tolerance: 0.5, Weight: math.NaN()}, judge.Errors{},
			judge.Latency{Quantiles: []float64{0.9, 0.5, 1}, Margin: math.Inf(1)}, judge.Count{}, judge.Count{Of: "x", PerShare: true}, judge.Gauge{Of: "latency", Slack: -1},
			judge.Gauge{Of: "free", LowerIsWorse: true, Margin: 1},
		},
		Alpha: 2, Beta: math.NaN(), Look: -1, MaxBlock: 1, MinBake: time.Hour, DoubtBake: time.Minute, MaxTime: time.Second,
		WarmUp: time.Hour, MaxWarmUp: time.Minute, Unhealthy: 3, AtEnd: "promote", Ramp: judge.Ramp{Budget: -1, Growth: 1, Cold: 2, Max: math.NaN()},
	}
	_, err := judge.New(bad)
	require.Error(t, err)
	for _, field := range []string{
		"Metrics[0]", "Errors.Margin", "Errors.Limit", "Errors.Tolerance", "Errors.Weight", `Metrics[2]: "errors" is there twice`, "Latency.Quantiles[1]", "Latency.Quantiles[2]",
		"Latency.Margin", `Count "".Of`, `Count "x".Margin`, `Gauge "latency".Of`, `Gauge "latency".Slack`, `Gauge "free".Margin`, "Config.Alpha", "Config.Beta", "Config.Look", "Config.DoubtBake",
		"Config.MaxTime", "Config.MaxWarmUp", "Config.Unhealthy", "Config.AtEnd", "Ramp.Budget", "Ramp.Growth", "Ramp.Cold", "Ramp.Max",
	} {
		assert.ErrorContains(t, err, field)
	}
	for _, preset := range []judge.Config{{}, judge.Balanced(), judge.Quick(), judge.Strict()} {
		assert.NoError(t, preset.Validate())
	}
	_, err = judge.Restore(bad, nil)
	require.Error(t, err)
	assert.False(t, errors.Is(err, judge.ErrForeignState))
}
