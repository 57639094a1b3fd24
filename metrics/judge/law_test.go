package judge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/gate/gatetest"
	"github.com/davit-sdk/davit/metrics/judge"
)

func TestLawsOfGates(t *testing.T) {
	gatetest.Run(t, gatetest.Case{
		Name: "judge", New: func(w *gatetest.World) gate.Gate { return judge.Gate{Source: w} }, Looks: 5, Every: time.Minute,
	})
}

// Where nothing was learned before, one large block does not cost the stake: the more data, the sooner
// a pass.
func TestMuchDataAtOnce(t *testing.T) {
	for _, n := range []uint64{2000, 60_000, 600_000} {
		for _, rate := range []uint64{200, 50} { // one in so many fails
			c := judge.Config{Metrics: []judge.Metric{judge.Errors{}}}
			j, _ := judge.New(c)
			var g judge.Judgement
			at := noon
			for range 15 {
				s := judge.Sample{From: at, To: at.Add(time.Minute), Candidate: metrics.Window{Requests: n, Errors: n / rate}, Baseline: metrics.Window{Requests: 9 * n, Errors: 9 * n / rate}}
				var err error
				g, err = j.Observe(s)
				assert.NoError(t, err)
				at = s.To
			}
			assert.Equal(t, gate.Pass, g.Outcome, "%d requests, one in %d: %s", n, rate, g)
		}
	}
}

// All latencies in one bucket that is narrow enough: the threshold is where it ends, and the candidate passes.
func TestOneBucket(t *testing.T) {
	h := metrics.NewHistogram([]float64{0.001, 0.002, 0.005, 0.015, 0.02, 0.03, 0.1})
	h.Counts[4] = 500
	w := metrics.Window{Requests: 500, Latency: h}
	g := feed(t, judge.Config{}, judge.Sample{Candidate: w, Baseline: w}, 70)
	assert.Equal(t, gate.Pass, g.Outcome, "%s", g)
	assert.InDelta(t, 0.02, g.Evidence[1].Threshold, 0)
	slow := metrics.NewHistogram(h.Bounds)
	slow.Counts[5] = 500
	g = feed(t, judge.Config{}, judge.Sample{Candidate: metrics.Window{Requests: 500, Latency: slow}, Baseline: w}, 70)
	assert.Equal(t, gate.Fail, g.Outcome, "%s", g)
}
