package rollout_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// away is a source that answers a healthy window, but for a stretch of time in which it is down, or has
// no data.
type away struct {
	from, to time.Duration
	start    time.Time
	err      error
}

func (a away) Read(_ context.Context, q metrics.Query) (metrics.Window, error) {
	if age := time.Since(a.start); age >= a.from && age < a.to {
		return metrics.Window{}, a.err
	}
	return metrics.Window{From: q.From, To: q.To, Requests: 1000}, nil
}

// What follows from no data, and from a source that is down, is for the policies of a Guard to say; without
// one both are waited for.
func TestPoliciesInARollout(t *testing.T) {
	down := errors.New("connection refused")
	for name, c := range map[string]struct {
		guard gate.Guard
		err   error
		to    time.Duration
		want  rollout.Outcome
		asked int
		after time.Duration
	}{
		"held, and back in time":        {gate.Guard{}, down, 15 * time.Minute, rollout.Promoted, 0, 15 * time.Minute},
		"held for too long":             {gate.Guard{}, metrics.ErrNoData, 100 * time.Hour, rollout.RolledBack, 1, 80 * time.Minute},
		"extended":                      {gate.Guard{Down: gate.PolicyExtend}, down, 45 * time.Minute, rollout.Promoted, 0, 49 * time.Minute},
		"extended for too long":         {gate.Guard{NoData: gate.PolicyExtend, Longest: 30 * time.Minute}, metrics.ErrNoData, 100 * time.Hour, rollout.RolledBack, 1, 110 * time.Minute},
		"a person is asked at once":     {gate.Guard{NoData: gate.PolicyAsk}, metrics.ErrNoData, 100 * time.Hour, rollout.RolledBack, 1, 66 * time.Minute},
		"it fails":                      {gate.Guard{Down: gate.PolicyFail}, down, 100 * time.Hour, rollout.RolledBack, 0, 6 * time.Minute},
		"it fails, but not at once":     {gate.Guard{Down: gate.PolicyFail, After: 3 * time.Minute}, down, 100 * time.Hour, rollout.RolledBack, 0, 8 * time.Minute},
		"a short outage is no failure":  {gate.Guard{Down: gate.PolicyFail, After: 3 * time.Minute}, down, 7 * time.Minute, rollout.Promoted, 0, 10 * time.Minute},
		"the other of the two is meant": {gate.Guard{NoData: gate.PolicyFail}, down, 8 * time.Minute, rollout.Promoted, 0, 10 * time.Minute},
	} {
		bubble(t, name, func(t *testing.T) {
			s := newScene(t, oneStep(10*time.Minute), 4)
			began := time.Now()
			c.guard.Gate = gate.ErrorRate{Source: away{from: 5 * time.Minute, to: c.to, start: began, err: c.err}, Max: 0.01}
			s.options.Gates["errors"] = c.guard
			want := stableAt(v1, 4)
			if c.want == rollout.Promoted {
				want = stableAt(v2, 4)
			}
			result, err := s.run(want)
			assert.Equal(t, c.want, result.Outcome, "%v", err)
			assert.Equal(t, c.asked, s.count(rollout.Asked))
			assert.InDelta(t, c.after, time.Since(began), float64(40*time.Second))
		})
	}
}

// A schedule wants its gates to be green for longer than the host lives, and gets it.
func TestAScheduleOutlivesItsHost(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, oneStep(time.Minute), 4)
		c.options.Patience = time.Hour
		c.options.Gates["errors"] = gate.Schedule{Gate: gate.All{passing, gate.Named{Name: "b", Gate: passing}}, Green: 20 * time.Minute}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		result, _ := c.rollout().Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome)
		time.Sleep(30 * time.Second)
		r, err := rollout.Resume(c.world.Target(), c.plan, c.points[len(c.points)-1], c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		assert.InDelta(t, 20*time.Minute, time.Since(began), float64(30*time.Second))
		c.ends(stableAt(v2, 4))
	})
}
