package judge_test

import (
	"encoding/json"
	"fmt"
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

// everything is a configuration with every kind of metric.
func everything() judge.Config {
	return judge.Config{
		Metrics: []judge.Metric{
			judge.Errors{Limit: 0.5}, judge.Latency{}, judge.Count{Of: "retries"}, judge.Count{Of: "alerts", PerShare: true, Margin: 1},
			judge.Gauge{Of: "heap"}, judge.Gauge{Of: "free", LowerIsWorse: true, Slack: 5},
		},
	}
}

// noisy is one look of everything, with parts, drawn from rnd.
func noisy(rnd *rand.Rand, from time.Time, harm float64) judge.Sample {
	arm := func(mean, worse float64) metrics.Window {
		w := metrics.Window{Requests: poisson(rnd, mean), Latency: metrics.NewHistogram(bounds)}
		for range w.Requests {
			if rnd.Float64() < 0.01*worse {
				w.Errors++
			}
			w.Latency.Observe(0.1 * worse * math.Exp(0.4*rnd.NormFloat64()))
		}
		w.Counts = map[string]uint64{"retries": poisson(rnd, mean*0.1*worse), "alerts": poisson(rnd, 0.3*worse)}
		w.Gauges = map[string][]float64{"heap": {100 * worse * rnd.Float64()}}
		if rnd.IntN(3) > 0 {
			w.Gauges["free"] = []float64{rnd.Float64(), 10 * rnd.Float64()}
		}
		return w
	}
	s := judge.Sample{From: from, To: from.Add(5 * time.Second), Share: 0.2, Candidate: arm(20, harm), Parts: []metrics.Window{arm(40, 1), arm(40, 1)}}
	s.Baseline = sum(s.Parts...)
	return s
}

// sum adds windows up.
func sum(parts ...metrics.Window) metrics.Window {
	out := metrics.Window{Counts: map[string]uint64{}, Gauges: map[string][]float64{}}
	for _, p := range parts {
		out.Requests += p.Requests
		out.Errors += p.Errors
		h, err := out.Latency.Plus(p.Latency)
		if err != nil {
			panic(err)
		}
		out.Latency = h
		for name, n := range p.Counts {
			out.Counts[name] += n
		}
		for name, v := range p.Gauges {
			out.Gauges[name] = append(out.Gauges[name], v...)
		}
	}
	return out
}

// A judge that is written down and restored after every single sample goes on as if nothing had
// happened: every number of every judgement is the same, to the last bit.
func TestRestoreIsExact(t *testing.T) {
	for seed := range uint64(1 + 5/raced) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		whole, err := judge.New(everything())
		require.NoError(t, err)
		parted, err := judge.New(everything())
		require.NoError(t, err)
		at := noon
		for i := range 120 {
			s := noisy(rnd, at, 1+0.2*float64(seed))
			at = s.To.Add(time.Duration(rnd.IntN(2)) * time.Millisecond)
			text, err := parted.MarshalJSON()
			require.NoError(t, err)
			parted, err = judge.Restore(everything(), text)
			require.NoError(t, err)
			if i < 20 {
				require.NoError(t, whole.Learn(s))
				require.NoError(t, parted.Learn(s))
				continue
			}
			a, err := whole.Observe(s)
			require.NoError(t, err)
			b, err := parted.Observe(s)
			require.NoError(t, err)
			require.Equal(t, a, b, "sample %d", i)
		}
		a, err := whole.MarshalJSON()
		require.NoError(t, err)
		b, err := parted.MarshalJSON()
		require.NoError(t, err)
		require.Equal(t, string(a), string(b))
	}
}

// Whatever the traffic and however long: below 16 KiB for each metric.
func TestStateIsSmall(t *testing.T) {
	for _, bounds := range [][]float64{metrics.LogBounds(0.0005, 60, 1.02), metrics.LogBounds(0.0001, 100, 1.01)} {
		c := judge.Config{Metrics: []judge.Metric{judge.Latency{Quantiles: []float64{0.1, 0.25, 0.5, 0.9, 0.99, 0.999}}}}
		j, err := judge.New(c)
		require.NoError(t, err)
		w := metrics.Window{Requests: 1 << 40, Errors: 1 << 30, Latency: metrics.NewHistogram(bounds)}
		for i := range w.Latency.Counts {
			w.Latency.Counts[i] = uint64(i*i+1) << 18
		}
		at := noon
		for range 1000 / raced {
			_, err := j.Observe(judge.Sample{From: at, To: at.Add(5 * time.Second), Candidate: w, Baseline: w, Parts: []metrics.Window{w, w}, Share: 0.5})
			require.NoError(t, err)
			at = at.Add(5 * time.Second)
		}
		text, err := j.MarshalJSON()
		require.NoError(t, err)
		t.Logf("%d buckets: %d bytes", len(bounds)+1, len(text))
		assert.Less(t, len(text), 16<<10)
	}
}

// As many comparisons as are allowed fit into what a gate may remember.
func TestTheLargestMemory(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Latency{Quantiles: []float64{0.1, 0.25, 0.5, 0.9, 0.99, 0.999}}}}
	for i := range 34 {
		c.Metrics = append(c.Metrics, judge.Gauge{Of: fmt.Sprintf("g%d", i)})
	}
	j, err := judge.New(c)
	require.NoError(t, err)
	w := metrics.Window{Requests: 1 << 40, Latency: metrics.NewHistogram(metrics.LogBounds(0.0005, 60, 1.02)), Gauges: map[string][]float64{}}
	for i := range w.Latency.Counts {
		w.Latency.Counts[i] = 1 << 40
	}
	for i := range 34 {
		for k := range 32 {
			w.Gauges[fmt.Sprintf("g%d", i)] = append(w.Gauges[fmt.Sprintf("g%d", i)], 1e199/float64(7+k))
		}
	}
	at := noon
	for i := range 200 {
		s := judge.Sample{From: at, To: at.Add(5 * time.Second), Candidate: w, Share: 0.5}
		if i < 199 {
			s.Baseline = w
		}
		_, err := j.Observe(s)
		require.NoError(t, err)
		at = s.To
	}
	text, err := j.MarshalJSON()
	require.NoError(t, err)
	t.Logf("%d bytes", len(text))
	assert.Less(t, len(text), gate.MaxMemory-100)
	c.Metrics = append(c.Metrics, judge.Errors{})
	require.ErrorContains(t, c.Validate(), "41 comparisons")
}

func TestForeignStates(t *testing.T) {
	j, err := judge.New(judge.Config{})
	require.NoError(t, err)
	text, err := j.MarshalJSON()
	require.NoError(t, err)
	_, err = judge.Restore(judge.Balanced(), text)
	require.NoError(t, err, "the defaults, written out, are the same configuration")
	_, err = judge.Restore(judge.Config{AtEnd: judge.Extend}, text)
	require.NoError(t, err, "what a gate answers at the end is not the judge's business")
	_, err = judge.Restore(judge.Strict(), text)
	require.ErrorIs(t, err, judge.ErrForeignState)
	_, err = judge.Restore(judge.Config{Metrics: []judge.Metric{judge.Errors{Margin: 0.001}, judge.Latency{}}}, text)
	require.ErrorIs(t, err, judge.ErrForeignState)

	var raw map[string]any
	require.NoError(t, json.Unmarshal(text, &raw))
	for name, change := range map[string]func(){
		"another version": func() { raw["version"] = 99 },
		"fewer tracks":    func() { raw["version"] = 1; raw["tracks"] = []any{} },
		"no bettor":       func() { require.NoError(t, json.Unmarshal(text, &raw)); raw["ratio"] = nil },
	} {
		require.NoError(t, json.Unmarshal(text, &raw))
		change()
		broken, err := json.Marshal(raw)
		require.NoError(t, err)
		_, err = judge.Restore(judge.Config{}, broken)
		require.Error(t, err, name)
	}
}

// Whatever a state says, what comes of it is an error or a judge that judges.
func FuzzRestore(f *testing.F) {
	j, _ := judge.New(everything())
	rnd := rand.New(rand.NewPCG(1, 2))
	at := noon
	for range 30 {
		s := noisy(rnd, at, 1)
		at = s.To
		_, _ = j.Observe(s)
	}
	text, _ := j.MarshalJSON()
	f.Add(text)
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		j, err := judge.Restore(everything(), text)
		if err != nil {
			return
		}
		s := noisy(rand.New(rand.NewPCG(1, 2)), noon.AddDate(200, 0, 0), 1)
		g, err := j.Observe(s)
		if err == nil {
			_, err = json.Marshal(g)
			require.NoError(t, err)
			_ = g.String()
			_, err = j.MarshalJSON()
			require.NoError(t, err)
		}
	})
}

// Observations have no order within a batch, and batches merge: the same requests in any order, as
// parts merged or all at once, in one sample or in several of the same look, give the same odds.
func TestMergingIsExact(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		c := judge.Config{Metrics: []judge.Metric{judge.Errors{}, judge.Latency{}, judge.Count{Of: "retries"}}, WarmUp: 20 * time.Second, MaxWarmUp: 20 * time.Second}
		once, err := judge.New(c)
		require.NoError(t, err)
		split, err := judge.New(c)
		require.NoError(t, err)
		at := noon
		for range 60 {
			a, b := noisy(rnd, at, 1.2), noisy(rnd, at, 1.2)
			shuffle(rnd, a.Candidate)
			whole := judge.Sample{From: at, To: at.Add(5 * time.Second), Share: a.Share,
				Candidate: sum(b.Candidate, a.Candidate), Baseline: sum(a.Baseline, b.Baseline),
				Parts: []metrics.Window{sum(a.Parts[0], b.Parts[0]), sum(a.Parts[1], b.Parts[1])}}
			g, err := once.Observe(whole)
			require.NoError(t, err)
			a.To = at.Add(time.Duration(1+rnd.IntN(4)) * time.Second)
			b.From = a.To
			_, err = split.Observe(a)
			require.NoError(t, err)
			h, err := split.Observe(b)
			require.NoError(t, err)
			require.Equal(t, g, h)
			at = whole.To
		}
		x, err := once.MarshalJSON()
		require.NoError(t, err)
		y, err := split.MarshalJSON()
		require.NoError(t, err)
		require.Equal(t, string(x), string(y), "the whole state is the same")
	}
}

// shuffle brings the values of gauges in another order.
func shuffle(rnd *rand.Rand, w metrics.Window) {
	for _, v := range w.Gauges {
		rnd.Shuffle(len(v), func(i, k int) { v[i], v[k] = v[k], v[i] })
	}
}

func TestGaugesHaveNoOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 8))
	c := judge.Config{Metrics: []judge.Metric{judge.Gauge{Of: "heap"}}}
	a, err := judge.New(c)
	require.NoError(t, err)
	b, err := judge.New(c)
	require.NoError(t, err)
	at := noon
	for range 50 {
		values := func(mean float64) []float64 {
			v := make([]float64, 6)
			for i := range v {
				v[i] = math.Round(mean + 5*rnd.NormFloat64())
			}
			return v
		}
		s := judge.Sample{From: at, To: at.Add(5 * time.Second),
			Candidate: metrics.Window{Gauges: map[string][]float64{"heap": values(120)}}, Baseline: metrics.Window{Gauges: map[string][]float64{"heap": values(100)}}}
		g, err := a.Observe(s)
		require.NoError(t, err)
		shuffle(rnd, s.Candidate)
		shuffle(rnd, s.Baseline)
		h, err := b.Observe(s)
		require.NoError(t, err)
		require.Equal(t, g, h)
		at = s.To
	}
}
