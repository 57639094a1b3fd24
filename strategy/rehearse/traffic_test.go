package rehearse_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy/rehearse"
)

// measured plays one run and reads, at the end of the bake, what was measured of both revisions.
func measured(t *testing.T, traffic rehearse.Traffic) (stable, candidate metrics.Window) {
	t.Helper()
	r := rehearse.Rehearsal{Plan: canary(t), Traffic: traffic, Runs: 1}
	r.Gates = func(source metrics.Source) (map[string]gate.Gate, error) {
		return map[string]gate.Gate{"harm": gate.Func(func(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
			if !s.End {
				return gate.Verdict{Outcome: gate.Continue}, nil
			}
			read := func(group string) metrics.Window {
				q := metrics.Query{Group: group, From: s.Since, To: s.Now}
				w, err := source.Read(ctx, q)
				require.NoError(t, err)
				parts, err := source.(metrics.Parter).Parts(ctx, q)
				require.NoError(t, err)
				require.Len(t, parts, 2)
				assert.Equal(t, w.Requests, parts[0].Requests+parts[1].Requests)
				assert.Equal(t, w.Errors, parts[0].Errors+parts[1].Errors)
				assert.InEpsilon(t, float64(parts[0].Requests), float64(parts[1].Requests), 0.1)
				both, err := parts[0].Latency.Plus(parts[1].Latency)
				require.NoError(t, err)
				assert.Equal(t, w.Latency, both)
				return w
			}
			stable, candidate = read(s.Stable), read(s.Candidate)
			assert.InDelta(t, 0.1, s.Share, 1e-9)
			_, err := source.Read(ctx, metrics.Query{Group: "nobody", From: s.Since, To: s.Now})
			require.ErrorIs(t, err, metrics.ErrUnknownGroup)
			_, err = source.Read(ctx, metrics.Query{Group: s.Stable, From: s.Now, To: s.Now.Add(time.Hour)})
			require.ErrorIs(t, err, metrics.ErrNoData)
			return gate.Verdict{Outcome: gate.Pass}, nil
		})}, nil
	}
	_, err := r.Run(t.Context())
	require.NoError(t, err)
	return stable, candidate
}

func TestLatencies(t *testing.T) {
	service := rehearse.Service{ErrorRate: 0.1, Median: 50 * time.Millisecond, P99: 400 * time.Millisecond}
	stable, same := measured(t, rehearse.Traffic{Rate: 20_000, Service: service})
	for _, w := range []metrics.Window{stable, same} {
		assert.InEpsilon(t, 0.05, w.Latency.Quantile(0.5), 0.03)
		assert.InEpsilon(t, 0.4, w.Latency.Quantile(0.99), 0.06)
		assert.InEpsilon(t, 0.1, w.ErrorRate(), 0.03)
		assert.Equal(t, w.Requests, w.Latency.Count())
	}
	assert.InEpsilon(t, 9, float64(stable.Requests)/float64(same.Requests), 0.02)

	_, slower := measured(t, rehearse.Traffic{Rate: 20_000, Service: service, Harm: rehearse.Harm{Slower: 0.5}})
	assert.InEpsilon(t, 0.075, slower.Latency.Quantile(0.5), 0.03)
	assert.InEpsilon(t, 0.6, slower.Latency.Quantile(0.99), 0.06)

	_, tail := measured(t, rehearse.Traffic{Rate: 20_000, Service: service, Harm: rehearse.Harm{Tail: 0.05, TailBy: 20}})
	assert.InEpsilon(t, 0.0524, tail.Latency.Quantile(0.5), 0.06)
	assert.Greater(t, tail.Latency.Quantile(0.99), 1.2)

	even := rehearse.Service{Median: time.Second, P99: time.Second}
	stable, _ = measured(t, rehearse.Traffic{Rate: 100, Service: even})
	assert.InEpsilon(t, 1, stable.Latency.Quantile(0.5), 0.05)

	none, _ := measured(t, rehearse.Traffic{Rate: 100})
	assert.Zero(t, none.Latency.Count(), "what is not measured has no distribution")
}

func TestHarmInWords(t *testing.T) {
	assert.Equal(t, "no harm", rehearse.Harm{}.String())
	assert.Equal(t, "+0.1 points of errors, latency +20 %, 2 % of the requests 8 times as slow, after 1m0s",
		rehearse.Harm{Errors: 0.001, Slower: 0.2, Tail: 0.02, TailBy: 8, After: time.Minute}.String())
	assert.True(t, rehearse.Harm{After: time.Minute}.IsZero())
}
