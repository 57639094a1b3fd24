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

// outage plays arms of one error rate, of which the candidate's fails altogether from one block up to
// another, and answers after how many further blocks it was found; -1 if never.
func outage(t *testing.T, seed uint64, look time.Duration, requests uint64, rate, bad float64, from, to, blocks int) int {
	t.Helper()
	j, err := judge.New(judge.Config{Look: look, MaxTime: 48 * time.Hour, MinBake: 40 * time.Hour, DoubtBake: 40 * time.Hour, Metrics: []judge.Metric{judge.Errors{}}})
	require.NoError(t, err)
	lots := rand.New(rand.NewPCG(seed, 1))
	draw := func(p float64) (n uint64) {
		for range requests {
			if lots.Float64() < p {
				n++
			}
		}
		return n
	}
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range blocks {
		p := rate
		if i >= from && i < to {
			p = bad
		}
		g, err := j.Observe(judge.Sample{
			From: at, To: at.Add(look),
			Candidate: metrics.Window{Requests: requests, Errors: draw(p)}, Baseline: metrics.Window{Requests: requests, Errors: draw(rate)},
		})
		require.NoError(t, err)
		if at = at.Add(look); g.Outcome == gate.Fail {
			return i - from
		}
	}
	return -1
}

// Harm that begins late is found as soon as harm that is there from the begin, whatever good data came
// before, and with however much traffic.
func TestLateHarmIsFoundAtOnce(t *testing.T) {
	for _, c := range []struct {
		name          string
		look          time.Duration
		requests      uint64
		rate, bad     float64
		from, blocks  int
		least, atMost int
	}{
		{"an outage from the begin", 5 * time.Second, 100, 0.01, 1, 0, 40, 2, 4},
		{"an outage after a minute", 5 * time.Second, 100, 0.01, 1, 12, 40, 1, 4},
		{"an outage after an hour", 5 * time.Second, 100, 0.01, 1, 720, 760, 2, 5},
		{"an outage after an hour of much traffic", 5 * time.Second, 5000, 0.01, 1, 720, 760, 2, 5},
		{"an outage after ten hours of minutes", time.Minute, 1200, 0.01, 1, 540, 600, 2, 5},
		{"five times the errors after ten hours of minutes", time.Minute, 1200, 0.01, 0.05, 540, 600, 2, 6},
		{"twice the errors after ten hours of minutes", time.Minute, 1200, 0.01, 0.02, 540, 640, 2, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(1 + 4/raced) {
				after := outage(t, seed, c.look, c.requests, c.rate, c.bad, c.from, c.blocks, c.blocks)
				assert.GreaterOrEqual(t, after, c.least, "no block decides alone")
				assert.LessOrEqual(t, after, c.atMost, "seed %d", seed)
			}
		})
	}
}

// A bad time that was too short to be harm is not forgotten either: nothing passes that was beyond its
// margin on the whole.
func TestNoPassAgainstAllThatWasSeen(t *testing.T) {
	j, err := judge.New(judge.Config{Metrics: []judge.Metric{judge.Errors{}}})
	require.NoError(t, err)
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var last judge.Judgement
	for i := range 150 {
		s := judge.Sample{From: at, To: at.Add(5 * time.Second), Candidate: metrics.Window{Requests: 1000, Errors: 10}, Baseline: metrics.Window{Requests: 1000, Errors: 10}}
		if i == 30 {
			s.Candidate = metrics.Window{Requests: 100_000, Errors: 100_000} // one stretch never decides
		}
		last, err = j.Observe(s)
		require.NoError(t, err)
		at = s.To
		if i >= 30 {
			require.NotEqual(t, gate.Pass, last.Outcome, "sample %d: %s", i, last)
		}
	}
	assert.Equal(t, judge.CauseDoubt, last.Cause)
	assert.Contains(t, last.Reason, "within its margin of late, but not over all that was seen")
}
