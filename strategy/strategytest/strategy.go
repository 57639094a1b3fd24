package strategytest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/davit-sdk/davit/strategy"
)

// Journey is a question to a strategy: how do we get from what runs now to what shall run?
type Journey struct {
	Name string
	From strategy.State
	To   strategy.Revision
}

var (
	oldRevision = strategy.Revision{Version: "1.0.0", Digest: "sha256:0101010101010101010101010101010101010101010101010101010101010101"}
	newRevision = strategy.Revision{Version: "1.1.0", Digest: "sha256:0202020202020202020202020202020202020202020202020202020202020202"}
)

// alone is a state in which a revision answers everything with n instances.
func alone(r strategy.Revision, n int) strategy.State {
	return strategy.State{Stable: strategy.Group{Revision: r, Replicas: n, Share: strategy.All()}}
}

// Journeys are the questions that the kit asks every strategy: a release over 1, 2, 3, 10, 100 and
// 1000 instances, the first release, one where the old revision is known but runs nowhere, one where
// requests are routed by a rule today, and more or fewer instances of the revision that runs
// already. A strategy may refuse any of them, for its settings may not fit, but not all.
func Journeys() []Journey {
	var all []Journey
	for _, n := range []int{1, 2, 3, 10, 100, 1000} {
		all = append(all, Journey{fmt.Sprintf("release over %d", n), alone(oldRevision, n), newRevision})
	}
	for _, n := range []int{1, 3, 10} {
		all = append(all, Journey{fmt.Sprintf("rescale from %d", n), alone(newRevision, n), newRevision})
	}
	ruled := alone(oldRevision, 3)
	ruled.Stable.Match = []strategy.Match{{Header: "X-Client", Value: "old"}}
	return append(all,
		Journey{"first release", strategy.State{}, newRevision},
		Journey{"release over 0", strategy.State{Stable: strategy.Group{Revision: oldRevision}}, newRevision},
		Journey{"release over rules", ruled, newRevision},
	)
}

// impossible are questions that have no answer.
func impossible() []Journey {
	busy := alone(oldRevision, 3)
	busy.Stable.Share = strategy.Percent(90)
	busy.Candidate = strategy.Group{Revision: strategy.Revision{Version: "1.0.5"}, Replicas: 1, Share: strategy.Percent(10)}
	negative, nobody := alone(oldRevision, -3), alone(oldRevision, 0)
	half := alone(oldRevision, 3)
	half.Stable.Share = strategy.Percent(50)
	over := alone(oldRevision, 3)
	over.Stable.Share = strategy.Percent(150)
	return []Journey{
		{"to no revision", alone(oldRevision, 3), strategy.Revision{}},
		{"from fewer than no instances", negative, newRevision},
		{"from traffic to nobody", nobody, newRevision},
		{"from half of the traffic", half, newRevision},
		{"from more than all of the traffic", over, newRevision},
		{"from the middle of a rollout of a third revision", busy, newRevision},
	}
}

// strategySubject is a strategy with the questions that it must be able to answer.
type strategySubject struct {
	strategy.Strategy
	must []Journey
	unbounded
}

// planned is a question with its answer.
type planned struct {
	Journey
	plan strategy.Plan
}

// RunStrategy proves the laws of a strategy.Strategy, each in a subtest, over Journeys and the
// journeys that are given. Those of Journeys a strategy may refuse, those that are given it must
// plan. The laws:
//
//	plans          the given journeys are planned, and at least one of Journeys is
//	asked          a plan starts from the state that was asked about, and brings the revision
//	valid          a plan passes Plan.Validate, names itself, gives a reason for each step, and is
//	               the same plan after it was written as JSON and read again
//	limits         a plan passes Plan.Verify within its own limits
//	end            a plan ends all-new, or with what it holds back and says so
//	deterministic  the same question has the same answer, to the byte
//	abort          there is a way back from every step; it passes Verify and ends in From
//	refuses        what has no answer gets an error: no plan, no panic
//	input          the state that is asked about is not changed
//	concurrent     concurrent questions are answered as single ones are
//
// Of a plan of more than 24 steps the law abort tries 24, spread evenly, the first and the last
// included.
func RunStrategy(t *testing.T, s strategy.Strategy, must ...Journey) {
	t.Helper()
	strategyKit.run(t, func(*testing.T) strategySubject { return strategySubject{Strategy: s, must: must} }, nil)
}

// CheckStrategy proves the same laws as RunStrategy and returns all violations joined, each a
// *Violation.
func CheckStrategy(s strategy.Strategy, must ...Journey) error {
	return strategyKit.check(context.Background(), func() (strategySubject, error) {
		return strategySubject{Strategy: s, must: must}, nil
	})
}

// ask asks on a copy of the state, so that a strategy that changes it changes nothing for others.
func (s strategySubject) ask(j Journey) (strategy.Plan, error) {
	return s.Plan(cloneState(j.From), j.To)
}

// plans are the answers to all questions that are not refused.
func (s strategySubject) plans() []planned {
	var all []planned
	for _, j := range slices.Concat(Journeys(), s.must) {
		if p, err := s.ask(j); err == nil {
			all = append(all, planned{j, p})
		}
	}
	return all
}

// each joins what a proof finds on all plans.
func (s strategySubject) each(prove func(p planned) error) error {
	return gather(s.plans(), func(p planned) error { return name(p.Name, prove(p)) })
}

func cloneState(s strategy.State) strategy.State {
	for role, g := range s.Groups() {
		g.Match = slices.Clone(g.Match)
		s.Set(role, g)
	}
	return s
}
