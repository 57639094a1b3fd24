package strategy_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

// shares are those of the candidate, step by step, up to where it has everything.
func shares(p strategy.Plan) (all []strategy.Share) {
	for i := range p.Steps {
		if s := p.Steps[i].State.On(p.To); s != strategy.All() {
			all = append(all, s)
		}
	}
	return all
}

func TestRamp(t *testing.T) {
	for _, c := range []struct {
		ramp  strategy.Ramp
		steps int
	}{
		{strategy.Ramp{From: strategy.Percent(1), To: strategy.Percent(50)}, 11},
		{strategy.Ramp{From: strategy.Percent(1), To: strategy.Percent(50), Growth: 1.26}, 18},
		{strategy.Ramp{From: strategy.Percent(10), To: strategy.Percent(10)}, 1},
		{strategy.Ramp{From: strategy.Percent(10), To: strategy.Percent(20), Growth: 10}, 2},
		{strategy.Ramp{From: strategy.Millionths(1), To: strategy.Percent(99), Growth: 2}, 21},
	} {
		plan := mustPlan(t, strategy.Canary{Ramp: c.ramp, Gates: []string{"judge"}}, running(v1, 10), v2)
		got := shares(plan)
		assert.Len(t, got, c.steps, "%+v", c.ramp)
		assert.Equal(t, c.ramp.From, got[0])
		assert.Equal(t, c.ramp.To, got[len(got)-1])
		growth := c.ramp.Growth
		if growth == 0 {
			growth = 1.5
		}
		for i := 1; i < len(got); i++ {
			before, now := float64(got[i-1].Millionths()), float64(got[i].Millionths())
			assert.Greater(t, now, before)
			assert.LessOrEqual(t, now, math.Ceil(before*growth)+1)
			assert.Equal(t, []string{"judge"}, plan.Steps[i].Gates)
		}
		require.NoError(t, plan.Verify())
	}
}

func TestRampValidates(t *testing.T) {
	for _, c := range []struct {
		canary strategy.Canary
		fields []string
	}{
		{strategy.Canary{Ramp: strategy.Ramp{To: strategy.Percent(50)}}, []string{"Canary.Ramp.From"}},
		{strategy.Canary{Ramp: strategy.Ramp{From: strategy.Percent(50), To: strategy.Percent(1), Growth: 1}}, []string{"Canary.Ramp.To", "Canary.Ramp.Growth"}},
		{strategy.Canary{Ramp: strategy.Ramp{From: strategy.Percent(-1), To: strategy.Percent(101), Growth: math.NaN()}},
			[]string{"Canary.Ramp.From", "Canary.Ramp.To", "Canary.Ramp.Growth"}},
		{strategy.Canary{Ramp: strategy.Ramp{From: strategy.Percent(1), To: strategy.Percent(2)}, Steps: []strategy.CanaryStep{{Share: strategy.Percent(1)}}},
			[]string{"Canary.Ramp: there are Steps, too"}},
	} {
		_, err := c.canary.Plan(running(v1, 4), v2)
		require.Error(t, err)
		for _, field := range c.fields {
			assert.ErrorContains(t, err, field)
		}
	}
}
