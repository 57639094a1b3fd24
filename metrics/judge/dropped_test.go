package judge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// A candidate that drops requests does not pass on those that it answers.
func TestDroppedRequests(t *testing.T) {
	for _, c := range []struct {
		name  string
		fresh bool
		gets  uint64 // of 1000
		want  gate.Outcome
		cause judge.Cause
	}{
		{"all", false, 1000, gate.Pass, judge.CauseHarmless},
		{"nearly all", false, 850, gate.Pass, judge.CauseHarmless},
		{"seven of ten", false, 700, gate.Continue, judge.CauseNoData},
		{"a little more than half", false, 550, gate.Continue, judge.CauseNoData},
		{"three of ten", false, 300, gate.Inconclusive, judge.CauseNoData},
		{"as much as a fresh baseline", true, 1000, gate.Pass, judge.CauseHarmless},
		{"seven tenths of a fresh baseline's", true, 700, gate.Continue, judge.CauseNoData},
		{"half of a fresh baseline's", true, 500, gate.Continue, judge.CauseNoData},
		{"a fifth of a fresh baseline's", true, 200, gate.Inconclusive, judge.CauseNoData},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := judge.Sample{Share: 0.1, Candidate: metrics.Window{Requests: c.gets}, Baseline: metrics.Window{Requests: 9000}}
			if c.fresh {
				s.Baseline.Requests = 1000
			}
			g := feed(t, judge.Config{FreshBaseline: c.fresh, Metrics: []judge.Metric{judge.Errors{}}}, s, 70)
			assert.Equal(t, c.want, g.Outcome, "%s", g.Reason)
			assert.Equal(t, c.cause, g.Cause)
			if c.want == gate.Continue {
				assert.Contains(t, g.Reason, "of the requests that it is meant to get")
			}
		})
	}
}

// A baseline that is no measure lets nothing pass, also where it is only a little worse than allowed.
func TestHardlyUnhealthyBaseline(t *testing.T) {
	for bad, want := range map[uint64]gate.Outcome{190: gate.Pass, 210: gate.Continue, 240: gate.Inconclusive, 280: gate.Inconclusive} {
		w := metrics.Window{Requests: 1000, Errors: bad}
		g := feed(t, judge.Config{Metrics: []judge.Metric{judge.Errors{}}}, judge.Sample{Candidate: w, Baseline: w}, 70)
		assert.Equal(t, want, g.Outcome, "%d of 1000 fail: %s", bad, g.Reason)
		assert.Equal(t, want != gate.Pass, g.Cause == judge.CauseUnhealthy, "%d of 1000 fail: %s", bad, g.Reason)
	}
}

// A limit is found to be crossed by little, too.
func TestLimitCrossedByLittle(t *testing.T) {
	for bad, want := range map[uint64]gate.Outcome{18: gate.Pass, 30: gate.Fail} {
		w := metrics.Window{Requests: 1000, Errors: bad}
		g := feed(t, judge.Config{Metrics: []judge.Metric{judge.Errors{Limit: 0.02}}}, judge.Sample{Candidate: w, Baseline: w}, 70)
		assert.Equal(t, want, g.Outcome, "%d of 1000 fail: %s", bad, g.Reason)
	}
}

// With all the traffic nothing is heard of a baseline any more: what was found before stands for as long
// as one likes.
func TestAllTheTrafficForLong(t *testing.T) {
	g := judge.Gate{Source: store{world: quiet()}, Config: judge.Config{Metrics: []judge.Metric{judge.Errors{Limit: 0.1}}}}
	v := ask(t, g, time.Minute, 10*time.Minute)
	require.Equal(t, gate.Pass, v.Outcome, v.Reason)
	for _, after := range []time.Duration{10 * time.Second, time.Minute, 2 * time.Minute, 10 * time.Minute} {
		s := subject(10*time.Minute+after, v.Memory)
		s.Stable, s.Share, s.Since = "", 1, noon.Add(10*time.Minute)
		var err error
		v, err = g.Check(t.Context(), s)
		require.NoError(t, err)
		assert.Equal(t, gate.Pass, v.Outcome, "after %s: %s", after, v.Reason)
	}
}

// Beside a fresh baseline a release of a good candidate is forecast to pass.
func TestForecastBesideAFreshBaseline(t *testing.T) {
	f, err := judge.Config{FreshBaseline: true}.Forecast(judge.Traffic{Rate: 200, ErrorRate: 0.001, Runs: 10, Harms: []judge.Harm{}})
	require.NoError(t, err)
	assert.GreaterOrEqual(t, f.Good.Passed, 0.9, "\n%s", f)
}
