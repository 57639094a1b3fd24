package judge_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// wandering is a release with a gauge of which each arm wanders on its own: each value is rho times
// the one before, and something new.
// Hidden is noise that each value has besides.
func wandering(t *testing.T, rho, ratio, hidden float64, g judge.Gauge, seed uint64) judge.Judgement {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 7))
	arms := [2]float64{rnd.NormFloat64(), rnd.NormFloat64()}
	return until(t, judge.Config{Metrics: []judge.Metric{g}, WarmUp: -1, MaxWarmUp: -1}, func(int) judge.Sample {
		var w [2]metrics.Window
		for i, scale := range [...]float64{100 * ratio, 100} {
			arms[i] = rho*arms[i] + math.Sqrt(1-rho*rho)*rnd.NormFloat64()
			w[i].Gauges = map[string][]float64{"queue": {scale * math.Exp(0.2*arms[i]+hidden*rnd.NormFloat64())}}
		}
		return judge.Sample{Candidate: w[0], Baseline: w[1]}
	}, 725)
}

// A gauge that wanders is not taken for news at each look: neither is harm shown by chance, nor does
// what is worse by the margin pass by chance.
func TestGaugesThatWander(t *testing.T) {
	count := func(rho, ratio, hidden float64, outcome gate.Outcome) (n int) {
		for seed := range uint64(60 / raced) {
			if wandering(t, rho, ratio, hidden, judge.Gauge{Of: "queue", Fails: true}, seed).Outcome == outcome {
				n++
			}
		}
		return n
	}
	for _, rho := range []float64{0.9, 0.95, 0.99} {
		assert.LessOrEqual(t, count(rho, 1, 0, gate.Fail), 1, "harmless, rho %v", rho)
		assert.LessOrEqual(t, count(rho, 1.3, 0, gate.Pass), 4, "worse by the margin, rho %v", rho)
	}
	assert.LessOrEqual(t, count(0.98, 1, 0.2, gate.Fail), 4, "a memory that is hidden below noise")
	assert.Equal(t, 60/raced, count(0, 1, 0, gate.Pass), "what has no memory passes")
	assert.Equal(t, 60/raced, count(0.5, 1.6, 0, gate.Fail), "and a short one hides no harm")
}

// By itself a gauge holds a release, and does not fail it.
func TestGaugesHold(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{}, judge.Gauge{Of: "heap"}}, MaxTime: 20 * time.Minute}
	play := func() judge.Judgement {
		rnd := rand.New(rand.NewPCG(4, 4))
		return until(t, c, func(i int) judge.Sample {
			values := func(mean float64) metrics.Window {
				return metrics.Window{Requests: 500, Gauges: map[string][]float64{"heap": {mean + rnd.NormFloat64()}}}
			}
			return judge.Sample{Candidate: values(150), Baseline: values(100)}
		}, 300)
	}
	g := play()
	assert.Equal(t, gate.Inconclusive, g.Outcome, "%s", g)
	assert.Equal(t, judge.CauseDoubt, g.Cause)
	assert.Contains(t, g.Reason, "heap")
	assert.Less(t, g.Odds, 1.0, "the odds of harm are those of the errors")
	c.Metrics[1] = judge.Gauge{Of: "heap", FailOnly: true}
	assert.Equal(t, gate.Pass, play().Outcome, "nobody asked for it")
	c.Metrics[1] = judge.Gauge{Of: "heap", Fails: true}
	assert.Equal(t, gate.Fail, play().Outcome)
	c.Metrics = c.Metrics[1:]
	c.Metrics[0] = judge.Gauge{Of: "heap"}
	g = play()
	assert.Equal(t, gate.Inconclusive, g.Outcome, "nothing but a gauge: %s", g)
	assert.Equal(t, 1.0, g.Odds)
}

// Arms that are scraped in turns, while both grow: who is scraped later is not worse.
func TestGaugesInTurns(t *testing.T) {
	for name, ofBaseline := range map[string]func(i int) bool{
		"the candidate first": func(i int) bool { return i%2 == 1 },
		"the baseline first":  func(i int) bool { return i%2 == 0 },
		"twice each":          func(i int) bool { return i%4 < 2 },
	} {
		rnd := rand.New(rand.NewPCG(1, 1))
		c := judge.Config{Metrics: []judge.Metric{judge.Gauge{Of: "heap", Slack: 0.3, Fails: true}}, WarmUp: -1}
		g := until(t, c, func(i int) judge.Sample {
			w := metrics.Window{Gauges: map[string][]float64{"heap": {float64(i) + 0.1*rnd.NormFloat64()}}}
			if ofBaseline(i) {
				return judge.Sample{Baseline: w}
			}
			return judge.Sample{Candidate: w}
		}, 725)
		assert.Equal(t, gate.Inconclusive, g.Outcome, "%s: %s", name, g)
		assert.Greater(t, g.Evidence[0].Candidate.Of, 100.0)
		assert.InDelta(t, 0.5, g.Evidence[0].Candidate.Rate(), 0.01, name)
	}
}

// What is measured per request is not replaced by a gauge that is still scraped.
func TestGaugesDoNotServe(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{}, judge.Gauge{Of: "heap"}}, MaxTime: 20 * time.Minute}
	rnd := rand.New(rand.NewPCG(6, 6))
	window := func(n uint64) metrics.Window {
		return metrics.Window{Requests: n, Gauges: map[string][]float64{"heap": {100 + rnd.Float64()}}}
	}
	g := until(t, c, func(i int) judge.Sample {
		if i < 25 {
			return judge.Sample{Candidate: window(250), Baseline: window(250)}
		}
		return judge.Sample{Candidate: window(0), Baseline: window(250)}
	}, 300)
	assert.Equal(t, gate.Inconclusive, g.Outcome, "%s", g)
	assert.Equal(t, judge.CauseNoData, g.Cause)
	g = until(t, c, func(i int) judge.Sample {
		if i < 10 {
			return judge.Sample{Candidate: window(0), Baseline: window(250)}
		}
		return judge.Sample{Candidate: window(250), Baseline: window(250)}
	}, 11)
	assert.Equal(t, 5*time.Second, g.Served, "it serves from its first request on")
}

// Events that are counted for one arm alone, or for none, were not none.
func TestSharesOfNothing(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{}, judge.Count{Of: "restarts", PerShare: true, Margin: 5}}, MaxTime: 20 * time.Minute}
	for _, arms := range [][2]bool{{false, true}, {true, false}, {false, false}, {true, true}} {
		window := func(counted bool) metrics.Window {
			w := metrics.Window{Requests: 250, Counts: map[string]uint64{"gc": 3}}
			if counted {
				w.Counts["restarts"] = 0
			}
			return w
		}
		g := until(t, c, func(int) judge.Sample {
			return judge.Sample{Candidate: window(arms[0]), Baseline: window(arms[1]), Share: 0.5}
		}, 300)
		if arms == [2]bool{true, true} {
			assert.Equal(t, gate.Pass, g.Outcome, "%s", g)
			continue
		}
		assert.Equal(t, gate.Inconclusive, g.Outcome, "%v: %s", arms, g)
		assert.Equal(t, judge.CauseNoData, g.Cause)
	}
}

// A metric that is measured no more after it passed holds the pass, whichever it is.
func TestMetricsThatVanish(t *testing.T) {
	latency := metrics.NewHistogram(bounds)
	for i := range 100 {
		latency.Observe(0.1 + 0.0003*float64(i))
	}
	whole := metrics.Window{Requests: 100, Latency: latency, Counts: map[string]uint64{"x": 3, "y": 0}, Gauges: map[string][]float64{"z": {5}}}
	c := judge.Config{MaxTime: 20 * time.Minute, Metrics: []judge.Metric{
		judge.Errors{}, judge.Latency{}, judge.Count{Of: "x"}, judge.Count{Of: "y", PerShare: true, Margin: 5}, judge.Gauge{Of: "z", Slack: 1},
	}}
	play := func(c judge.Config, without metrics.Window) judge.Judgement {
		return until(t, c, func(i int) judge.Sample {
			s := judge.Sample{Candidate: whole, Baseline: whole, Share: 0.5}
			if i >= 46 {
				s.Candidate = without
			}
			return s
		}, 300)
	}
	require.Equal(t, gate.Pass, play(c, whole).Outcome)
	for name, drop := range map[string]func(*metrics.Window){
		"latency p50": func(w *metrics.Window) { w.Latency = metrics.Histogram{} },
		"x":           func(w *metrics.Window) { w.Counts = map[string]uint64{"y": 0} },
		"y":           func(w *metrics.Window) { w.Counts = map[string]uint64{"x": 3} },
		"z":           func(w *metrics.Window) { w.Gauges = nil },
	} {
		w := whole
		drop(&w)
		g := play(c, w)
		assert.Equal(t, gate.Inconclusive, g.Outcome, "%s", g)
		assert.Equal(t, judge.CauseNoData, g.Cause, "%s", g)
		assert.Contains(t, g.Reason, name+": nothing was measured of the candidate")
	}
}

// How long a silence is borne depends on how far requests are from each other.
func TestSilence(t *testing.T) {
	j, err := judge.New(judge.Config{Metrics: []judge.Metric{judge.Errors{Limit: 0.9}}})
	require.NoError(t, err)
	silent := time.Duration(0)
	for i := range 180 {
		s := judge.Sample{From: noon.Add(time.Duration(i) * 5 * time.Second), To: noon.Add(time.Duration(i+1) * 5 * time.Second), Baseline: metrics.Window{Requests: 100}}
		if i < 120 && i%2 == 0 {
			s.Candidate.Requests = 1 // one in ten seconds, for ten minutes
		}
		g, err := j.Observe(s)
		require.NoError(t, err)
		if i >= 120 && silent == 0 && g.Cause == judge.CauseNoData {
			silent = time.Duration(i+1-119) * 5 * time.Second
		}
	}
	assert.InDelta(t, 120, silent.Seconds(), 10, "ten times as long as from one request to the next")
}

// Who passed by luck, and is worse than that since, has not passed.
func TestRelapse(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	j, err := judge.New(judge.Config{Metrics: []judge.Metric{judge.Errors{}}})
	require.NoError(t, err)
	passed, kept, lost := false, 0, 0
	for i := range 55 {
		rate := 0.001
		if i >= 20 {
			rate = 0.004
		}
		s := judge.Sample{From: noon.Add(time.Duration(i) * 5 * time.Second), To: noon.Add(time.Duration(i+1) * 5 * time.Second),
			Candidate: metrics.Window{Requests: 1000, Errors: poisson(rnd, 1000*rate)}, Baseline: metrics.Window{Requests: 1000, Errors: poisson(rnd, 2)}}
		g, err := j.Observe(s)
		require.NoError(t, err)
		e := g.Evidence[0]
		near := e.PassOdds >= e.PassLimit*math.Exp(-2)
		switch {
		case passed && near && e.PassOdds < e.PassLimit:
			kept++
			assert.True(t, e.Passed, "it may fall a little")
		case passed && !near:
			lost++
			assert.False(t, e.Passed, "odds %v of %v", e.PassOdds, e.PassLimit)
		}
		passed = e.Passed
	}
	assert.Positive(t, kept)
	assert.Positive(t, lost)
}

// Nor does the share grow while a gauge that holds speaks of harm.
func TestGaugesHoldTheShare(t *testing.T) {
	play := func(g judge.Gauge) judge.Judgement {
		rnd := rand.New(rand.NewPCG(4, 4))
		c := judge.Config{Metrics: []judge.Metric{judge.Errors{FailOnly: true}, g}, WarmUp: -1, MaxWarmUp: -1}
		return until(t, c, func(i int) judge.Sample {
			values := func(mean float64) metrics.Window {
				return metrics.Window{Requests: 500, Gauges: map[string][]float64{"heap": {mean + rnd.NormFloat64()}}}
			}
			return judge.Sample{Candidate: values(150), Baseline: values(100)}
		}, 55)
	}
	held, free := play(judge.Gauge{Of: "heap"}), play(judge.Gauge{Of: "heap", FailOnly: true})
	assert.Less(t, held.MaxShare, free.MaxShare)
}
