package judge_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/draw"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// Who is clearly getting faster is excused for three times MaxWarmUp, and no longer.
func TestPatienceWithAColdStart(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	bounds := metrics.LogBounds(0.01, 5, 1.05)
	draw := func(factor float64) metrics.Window {
		h := metrics.NewHistogram(bounds)
		for range 400 {
			h.Observe(0.1 * factor * math.Exp(0.4*rnd.NormFloat64()))
		}
		return metrics.Window{Requests: 400, Latency: h}
	}
	c := judge.Config{Metrics: []judge.Metric{judge.Latency{}}, WarmUp: 30 * time.Second, MaxWarmUp: time.Minute}
	g := until(t, c, func(i int) judge.Sample {
		return judge.Sample{Candidate: draw(1.2 + 2*math.Exp(-float64(i)/20)), Baseline: draw(1)}
	}, 200)
	assert.Equal(t, gate.Fail, g.Outcome, "%s", g)
	assert.GreaterOrEqual(t, g.Served, 3*time.Minute, "%s", g)
}

// The interval of the ratio holds at all looks together, not at each.
func TestIntervalsHoldAtAllTimes(t *testing.T) {
	outside, runs := 0, 60
	for seed := range uint64(runs) {
		rnd := rand.New(rand.NewPCG(seed, 23))
		j, err := judge.New(judge.Config{Metrics: []judge.Metric{judge.Errors{}}})
		require.NoError(t, err)
		for i := range 200 {
			arm := func(rate float64) metrics.Window {
				return metrics.Window{Requests: 300, Errors: draw.Binomial(rnd, 300, rate)}
			}
			g, err := j.Observe(judge.Sample{
				From: noon.Add(time.Duration(i) * 5 * time.Second), To: noon.Add(time.Duration(i+1) * 5 * time.Second),
				Candidate: arm(0.06), Baseline: arm(0.05),
			})
			require.NoError(t, err)
			if e := g.Evidence[0]; e.High > 0 && (e.Low > 1.2 || e.High < 1.2) {
				outside++
				break
			}
		}
	}
	assert.LessOrEqual(t, outside, 6, "of %d releases; 5 %% are promised", runs)
}

// What differs among the parts of the baseline widens the interval.
func TestNoiseWidensTheInterval(t *testing.T) {
	width := func(apart uint64) float64 {
		c := judge.Config{Metrics: []judge.Metric{judge.Errors{}}}
		g := until(t, c, func(i int) judge.Sample {
			first, second := 10+apart, 10-apart
			if i%2 == 1 {
				first, second = second, first
			}
			return judge.Sample{
				Candidate: metrics.Window{Requests: 400, Errors: 10}, Baseline: metrics.Window{Requests: 800, Errors: 20},
				Parts: []metrics.Window{{Requests: 400, Errors: first}, {Requests: 400, Errors: second}},
			}
		}, 40)
		require.Positive(t, g.Evidence[0].High)
		return math.Log(g.Evidence[0].High / g.Evidence[0].Low)
	}
	assert.Greater(t, width(10), 1.5*width(0))
}

// A small baseline beside a candidate with nearly all the traffic says little of what that is meant to get.
func TestNearlyAllTheTraffic(t *testing.T) {
	c := judge.Config{Metrics: []judge.Metric{judge.Errors{}}}
	g := until(t, c, func(int) judge.Sample {
		return judge.Sample{Share: 0.95, Candidate: metrics.Window{Requests: 950}, Baseline: metrics.Window{Requests: 70}}
	}, 100)
	assert.Equal(t, gate.Pass, g.Outcome, "%s", g)
}
