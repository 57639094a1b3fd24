package strategy_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

// violations are the laws that a plan breaks, each once, in the order in which they are told.
func violations(t *testing.T, err error) []strategy.Law {
	t.Helper()
	if err == nil {
		return nil
	}
	var all *multierror.Error
	require.ErrorAs(t, err, &all)
	var laws []strategy.Law
	for _, e := range all.Errors {
		var v *strategy.Violation
		require.ErrorAs(t, e, &v)
		require.NotEmpty(t, v.Detail)
		if !slices.Contains(laws, v.Law) {
			laws = append(laws, v.Law)
		}
	}
	return laws
}

func mustPlan(t testing.TB, s strategy.Strategy, from strategy.State, to strategy.Revision) strategy.Plan {
	t.Helper()
	p, err := s.Plan(from, to)
	require.NoError(t, err)
	require.NoError(t, p.Verify())
	return p
}

// TestMutants breaks a valid plan in one place, so that exactly one law notices.
func TestMutants(t *testing.T) {
	canary := strategy.Canary{Steps: []strategy.CanaryStep{
		{Share: strategy.Percent(10)}, {Share: strategy.Percent(20)}, {Share: strategy.Percent(50)},
	}}
	recreate := strategy.Recreate{}
	rolling := strategy.Rolling{Surge: strategy.Count(2), Unavailable: strategy.Count(1), Partition: 4}
	tests := []struct {
		name     string
		strategy strategy.Strategy
		abort    bool // mutate the way back from the last step but one
		law      strategy.Law
		mutate   func(p *strategy.Plan)
	}{
		{"it starts from shares that do not add up", canary, false, strategy.LawStart, func(p *strategy.Plan) {
			p.From.Stable.Share = strategy.Percent(99)
		}},
		{"a step runs a candidate of no revision", canary, false, strategy.LawState, func(p *strategy.Plan) {
			p.Steps[0].State.Candidate.Revision = strategy.Revision{}
		}},
		{"a share is above all of the traffic", canary, false, strategy.LawState, func(p *strategy.Plan) {
			p.Steps[1].State.Candidate.Mirror = strategy.Percent(120)
		}},
		{"the candidate runs what stable runs", canary, false, strategy.LawState, func(p *strategy.Plan) {
			p.Steps[0].State.Candidate.Revision = v1
		}},
		{"a third revision comes in", canary, false, strategy.LawPath, func(p *strategy.Plan) {
			p.Steps = slices.Insert(p.Steps, 1, p.Steps[0])
			p.Steps[0].State.Candidate.Revision = v3
		}},
		{"one instance too many", canary, false, strategy.LawCeiling, func(p *strategy.Plan) {
			p.Limits.MaxTotal--
		}},
		{"two revisions at full size within the transition only", recreate, false, strategy.LawCeiling, func(p *strategy.Plan) {
			p.Steps = p.Steps[1:]
		}},
		{"one instance too few", rolling, false, strategy.LawFloor, func(p *strategy.Plan) {
			p.Limits.MinAvailable++
			p.Limits.Load = 0
		}},
		{"the old side shrinks before its traffic moves", canary, false, strategy.LawFloor, func(p *strategy.Plan) {
			p.Steps[1].State.Stable.Replicas = 7
			p.Limits.Load = 0
		}},
		{"a tenth of the load on a tenth less than it needs", canary, false, strategy.LawLoad, func(p *strategy.Plan) {
			p.Steps[1].State.Candidate.Replicas = 1
		}},
		{"rules lead to a group without instances", recreate, false, strategy.LawRouted, func(p *strategy.Plan) {
			p.Steps[0].State.Candidate = strategy.Group{Revision: v2, Match: []strategy.Match{{Header: "X", Value: "1"}}}
		}},
		{"copies lead to a group without instances", recreate, false, strategy.LawRouted, func(p *strategy.Plan) {
			p.Steps[0].State.Candidate = strategy.Group{Revision: v2, Mirror: strategy.Percent(1)}
		}},
		{"a share leads to a group without instances", canary, false, strategy.LawRouted, func(p *strategy.Plan) {
			p.Steps[0].State.Candidate.Replicas = 0
		}},
		{"a millionth of the traffic is lost", canary, false, strategy.LawShares, func(p *strategy.Plan) {
			p.Steps[1].State.Stable.Share = strategy.Millionths(799_999)
		}},
		{"a millionth of the traffic is answered twice", canary, false, strategy.LawShares, func(p *strategy.Plan) {
			p.Steps[1].State.Stable.Share = strategy.Millionths(800_001)
		}},
		{"nobody answers, though somebody must", recreate, false, strategy.LawDark, func(p *strategy.Plan) {
			p.Limits.MinAvailable = 1
		}},
		{"the target shall walk to two groups by itself", canary, false, strategy.LawNative, func(p *strategy.Plan) {
			p.Steps[0].Native = true
		}},
		{"the share falls in between", canary, false, strategy.LawExposure, func(p *strategy.Plan) {
			p.Steps[0], p.Steps[1] = p.Steps[1], p.Steps[0]
		}},
		{"the old side is left", canary, false, strategy.LawEnd, func(p *strategy.Plan) {
			p.Steps = p.Steps[:len(p.Steps)-1]
		}},
		{"rules are left", canary, false, strategy.LawEnd, func(p *strategy.Plan) {
			p.Steps[3].State.Stable.Match = []strategy.Match{{Header: "X", Value: "1"}}
		}},
		{"one too few is held back", rolling, false, strategy.LawEnd, func(p *strategy.Plan) {
			p.HoldBack++
		}},
		{"beside what is held back, nobody is sent to the new revision", rolling, false, strategy.LawEnd, func(p *strategy.Plan) {
			*p = heldBack(p.From, strategy.All(), strategy.Share{})
		}},
		{"beside what is held back, it answers more than its part", rolling, false, strategy.LawEnd, func(p *strategy.Plan) {
			*p = heldBack(p.From, strategy.Percent(39), strategy.Percent(61))
		}},
		{"beside what is held back, it is a millionth over", rolling, false, strategy.LawEnd, func(p *strategy.Plan) {
			*p = heldBack(p.From, strategy.Millionths(399_999), strategy.Millionths(600_001))
		}},
		{"beside what is held back, it is a millionth short", rolling, false, strategy.LawEnd, func(p *strategy.Plan) {
			*p = heldBack(p.From, strategy.Millionths(400_001), strategy.Millionths(599_999))
		}},
		{"beside what is held back, a mirror is left", rolling, false, strategy.LawEnd, func(p *strategy.Plan) {
			*p = heldBack(p.From, strategy.Percent(40), strategy.Percent(60))
			p.Steps[0].State.Candidate.Mirror = strategy.All()
		}},
		{"beside what is held back, a rule is left", rolling, false, strategy.LawEnd, func(p *strategy.Plan) {
			*p = heldBack(p.From, strategy.Percent(40), strategy.Percent(60))
			p.Steps[0].State.Stable.Match = []strategy.Match{{Header: "X", Value: "1"}}
		}},
		{"a baseline is left", canary, false, strategy.LawEnd, func(p *strategy.Plan) {
			p.Steps[3].State.Baseline = strategy.Group{Revision: v1, Replicas: 1}
			p.Limits.MaxTotal++
		}},
		{"there is no step", canary, false, strategy.LawEnd, func(p *strategy.Plan) {
			p.Steps = nil
		}},
		{"the way back ends elsewhere", canary, true, strategy.LawEnd, func(p *strategy.Plan) {
			p.Steps[len(p.Steps)-1].State.Stable.Replicas++
			p.Limits.MaxTotal++
		}},
		{"the way back is a step forth first", canary, true, strategy.LawExposure, func(p *strategy.Plan) {
			worse := p.From
			worse.Stable.Share, worse.Candidate.Share = strategy.Percent(49), strategy.Percent(51)
			p.Limits.Load = 0
			p.Steps = slices.Insert(p.Steps, 0, strategy.Step{State: worse})
		}},
	}
	told := map[strategy.Law]bool{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := mustPlan(t, test.strategy, running(v1, 10), v2)
			if test.abort {
				var err error
				p, err = strategy.Abort(p, len(p.Steps)-2)
				require.NoError(t, err)
			}
			test.mutate(&p)
			require.Equal(t, []strategy.Law{test.law}, violations(t, p.Verify()))
			told[test.law] = true
		})
	}
	for _, law := range []strategy.Law{
		strategy.LawStart, strategy.LawState, strategy.LawPath, strategy.LawCeiling, strategy.LawFloor,
		strategy.LawLoad, strategy.LawRouted, strategy.LawNative, strategy.LawShares, strategy.LawDark, strategy.LawExposure,
		strategy.LawEnd,
	} {
		require.True(t, told[law], "no mutant for the law of %s", law)
	}
}

// heldBack is a plan of one step to 4 old and 6 new instances with those shares.
func heldBack(from strategy.State, stable, candidate strategy.Share) strategy.Plan {
	end := strategy.State{
		Stable:    strategy.Group{Revision: v1, Replicas: 4, Share: stable},
		Candidate: strategy.Group{Revision: v2, Replicas: 6, Share: candidate},
	}
	return strategy.Plan{Strategy: "by hand", From: from, To: v2, HoldBack: 4, Steps: []strategy.Step{{State: end}}}
}

// A share that is no whole number of millionths may be rounded either way.
func TestHeldBackToTheMillionth(t *testing.T) {
	require.NoError(t, heldBack(running(v1, 10), strategy.Percent(40), strategy.Percent(60)).Verify())
	for _, share := range []int{428_571, 428_572} { // 3 of 7
		p := heldBack(running(v1, 7), strategy.Millionths(share).Rest(), strategy.Millionths(share))
		p.Steps[0].State.Candidate.Replicas = 3
		require.NoError(t, p.Verify(), "%d", share)
	}
}

// TestFirstReleaseHasNoFloorUntilItAnswers: before somebody answers, nobody can stop doing so.
func TestFirstReleaseHasNoFloorUntilItAnswers(t *testing.T) {
	p := mustPlan(t, strategy.Rolling{Replicas: 3}, strategy.State{}, v1)
	require.Equal(t, strategy.Limits{MinAvailable: 3, MaxTotal: 3, Load: 3}, p.Limits)

	dark := strategy.Step{State: strategy.State{}}
	p.Steps = append([]strategy.Step{dark}, p.Steps...)
	require.NoError(t, p.Verify(), "dark before the first answer")
	p.Steps = append(slices.Clip(p.Steps[1:]), dark, p.Steps[1])
	require.Contains(t, violations(t, p.Verify()), strategy.LawDark, "dark after it")
}

func TestVerifyTellsWhere(t *testing.T) {
	p := mustPlan(t, strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}, running(v1, 3), v2)
	err := strategy.Verify(p, strategy.Limits{MinAvailable: 3, MaxTotal: 3})
	var v *strategy.Violation
	require.True(t, errors.As(err, &v))
	require.Equal(t, &strategy.Violation{
		Step: 0, Phase: strategy.Grow, Law: strategy.LawCeiling, Detail: "up to 4 instances exist, 3 may",
	}, v)
	require.EqualError(t, v, "Steps[0] (grow) breaks the law of ceiling: up to 4 instances exist, 3 may")
}
