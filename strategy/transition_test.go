package strategy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

func group(r strategy.Revision, n int, percent float64) strategy.Group {
	return strategy.Group{Revision: r, Replicas: n, Share: strategy.Percent(percent)}
}

func both(stable, candidate strategy.Group) strategy.State {
	return strategy.State{Stable: stable, Candidate: candidate}
}

// phases writes a transition as lines, so that a table of them can be read.
func phases(t *testing.T, from, to strategy.State) []string {
	t.Helper()
	all, err := strategy.Transition(from, to)
	require.NoError(t, err)
	require.True(t, all[len(all)-1].State.Equal(to), "the last phase's state is to")
	var lines []string
	for _, p := range all {
		lines = append(lines, string(p.Kind)+": "+p.State.String())
	}
	return lines
}

type transition struct {
	name     string
	from, to strategy.State
	want     []string
}

func TestTransition(t *testing.T) {
	dead := strategy.Group{Revision: strategy.Revision{Version: "b"}, Match: []strategy.Match{{Header: "X", Value: "1"}}}
	a, b := strategy.Revision{Version: "a"}, strategy.Revision{Version: "b"}
	alone := strategy.State{Stable: group(a, 3, 100)}
	baseline := both(group(a, 3, 80), group(b, 1, 10))
	baseline.Baseline = group(a, 1, 10)
	tests := []transition{
		{"all three phases", both(group(a, 3, 100), group(b, 1, 0)), both(group(a, 2, 40), group(b, 3, 60)), []string{
			"grow: stable a x3 100% + candidate b x3 0%",
			"route: stable a x3 40% + candidate b x3 60%",
			"shrink: stable a x2 40% + candidate b x3 60%",
		}},
		{"traffic only", both(group(a, 3, 90), group(b, 1, 10)), both(group(a, 3, 50), group(b, 1, 50)), []string{
			"route: stable a x3 50% + candidate b x1 50%",
		}},
		{"growth only", alone, strategy.State{Stable: group(a, 5, 100)}, []string{"grow: stable a x5 100%"}},
		{"first release", strategy.State{}, alone, []string{"grow: stable a x3 0%", "route: stable a x3 100%"}},
		{"the end of a service", alone, strategy.State{}, []string{"route: stable a x3 0%", "shrink: nothing"}},
		{"nothing from nothing", strategy.State{}, strategy.State{}, []string{"route: nothing"}},
		{"the same again", alone, alone, []string{"route: stable a x3 100%"}},
		{"a promotion changes roles, not pools", both(strategy.Group{}, group(b, 3, 100)), strategy.State{Stable: group(b, 3, 100)},
			[]string{"route: stable b x3 100%"}},
		{"retiring keeps from's roles until the end", both(group(a, 3, 0), group(b, 3, 100)), strategy.State{Stable: group(b, 3, 100)},
			[]string{"shrink: stable b x3 100%"}},
		{"going back uses to's roles", strategy.State{Stable: group(b, 3, 100)}, both(group(a, 3, 90), group(b, 1, 10)), []string{
			"grow: stable a x3 0% + candidate b x3 100%",
			"route: stable a x3 90% + candidate b x3 10%",
			"shrink: stable a x3 90% + candidate b x1 10%",
		}},
		{"one revision for another: the old one takes the free role", alone, strategy.State{Stable: group(b, 3, 100)}, []string{
			"grow: stable b x3 0% + candidate a x3 100%",
			"route: stable b x3 100% + candidate a x3 0%",
			"shrink: stable b x3 100%",
		}},
		{"one candidate for another: the old one takes the free role", strategy.State{Candidate: group(a, 3, 100)}, strategy.State{Candidate: group(b, 3, 100)}, []string{
			"grow: stable a x3 100% + candidate b x3 0%",
			"route: stable a x3 0% + candidate b x3 100%",
			"shrink: candidate b x3 100%",
		}},
		{"a baseline is a pool of its own", alone, baseline, []string{
			"grow: stable a x3 100% + baseline a x1 0% + candidate b x1 0%",
			"route: stable a x3 80% + baseline a x1 10% + candidate b x1 10%",
		}},
		{"named groups without instances are not there", both(group(a, 3, 100), group(b, 0, 0)), strategy.State{Stable: group(v1, 3, 100)}, []string{
			"grow: stable 1.0.0@aaaaaaaaaaaa x3 0% + candidate a x3 100%",
			"route: stable 1.0.0@aaaaaaaaaaaa x3 100% + candidate a x3 0%",
			"shrink: stable 1.0.0@aaaaaaaaaaaa x3 100%",
		}},
		{"observed: half of the table is lost", both(group(a, 3, 50), group(b, 1, 0)), both(group(a, 3, 80), group(b, 2, 20)), []string{
			"grow: stable a x3 80% + candidate b x2 20%",
		}},
		{"observed: the lost half was of a group that is not there yet", strategy.State{Stable: group(a, 3, 50)}, both(group(a, 3, 80), group(b, 2, 20)), []string{
			"grow: stable a x3 100% + candidate b x2 0%",
			"route: stable a x3 80% + candidate b x2 20%",
		}},
		{"observed: all traffic on instances that died, and come back", strategy.State{Stable: group(a, 0, 100)}, alone, []string{
			"grow: stable a x3 100%",
		}},
		{"observed: all traffic on instances that died for good", strategy.State{Stable: group(a, 0, 100)}, strategy.State{Stable: group(b, 3, 100)}, []string{
			"grow: stable b x3 0%",
			"route: stable b x3 100%",
		}},
		{"observed: the candidate died, and its rule is left", both(group(a, 3, 100), dead), strategy.State{Stable: group(a, 2, 100)}, []string{
			"grow: stable a x3 100%",
			"shrink: stable a x2 100%",
		}},
		{"observed: the candidate died with its share", both(group(a, 3, 90), group(b, 0, 10)), alone, []string{
			"grow: stable a x3 100%",
		}},
	}
	tests = append(tests, rolesAndMending()...)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, phases(t, test.from, test.to)) })
	}
}

// rolesAndMending are transitions in which it matters whose roles are used, and who gets the traffic
// that nobody has.
func rolesAndMending() []transition {
	a, b, c := strategy.Revision{Version: "a"}, strategy.Revision{Version: "b"}, strategy.Revision{Version: "c"}
	ruled := func(g strategy.Group, header string) strategy.Group {
		g.Match = []strategy.Match{{Header: header, Value: "1"}}
		return g
	}
	copied := strategy.Group{Revision: b, Mirror: strategy.Percent(50)}
	other := strategy.State{Stable: group(b, 3, 100)}
	compared := func(stable, baseline float64) strategy.State {
		return strategy.State{Stable: group(a, 3, stable), Baseline: group(a, 1, baseline)}
	}
	lost := func(baseline, stable string) []string {
		return []string{
			"grow: stable b x3 0% + baseline a x1 " + baseline + " + candidate a x3 " + stable,
			"route: stable b x3 100% + baseline a x1 0% + candidate a x3 0%",
			"shrink: stable b x3 100%",
		}
	}
	return []transition{
		{"from's roles, as long as they name all pools of to", both(group(a, 3, 50), group(b, 3, 50)), other, []string{
			"route: stable a x3 0% + candidate b x3 100%",
			"shrink: stable b x3 100%",
		}},
		{"from names a pool that does not run: to's roles", both(group(a, 3, 100), group(b, 0, 0)), other, []string{
			"grow: stable b x3 0% + candidate a x3 100%",
			"route: stable b x3 100% + candidate a x3 0%",
			"shrink: stable b x3 100%",
		}},
		{"to names a pool that shall not run: from's roles all the same", both(group(a, 3, 50), group(b, 3, 50)), both(group(b, 3, 100), group(c, 0, 0)), []string{
			"route: stable a x3 0% + candidate b x3 100%",
			"shrink: stable b x3 100% + candidate c x0 0%",
		}},
		{"to names a pool that shall not run: its role is free", other, both(group(a, 3, 100), group(c, 0, 0)), []string{
			"grow: stable a x3 0% + candidate b x3 100%",
			"route: stable a x3 100% + candidate b x3 0%",
			"shrink: stable a x3 100% + candidate c x0 0%",
		}},
		{"observed: shares that only add up together", both(group(a, 3, 110), group(b, 1, -10)), both(group(a, 3, 80), group(b, 1, 20)), []string{
			"grow: stable a x3 80% + candidate b x1 20%",
		}},
		{"observed: the candidate died, and its copies are left", both(group(a, 3, 100), copied), strategy.State{Stable: group(a, 2, 100)}, []string{
			"grow: stable a x3 100%",
			"shrink: stable a x2 100%",
		}},
		{"observed: it died, and is not named on the way to a rule for others", both(group(a, 3, 100), copied),
			strategy.State{Stable: ruled(group(a, 2, 100), "Y")}, []string{
				"grow: stable a x3 100%",
				"route: stable a x3 100%, header Y=1",
				"shrink: stable a x2 100%, header Y=1",
			}},
		{"observed: the candidate died and comes back, and its rule stays", both(group(a, 3, 50), ruled(group(b, 0, 0), "X")),
			both(group(a, 3, 100), ruled(group(b, 2, 0), "X")), []string{
				"grow: stable a x3 100% + candidate b x2 0%, header X=1",
			}},
		{"observed: what is lost goes to who had the most, stable", compared(40, 30), other, lost("0%", "100%")},
		{"observed: what is lost goes to who had the most, its baseline", compared(30, 40), other, lost("100%", "0%")},
		{"observed: what is lost goes to the first of equals", compared(30, 30), other, lost("100%", "0%")},
	}
}

func TestTransitionTakesTheSettingsOfItsEnd(t *testing.T) {
	from, to := running(v1, 2), both(group(v1, 2, 50), group(v2, 2, 50))
	from.MinReady, to.MinReady, to.Sticky = time.Hour, time.Minute, true
	all, err := strategy.Transition(from, to)
	require.NoError(t, err)
	require.Len(t, all, 2)
	for _, phase := range all {
		require.True(t, phase.State.Sticky)
		require.Equal(t, time.Minute, phase.State.MinReady)
	}
}

func TestTransitionNeedsARoleForEachPool(t *testing.T) {
	_, err := strategy.Transition(both(group(v1, 3, 90), group(v2, 1, 10)), both(group(v1, 3, 90), group(v3, 1, 10)))
	require.ErrorIs(t, err, strategy.ErrTooManyPools)
	require.ErrorContains(t, err, "1.1.0@bbbbbbbbbbbb has no role")

	one, other := running(v1, 3), running(v1, 3)
	one.Baseline, other.Baseline = group(v1, 1, 0), group(v2, 1, 0)
	_, err = strategy.Transition(one, other)
	require.ErrorIs(t, err, strategy.ErrTooManyPools, "two baselines")
}

// TestTransitionChangesOneThingAtATime draws pairs of states and looks at each phase.
func TestTransitionChangesOneThingAtATime(t *testing.T) {
	for seed := range uint64(2_000) {
		r := draw(seed, 1)
		from, to := r.state(), r.state()
		all, err := strategy.Transition(from, to)
		if err != nil {
			require.ErrorIs(t, err, strategy.ErrTooManyPools)
			continue
		}
		last := from
		for _, phase := range all {
			for pool, now := range pools(phase.State) {
				was := pools(last)[pool]
				switch phase.Kind {
				case strategy.Grow:
					require.GreaterOrEqual(t, now.Replicas, was.Replicas)
					require.True(t, now.SameTraffic(was), "seed %d: %s to %s", seed, last, phase.State)
				case strategy.Route:
					require.Equal(t, was.Replicas, now.Replicas, "seed %d: %s to %s", seed, last, phase.State)
				case strategy.Shrink:
					require.LessOrEqual(t, now.Replicas, was.Replicas)
					require.True(t, now.SameTraffic(was), "seed %d: %s to %s", seed, last, phase.State)
				}
			}
			require.NoError(t, phase.State.Validate(), "seed %d: %s to %s", seed, from, to)
			last = phase.State
		}
		require.True(t, last.Equal(to))
	}
}

// state draws a valid state of the revisions 1.0.0 and 1.1.0.
func (r random) state() strategy.State {
	var s strategy.State
	left := 100
	for _, role := range []strategy.Role{strategy.Candidate, strategy.Baseline, strategy.Stable} {
		if r.IntN(4) == 0 && !(role == strategy.Stable && left < 100) {
			continue
		}
		share := left
		if role != strategy.Stable {
			share = r.IntN(left + 1)
		}
		g := group(v1, 1+r.IntN(9), float64(share))
		if role == strategy.Candidate {
			g.Revision = v2
		}
		left -= share
		s.Set(role, g)
	}
	if left == 100 || s.Stable.IsZero() {
		s.Stable = group(v1, 1+r.IntN(9), float64(left))
	}
	return s
}
