package steer

import (
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/strategy"
)

// Fleets are the sizes of the made-up fleets in which a plan is tried: what is a part of ten instances may be all of three. A single instance
// cannot be given out in parts without a router, so there is none of one.
func Fleets() []int { return []int{2, 3, 10} }

// The part of the traffic with which a progressive plan begins. Less than a thousandth shows nothing, and what has more than half of it is not
// tried out any more.
var (
	leastFirst = strategy.Percent(0.1)
	mostFirst  = strategy.Percent(50)
)

// Progressive reports whether a plan gives a part of the traffic, or some requests, to the new revision, and holds there until gates agree or a
// person says go, before the revision gets more than half of all. Copies of requests are none of that: nobody gets their answers.
func Progressive(p strategy.Plan) bool {
	for _, s := range p.Steps {
		on := s.State.On(p.To)
		if on.Compare(mostFirst) > 0 {
			return false
		}
		matched := false
		for _, g := range s.State.Groups() {
			matched = matched || g.Revision == p.To && len(g.Match) > 0
		}
		if Watched(s) && (matched || on.Compare(leastFirst) >= 0) {
			return true
		}
	}
	return false
}

// Watched reports whether a step holds until gates agree, or until a person says go.
func Watched(s strategy.Step) bool {
	return slices.ContainsFunc(s.Gates, func(name string) bool { return name != strategy.WaveGate }) || Asks(s.Pause)
}

// Asks reports whether there is a pause that ends only when a person says go: not by itself, when nobody has answered.
func Asks(p *strategy.Pause) bool {
	return p != nil && (p.Deadline == 0 || p.Default != strategy.AnswerResume)
}

// Try makes plans in fleets of all sizes; what cannot be planned in a fleet, or panics there, is left out.
func Try[P any](plan func(instances int) (P, error)) []P {
	var plans []P
	for _, n := range Fleets() {
		if p, err := try(plan, n); err == nil {
			plans = append(plans, p)
		}
	}
	return plans
}

func try[P any](plan func(int) (P, error), n int) (p P, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("the plan for %d instances panics: %v", n, value)
		}
	}()
	return plan(n)
}

// Common are the names that all lists have, in the order of the first one.
func Common(lists [][]string) []string {
	if len(lists) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(lists[0]), func(name string) bool {
		return slices.ContainsFunc(lists[1:], func(l []string) bool { return !slices.Contains(l, name) })
	})
}
