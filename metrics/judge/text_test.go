package judge_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// What a person reads: both arms, the tolerance, the odds and their limit, the best alternative, the
// noise, and what is still needed.
func TestWhatAPersonReads(t *testing.T) {
	w := quiet()
	w.rate = 20
	w.errors = func(c bool, _ float64) float64 { return map[bool]float64{true: 0.01, false: 0.004}[c] }
	g, _ := w.play(t, judge.Config{}, 4, 2*time.Minute)
	text := g.String()
	for _, want := range []string{
		"continue after 2m0s: ", "all metrics: odds ", "against harmless (limit 100:1)", "errors: candidate ", " of 1", ", baseline ", "(up to 1.1x the baseline's allowed)",
		"less than 2x the baseline's usual, or below 0.2%: odds ", "(limit 20:1)", "more requests, about ", "minutes at this rate", "noise factor 1",
		"latency p99: ", "slower than ", "up to 3% slower allowed", "best fit ", "ratio ",
	} {
		assert.Contains(t, text, want, text)
	}
	assert.Positive(t, g.Need.Requests)
	assert.Positive(t, g.Need.Time)
	var back judge.Judgement
	raw, err := json.Marshal(g)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &back))
	assert.Equal(t, g, back, "its JSON says the same")
	for _, e := range g.Evidence {
		assert.LessOrEqual(t, e.Low, e.High)
		if e.Metric == "errors" && e.High > 0 {
			assert.Less(t, e.Low, 2.5)
			assert.Greater(t, e.High, 2.5)
		}
	}
}

// Need is what it takes: a promise that is about kept.
func TestNeed(t *testing.T) {
	w := quiet()
	w.rate = 60
	var ratios []float64
	for seed := range uint64(20) {
		early, _ := w.play(t, judge.Config{}, seed, 3*time.Minute)
		end, _ := w.play(t, judge.Config{MinBake: 3 * time.Minute, DoubtBake: 3 * time.Minute}, seed, 2*time.Hour)
		if early.Need.Time > 0 {
			ratios = append(ratios, float64(end.Served-early.Served)/float64(early.Need.Time))
		}
	}
	require.Greater(t, len(ratios), 10)
	slices.Sort(ratios)
	t.Logf("what it took in proportion to what was said: %.2f", ratios)
	assert.InDelta(t, 0, math.Log(ratios[len(ratios)/2]), math.Log(3), "in the median")
}

func TestOddsText(t *testing.T) {
	for _, c := range []struct {
		log  float64
		want string
	}{{0, "1:1"}, {math.Log(340), "340:1"}, {math.Log(12.3), "12:1"}, {math.Log(2.5), "2.5:1"}, {-math.Log(20), "1:20"}, {50, "over 1000000:1"}, {-900, "1:over 1000000"}} {
		assert.Equal(t, c.want, judge.OddsText(c.log))
	}
}

func TestVerdict(t *testing.T) {
	w := quiet()
	w.errors = func(c bool, _ float64) float64 { return map[bool]float64{true: 0.05, false: 0.004}[c] }
	g, _ := w.play(t, judge.Config{}, 4, 10*time.Minute)
	v := g.Verdict("2.0.0", "1.0.0")
	assert.Equal(t, g.Outcome, v.Outcome)
	assert.True(t, strings.HasPrefix(v.Reason, "harm was shown: errors: candidate "), v.Reason)
	require.Len(t, v.Evidence, len(g.Evidence))
	e := v.Evidence[0]
	assert.Greater(t, e.Value, e.Limit)
	assert.InDelta(t, 0.0044, e.Limit, 0.002)
	assert.Equal(t, "<=", e.Rule)
	assert.Equal(t, "errors of candidate", g.Verdict("", "").Evidence[0].What)
}

// Where no block may decide, several alternatives have won as much: named is the one that fits. What a
// candidate that is as good as the baseline would need, is not told of one that fails. And who reads the
// reason learns of an outage before it is shown.
func TestWhatIsSaidOfAnOutage(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{}}, FreshBaseline: true}
	sample := func(n, failed uint64) judge.Sample {
		return judge.Sample{Candidate: metrics.Window{Requests: n, Errors: failed}, Baseline: metrics.Window{Requests: 10 * n, Errors: n / 10}}
	}
	for _, n := range []uint64{1000, 1e6} {
		next := func(i int) judge.Sample {
			if i < 2 {
				return sample(n, n/100)
			}
			return sample(n, n)
		}
		g := until(t, c, next, 4)
		require.Equal(t, gate.Continue, g.Outcome, "%s", g)
		assert.Zero(t, g.Need, "%s", g)
		assert.Zero(t, g.Evidence[0].Need)
		assert.Contains(t, g.Reason, "harm is not shown yet, with odds of ")
		assert.Contains(t, g.Reason, fmt.Sprintf("candidate %d of %d (", 2*n+n/50, 4*n))
		assert.NotContains(t, g.Reason, "more requests")
		g = until(t, c, func(int) judge.Sample { return sample(n, n) }, 6)
		require.Equal(t, gate.Fail, g.Outcome, "%s", g)
		assert.Contains(t, []string{"55x as many", "110x as many"}, g.Evidence[0].Best)
	}
	good := until(t, c, func(int) judge.Sample { return sample(1000, 10) }, 3)
	assert.NotContains(t, good.Reason, "harm")
}
