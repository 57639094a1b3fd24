package judge_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/judge"
)

// What is common to both arms cancels also where the share of the traffic changes at the same time: no
// block holds two shares. In one that did, the candidate would have most of its requests from the bad times, and
// the baseline most of its own from the good ones.
func TestSharesDoNotMix(t *testing.T) {
	good := judge.Sample{Share: 0.01, Candidate: metrics.Window{Requests: 1}, Baseline: metrics.Window{Requests: 99}}
	bad := judge.Sample{
		Share: 0.5, Candidate: metrics.Window{Requests: 50, Errors: 8}, Baseline: metrics.Window{Requests: 50, Errors: 8},
	}
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{Usual: 0.001}}, MinBlock: 45, MinBake: 50 * time.Minute, DoubtBake: 50 * time.Minute}
	g := until(t, c, func(i int) judge.Sample {
		if i%41 < 40 {
			return good
		}
		return bad
	}, 500)
	assert.NotEqual(t, judge.CauseHarm, g.Cause, "%s", g)
	assert.Less(t, g.Odds, 2.)
}

// Who has a limit as well has no more than one coin to begin with.
func TestALimitCostsNoCoin(t *testing.T) {
	for _, e := range []judge.Errors{{}, {Limit: 0.1}} {
		j, err := judge.New(judge.Config{Metrics: []judge.Metric{e}})
		require.NoError(t, err)
		assert.InDelta(t, 1, j.Judgement().Odds, 1e-9)
	}
}

// However large Alpha is, no stretch decides alone, nor do two.
func TestNoTwoStretchesDecide(t *testing.T) {
	for _, alpha := range []float64{0.5, 0.2, 0.05, 0.01, 0.0001} {
		j, err := judge.New(judge.Config{Alpha: alpha, Metrics: []judge.Metric{judge.Errors{Usual: 0.001}}})
		require.NoError(t, err)
		at, looks := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), 0
		for looks < 20 {
			looks++
			g, err := j.Observe(judge.Sample{From: at, To: at.Add(5 * time.Second),
				Candidate: metrics.Window{Requests: 1000, Errors: 1000}, Baseline: metrics.Window{Requests: 1000}})
			require.NoError(t, err)
			if at = at.Add(5 * time.Second); g.Cause == judge.CauseHarm {
				break
			}
		}
		assert.GreaterOrEqual(t, looks, 3, "alpha %v", alpha)
		assert.Less(t, looks, 8, "alpha %v", alpha)
	}
}

// A state that is restored at any moment goes on bit for bit, also where blocks close without a histogram.
func TestRestoreAmidSparseLatencies(t *testing.T) {
	bounds := metrics.LogBounds(0.001, 10, 1.1)
	c := judge.Config{MaxBlock: 30 * time.Second}
	for seed := range uint64(1 + 9/raced) {
		lots := rand.New(rand.NewPCG(seed, 4))
		whole, err := judge.New(c)
		require.NoError(t, err)
		parted, err := judge.New(c)
		require.NoError(t, err)
		at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		for range 150 {
			arm := func() metrics.Window {
				if lots.IntN(3) > 0 {
					return metrics.Window{}
				}
				w := metrics.Window{Requests: 20, Latency: metrics.NewHistogram(bounds)}
				for range 20 {
					w.Latency.Observe(0.05 * (1 + lots.ExpFloat64()))
				}
				return w
			}
			s := judge.Sample{From: at, To: at.Add(5 * time.Second), Candidate: arm(), Baseline: arm()}
			at = s.To
			_, err := whole.Observe(s)
			require.NoError(t, err)
			text, err := parted.MarshalJSON()
			require.NoError(t, err)
			parted, err = judge.Restore(c, text)
			require.NoError(t, err)
			_, err = parted.Observe(s)
			require.NoError(t, err)
			a, err := whole.MarshalJSON()
			require.NoError(t, err)
			b, err := parted.MarshalJSON()
			require.NoError(t, err)
			require.Equal(t, string(a), string(b))
		}
	}
}

// Whatever becomes of a state on its way, restoring it and going on is an error or a judge, no panic.
func FuzzDamagedState(f *testing.F) {
	c := judge.Config{}
	bounds := metrics.LogBounds(0.001, 10, 1.3)
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	sample := func(i int) judge.Sample {
		w := metrics.Window{Requests: 100, Errors: uint64(i % 2), Latency: metrics.NewHistogram(bounds)}
		for k := range 100 {
			w.Latency.Observe(0.01 * float64(1+(k*i)%50))
		}
		from := at.Add(time.Duration(i) * 5 * time.Second)
		return judge.Sample{From: from, To: from.Add(5 * time.Second), Candidate: w, Baseline: w, Parts: []metrics.Window{w, w}, Share: 0.5}
	}
	j, err := judge.New(c)
	require.NoError(f, err)
	for i := range 30 {
		_, err := j.Observe(sample(i))
		require.NoError(f, err)
	}
	text, err := j.MarshalJSON()
	require.NoError(f, err)
	f.Add(0, "")
	for i, with := range []string{"-1", "9", "[", "null", "1e300", "AAAA", "true", `""`} {
		f.Add(137*(i+1), with)
		f.Add(len(text)/9*(i+1), with)
	}
	f.Add(strings.Index(string(text), `"baseline":"`)+12, "AAAA")
	f.Fuzz(func(t *testing.T, where int, with string) {
		damaged := string(text)
		if where = min(max(where, 0), len(damaged)); len(with) > 0 {
			damaged = damaged[:where] + with + damaged[min(where+len(with), len(damaged)):]
		}
		j, err := judge.Restore(c, []byte(damaged))
		if err != nil {
			return
		}
		for i := 40; i < 45; i++ {
			if _, err := j.Observe(sample(i)); err != nil {
				return
			}
		}
		if _, err := j.MarshalJSON(); err != nil {
			t.Skip("numbers that no judge writes")
		}
	})
}
