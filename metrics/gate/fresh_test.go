package gate_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// stopped is a source that has measured a thousand requests, so many of them failed, and nothing since its end.
func stopped(errors uint64, end time.Time) source {
	h := metrics.NewHistogram([]float64{0.1, 1})
	h.Counts[0], h.Counts[1] = 1000-errors, errors
	return source{window: metrics.Window{From: end.Add(-40 * 24 * time.Hour), To: end, Requests: 1000, Errors: errors, Latency: h}}
}

// What nobody measures any more passes no gate. What failed before has failed.
func TestMeasurementsThatEnd(t *testing.T) {
	s := subject()
	s.Now = s.Since.Add(2 * time.Hour)
	for name, of := range map[string]func(metrics.Source, time.Duration) gate.Gate{
		"ErrorRate": func(s metrics.Source, age time.Duration) gate.Gate {
			return gate.ErrorRate{Source: s, Max: 0.02, MaxAge: age}
		},
		"Latency": func(s metrics.Source, age time.Duration) gate.Gate {
			return gate.Latency{Source: s, Max: 200 * time.Millisecond, Quantile: 0.95, MaxAge: age}
		},
		"Burn": func(s metrics.Source, age time.Duration) gate.Gate {
			return gate.Burn{Source: s, SLO: 0.99, Windows: []gate.BurnWindow{{Long: 2 * time.Hour, Short: time.Hour, Rate: 2}}, MaxAge: age}
		},
		"Budget": func(s metrics.Source, age time.Duration) gate.Gate {
			return gate.Budget{Source: s, SLO: 0.98, MaxAge: age}
		},
		"Series": func(s metrics.Source, age time.Duration) gate.Gate {
			return gate.Series{Source: gate.Windows{Source: s}, Name: "error rate", Must: []gate.Bound{gate.AtMost(0.02)}, MaxAge: age}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range []struct {
				errors uint64
				ago    time.Duration
				maxAge time.Duration
				want   gate.Outcome
			}{
				{0, 0, 0, gate.Pass},
				{0, 4 * time.Minute, 0, gate.Pass},
				{0, 6 * time.Minute, 0, gate.Continue},
				{0, 6 * time.Minute, 10 * time.Minute, gate.Pass},
				{0, 2 * time.Minute, time.Minute, gate.Continue},
				{500, 4 * time.Minute, 0, gate.Fail},
			} {
				v, err := of(stopped(c.errors, s.Now.Add(-c.ago)), c.maxAge).Check(context.Background(), s)
				require.NoError(t, err)
				assert.Equal(t, c.want, v.Outcome, "%+v: %s", c, v.Reason)
				assert.Equal(t, c.want == gate.Continue, v.NoData, "%+v", c)
			}
			if name != "Series" { // which tells no more than its latest point
				v, err := of(stopped(500, s.Now.Add(-time.Hour)), 0).Check(context.Background(), s)
				require.NoError(t, err)
				assert.Equal(t, gate.Fail, v.Outcome, v.Reason)
			}
			v, err := of(stopped(0, time.Time{}), 0).Check(context.Background(), s)
			if name != "Budget" {
				require.NoError(t, err)
				assert.Equal(t, gate.Pass, v.Outcome, "a source that does not say: %s", v.Reason)
			}
			assert.ErrorContains(t, of(stopped(0, s.Now), -1).(interface{ Validate() error }).Validate(), "MaxAge")
		})
	}
}

// Of several groups the one counts that has been silent for longest.
func TestOneOfTheWholeEnds(t *testing.T) {
	s := subject()
	s.Now = s.Since.Add(2 * time.Hour)
	of := byGroup{"1.0.0": stopped(0, s.Now), "1.1.0": stopped(0, s.Now.Add(-10*time.Minute))}
	g := gate.Burn{Source: of, Of: gate.Whole, SLO: 0.99, Windows: []gate.BurnWindow{{Long: 2 * time.Hour, Short: time.Hour, Rate: 2}}}
	v, err := g.Check(context.Background(), s)
	require.NoError(t, err)
	assert.Equal(t, gate.Continue, v.Outcome)
	assert.Contains(t, v.Reason, "but the measurements end at")
	of["1.1.0"] = stopped(0, s.Now)
	v, err = g.Check(context.Background(), s)
	require.NoError(t, err)
	assert.Equal(t, gate.Pass, v.Outcome)
}

// byGroup is a source for each group.
type byGroup map[string]source

func (b byGroup) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	return b[q.Group].Read(ctx, q)
}
