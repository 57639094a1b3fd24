package strategy_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

// lines are the problems that an error holds, each on its own.
func lines(t *testing.T, err error) []string {
	t.Helper()
	require.Error(t, err)
	var all *multierror.Error
	if !asMulti(err, &all) {
		return []string{err.Error()}
	}
	var out []string
	for _, e := range all.Errors {
		out = append(out, e.Error())
	}
	return out
}

func asMulti(err error, into **multierror.Error) bool {
	m, ok := err.(*multierror.Error)
	*into = m
	return ok
}

// TestBadSettings: every problem at once, each with the name of its field.
func TestBadSettings(t *testing.T) {
	twice := []strategy.Match{{Header: "X", Value: "1"}, {Header: "X", Value: "1"}, {}}
	for _, test := range []struct {
		name string
		bad  interface{ Validate() error }
		want []string
	}{
		{"rolling", strategy.Rolling{
			Replicas: -1, Surge: strategy.PercentOf(101), Unavailable: strategy.Count(-2), Batch: strategy.Count(0),
			Partition: -1, MinReady: -1, Deadline: -1, Bake: -1, Gates: []string{"a", "", "a"},
		}, []string{
			"Rolling.Replicas: -1 is below zero",
			"Rolling.Surge: 101% is above 100%",
			"Rolling.Unavailable: -2 is below zero",
			"Rolling.Batch: in batches of none nothing moves",
			"Rolling.Partition: -1 is below zero",
			"Rolling.MinReady: -1ns is below zero",
			"Rolling.Deadline: -1ns is below zero",
			"Rolling.Bake: -1ns is below zero",
			"Rolling.Gates[1]: a gate without a name",
			`Rolling.Gates[2]: gate "a" is there twice`,
		}},
		{"blue-green", strategy.BlueGreen{
			Replicas: 2_000_000, Preview: strategy.PercentOf(0), PreviewMatch: twice,
			Before: strategy.Hold{Bake: -1}, Switch: []strategy.Share{strategy.Percent(50), strategy.Percent(20), {}, strategy.Percent(120)},
			SwitchHold: strategy.Hold{Gates: []string{""}}, After: strategy.Hold{Pause: &strategy.Pause{Deadline: -1, Default: "maybe"}},
			Warm: -time.Second,
		}, []string{
			"BlueGreen.Replicas: 2000000 is above a million instances",
			"BlueGreen.Preview: without an instance of it there is nothing to preview",
			"BlueGreen.PreviewMatch[1]: header X=1 is there twice",
			"BlueGreen.PreviewMatch[2]: a match wants exactly one of Header and Cookie",
			"BlueGreen.Before.Bake: -1ns is below zero",
			"BlueGreen.Switch[1]: 20% is not above the 50% of the step before",
			"BlueGreen.Switch[2]: a step of the switch moves traffic",
			"BlueGreen.Switch[2]: 0% is not above the 20% of the step before",
			"BlueGreen.Switch[3]: a share of 120% is above all of the traffic",
			"BlueGreen.SwitchHold.Gates[0]: a gate without a name",
			"BlueGreen.After.Pause.Deadline: -1ns is below zero",
			`BlueGreen.After.Pause.Default: "maybe" is neither "abort" nor "resume"`,
			"BlueGreen.Warm: -1s is below zero",
		}},
		{"canary", strategy.Canary{
			Steps: []strategy.CanaryStep{
				{Share: strategy.Percent(10), Replicas: strategy.Count(0), Bake: -1},
				{Share: strategy.Percent(20), Mirror: strategy.Percent(math.NaN())},
				{Share: strategy.Percent(5), Match: twice[2:], Gates: []string{""}},
				{Share: strategy.All(), Replicas: strategy.Count(3)},
			},
			Bake: -1, Gates: []string{""}, After: strategy.Hold{Bake: -1},
		}, []string{
			"Canary.Steps[0].Replicas: a candidate without an instance gets no request",
			"Canary.Steps[0].Bake: -1ns is below zero",
			"Canary.Steps[1].Mirror: a share of not-a-number% is below none of the traffic",
			"Canary.Steps[2].Match[0]: a match wants exactly one of Header and Cookie",
			"Canary.Steps[2].Gates[0]: a gate without a name",
			"Canary.Steps[2].Share: 5% is below the 20% of the step before",
			"Canary.Steps[3].Replicas: with all of the traffic the candidate has its full size",
			"Canary.Bake: -1ns is below zero",
			"Canary.Gates[0]: a gate without a name",
			"Canary.After.Bake: -1ns is below zero",
		}},
		{"recreate", strategy.Recreate{Replicas: -1, MinReady: -1, Deadline: -1, Bake: -1, Gates: []string{""}}, []string{
			"Recreate.Replicas: -1 is below zero",
			"Recreate.MinReady: -1ns is below zero",
			"Recreate.Deadline: -1ns is below zero",
			"Recreate.Bake: -1ns is below zero",
			"Recreate.Gates[0]: a gate without a name",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, lines(t, test.bad.Validate()))
			_, err := test.bad.(strategy.Strategy).Plan(running(v1, 3), v2)
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
	for _, zero := range []interface{ Validate() error }{
		strategy.Rolling{}, strategy.BlueGreen{}, strategy.Canary{}, strategy.Recreate{}, strategy.Hold{}, strategy.CanaryStep{},
	} {
		require.NoError(t, zero.Validate(), "the zero value is the documented default")
	}
}

func strategies() map[string]strategy.Strategy {
	return map[string]strategy.Strategy{
		"Rolling": strategy.Rolling{}, "BlueGreen": strategy.BlueGreen{},
		"Canary": strategy.Canary{}, "Recreate": strategy.Recreate{},
	}
}

// TestBadBeginnings: what a strategy is asked to start from can be wrong too.
func TestBadBeginnings(t *testing.T) {
	for name, s := range strategies() {
		t.Run(name, func(t *testing.T) {
			_, err := s.Plan(strategy.State{}, strategy.Revision{})
			require.Equal(t, []string{
				"to: no revision is given",
				name + ".Replicas: no instance runs now, and no number is given",
			}, lines(t, err))

			_, err = s.Plan(both(group(v1, 3, 90), group(v2, 1, 5)), v2)
			require.ErrorContains(t, err, "From.Share: the groups' shares add up to 95%, not to 100%")

			_, err = s.Plan(both(group(v1, 3, 90), group(v3, 1, 10)), v2)
			require.ErrorIs(t, err, strategy.ErrUnderWay)
			require.ErrorContains(t, err, "From.Candidate: 1.2.0@cccccccccccc runs beside stable")

			half := running(v1, 3)
			half.Baseline = group(v1, 1, 0)
			_, err = s.Plan(half, v2)
			require.ErrorIs(t, err, strategy.ErrUnderWay)

			_, err = s.Plan(running(v1, 3), v1)
			require.ErrorIs(t, err, strategy.ErrNothingToDo)
			_, err = s.Plan(running(v1, 3), strategy.Revision{Version: "\xff"})
			require.ErrorContains(t, err, "is not UTF-8")
		})
	}
}

// TestRescale: the revision that runs, in another number, is one step, whatever the strategy.
func TestRescale(t *testing.T) {
	for name, s := range map[string]strategy.Strategy{
		"Rolling": strategy.Rolling{Replicas: 5}, "BlueGreen": strategy.BlueGreen{Replicas: 5},
		"Canary": strategy.Canary{Replicas: 5}, "Recreate": strategy.Recreate{Replicas: 5},
	} {
		for _, now := range []int{2, 9} {
			p := mustPlan(t, s, running(v1, now), v1)
			require.Len(t, p.Steps, 1, name)
			require.True(t, p.Final().Equal(running(v1, 5)))
			require.Equal(t, strategy.Limits{MinAvailable: min(now, 5), MaxTotal: max(now, 5), Load: min(now, 5)}, p.Limits)
		}
	}
}

func TestSizesThatDoNotFit(t *testing.T) {
	_, err := strategy.BlueGreen{Preview: strategy.Count(4)}.Plan(running(v1, 3), v2)
	require.EqualError(t, err, "BlueGreen.Preview: 4 instances are more than the 3 of the full size")
	_, err = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(1), Replicas: strategy.Count(4)}}}.Plan(running(v1, 3), v2)
	require.ErrorContains(t, err, "Canary.Steps[0].Replicas: 4 instances are more than the 3 of the full size")
	_, err = strategy.Rolling{Partition: 3}.Plan(running(v1, 3), v2)
	require.ErrorContains(t, err, "Rolling.Partition: 3 held back of 3 leaves nothing to release")
	_, err = strategy.Rolling{Partition: 4, Replicas: 9}.Plan(running(v1, 3), v2)
	require.ErrorContains(t, err, "Rolling.Partition: 4 cannot be held back: only 3 instances of 1.0.0@aaaaaaaaaaaa run")
	_, err = strategy.Rolling{Partition: 1, Replicas: 9}.Plan(strategy.State{}, v2)
	require.ErrorContains(t, err, "Rolling.Partition: no instance of another revision runs")
}

func TestPartitionIsGoneOnWith(t *testing.T) {
	held := both(group(v1, 3, 30), group(v2, 7, 70))
	p := mustPlan(t, strategy.Rolling{Partition: 1}, held, v2)
	require.True(t, p.Final().Equal(both(group(v1, 1, 10), group(v2, 9, 90))), p.Final().String())
	p = mustPlan(t, strategy.Rolling{}, held, v2)
	require.True(t, p.Final().Equal(running(v2, 10)))
	back, err := strategy.Abort(p, len(p.Steps)-1)
	require.NoError(t, err)
	require.NoError(t, back.Verify())
	require.True(t, back.Final().Equal(held), "back to the partition, not beyond it")

	_, err = strategy.Rolling{Partition: 3}.Plan(held, v2)
	require.ErrorIs(t, err, strategy.ErrNothingToDo)
	_, err = strategy.Rolling{Partition: 3, Replicas: 5}.Plan(held, v2)
	require.ErrorContains(t, err, "Rolling.Partition: it would take traffic back from 1.1.0@bbbbbbbbbbbb, which answers 70% now and would answer 40%")
	_, err = strategy.Rolling{}.Plan(both(group(v1, 3, 90), group(v2, 7, 10)), v2)
	require.ErrorIs(t, err, strategy.ErrUnderWay, "the candidate of a canary")
	for _, s := range []strategy.Strategy{strategy.Canary{}, strategy.BlueGreen{}, strategy.Recreate{}} {
		_, err = s.Plan(held, v2)
		require.ErrorIs(t, err, strategy.ErrUnderWay)
	}
	onlyNew := strategy.State{Candidate: group(v2, 4, 100)}
	p = mustPlan(t, strategy.Rolling{}, onlyNew, v2)
	require.True(t, p.Final().Equal(running(v2, 4)), "a candidate that is alone only has to be called stable")
	p = mustPlan(t, strategy.Rolling{Replicas: 2}, onlyNew, v2)
	require.True(t, p.Final().Equal(running(v2, 2)))
}

// TestPartitionIsTakenBack: what was held back takes over again, within the limits of any other plan.
func TestPartitionIsTakenBack(t *testing.T) {
	held := both(group(v1, 2, 20), group(v2, 8, 80))
	p := mustPlan(t, strategy.Rolling{Surge: strategy.Count(2), Unavailable: strategy.Count(1)}, held, v1)
	require.True(t, p.From.Equal(held))
	require.Equal(t, v1, p.To)
	require.Equal(t, strategy.Limits{MinAvailable: 9, MaxTotal: 12, Load: 9}, p.Limits)
	var steps []string
	for _, s := range p.Steps {
		steps = append(steps, s.Reason+": "+s.State.String())
	}
	require.Equal(t, []string{
		"replace 3: 4 of 10 run 1.0.0: stable 1.0.0@aaaaaaaaaaaa x4 44.4445% + candidate 1.1.0@bbbbbbbbbbbb x5 55.5555%",
		"replace 3: 7 of 10 run 1.0.0: stable 1.0.0@aaaaaaaaaaaa x7 77.7778% + candidate 1.1.0@bbbbbbbbbbbb x2 22.2222%",
		"replace 2: 10 of 10 run 1.0.0: stable 1.0.0@aaaaaaaaaaaa x10 100%",
	}, steps)
	require.True(t, strings.HasPrefix(p.Table(), "Rolling: 1.1.0@bbbbbbbbbbbb -> 1.0.0@aaaaaaaaaaaa\n"), p.Table())

	for i := range p.Steps {
		again, err := strategy.Abort(p, i)
		require.NoError(t, err)
		require.NoError(t, again.Validate())
		require.NoError(t, again.Verify())
		require.Equal(t, v2, again.To, "the candidate is what was to be replaced")
		require.True(t, again.Final().Equal(held))
		require.True(t, strings.HasPrefix(again.Table(), "Rolling, taken back: 1.0.0@aaaaaaaaaaaa -> 1.1.0@bbbbbbbbbbbb\n"), again.Table())
	}

	_, err := strategy.Rolling{Partition: 1}.Plan(held, v1)
	require.ErrorContains(t, err, "Rolling.Partition: on the way back to 1.0.0@aaaaaaaaaaaa nothing is held back")
	_, err = strategy.Rolling{}.Plan(held, v3)
	require.ErrorIs(t, err, strategy.ErrUnderWay)
	require.ErrorContains(t, err, "plan with Rolling to 1.1.0@bbbbbbbbbbbb or to 1.0.0@aaaaaaaaaaaa first")
	_, err = strategy.Rolling{}.Plan(both(group(v1, 3, 90), group(v2, 7, 10)), v1)
	require.ErrorIs(t, err, strategy.ErrUnderWay, "the candidate of a canary")

	for _, test := range []struct {
		name string
		from strategy.State
		s    strategy.Rolling
		want strategy.State
	}{
		{"thirds, rounded as the plan before rounded them", both(
			strategy.Group{Revision: v1, Replicas: 1, Share: strategy.Millionths(333_334)},
			strategy.Group{Revision: v2, Replicas: 2, Share: strategy.Millionths(666_666)}), strategy.Rolling{}, running(v1, 3)},
		{"to fewer than are there", held, strategy.Rolling{Replicas: 1}, running(v1, 1)},
		{"to more", held, strategy.Rolling{Replicas: 20}, running(v1, 20)},
		{"without room", held, strategy.Rolling{Surge: strategy.Count(0), Unavailable: strategy.Count(1)}, running(v1, 10)},
		{"nothing is left of it", both(group(v1, 0, 0), group(v2, 4, 100)), strategy.Rolling{}, running(v1, 4)},
	} {
		p := mustPlan(t, test.s, test.from, v1)
		require.True(t, p.Final().Equal(test.want), "%s: %s", test.name, p.Final())
		for i := range p.Steps {
			again, err := strategy.Abort(p, i)
			require.NoError(t, err, test.name)
			require.NoError(t, again.Verify(), test.name)
		}
	}
}

// Who asks for none on top and none missing is not given an instance that is missing, which for one alone would be
// an outage.
func TestRollingWithoutRoom(t *testing.T) {
	for _, s := range []strategy.Rolling{
		{Surge: strategy.Count(0), Unavailable: strategy.Count(0)},
		{Surge: strategy.PercentOf(0), Unavailable: strategy.Count(0)},
	} {
		_, err := s.Plan(running(v1, 1), v2)
		require.ErrorContains(t, err, "Rolling.Unavailable: with none on top and none missing nothing could move")
	}
	require.NoError(t, strategy.Rolling{Surge: strategy.Count(0), Unavailable: strategy.PercentOf(1)}.Validate(), "it only rounds to none")
}

// TestRollingByHand compares with plans that were worked out on paper: old and new instances after
// each step.
func TestRollingByHand(t *testing.T) {
	for _, test := range []struct {
		name   string
		s      strategy.Rolling
		now    int
		steps  string
		limits strategy.Limits
	}{
		{"defaults: 3 on top, 2 missing", strategy.Rolling{}, 10, "5+3 0+8 0+10", strategy.Limits{MinAvailable: 8, MaxTotal: 13, Load: 8}},
		{"one on top, none missing", strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}, 3,
			"2+1 1+2 0+3", strategy.Limits{MinAvailable: 3, MaxTotal: 4, Load: 3}},
		{"none on top, one missing", strategy.Rolling{Surge: strategy.Count(0), Unavailable: strategy.Count(1)}, 3,
			"2+0 1+1 0+2 0+3", strategy.Limits{MinAvailable: 2, MaxTotal: 3, Load: 2}},
		{"both come to zero: one may be missing", strategy.Rolling{Surge: strategy.PercentOf(0), Unavailable: strategy.PercentOf(30)}, 3,
			"2+0 1+1 0+2 0+3", strategy.Limits{MinAvailable: 2, MaxTotal: 3, Load: 2}},
		{"everything at once", strategy.Rolling{Surge: strategy.PercentOf(100)}, 4, "0+4", strategy.Limits{MinAvailable: 3, MaxTotal: 8, Load: 3}},
		{"one instance", strategy.Rolling{}, 1, "0+1", strategy.Limits{MinAvailable: 1, MaxTotal: 2, Load: 1}},
		{"one instance, no room: dark in between", strategy.Rolling{Surge: strategy.Count(0)}, 1, "0+0 0+1", strategy.Limits{MaxTotal: 1}},
		{"batches of two", strategy.Rolling{Batch: strategy.PercentOf(25), Surge: strategy.Count(4), Unavailable: strategy.Count(0)}, 8,
			"6+2 4+4 2+6 0+8", strategy.Limits{MinAvailable: 8, MaxTotal: 12, Load: 8}},
		{"three held back", strategy.Rolling{Partition: 3}, 10, "5+3 3+7", strategy.Limits{MinAvailable: 8, MaxTotal: 13, Load: 8}},
		{"fewer than now", strategy.Rolling{Replicas: 4}, 10, "2+1 0+4", strategy.Limits{MinAvailable: 3, MaxTotal: 11, Load: 3}},
		{"more than now", strategy.Rolling{Replicas: 10}, 4, "0+9 0+10", strategy.Limits{MinAvailable: 2, MaxTotal: 13, Load: 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := mustPlan(t, test.s, running(v1, test.now), v2)
			var steps []string
			for _, s := range p.Steps {
				n := map[strategy.Revision]int{}
				for _, g := range s.State.Groups() {
					n[g.Revision] += g.Replicas
				}
				steps = append(steps, itoa(n[v1])+"+"+itoa(n[v2]))
			}
			require.Equal(t, test.steps, strings.Join(steps, " "))
			require.Equal(t, test.limits, p.Limits)
		})
	}
}
