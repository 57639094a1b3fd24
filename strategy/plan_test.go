package strategy_test

import (
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

	first := mustPlan(t, strategy.Rolling{Replicas: 2}, strategy.State{}, v1)
	require.Zero(t, first.Estimate(o).Downtime, "nobody can miss what was not there")
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
