package strategy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

// bounds are what a Deployment makes of maxSurge and maxUnavailable, in percent or counted: the first is
// rounded up, the second down, and where both come to nothing one may be missing.
func bounds(n int, surge, unavailable string) (above, below int) {
	read := func(text string, up bool) int {
		var number int
		var sign string
		if _, err := fmt.Sscanf(text+" ", "%d%s", &number, &sign); err != nil || sign != "%" {
			return number
		}
		whole, rest := number*n/100, number*n%100
		if up && rest > 0 {
			whole++
		}
		return whole
	}
	if above, below = read(surge, true), read(unavailable, false); above == 0 && below == 0 {
		below = 1
	}
	return above, below
}

func amount(t *testing.T, text string) strategy.Amount {
	a, err := strategy.ParseAmount(text)
	require.NoError(t, err)
	return a
}

func TestNativeRoundsAsADeployment(t *testing.T) {
	for _, surge := range []string{"0", "1", "3", "0%", "1%", "10%", "25%", "34%", "100%"} {
		for _, unavailable := range []string{"0", "1", "2", "0%", "1%", "10%", "25%", "67%", "100%"} {
			s := strategy.Native{Surge: amount(t, surge), Unavailable: amount(t, unavailable)}
			if (surge == "0" || surge == "0%") && (unavailable == "0" || unavailable == "0%") {
				require.ErrorContains(t, s.Validate(), "Native.Unavailable: with none on top and none missing")
				continue
			}
			for n := 1; n <= 40; n++ {
				p := mustPlan(t, s, running(v1, n), v2)
				above, below := bounds(n, surge, unavailable)
				floor := max(0, n-below)
				require.Equal(t, strategy.Limits{MinAvailable: floor, MaxTotal: n + above, Load: floor}, p.Limits,
					"%d with %s and %s", n, surge, unavailable)
			}
		}
	}
	for n := 1; n <= 40; n++ {
		above, below := bounds(n, "25%", "25%")
		floor := max(0, n-below)
		require.Equal(t, strategy.Limits{MinAvailable: floor, MaxTotal: n + above, Load: floor},
			mustPlan(t, strategy.Native{}, running(v1, n), v2).Limits, "what is unset is a quarter")
	}
}

func TestNativePlans(t *testing.T) {
	three, five := running(v2, 3), running(v2, 5)
	for name, c := range map[string]struct {
		strategy strategy.Native
		from, to strategy.State
		limits   strategy.Limits
	}{
		"a release":       {strategy.Native{}, running(v1, 3), three, strategy.Limits{MinAvailable: 3, MaxTotal: 4, Load: 3}},
		"and more of it":  {strategy.Native{Replicas: 5}, running(v1, 3), five, strategy.Limits{MinAvailable: 2, MaxTotal: 7, Load: 2}},
		"and fewer of it": {strategy.Native{Replicas: 3}, running(v1, 5), three, strategy.Limits{MinAvailable: 3, MaxTotal: 6, Load: 3}},
		"the first one":   {strategy.Native{Replicas: 5}, strategy.State{}, five, strategy.Limits{MinAvailable: 4, MaxTotal: 7, Load: 4}},
		"more":            {strategy.Native{Replicas: 5}, three, five, strategy.Limits{MinAvailable: 2, MaxTotal: 7, Load: 2}},
		"fewer":           {strategy.Native{Replicas: 3}, five, three, strategy.Limits{MinAvailable: 3, MaxTotal: 6, Load: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustPlan(t, c.strategy, c.from, v2)
			require.Len(t, p.Steps, 1)
			assert.True(t, p.Steps[0].Native)
			assert.True(t, p.Needs().Native)
			assert.True(t, p.Final().Equal(c.to), "%s", p.Final())
			assert.Equal(t, c.limits, p.Limits)
			phases, err := p.Phases(0)
			require.NoError(t, err)
			assert.Equal(t, []strategy.Phase{{Kind: strategy.Roll, State: p.Final()}}, phases)

			back, err := strategy.Abort(p, 0)
			require.NoError(t, err)
			require.NoError(t, back.Verify())
			require.Len(t, back.Steps, 1)
			assert.Equal(t, !c.from.Dark(), back.Steps[0].Native, "to nothing there is nothing to walk")
		})
	}
	held := strategy.Hold{Bake: time.Minute, Gates: []string{"errors"}, Pause: &strategy.Pause{Reason: "look"}}
	p := mustPlan(t, strategy.Native{After: held, MinReady: time.Second, Deadline: time.Hour}, running(v1, 2), v2)
	assert.Equal(t, held, strategy.Hold{Bake: p.Steps[0].Bake, Gates: p.Steps[0].Gates, Pause: p.Steps[0].Pause})
	assert.Equal(t, time.Second, p.Final().MinReady)
	assert.Equal(t, time.Hour, p.Steps[0].Deadline)
}

func TestNativeRefuses(t *testing.T) {
	ruled, copied, dark, both := running(v1, 3), running(v1, 3), running(v1, 3), running(v1, 3)
	ruled.Stable.Match = []strategy.Match{{Header: "X", Value: "1"}}
	copied.Stable.Mirror = strategy.Percent(1)
	dark.Stable.Share = strategy.Share{}
	both.Stable.Share = strategy.Percent(50)
	both.Candidate = strategy.Group{Revision: v2, Replicas: 3, Share: strategy.Percent(50)}
	for want, c := range map[string]struct {
		strategy strategy.Native
		from     strategy.State
	}{
		"Native: From.Stable: stable 1.0.0@aaaaaaaaaaaa x3 100%, header X=1 is no state": {from: ruled},
		"mirrors 1% is no state that a target walks from by itself":                      {from: copied},
		"x3 0% is no state": {from: dark},
		"From.Candidate: 1.1.0@bbbbbbbbbbbb runs beside": {from: both},
		"Native.Surge: -1 is below zero":                 {strategy: strategy.Native{Surge: strategy.Count(-1)}, from: running(v1, 3)},
		"Native.Unavailable: 101% is above 100%":         {strategy: strategy.Native{Unavailable: strategy.PercentOf(101)}, from: running(v1, 3)},
		"Native.Replicas: -2 is below zero":              {strategy: strategy.Native{Replicas: -2}, from: running(v1, 3)},
		"Native.After.Bake: -1ns is below zero":          {strategy: strategy.Native{After: strategy.Hold{Bake: -1}}, from: running(v1, 3)},
		"Native.MinReady: -1ns is below zero":            {strategy: strategy.Native{MinReady: -1}, from: running(v1, 3)},
		"Native.Deadline: -1ns is below zero":            {strategy: strategy.Native{Deadline: -1}, from: running(v1, 3)},
	} {
		p, err := c.strategy.Plan(c.from, v2)
		require.ErrorContains(t, err, want)
		require.Empty(t, p.Steps)
	}
	_, err := strategy.Native{}.Plan(running(v1, 3), v1)
	require.ErrorIs(t, err, strategy.ErrNothingToDo)
}

// Each breaks one thing about a step that is left to the target.
func TestNativeMutants(t *testing.T) {
	one := func(law strategy.Law, says string, mutate func(p *strategy.Plan)) {
		t.Helper()
		p := mustPlan(t, strategy.Native{Surge: strategy.Count(2), Unavailable: strategy.Count(1)}, running(v1, 10), v2)
		mutate(&p)
		err := p.Verify()
		require.Equal(t, []strategy.Law{law}, violations(t, err), "%v", err)
		require.ErrorContains(t, err, says)
	}
	one(strategy.LawNative, "starts from one group", func(p *strategy.Plan) {
		p.From.Stable.Share = strategy.Percent(80)
		p.From.Candidate = strategy.Group{Revision: v2, Replicas: 2, Share: strategy.Percent(20)}
		p.Limits.Load = 0
	})
	one(strategy.LawNative, "ends with one group", func(p *strategy.Plan) {
		half := p.Steps[0]
		half.State.Stable = strategy.Group{Revision: v1, Replicas: 5, Share: strategy.Percent(50)}
		half.State.Candidate = strategy.Group{Revision: v2, Replicas: 5, Share: strategy.Percent(50)}
		whole := p.Steps[0]
		whole.Native = false
		p.Steps, p.Limits.Load = []strategy.Step{half, whole}, 0
		p.Limits.MinAvailable, p.Limits.MaxTotal = 0, 0
	})
	one(strategy.LawNative, "ends with one group", func(p *strategy.Plan) {
		p.Steps = slices.Insert(p.Steps, 0, strategy.Step{Native: true})
		p.Limits = strategy.Limits{}
	})
	one(strategy.LawNative, "not by rules or copies", func(p *strategy.Plan) {
		ruled := p.Steps[0]
		ruled.State.Stable.Match = []strategy.Match{{Header: "X", Value: "1"}}
		p.Steps = slices.Insert(p.Steps, 0, ruled)
		p.Steps[1].Native = false
	})
	one(strategy.LawNative, "keeps the traffic as it is", func(p *strategy.Plan) { p.From.Stable.Share = strategy.Share{} })
	one(strategy.LawNative, "keeps the traffic as it is", func(p *strategy.Plan) { p.From.Sticky = true })
	one(strategy.LawNative, "with at least 10 available, at most 10 instances nothing can move", func(p *strategy.Plan) {
		p.Limits = strategy.Limits{MinAvailable: 10, MaxTotal: 10}
	})
	one(strategy.LawLoad, "all of the traffic needs 10", func(p *strategy.Plan) { p.Limits.Load = 10 })
	one(strategy.LawCeiling, "up to 10 instances exist, 9 may", func(p *strategy.Plan) { p.Limits.MaxTotal = 9; p.Limits.MinAvailable = 0; p.Limits.Load = 0 })
	one(strategy.LawCeiling, "up to 14 instances exist, 12 may", func(p *strategy.Plan) { p.Steps[0].State.Stable.Replicas = 14 })
	one(strategy.LawFloor, "only 3 instances", func(p *strategy.Plan) { p.Steps[0].State.Stable.Replicas = 3; p.Limits.Load = 0 })
	one(strategy.LawEnd, "with all of the traffic", func(p *strategy.Plan) { p.Steps[0].State.Stable.Revision = v3 })
	one(strategy.LawExposure, "falls from 100% to 0%", func(p *strategy.Plan) {
		there, back := p.Steps[0], p.Steps[0]
		back.State = p.From
		p.Steps = []strategy.Step{there, back, there}
	})
}

// A plan is held against limits of somebody else's, too: what the target keeps are the plan's own.
func TestNativeAgainstOtherLimits(t *testing.T) {
	p := mustPlan(t, strategy.Native{Surge: strategy.Count(2), Unavailable: strategy.Count(1)}, running(v1, 10), v2)
	require.NoError(t, strategy.Verify(p, strategy.Limits{MinAvailable: 9, MaxTotal: 12, Load: 9}))
	require.NoError(t, strategy.Verify(p, strategy.Limits{}))
	for law, l := range map[strategy.Law]strategy.Limits{
		strategy.LawCeiling: {MaxTotal: 11},
		strategy.LawFloor:   {MinAvailable: 10},
		strategy.LawLoad:    {Load: 10},
	} {
		require.Equal(t, []strategy.Law{law}, violations(t, strategy.Verify(p, l)))
	}
	first := mustPlan(t, strategy.Native{Replicas: 5}, strategy.State{}, v2)
	require.NoError(t, strategy.Verify(first, strategy.Limits{MinAvailable: 5, MaxTotal: 7, Load: 5}), "nobody has answered before")
	p.Limits.MaxTotal = 0
	err := strategy.Verify(p, strategy.Limits{MaxTotal: 100})
	require.Equal(t, []strategy.Law{strategy.LawCeiling}, violations(t, err))
	require.ErrorContains(t, err, "Steps[0] (roll) breaks the law of ceiling: the plan lets the target have at least 9 available, 9 for all of the traffic, 100 instances may exist")
}

// mixed is a plan by hand: the target brings the revision by itself, then it is scaled in the usual way,
// and once more by the target.
func mixed(t *testing.T) strategy.Plan {
	p := mustPlan(t, strategy.Native{}, running(v1, 4), v2)
	p.Strategy = "by hand"
	p.Limits = strategy.Limits{MinAvailable: 3, MaxTotal: 8, Load: 3}
	p.Steps = append(p.Steps,
		strategy.Step{Reason: "5 of it", State: running(v2, 5)},
		strategy.Step{Reason: "6 of it", State: running(v2, 6), Native: true},
		strategy.Step{Reason: "7 of it", State: running(v2, 7), Native: true},
	)
	require.NoError(t, p.Validate())
	require.NoError(t, p.Verify())
	return p
}

// On the way back each step is walked by whoever walked it forth; a jump leads over one kind only.
func TestNativeMixedWithOthersGoesBack(t *testing.T) {
	p := mixed(t)
	for step, want := range [][]struct {
		state  strategy.State
		native bool
	}{
		{{running(v1, 4), true}},
		{{running(v2, 4), false}, {running(v1, 4), true}},
		{{running(v2, 5), true}, {running(v2, 4), false}, {running(v1, 4), true}},
		{{running(v2, 5), true}, {running(v2, 4), false}, {running(v1, 4), true}},
	} {
		back, err := strategy.Abort(p, step)
		require.NoError(t, err)
		require.NoError(t, back.Validate())
		require.NoError(t, back.Verify())
		require.Len(t, back.Steps, len(want), "%s", back.Table())
		for i, w := range want {
			assert.True(t, back.Steps[i].State.Equal(w.state), "from step %d: %s", step, back.Steps[i].State)
			assert.Equal(t, w.native, back.Steps[i].Native, "from step %d, step %d back", step, i)
		}
		for seed := range uint64(50) {
			require.NoError(t, simulate(p, draw(seed, uint64(step))))
		}
	}

	// What is held once more is the same on the way back.
	held := mustPlan(t, strategy.Native{}, running(v1, 4), v2)
	held.Steps = append(held.Steps, strategy.Step{Reason: "hold", State: running(v2, 4), Bake: time.Hour})
	require.NoError(t, held.Verify())
	for step := range held.Steps {
		back, err := strategy.Abort(held, step)
		require.NoError(t, err)
		require.NoError(t, back.Verify())
		require.Len(t, back.Steps, 1)
		assert.True(t, back.Steps[0].Native)
	}

	// What was dark in between is so on the way back: both never run side by side.
	dark := mustPlan(t, strategy.Recreate{}, running(v1, 4), v2)
	dark.Steps[1].Native = true
	dark.Limits.Load = 0
	require.NoError(t, dark.Verify())
	back, err := strategy.Abort(dark, 1)
	require.NoError(t, err)
	require.NoError(t, back.Verify())
	require.Len(t, back.Steps, 2)
	assert.True(t, back.Steps[0].State.Dark())
	assert.False(t, back.Steps[0].Native || back.Steps[1].Native)

	// Two of them in a row, with room for both sizes: no capacity is restored first, as the target does it.
	two := mustPlan(t, strategy.Native{}, running(v1, 3), v2)
	two.Limits = strategy.Limits{MinAvailable: 2, MaxTotal: 20, Load: 2}
	two.Steps = append(two.Steps, strategy.Step{Reason: "5 of it", State: running(v2, 5), Native: true})
	require.NoError(t, two.Verify())
	back, err = strategy.Abort(two, 1)
	require.NoError(t, err)
	require.NoError(t, back.Verify())
	require.Len(t, back.Steps, 1)
	assert.True(t, back.Steps[0].Native)
}

func TestNativeCourse(t *testing.T) {
	course := func(p strategy.Plan, step int) []string {
		var states []string
		for s := range p.Course(step) {
			require.NoError(t, s.Validate())
			states = append(states, fmt.Sprintf("%d+%d", replicasOf(s, p.StateBefore(step).Stable.Revision), replicasOf(s, p.Steps[step].State.Stable.Revision)))
		}
		return states
	}
	for _, c := range []struct {
		n, surge, unavailable int
		want                  []string
	}{
		{4, 1, 0, []string{"3+1", "2+2", "1+3", "0+4"}},
		{4, 0, 1, []string{"3+0", "2+1", "1+2", "0+3", "0+4"}},
		{4, 1, 1, []string{"2+1", "0+3", "0+4"}},
		{4, 4, 0, []string{"0+4"}},
		{2, 0, 2, []string{"0+0", "0+2"}},
		{1, 1, 0, []string{"0+1"}},
	} {
		s := strategy.Native{Surge: strategy.Count(c.surge), Unavailable: strategy.Count(c.unavailable)}
		p := mustPlan(t, s, running(v1, c.n), v2)
		assert.Equal(t, c.want, course(p, 0), "%+v", c)
		back, err := strategy.Abort(p, 0)
		require.NoError(t, err)
		assert.Equal(t, c.want, course(back, 0), "%+v, taken back", c)
		for s := range p.Course(0) {
			assert.LessOrEqual(t, s.Replicas(), p.Limits.MaxTotal)
			assert.GreaterOrEqual(t, s.Replicas(), p.Limits.MinAvailable)
			break // and whoever has seen enough may stop
		}
	}
	p := mustPlan(t, strategy.Native{Surge: strategy.Count(1), Unavailable: strategy.Count(0), MinReady: 5 * time.Second}, running(v1, 4), v2)
	// Each of four starts for 20 s and waits for 5 s, with what was moved before; then one drains for 10 s.
	exposure := 25*(0+1+2+3)*time.Second/4 + 10*(1+2+3+4)*time.Second/4
	assert.Equal(t, strategy.Estimate{Duration: 4 * 35 * time.Second, Exposure: exposure},
		p.Estimate(strategy.EstimateOptions{Startup: 20 * time.Second, Drain: 10 * time.Second}))

	p.Limits.MaxTotal = 0
	assert.Equal(t, []string{"0+4"}, course(p, 0), "no limit")
	p.Limits = strategy.Limits{MinAvailable: 4, MaxTotal: 4}
	assert.Len(t, course(p, 0), 1, "what cannot move has no course but its end")
	for range p.Course(7) {
		t.Error("there is no such step")
	}
	phases, err := p.Phases(-1)
	require.NoError(t, err)
	assert.Empty(t, phases)
	assert.Equal(t, []string{"0+2"}, course(mustPlan(t, strategy.Recreate{Replicas: 2}, running(v1, 4), v2), 1))
}

// replicasOf is how many instances of a revision a state has.
func replicasOf(s strategy.State, r strategy.Revision) int {
	n := 0
	for _, g := range s.Groups() {
		if g.Revision == r {
			n += g.Replicas
		}
	}
	return n
}
