package strategytest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// broke asserts that an error is exactly one violation, of that law.
func broke(t *testing.T, err error, kit, law string) {
	t.Helper()
	var found []string
	for _, v := range violations(err) {
		if v.Kit != kit {
			t.Errorf("violation of kit %q: %v", v.Kit, v)
		}
		found = append(found, v.Law)
	}
	if len(found) != 1 || found[0] != law {
		t.Errorf("want a violation of %q alone, got %q: %v", law, found, err)
	}
}

func violations(err error) []*Violation {
	if v, ok := err.(*Violation); ok {
		return []*Violation{v}
	}
	var all []*Violation
	if several, ok := err.(interface{ WrappedErrors() []error }); ok {
		for _, e := range several.WrappedErrors() {
			all = append(all, violations(e)...)
		}
	}
	if len(all) == 0 && err != nil {
		panic(fmt.Sprintf("no violation: %v", err))
	}
	return all
}

// planFunc makes a strategy of a function.
type planFunc func(strategy.State, strategy.Revision) (strategy.Plan, error)

func (f planFunc) Plan(from strategy.State, to strategy.Revision) (strategy.Plan, error) {
	return f(from, to)
}

// bending changes the plans of a good strategy.
func bending(bend func(p *strategy.Plan)) strategy.Strategy {
	return planFunc(func(from strategy.State, to strategy.Revision) (strategy.Plan, error) {
		p, err := good.Plan(from, to)
		if err == nil {
			bend(&p)
		}
		return p, err
	})
}

var good = strategy.BlueGreen{}

// strategyMutants break one law each.
func strategyMutants() map[string]strategy.Strategy {
	var asked atomic.Int64
	var inside atomic.Int32
	return map[string]strategy.Strategy{
		"plans": planFunc(func(strategy.State, strategy.Revision) (strategy.Plan, error) {
			return strategy.Plan{}, errors.New("not today")
		}),
		"asked": bending(func(p *strategy.Plan) { p.From.MinReady += time.Second }),
		"valid": bending(func(p *strategy.Plan) { p.Steps[0].Reason = "" }),
		"limits": bending(func(p *strategy.Plan) {
			p.Limits.MaxTotal = p.Final().Replicas() - 1
			if p.Limits.MaxTotal == 0 { // which would be no limit
				p.Limits.MaxTotal = 1
			}
			p.Limits.MinAvailable, p.Limits.Load = 0, 0
		}),
		"end": bending(func(p *strategy.Plan) { p.HoldBack = 1 }),
		"deterministic": bending(func(p *strategy.Plan) {
			p.Steps[0].Reason = fmt.Sprintf("question %d", asked.Add(1))
		}),
		"abort": bending(func(p *strategy.Plan) { goal := p.Final(); p.Goal = &goal }),
		"refuses": planFunc(func(from strategy.State, to strategy.Revision) (strategy.Plan, error) {
			if to.IsZero() {
				panic("no revision")
			}
			return good.Plan(from, to)
		}),
		"input": planFunc(func(from strategy.State, to strategy.Revision) (strategy.Plan, error) {
			p, err := good.Plan(cloneState(from), to)
			for i := range from.Stable.Match {
				from.Stable.Match[i].Value = ""
			}
			p.From = cloneState(p.From)
			return p, err
		}),
		"concurrent": planFunc(func(from strategy.State, to strategy.Revision) (strategy.Plan, error) {
			defer inside.Add(-1)
			if inside.Add(1) > 1 {
				return strategy.Plan{}, errors.New("one at a time")
			}
			time.Sleep(time.Second)
			return good.Plan(from, to)
		}),
	}
}

func TestStrategyMutants(t *testing.T) {
	mutants := strategyMutants()
	for _, l := range strategyKit.laws {
		t.Run(l.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				broke(t, CheckStrategy(mutants[l.name]), "strategy", l.name)
			})
		})
	}
	if len(mutants) != len(strategyKit.laws) {
		t.Error("a mutant without its law")
	}
}

func TestStrategyUnwritable(t *testing.T) {
	for name, bend := range map[string]func(p *strategy.Plan){
		"a reason that is no text": func(p *strategy.Plan) { p.Steps[0].Reason = "caf\xe9" },
		"a negative bake":          func(p *strategy.Plan) { p.Steps[0].Bake = -1 },
		"no name":                  func(p *strategy.Plan) { p.Strategy = "" },
	} {
		t.Run(name, func(t *testing.T) { broke(t, CheckStrategy(bending(bend)), "strategy", "valid") })
	}
}

func TestStrategyMustPlan(t *testing.T) {
	stuck := Journey{Name: "five of three", From: alone(oldRevision, 3), To: newRevision}
	broke(t, CheckStrategy(strategy.Rolling{Partition: 5}, stuck), "strategy", "plans")
	if err := CheckStrategy(strategy.Rolling{Partition: 5}); err != nil {
		t.Error(err)
	}
	if err := CheckStrategy(nil); err == nil {
		t.Error("there is no strategy")
	}
}
