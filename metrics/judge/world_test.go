package judge_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/judge"
)

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	bounds = metrics.LogBounds(0.005, 5, 1.02)
)

// world is simple traffic: what each arm does at a time, in seconds since the candidate came.
type world struct {
	rate     float64 // requests a second
	share    float64 // of the candidate
	errors   func(candidate bool, at float64) float64
	slowness func(candidate bool, at float64) float64 // factor
	look     time.Duration
	learn    int // looks of history
}

func quiet() world {
	return world{
		rate: 200, share: 0.5, look: 5 * time.Second,
		errors:   func(bool, float64) float64 { return 0.001 },
		slowness: func(bool, float64) float64 { return 1 },
	}
}

func (w world) window(rnd *rand.Rand, candidate bool, at float64, share float64) metrics.Window {
	n := poisson(rnd, w.rate*share*w.look.Seconds())
	out := metrics.Window{Requests: n, Latency: metrics.NewHistogram(bounds)}
	p, slow := w.errors(candidate, at), 0.1*w.slowness(candidate, at)
	for range n {
		if rnd.Float64() < p {
			out.Errors++
		}
		out.Latency.Observe(slow * math.Exp(0.4*rnd.NormFloat64()))
	}
	return out
}

func poisson(rnd *rand.Rand, mean float64) (n uint64) {
	for left := mean - rnd.ExpFloat64(); left > 0; left -= rnd.ExpFloat64() {
		n++
	}
	return n
}

// play feeds a judge until it says anything but continue, or the time is over.
func (w world) play(t *testing.T, c judge.Config, seed uint64, most time.Duration) (judge.Judgement, *judge.Judge) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 99))
	j, err := judge.New(c)
	require.NoError(t, err)
	for i := range w.learn {
		from := noon.Add(time.Duration(i-w.learn) * w.look)
		require.NoError(t, j.Learn(judge.Sample{From: from, To: from.Add(w.look), Baseline: w.window(rnd, false, 0, 1)}))
	}
	var g judge.Judgement
	for at := time.Duration(0); at < most; at += w.look {
		s := judge.Sample{
			From: noon.Add(at), To: noon.Add(at + w.look), Share: w.share,
			Candidate: w.window(rnd, true, at.Seconds(), w.share), Baseline: w.window(rnd, false, at.Seconds(), 1-w.share),
		}
		if g, err = j.Observe(s); g.Outcome != "continue" {
			break
		}
		require.NoError(t, err)
	}
	return g, j
}
