package gate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

// byLength answers by how long the stretch is that is asked for.
type byLength struct {
	of     map[time.Duration][2]uint64 // requests and errors
	groups map[string]bool             // those that there are; nil: all
	from   time.Duration               // how old the oldest number is; zero: as old as is asked for
	err    error
}

var _ metrics.Source = byLength{}

func (b byLength) Read(_ context.Context, q metrics.Query) (metrics.Window, error) {
	n, ok := b.of[q.To.Sub(q.From)]
	switch {
	case b.err != nil:
		return metrics.Window{}, b.err
	case b.groups != nil && !b.groups[q.Group]:
		return metrics.Window{}, metrics.ErrNoData
	case !ok:
		return metrics.Window{}, fmt.Errorf("%s were not to be asked for", q.To.Sub(q.From))
	}
	w := metrics.Window{From: q.From, To: q.To, Requests: n[0], Errors: n[1]}
	if b.from > 0 && q.To.Sub(q.From) > b.from {
		w.From = q.To.Add(-b.from)
	}
	return w, nil
}

// windowed answers each query by itself.
type windowed func(q metrics.Query) (metrics.Window, error)

func (w windowed) Read(_ context.Context, q metrics.Query) (metrics.Window, error) { return w(q) }

func TestTheWindowsOfTheWorkbook(t *testing.T) {
	const day = 24 * time.Hour
	assert.Equal(t, []gate.BurnWindow{
		{Long: time.Hour, Short: 5 * time.Minute, Rate: 14.4}, {Long: 6 * time.Hour, Short: 30 * time.Minute, Rate: 6}, {Long: 3 * day, Short: 6 * time.Hour, Rate: 1},
	}, gate.BurnWindows(30*day))
	week := gate.BurnWindows(7 * day)
	require.Len(t, week, 2, "10 per cent of a week within 3 days is less than the budget lasts")
	assert.InDelta(t, 3.36, week[0].Rate, 1e-12)
	assert.InDelta(t, 1.4, week[1].Rate, 1e-12)
	assert.Empty(t, gate.BurnWindows(time.Hour))

	v, err := gate.Burn{Source: byLength{groups: map[string]bool{}}, SLO: 0.9}.Check(t.Context(), subject())
	require.NoError(t, err)
	assert.Len(t, v.Evidence, 4, "nothing fails 14.4 times as often as in a tenth of all cases")
}

func TestBurn(t *testing.T) {
	h, m := time.Hour, time.Minute
	type counts = map[time.Duration][2]uint64
	windows := func(long1, short1, long2, short2 [2]uint64) counts {
		return counts{h: long1, 5 * m: short1, 6 * h: long2, 30 * m: short2, 72 * h: {100_000, 0}}
	}
	// An objective of 99.9 %: 14.4 times its budget is 1.44 % of the requests, 6 times is 0.6 %.
	calm := [2]uint64{1000, 1}
	for name, c := range map[string]struct {
		of   counts
		want string
		text string
	}{
		"calm":                           {windows(calm, calm, calm, calm), "P", "burns its error budget at 1 in 1h0m0s"},
		"long and short burn":            {windows([2]uint64{10_000, 144}, [2]uint64{1000, 15}, calm, calm), "F", "at 14.4 in 1h0m0s and at 15 in 5m0s (14.4 in both is too fast)"},
		"just below":                     {windows([2]uint64{10_000, 143}, [2]uint64{1000, 15}, calm, calm), "P", ""},
		"it is over":                     {windows([2]uint64{10_000, 500}, [2]uint64{1000, 14}, calm, calm), "P", ""},
		"it has only just begun":         {windows([2]uint64{10_000, 143}, [2]uint64{1000, 900}, calm, calm), "P", ""},
		"slowly, in the second window":   {windows(calm, calm, [2]uint64{10_000, 60}, [2]uint64{1000, 6}), "F", "at 6 in 6h0m0s and at 6 in 30m0s (6 in both"},
		"too few requests":               {windows([2]uint64{99, 99}, [2]uint64{9, 9}, calm, calm), "C", "100 requests are needed to tell, there are 99"},
		"too few in one, harm in other":  {windows([2]uint64{99, 99}, [2]uint64{9, 9}, [2]uint64{10_000, 60}, [2]uint64{1000, 6}), "F", ""},
		"few, and the short one is calm": {windows([2]uint64{99, 99}, [2]uint64{9, 0}, calm, calm), "C", "100 requests are needed to tell, there are 99"},
		"silence now, after harm":        {windows([2]uint64{10_000, 500}, [2]uint64{}, calm, calm), "C", "at an unknown rate in 5m0s"},
		"silence now, after a calm hour": {windows(calm, [2]uint64{}, calm, calm), "C", "at an unknown rate in 5m0s"},
		"a request in each":              {counts{h: {1, 0}, 5 * m: {1, 0}, 6 * h: {1, 0}, 30 * m: {1, 0}, 72 * h: {1, 0}}, "C", "there are 1"},
		"a hair below":                   {windows([2]uint64{1_000_000, 14_399}, [2]uint64{1_000_000, 14_399}, calm, calm), "P", ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := gate.Burn{Source: byLength{of: c.of}, SLO: 0.999}
			require.NoError(t, g.Validate())
			v, err := g.Check(t.Context(), subject())
			require.NoError(t, err)
			assert.Equal(t, c.want, letter(v.Outcome), v.Reason)
			assert.Contains(t, v.Reason, c.text)
			assert.Len(t, v.Evidence, 6)
			assert.False(t, v.NoData)
		})
	}
	v, err := gate.Burn{Source: byLength{groups: map[string]bool{}}, SLO: 0.999}.Check(t.Context(), subject())
	require.NoError(t, err)
	assert.Equal(t, gate.Continue, v.Outcome)
	assert.True(t, v.NoData)
}

// Whatever the objective and its period: a window burns as the share of the budget says that it spends.
func TestBurnOfAnyObjective(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	seen := map[string]int{}
	for range 3_000 {
		slo := 1 - math.Pow(10, -1-2*rnd.Float64())
		period := time.Duration(2+rnd.IntN(40)) * 24 * time.Hour
		of := map[time.Duration][2]uint64{}
		want := "P"
		for _, w := range gate.BurnWindows(period) {
			burns := true
			for _, length := range []time.Duration{w.Long, w.Short} {
				n := uint64(200 + rnd.IntN(100_000))
				bad := uint64(float64(n) * min(1, (1-slo)*w.Rate*2*rnd.Float64()))
				of[length] = [2]uint64{n, bad}
				// Of the budget of the period, as if all of it were like this.
				spends := float64(bad) / float64(n) / (1 - slo) * float64(w.Long) / float64(period)
				share := map[time.Duration]float64{time.Hour: 0.02, 6 * time.Hour: 0.05, 72 * time.Hour: 0.1}[w.Long]
				burns = burns && spends >= share
			}
			if burns {
				want = "F"
			}
		}
		if len(gate.BurnWindows(period)) == 3 {
			continue // the windows of 6 h and of 3 days share a stretch, which was drawn twice
		}
		g := gate.Burn{Source: byLength{of: of}, SLO: slo, Period: period}
		if g.Validate() != nil {
			continue
		}
		v, err := g.Check(t.Context(), subject())
		require.NoError(t, err)
		require.Equal(t, want, letter(v.Outcome), "%v of %s: %s", slo, period, v)
		seen[want]++
	}
	assert.Greater(t, seen["P"], 100, "%v", seen)
	assert.Greater(t, seen["F"], 100, "%v", seen)
}

func TestBurnOfTheWhole(t *testing.T) {
	s := subject()
	s.Baseline = "1.0.0/baseline"
	of := map[time.Duration][2]uint64{time.Hour: {1000, 20}, 5 * time.Minute: {1000, 20}}
	g := gate.Burn{Source: byLength{of: of, groups: map[string]bool{"1.0.0": true, "1.1.0": true}}, Of: gate.Whole, SLO: 0.999, Windows: []gate.BurnWindow{{Long: time.Hour, Short: 5 * time.Minute, Rate: 14.4}}}
	v, err := g.Check(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, gate.Fail, v.Outcome)
	assert.Equal(t, uint64(2000), v.Evidence[0].Samples, "a group without data adds nothing")
	assert.Contains(t, v.Reason, "the whole burns")
	s.Stable, s.Baseline, s.Candidate = "", "", ""
	_, err = g.Check(t.Context(), s)
	assert.ErrorContains(t, err, "has no group")
}

func TestBudget(t *testing.T) {
	const period = 30 * 24 * time.Hour
	of := func(requests, errors uint64) byLength {
		return byLength{of: map[time.Duration][2]uint64{period: {requests, errors}}}
	}
	week := of(100_000, 10)
	week.from = 7 * 24 * time.Hour
	for name, c := range map[string]struct {
		gate gate.Budget
		want string
		text string
	}{
		"all is left":     {gate.Budget{Source: of(100_000, 0)}, "P", "0 of 100000 requests to 1.0.0 failed in 720h0m0s: 100% of the error budget is left"},
		"half is left":    {gate.Budget{Source: of(100_000, 50), Left: 0.5}, "P", "50% of the error budget is left, and 50% must be"},
		"less than half":  {gate.Budget{Source: of(100_000, 51), Left: 0.5}, "F", "49% of the error budget"},
		"a hair less":     {gate.Budget{Source: of(10_000_000, 5001), Left: 0.5}, "F", "49.99% of the error budget"},
		"just spent":      {gate.Budget{Source: of(100_000, 100)}, "P", "0% of the error budget"},
		"overdrawn":       {gate.Budget{Source: of(100_000, 101)}, "F", "-1% of the error budget"},
		"too few":         {gate.Budget{Source: of(99, 99)}, "C", "100 requests are needed"},
		"none":            {gate.Budget{Source: of(0, 0)}, "C", "100 requests are needed"},
		"a week is known": {gate.Budget{Source: week, Known: 7 * 24 * time.Hour}, "P", "90% of the error budget"},
	} {
		t.Run(name, func(t *testing.T) {
			c.gate.SLO = 0.999
			v, err := c.gate.Check(t.Context(), subject())
			require.NoError(t, err)
			assert.Equal(t, c.want, letter(v.Outcome), v.Reason)
			assert.Contains(t, v.Reason, c.text)
			assert.Equal(t, name == "none", v.NoData)
		})
	}
	_, err := gate.Budget{Source: week, SLO: 0.999}.Check(t.Context(), subject())
	assert.ErrorContains(t, err, "the metrics of 1.0.0 begin at")

	undated := windowed(func(q metrics.Query) (metrics.Window, error) { return metrics.Window{Requests: 1000}, nil })
	_, err = gate.Budget{Source: undated, SLO: 0.999}.Check(t.Context(), subject())
	assert.ErrorContains(t, err, "does not say since when it knows the metrics of 1.0.0")
	half := windowed(func(q metrics.Query) (metrics.Window, error) {
		w := metrics.Window{Requests: 1000}
		if q.Group == "1.0.0" {
			w.From, w.To = q.From, q.To
		}
		return w, nil
	})
	_, err = gate.Budget{Source: half, SLO: 0.999, Of: gate.Whole}.Check(t.Context(), subject())
	assert.ErrorContains(t, err, "does not say since when it knows the metrics of the whole")

	whole := gate.Budget{Source: byAge{"1.0.0": period, "1.1.0": time.Minute}, Of: gate.Whole, SLO: 0.999}
	v, err := whole.Check(t.Context(), subject())
	require.NoError(t, err, "a group that is young has no longer a past")
	assert.Equal(t, gate.Pass, v.Outcome)
	whole.Source = byAge{"1.0.0": time.Hour, "1.1.0": time.Minute}
	_, err = whole.Check(t.Context(), subject())
	assert.ErrorContains(t, err, "the metrics of the whole begin at 2026-03-01T11:01:00Z")
}

// byAge has a thousand requests of each group, and knows it for so long.
type byAge map[string]time.Duration

func (b byAge) Read(_ context.Context, q metrics.Query) (metrics.Window, error) {
	return metrics.Window{From: q.To.Add(-b[q.Group]), To: q.To, Requests: 1000}, nil
}

func TestObjectivesFailClosed(t *testing.T) {
	for name, source := range map[string]metrics.Source{
		"down":               byLength{err: errors.New("connection refused")},
		"unknown group":      byLength{err: metrics.ErrUnknownGroup},
		"errors of nothing":  byLength{of: map[time.Duration][2]uint64{time.Hour: {1, 2}, 30 * 24 * time.Hour: {1, 2}}},
		"more than a number": byLength{of: map[time.Duration][2]uint64{time.Hour: {math.MaxUint64, 0}, 30 * 24 * time.Hour: {math.MaxUint64, 0}}},
	} {
		for _, g := range []gate.Gate{gate.Burn{Source: source, Of: gate.Whole, SLO: 0.999}, gate.Budget{Source: source, Of: gate.Whole, SLO: 0.999}} {
			require.NoError(t, gate.Validate(g))
			v, err := g.Check(t.Context(), subject())
			require.Error(t, err, name)
			assert.Empty(t, v.Outcome)
		}
	}
}

func TestObjectivesValidate(t *testing.T) {
	err := gate.Burn{SLO: 1, Period: -1, Of: "x", Windows: []gate.BurnWindow{{}, {Long: time.Hour, Short: 2 * time.Hour, Rate: math.NaN()}}}.Validate()
	for _, want := range []string{"Burn.Source", "Burn.SLO: 1 is not", "Burn.Period", "Burn.Of", "Burn.Windows[0].Rate", "Burn.Windows[0].Short", "Burn.Windows[1].Rate", "Burn.Windows[1].Short"} {
		assert.ErrorContains(t, err, want)
	}
	assert.ErrorContains(t, gate.Burn{Source: byLength{}, SLO: 0.9, Period: time.Minute}.Validate(), "Burn.Windows: there is none, and none by default for a period of 1m0s")
	assert.ErrorContains(t, gate.Burn{Source: byLength{}, SLO: 0.9, Windows: []gate.BurnWindow{{Long: 2, Short: 1, Rate: 11}}}.Validate(), "an error rate of 1.1 would be needed")
	err = gate.Budget{SLO: math.NaN(), Period: -1, Of: "x", Left: 2, Known: -1}.Validate()
	for _, want := range []string{"Budget.Source", "Budget.SLO", "Budget.Period", "Budget.Of", "Budget.Left", "Budget.Known"} {
		assert.ErrorContains(t, err, want)
	}
	assert.ErrorContains(t, gate.Budget{Source: byLength{}, SLO: 0.9, Period: 1, Known: 2}.Validate(), "Budget.Known: 2ns is more than the period")
}
