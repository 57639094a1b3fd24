package judge_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// failing plays arms of so many requests a look that fail at these rates, after so many looks of
// history, up to an answer.
func failing(t *testing.T, c judge.Config, seed uint64, each float64, learn, looks int, rates func(look int) (candidate, baseline float64)) judge.Judgement {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 8))
	j, err := judge.New(c)
	require.NoError(t, err)
	arm := func(rate float64) metrics.Window {
		good, bad := poisson(rnd, each*(1-rate)), poisson(rnd, each*rate)
		return metrics.Window{Requests: good + bad, Errors: bad}
	}
	var g judge.Judgement
	for look := -learn; look < looks; look++ {
		candidate, baseline := rates(look)
		s := judge.Sample{From: noon.Add(time.Duration(look) * 5 * time.Second), To: noon.Add(time.Duration(look+1) * 5 * time.Second), Baseline: arm(baseline)}
		if look < 0 {
			require.NoError(t, j.Learn(s))
			continue
		}
		s.Candidate, s.Share = arm(candidate), 0.5
		if g, err = j.Observe(s); g.Outcome != gate.Continue {
			break
		}
		require.NoError(t, err)
	}
	return g
}

// A candidate that is worse by exactly the margin passes with probability Beta at most, also where the
// baseline's rate is far from what one would believe of an unknown one.
func TestMarginOfAnUnknownRate(t *testing.T) {
	releases := 40 / min(raced, 2)
	for _, c := range []struct {
		name  string
		usual float64
		learn int
	}{
		{"one in a hundred thousand, unknown", 1e-5, 0},
		{"one in ten thousand, unknown", 1e-4, 0},
		{"one in ten thousand, known for ten minutes", 1e-4, 120},
		{"one in a hundred, unknown", 1e-2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			passed := 0
			for seed := range uint64(releases) {
				g := failing(t, judge.Config{Metrics: []judge.Metric{judge.Errors{Floor: -1}}}, seed, 250, c.learn, 300, func(int) (float64, float64) { return 2 * c.usual, c.usual })
				if g.Outcome == gate.Pass {
					passed++
				}
			}
			assert.LessOrEqual(t, passed, releases/20)
		})
	}
}

// The margin is a ratio to the rate of late, where that is the lower one: a bad time before the release
// does not widen it.
func TestMarginAfterABadTime(t *testing.T) {
	for seed := range uint64(5) {
		most := 0.0
		for _, looks := range []int{3, 6, 12} {
			g := failing(t, judge.Config{Alpha: 1e-8, Metrics: []judge.Metric{judge.Errors{Floor: -1}}}, seed, 1000, 600, looks, func(look int) (float64, float64) {
				if look < -300 {
					return 0, 0.09
				}
				return 0.022, 0.01
			})
			most = max(most, g.Evidence[0].PassOdds)
		}
		assert.Less(t, most, 2., "2.2 % of the candidate's requests fail, and 1 % of the baseline's")
	}
}

// Two ways to pass share one coin: who wins nothing has no more of it on either.
func TestTwoWaysToPassShareTheMoney(t *testing.T) {
	for _, c := range []struct {
		floor, money float64
	}{{0, 2. / 3}, {-1, 1}} {
		j, err := judge.New(judge.Config{Metrics: []judge.Metric{judge.Errors{Floor: c.floor}}})
		require.NoError(t, err)
		assert.InDelta(t, c.money, j.Judgement().Evidence[0].PassOdds, 1e-9)
	}
}

// What was won for a pass long ago does not let a candidate pass that has become bad since: a minute of
// it is enough.
func TestNoPassOnOldEvidence(t *testing.T) {
	passed := 0
	for seed := range uint64(40) {
		g := failing(t, judge.Config{Metrics: []judge.Metric{judge.Errors{}}}, seed, 250, 120, 120, func(look int) (float64, float64) {
			if look < 48 {
				return 0.0005, 0.0005
			}
			return 0.004, 0.0005
		})
		if g.Outcome == gate.Pass {
			passed++
		}
		assert.Less(t, g.Evidence[0].PassOdds, 25*g.Evidence[0].PassLimit)
	}
	assert.LessOrEqual(t, passed, 7)
}

// Slowness that no threshold shows is seen in the mean of all latencies, and watched.
func TestSmallSlownessIsWatched(t *testing.T) {
	passedAt := func(slower float64) (early int) {
		for seed := range uint64(12) {
			w := quiet()
			w.slowness = func(candidate bool, _ float64) float64 {
				return map[bool]float64{true: 1 + slower, false: 1}[candidate]
			}
			g, _ := w.play(t, judge.Config{MinBake: 4 * time.Minute, DoubtBake: 6 * time.Minute, Metrics: []judge.Metric{judge.Latency{}}}, seed, 7*time.Minute)
			if g.Outcome == gate.Pass && g.Served < 6*time.Minute {
				early++
			}
		}
		return early
	}
	assert.GreaterOrEqual(t, passedAt(0), 9)
	assert.LessOrEqual(t, passedAt(0.01), 3)
}
