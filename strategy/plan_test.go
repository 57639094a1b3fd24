package strategy_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestAbortKnowsWhereThereIsNoWayBack(t *testing.T) {
	p := mustPlan(t, strategy.Canary{}, running(v1, 4), v2)
	marked, err := p.MarkIrreversible(2, "drops column users.name")
	require.NoError(t, err)
	require.Empty(t, p.Steps[2].Irreversible, "the plan itself stays as it is")
	require.NotEqual(t, p.Hash(), marked.Hash())

	_, err = strategy.Abort(marked, 1)
	require.NoError(t, err, "the step has not begun")
	for _, step := range []int{2, 3} {
		_, err = strategy.Abort(marked, step)
		var no *strategy.IrreversibleError
		require.ErrorAs(t, err, &no)
		require.Equal(t, &strategy.IrreversibleError{Step: 2, Reason: "drops column users.name"}, no)
	}
	for _, step := range []int{-1, 4} {
		_, err = strategy.Abort(p, step)
		require.ErrorContains(t, err, "the plan has steps 0 to 3")
		_, err = p.MarkIrreversible(step, "x")
		require.ErrorContains(t, err, "the plan has steps 0 to 3")
	}
	_, err = p.MarkIrreversible(0, "")
	require.Error(t, err)

	back, err := strategy.Abort(p, 0)
	require.NoError(t, err)
	_, err = strategy.Abort(back, 0)
	require.ErrorIs(t, err, strategy.ErrWayBack)
}

// TestAbortTakesTheShortestWay: one jump where both sides fit side by side, otherwise as many as
// the room on top demands.
func TestAbortTakesTheShortestWay(t *testing.T) {
	for _, test := range []struct {
		name  string
		s     strategy.Strategy
		step  int
		jumps int
	}{
		{"canary at any share", strategy.Canary{}, 2, 1},
		{"blue-green while blue is warm", strategy.BlueGreen{Warm: time.Hour}, 2, 1},
		{"blue-green once blue is retired: capacity first", strategy.BlueGreen{Warm: time.Hour}, 3, 2},
		{"rolling with a quarter on top and batches of one", strategy.Rolling{Batch: strategy.Count(1), Unavailable: strategy.Count(0)}, 9_999, 4},
		{"rolling with one on top", strategy.Rolling{Surge: strategy.Count(100), Unavailable: strategy.Count(0)}, 99, 100},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := mustPlan(t, test.s, running(v1, 10_000), v2)
			back, err := strategy.Abort(p, test.step)
			require.NoError(t, err)
			require.NoError(t, back.Verify())
			require.Len(t, back.Steps, test.jumps)
			for _, s := range back.Steps {
				require.Zero(t, s.Bake)
				require.Empty(t, s.Gates)
				require.Nil(t, s.Pause)
			}
		})
	}
}

func TestEstimate(t *testing.T) {
	o := strategy.EstimateOptions{Startup: 20 * time.Second, Drain: 10 * time.Second}
	p := mustPlan(t, strategy.Recreate{Bake: time.Minute, MinReady: 5 * time.Second}, running(v1, 2), v2)
	require.Equal(t, strategy.Estimate{
		Duration: 10*time.Second + 25*time.Second + time.Minute, Exposure: time.Minute, Downtime: 35 * time.Second,
	}, p.Estimate(o))

	p = mustPlan(t, strategy.Canary{
		Steps: []strategy.CanaryStep{{Share: strategy.Percent(10), Pause: &strategy.Pause{}}}, Bake: 10 * time.Minute,
	}, running(v1, 10), v2)
	// 20 s to start one, 10 min at 10 %, 20 s more at 10 % for the others to start, 10 s to drain.
	require.Equal(t, strategy.Estimate{
		Duration: 10*time.Minute + 50*time.Second, Exposure: time.Minute + 2*time.Second + 10*time.Second, Pauses: 1,
	}, p.Estimate(o))

	year := 365 * 24 * time.Hour
	p.Steps[0].Bake = 100 * year
	require.Equal(t, 10*year+12*time.Second, p.Estimate(o).Exposure, "no overflow")

	p.Steps[0].Bake = 999_990
	require.Equal(t, 12*time.Second+99_999, p.Estimate(o).Exposure, "exact to the nanosecond")

	p = mustPlan(t, strategy.Canary{Bake: math.MaxInt64 / 2, MinReady: math.MaxInt64}, running(v1, 3), v2)
	require.Equal(t, strategy.Estimate{Duration: math.MaxInt64, Exposure: math.MaxInt64},
		p.Estimate(strategy.EstimateOptions{Startup: time.Second}), "longer than can be said")
	p = mustPlan(t, strategy.Recreate{Bake: math.MaxInt64}, running(v1, 3), v2)
	require.Equal(t, strategy.Estimate{Duration: math.MaxInt64, Exposure: math.MaxInt64, Downtime: math.MaxInt64},
		p.Estimate(strategy.EstimateOptions{Startup: math.MaxInt64, Drain: math.MaxInt64}))

	first := mustPlan(t, strategy.Rolling{Replicas: 2}, strategy.State{}, v1)
	require.Zero(t, first.Estimate(o).Downtime, "nobody can miss what was not there")
}

// A plan may come from elsewhere, with lists as long as its reader lets them be.
func TestLongListsAreValidatedInOnePass(t *testing.T) {
	const n = 200_000 / raced
	gates, rules := make([]string, n), make([]strategy.Match, n)
	for i := range gates {
		gates[i] = "gate " + itoa(i)
		rules[i] = strategy.Match{Header: "X", Value: itoa(i)}
	}
	p := mustPlan(t, strategy.Recreate{}, running(v1, 1), v2)
	p.Steps[1].Gates, p.Steps[1].State.Stable.Match = gates, rules
	begin := time.Now()
	require.NoError(t, p.Validate())
	require.Len(t, p.Needs().Match, n)
	require.Less(t, time.Since(begin), 10*time.Second, "in squares it takes a minute")

	for _, long := range []int{3, 16, 17, 40} {
		p.Steps[1].Gates = append(slices.Clone(gates[:long]), gates[1], gates[1])
		p.Steps[1].State.Stable.Match = append(slices.Clone(rules[:long]), rules[0])
		err := p.Validate()
		for _, want := range []string{
			"Steps[1].Gates[" + itoa(long) + `]: gate "gate 1" is there twice`,
			"Steps[1].Gates[" + itoa(long+1) + `]: gate "gate 1" is there twice`,
			"Steps[1].State.Stable.Match[" + itoa(long) + "]: header X=0 is there twice",
		} {
			require.ErrorContains(t, err, want)
		}
		require.NotContains(t, err.Error(), "Gates[1]:", "the first one is right")
	}
}

func TestNeedsAndGates(t *testing.T) {
	header, cookie := strategy.Match{Header: "X", Value: "1"}, strategy.Match{Cookie: "c", Value: "1"}
	p := mustPlan(t, strategy.Canary{
		Steps: []strategy.CanaryStep{
			{Match: []strategy.Match{header}, Gates: []string{"smoke", "errors"}},
			{Mirror: strategy.Percent(30), Match: []strategy.Match{cookie, header}},
			{Mirror: strategy.Percent(10), Gates: []string{}},
		},
		Gates: []string{"latency", "errors"}, Sticky: true,
	}, running(v1, 4), v2)
	require.Equal(t, strategy.Needs{
		Match: []strategy.Match{header, cookie}, Mirror: strategy.Percent(30), Sticky: true,
	}, p.Needs())
	require.Equal(t, []string{"errors", "latency", "smoke"}, p.Gates())
	require.Empty(t, p.Steps[2].Gates, "empty but not nil: none")
	plain := mustPlan(t, strategy.Rolling{}, running(v1, 4), v2)
	require.Equal(t, strategy.Needs{}, plain.Needs())
	require.Empty(t, plain.Gates())
}

func TestPlanSharesNothingWithItsStrategy(t *testing.T) {
	s := strategy.Canary{
		Steps: []strategy.CanaryStep{{Match: []strategy.Match{{Header: "X", Value: "1"}}, Pause: &strategy.Pause{Reason: "a"}}},
		Gates: []string{"errors"},
	}
	p := mustPlan(t, s, running(v1, 4), v2)
	hash := p.Hash()
	s.Steps[0].Match[0].Value, s.Steps[0].Pause.Reason, s.Gates[0] = "2", "b", "none"
	require.Equal(t, hash, p.Hash())
}

func TestStatesOfAPlan(t *testing.T) {
	p := mustPlan(t, strategy.Rolling{}, running(v1, 4), v2)
	require.True(t, p.StateBefore(0).Equal(running(v1, 4)))
	require.True(t, p.StateBefore(-3).Equal(running(v1, 4)))
	require.True(t, p.StateBefore(1).Equal(p.Steps[0].State))
	require.True(t, p.StateBefore(99).Equal(p.Final()))
	require.True(t, p.Final().Equal(running(v2, 4)))
}

// TestTableCannotBeForged: names come from outside, and a person approves what the table shows.
func TestTableCannotBeForged(t *testing.T) {
	evil := strategy.Revision{Version: "2\n3     nothing to see\t\x1b[2K\u202e"}
	p := mustPlan(t, strategy.Rolling{Gates: []string{"a\nb"}}, running(v1, 4), evil)
	p.Steps[0].Reason += "\r\n"
	table := p.Table()
	require.NotContains(t, table, "\x1b")
	require.NotContains(t, table, "\u202e")
	require.NotContains(t, table, "\t")
	require.NotContains(t, table, "\n3     nothing")
	require.NotContains(t, table, "\r")
}

func TestTableTellsEqualVersionsApart(t *testing.T) {
	again := strategy.Revision{Version: v1.Version, Digest: "sha256:dddddddddddddddd"}
	table := mustPlan(t, strategy.Rolling{}, running(v1, 4), again).Table()
	require.Contains(t, table, "2 x 1.0.0@aaaaaaaaaaaa")
	require.Contains(t, table, "run 1.0.0@dddddddddddd")
}

// TestPlanValidate: a plan that was made by hand can be wrong in each of its fields.
func TestPlanValidate(t *testing.T) {
	require.Equal(t, []string{
		"To: no revision is given",
		"Steps: a plan has at least one step",
	}, lines(t, strategy.Plan{}.Validate()))

	p := mustPlan(t, strategy.Rolling{}, running(v1, 4), v2)
	p.From.Stable.Share = strategy.Percent(90)
	p.Strategy = "\xff"
	p.Steps[0] = strategy.Step{
		Reason: "\xff", Irreversible: "\xfe",
		State: strategy.State{
			Stable:    strategy.Group{Replicas: -1},
			Candidate: strategy.Group{Revision: v2, Share: strategy.Percent(-1), Mirror: strategy.Percent(101), Match: []strategy.Match{{}, {Header: "X", Value: "\xff"}}},
			MinReady:  -1,
		},
		Deadline: -1, Bake: -1, Gates: []string{"a", "a", "\xff"}, Pause: &strategy.Pause{Reason: "\xff", Default: "x"},
	}
	p.Steps[1].State = both(group(v2, 1, 50), group(v2, 1, 50))
	p.Limits = strategy.Limits{MinAvailable: 3, MaxTotal: 2, Load: -1}
	p.HoldBack = -1
	goal := running(v1, 3)
	goal.Baseline = strategy.Group{Replicas: 1}
	p.Goal = &goal
	require.Equal(t, []string{
		`Strategy: "\xff" is not UTF-8`,
		"From.Share: the groups' shares add up to 90%, not to 100%",
		"Goal.Baseline.Revision: no revision is given",
		"To: a way back leads to the stable revision of its goal, 1.0.0@aaaaaaaaaaaa, or to its candidate's",
		`Steps[0].Reason: "\xff" is not UTF-8`,
		`Steps[0].Irreversible: "\xfe" is not UTF-8`,
		"Steps[0].State.Stable.Revision: no revision is given",
		"Steps[0].State.Stable.Replicas: -1 is below zero",
		"Steps[0].State.Candidate.Share: a share of -1% is below none of the traffic",
		"Steps[0].State.Candidate.Mirror: a share of 101% is above all of the traffic",
		"Steps[0].State.Candidate.Match[0]: a match wants exactly one of Header and Cookie",
		`Steps[0].State.Candidate.Match[1]: "header X=\xff" is not UTF-8`,
		"Steps[0].State.MinReady: -1ns is below zero",
		"Steps[0].State.Candidate.Replicas: the group gets traffic but has no instance",
		"Steps[0].State.Share: the groups' shares add up to -1%, not to 100%",
		"Steps[0].Deadline: -1ns is below zero",
		"Steps[0].Bake: -1ns is below zero",
		`Steps[0].Gates[1]: gate "a" is there twice`,
		`Steps[0].Gates[2]: "\xff" is not UTF-8`,
		`Steps[0].Pause.Reason: "\xff" is not UTF-8`,
		`Steps[0].Pause.Default: "x" is neither "abort" nor "resume"`,
		"Steps[1].State.Candidate.Revision: 1.1.0@bbbbbbbbbbbb is what stable runs too",
		"Limits.Load: -1 is below zero",
		"Limits.MinAvailable: 3 is more than the 2 instances that may exist",
		"HoldBack: -1 is below zero",
	}, lines(t, p.Validate()))
	require.NotEmpty(t, p.Table(), "what is wrong can still be looked at")
	require.Error(t, p.Verify())
}

func TestVerifyWithoutCeiling(t *testing.T) {
	p := mustPlan(t, strategy.BlueGreen{}, running(v1, 4), v2)
	require.NoError(t, strategy.Verify(p, strategy.Limits{MinAvailable: 4}), "zero is no limit")
	require.Error(t, strategy.Verify(p, strategy.Limits{MaxTotal: 7}))
}

func TestTableOfAPlanThatNoTargetCouldWalk(t *testing.T) {
	p := mustPlan(t, strategy.Canary{}, running(v1, 4), v2)
	p.Steps[0].State.Candidate.Revision = v3
	require.Contains(t, p.Table(), "?", "the capacity of a transition with three revisions is unknown")
}
