package rehearse_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rehearse"
)

// ramp is a canary of many small steps: the judge lets each follow the one before as the evidence allows.
func ramp(t *testing.T, bake time.Duration) strategy.Plan {
	t.Helper()
	from := strategy.State{Stable: strategy.Group{Revision: revision("1.0.0"), Replicas: 20, Share: strategy.All()}}
	plan, err := strategy.Canary{
		Ramp: strategy.Ramp{From: strategy.Percent(1), To: strategy.Percent(50), Growth: 1.26}, Bake: bake, Gates: []string{"judge"},
	}.Plan(from, revision("1.1.0"))
	require.NoError(t, err)
	return plan
}

func TestJudge(t *testing.T) {
	r := rehearse.Rehearsal{
		Plan: ramp(t, 5*time.Second), Runs: 20 / raced, Patience: time.Hour,
		Gates: func(s metrics.Source) (map[string]gate.Gate, error) {
			return map[string]gate.Gate{"judge": judge.Gate{Source: s}}, nil
		},
		Traffic: rehearse.Traffic{Rate: 100, Service: rehearse.Service{ErrorRate: 0.001, Median: 50 * time.Millisecond, P99: 400 * time.Millisecond}},
	}
	curve, err := r.Curve(t.Context(), rehearse.Harm{}, rehearse.Harm{Errors: 0.009}, rehearse.Harm{Errors: 0.999}, rehearse.Harm{Slower: 0.5})
	require.NoError(t, err)
	t.Log("\n" + curve.String())
	good, leaking, outage, slow := curve[0].Report, curve[1].Report, curve[2].Report, curve[3].Report
	assert.InDelta(t, 1, good.Promoted, 1e-9)
	assert.Less(t, good.Promotion.P50, 10*time.Minute)
	assert.InDelta(t, 1, leaking.RolledBack, 1e-9)
	assert.Less(t, leaking.Failed, 60.)
	assert.InDelta(t, 1, outage.RolledBack, 1e-9)
	assert.Less(t, outage.Failed, 100.)
	assert.InDelta(t, 1, slow.RolledBack, 1e-9)
}
