package plan_test

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release/plan"
	"github.com/davit-sdk/davit/stage"
)

func Example() {
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	hours := func(from, until time.Duration) plan.Span {
		return plan.Span{From: day.Add(from * time.Hour), Until: day.Add(until * time.Hour)}
	}
	p := plan.Plan{
		Name: "shop-5", Service: "shop", Environment: "production", Owner: "ada", Window: hours(8, 18),
		Scope:  plan.Scope{Features: []string{"SHOP-1"}},
		Phases: []plan.Phase{{Name: "rollout", Span: hours(9, 11), Owner: "ada", Ask: plan.Ask{Group: "board"}, Downtime: time.Minute}},
		People: []plan.Person{{Name: "ada", Zone: "UTC"}, {Name: "grace", Zone: "America/New_York"}},
		Groups: []plan.Group{
			{Name: "board", Role: plan.Approves, People: []string{"grace"}},
			{Name: "support", Role: plan.Informed, People: []string{"ada"}},
		},
		Risks: []plan.Risk{{
			Name: "slow", Likelihood: plan.Low, Impact: plan.High,
			Trigger:    plan.Trigger{Stage: "production", Longer: time.Hour},
			Mitigation: plan.Mitigation{Signal: stage.Abort, To: "production"},
		}},
		Rollback: plan.Rollback{How: "the rollout goes back", Within: 10 * time.Minute},
		Activate: []plan.Criterion{{Name: "healthy", Gate: "errors"}},
		Succeed:  []plan.Criterion{{Name: "well", Gate: "errors"}},
	}
	fmt.Print(p.Check(plan.Against{Zones: time.LoadLocation}).Text())
	// Output:
	// error       Phases[0] (rollout).Ask: 1 of board must say yes, and at no time of it at work: grace: move the phase, or ask others
	// error       Downtime.Budget: it is 0s, and the phases need 1m0s: raise it, or plan with less
	// error       Rollback.Decides: there is nobody: name who decides
	// not checked Scope: whether the commits do what is planned: give Against.Changes
	// not checked Bookings: whether other plans book the same: give Against.Others
	// not checked Activate, Succeed, Risks: whether their gates exist: give Against.Gates
	// not checked Window: whether the release fits into it: give Against.Expected
	// not checked Phases: whether their stages, and those of risks, are in the pipeline: give Against.Outline
	// not checked Window: whether calendars let releases run in it: give Against.Schedule
}
