package plan_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/pace"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is expected anew")

// at is a time on Tuesday, the 24th of November 2026.
func at(hour, minute int) time.Time { return time.Date(2026, 11, 24, hour, minute, 0, 0, time.UTC) }

func span(from, until int) plan.Span { return plan.Span{From: at(from, 0), Until: at(until, 0)} }

// good is a plan in which nothing is wrong.
func good() plan.Plan {
	return plan.Plan{
		Name: "shop-5", About: "the new basket", Service: "shop", Environment: "production", Owner: "ada", Window: span(8, 18),
		Scope: plan.Scope{Features: []string{"SHOP-1"}, Fixes: []string{"SHOP-2"}, Gone: []string{"SHOP-3"}},
		Phases: []plan.Phase{
			{Name: "build", Span: span(8, 10), Owner: "ada", Stages: []string{"build"}},
			{Name: "rollout", Span: span(14, 16), Needs: []string{"build"}, Owner: "grace", Stages: []string{"approval", "production", "page"},
				Ask: plan.Ask{Group: "board", Quorum: 2}, Downtime: time.Minute},
		},
		People: []plan.Person{
			{Name: "ada", Zone: "Europe/Berlin"}, {Name: "linus", Zone: "Europe/Helsinki", Away: []plan.Span{span(12, 13)}},
			{Name: "grace", Zone: "America/New_York", Hours: []plan.Hours{{Days: []calendar.Weekday{calendar.Tuesday}, From: "08:00", To: "12:00"}}},
		},
		Groups:    []plan.Group{{Name: "board", Role: plan.Approves, People: []string{"ada", "grace"}}, {Name: "support", Role: plan.Informed, People: []string{"linus"}}},
		Resources: []plan.Resource{{Name: "production"}, {Name: "cpus", Capacity: 64, Unit: "CPUs"}},
		Bookings:  []plan.Booking{{Resource: "production", Span: span(14, 16)}, {Resource: "cpus", Amount: 20, Span: span(8, 10)}},
		Risks: []plan.Risk{
			{Name: "errors", Text: "the new version fails", Likelihood: plan.Medium, Impact: plan.High,
				Trigger: plan.Trigger{Gate: "errors", Says: gate.Fail}, Mitigation: plan.Mitigation{Signal: stage.Abort, To: "production"}},
			{Name: "stuck", Likelihood: plan.Low, Impact: plan.Medium,
				Trigger: plan.Trigger{Stage: "production", Longer: time.Hour}, Mitigation: plan.Mitigation{Who: "board", Do: "look at the router"}},
			{Name: "no-way", Likelihood: plan.Low, Impact: plan.High,
				Trigger:    plan.Trigger{Stage: "production", Ends: []stage.Outcome{stage.RolledBack, stage.Failed}},
				Mitigation: plan.Mitigation{Stage: "page", Do: "the page says that the shop is as before"}},
		},
		Downtime: plan.Downtime{Budget: 5 * time.Minute},
		Rollback: plan.Rollback{How: "the rollout goes back", Within: 10 * time.Minute, Decides: "grace", Automatic: true},
		Activate: []plan.Criterion{{Name: "healthy", Gate: "errors"}},
		Succeed:  []plan.Criterion{{Name: "well", Gate: "errors", Bake: 10 * time.Minute, Within: time.Hour}, {Name: "accepted", Ask: plan.Ask{Group: "board"}, Within: time.Hour}},
	}
}

// outline is the pipeline that it is for.
func outline() ledger.Pipeline {
	return ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{
		{Name: "build"}, {Name: "approval", Needs: []string{"build"}},
		{Name: "production", Needs: []string{"approval"}, CanUndo: true, OnFailure: ledger.Undo, Traits: []stage.Trait{stage.Deploys}, Listens: []stage.SignalKind{stage.Promote}},
		{Name: "page", Needs: []string{"production"}, Always: true, When: []ledger.Condition{{Stage: "production", Is: []stage.Outcome{stage.Failed, stage.RolledBack}}}},
	}}
}

func commits(t *testing.T, messages ...string) *changelog.Plan {
	t.Helper()
	var list []changelog.Commit
	for i, m := range messages {
		list = append(list, changelog.Commit{ID: strings.Repeat(string(rune('a'+i)), 40), Text: m})
	}
	p, err := changelog.Decide(changelog.History{Commits: list}, changelog.Policy{})
	require.NoError(t, err)
	return &p
}

func open(t *testing.T, from, until int) *calendar.Schedule {
	t.Helper()
	s, err := calendar.Compile(calendar.Options{}, calendar.Calendar{Name: "company", Zone: "UTC", Allow: []calendar.Window{{
		Name: "day", Start: calendar.Clock(2026, 11, 24, from, 0), End: calendar.Clock(2026, 11, 24, until, 0),
	}}})
	require.NoError(t, err)
	return s
}

func against(t *testing.T) plan.Against {
	o := outline()
	return plan.Against{
		Zones: time.LoadLocation, Outline: &o, Expected: &pace.Expectation{Work: pace.Spread{Median: time.Hour, P95: 2 * time.Hour}},
		Schedule: open(t, 9, 17), Changes: commits(t, "feat: basket\n\nRefs: SHOP-1", "fix: prices\n\nCloses: SHOP-2", "fix: cents\n\nFixes: SHOP-3"),
		Gates: []string{"errors"}, Others: []plan.Plan{},
	}
}

func TestAGoodPlan(t *testing.T) {
	assert.Empty(t, good().Check(against(t)))
	assert.NoError(t, good().Validate())
	found := good().Check(plan.Against{})
	assert.NoError(t, found.Err())
	assert.Len(t, found.Of(plan.Unchecked), 7, found.Text())
	assert.Len(t, found, 7)
}

// What a good release manager would find.
func TestFindings(t *testing.T) {
	type change struct {
		name string
		plan func(p *plan.Plan, a *plan.Against)
		want []string
	}
	tests := []change{
		{"no owner", func(p *plan.Plan, _ *plan.Against) { p.Owner = "" }, []string{"error Owner: there is none"}},
		{"an unknown owner", func(p *plan.Plan, _ *plan.Against) { p.Owner = "eve" }, []string{`error Owner: nobody is called "eve"`}},
		{"no names", func(p *plan.Plan, _ *plan.Against) { p.Name, p.Service, p.Environment, p.Mode = "", "", "", "soon" },
			[]string{`error Name: "" is no name`, "error Service: it is empty", "warning Environment: it is empty", `error Mode: there is no mode "soon"`}},
		{"no rollback", func(p *plan.Plan, _ *plan.Against) { p.Rollback = plan.Rollback{} },
			[]string{"error Rollback.How: there is no rollback", "error Rollback.Within: 0s is not above zero", "error Rollback.Decides: there is nobody"}},
		{"a rollback that cannot be", func(_ *plan.Plan, a *plan.Against) { a.Outline.Stages[2].CanUndo = false },
			[]string{"error Rollback.Automatic: stage production deploys and cannot take it back"}},
		{"a window that is too short", func(_ *plan.Plan, a *plan.Against) { a.Expected.Work.P95 = 11 * time.Hour },
			[]string{"error Window: it is 10h0m0s long, and the release takes 11h0m0s in 95 of 100 times", "error Window: it is open for 8h0m0s at a time"}},
		{"closed too soon", func(_ *plan.Plan, a *plan.Against) { a.Expected.Work.P95 = 9 * time.Hour }, []string{"error Window: it is open for 8h0m0s at a time"}},
		{"closed", func(_ *plan.Plan, a *plan.Against) { a.Schedule = open(t, 20, 21) }, []string{"error Window: no time of it is open: closed"}},
		{"never rehearsed", func(_ *plan.Plan, a *plan.Against) { a.Expected.Unseen = []string{"page"} },
			[]string{"warning Window: how long the release takes is not known: never seen: page"}},
		{"no window", func(p *plan.Plan, _ *plan.Against) { p.Window = plan.Span{} }, []string{"error Window: it has no begin, or no end"}},
		{"a window of years", func(p *plan.Plan, _ *plan.Against) { p.Window.Until = p.Window.Until.AddDate(1, 0, 2) }, []string{"error Window: it is longer than a year"}},
		{"a window that ends first", func(p *plan.Plan, _ *plan.Against) { p.Window.Until = at(7, 0) }, []string{"error Window: it ends at 2026-11-24T07:00Z"}},
		{"a risk without mitigation", func(p *plan.Plan, _ *plan.Against) { p.Risks[0].Mitigation = plan.Mitigation{} },
			[]string{"error Risks[0] (errors).Mitigation: there is none"}},
		{"two mitigations", func(p *plan.Plan, _ *plan.Against) {
			p.Risks[0].Mitigation.Who, p.Risks[0].Mitigation.Do = "ada", "look"
		},
			[]string{"error Risks[0] (errors).Mitigation: it is more than one of"}},
		{"a mitigation that never runs", func(p *plan.Plan, _ *plan.Against) { p.Risks[0].Trigger = plan.Trigger{} },
			[]string{"error Risks[0] (errors).Trigger: there is none, so its mitigation never runs"}},
		{"nobody is told", func(p *plan.Plan, _ *plan.Against) { p.Risks[1].Trigger = plan.Trigger{} }, []string{"warning Risks[1] (stuck).Trigger: there is none"}},
		{"two triggers", func(p *plan.Plan, _ *plan.Against) {
			p.Risks[0].Trigger.Longer = time.Hour
			p.Risks[0].Trigger.Stage = "production"
		},
			[]string{"error Risks[0] (errors).Trigger: it is more than one of"}},
		{"odd triggers", func(p *plan.Plan, _ *plan.Against) {
			p.Risks[0].Trigger = plan.Trigger{Gate: "latency", Says: "perhaps"}
			p.Risks[1].Trigger = plan.Trigger{Longer: -1}
			p.Risks[2].Trigger = plan.Trigger{Stage: "prod", Ends: []stage.Outcome{"sunk"}}
		}, []string{`error Risks[0] (errors).Trigger.Says: no gate says "perhaps"`, `error Risks[0] (errors).Trigger.Gate: there is no gate "latency"`,
			"error Risks[1] (stuck).Trigger.Stage: it is empty", "error Risks[1] (stuck).Trigger.Longer: -1ns is below zero",
			`error Risks[2] (no-way).Trigger.Stage: pipeline shop has no stage "prod"`, `error Risks[2] (no-way).Trigger.Ends: no stage ends as "sunk"`,
			"error Risks[2] (no-way).Mitigation.Stage: it does not run when prod ends so"}},
		{"odd risks", func(p *plan.Plan, _ *plan.Against) {
			p.Risks[0].Name, p.Risks[0].Likelihood, p.Risks[0].Impact = "Errors", "", "huge"
			p.Risks[2].Name = "stuck"
		}, []string{`error Risks[0] (Errors).Name`, `error Risks[0] (Errors).Likelihood: there is no level ""`, `error Risks[0] (Errors).Impact: there is no level "huge"`,
			"error Risks[2] (stuck).Name: there are two of that name"}},
		{"no risk", func(p *plan.Plan, _ *plan.Against) { p.Risks = nil }, []string{"warning Risks: there is none"}},
		{"a likely and bad risk", func(p *plan.Plan, _ *plan.Against) { p.Risks[1].Likelihood, p.Risks[1].Impact = plan.High, plan.High },
			[]string{"warning Risks[1] (stuck).Mitigation: it is likely and bad"}},
		{"nobody to do it", func(p *plan.Plan, _ *plan.Against) { p.Risks[1].Mitigation = plan.Mitigation{Who: "eve"} },
			[]string{`error Risks[1] (stuck).Mitigation.Who: nobody, and no group, is called "eve"`, "error Risks[1] (stuck).Mitigation.Do: it is not said"}},
		{"signals", func(p *plan.Plan, _ *plan.Against) {
			p.Risks[0].Mitigation = plan.Mitigation{Signal: stage.Approve, To: "approval"}
			p.Risks[1].Mitigation = plan.Mitigation{Signal: stage.SkipStage}
			p.Risks[2].Mitigation = plan.Mitigation{Signal: "sing"}
		}, []string{"error Risks[0] (errors).Mitigation.Signal: to approve is a person's decision", "error Risks[0] (errors).Mitigation.To: stage approval does not listen to approve",
			"error Risks[1] (stuck).Mitigation.To: skip is for a stage", `error Risks[2] (no-way).Mitigation.Signal: there is no signal "sing"`}},
		{"signals that let it pass", func(p *plan.Plan, a *plan.Against) {
			o := outline()
			o.Stages[0].Gates, o.Stages[1].Traits = []string{"errors"}, []stage.Trait{stage.FourEyes}
			o.Stages[2].Traits = append(o.Stages[2].Traits, stage.Progressive)
			a.Outline = &o
			p.Risks[0].Mitigation = plan.Mitigation{Signal: stage.SkipStage, To: "build"}
			p.Risks[1].Mitigation = plan.Mitigation{Signal: stage.SkipStage, To: "approval"}
			p.Risks[2].Mitigation = plan.Mitigation{Signal: stage.SkipStage, To: "page"}
			p.Risks = append(p.Risks, plan.Risk{Name: "slow", Likelihood: plan.Low, Impact: plan.Low, Trigger: p.Risks[0].Trigger, Mitigation: plan.Mitigation{Signal: stage.SkipStage, To: "production"}},
				plan.Risk{Name: "held", Likelihood: plan.Low, Impact: plan.Low, Trigger: p.Risks[0].Trigger, Mitigation: plan.Mitigation{Signal: stage.Promote, To: "production"}})
		}, []string{"error Risks[0] (errors).Mitigation.Signal: stage build asks gates, and to skip it is a person's decision",
			"error Risks[1] (stuck).Mitigation.Signal: stage approval asks people, and to skip it is a person's decision",
			"error Risks[3] (slow).Mitigation.Signal: stage production goes on when gates or people say so, and to skip it is a person's decision",
			"error Risks[4] (held).Mitigation.Signal: to promote is a person's decision"}},
		{"a stage that waits for a gate", func(p *plan.Plan, _ *plan.Against) { p.Risks[0].Mitigation = plan.Mitigation{Stage: "page"} },
			[]string{"error Risks[0] (errors).Mitigation.Stage: a stage can only wait for the end of another one"}},
		{"no zone", func(p *plan.Plan, _ *plan.Against) { p.People[0].Zone = "" }, []string{"error People[0] (ada).Zone: it is missing"}},
		{"no such zone", func(p *plan.Plan, _ *plan.Against) { p.People[0].Zone = "Europe/Atlantis" }, []string{"error People[0] (ada): when they work is not known"}},
		{"no such hours", func(p *plan.Plan, _ *plan.Against) { p.People[2].Hours[0].From = "8" }, []string{`error People[2] (grace).Hours[0]: From: "8" is no time of day`, "error People[2] (grace): when they work is not known"}},
		{"two of one person", func(p *plan.Plan, _ *plan.Against) {
			p.People = append(p.People, plan.Person{Name: " Ada", Zone: "UTC"})
			p.Groups[1].People = append(p.Groups[1].People, " Ada", "ADA")
		}, []string{"error People[3] ( Ada).Name: two are called so", `error Groups[1] (support).People: nobody is called "ADA"`, "error Groups[1] (support).People: ADA is in it twice"}},
		{"two of a name", func(p *plan.Plan, _ *plan.Against) {
			p.People[1].Name, p.Groups[1].Name = "ada", "board"
		}, []string{"error People[1] (ada).Name: two are called so", "error Groups[1] (board).Name: two are called so", `error Groups[1] (board).People: nobody is called "linus"`}},
		{"odd groups", func(p *plan.Plan, _ *plan.Against) {
			p.Groups[0].People, p.Groups[1] = []string{"ada", "ada"}, plan.Group{Role: "sings"}
		}, []string{"error Groups[0] (board).People: ada is in it twice", "error Groups[1] ().Name: it is empty", `error Groups[1] ().Role: there is no role "sings"`, "error Groups[1] ().People: there is nobody in it",
			"warning Groups: nobody is informed"}},
		{"a cycle", func(p *plan.Plan, _ *plan.Against) { p.Phases[0].Needs = []string{"rollout"} },
			[]string{"error Phases: they need each other in a circle: build needs rollout needs build", "error Phases[0] (build).Needs: it begins at 2026-11-24T08:00Z, before rollout ends"}},
		{"no such phase", func(p *plan.Plan, _ *plan.Against) { p.Phases[0].Needs = []string{"plan"} }, []string{`error Phases[0] (build).Needs: there is no phase "plan"`}},
		{"too early", func(p *plan.Plan, _ *plan.Against) { p.Phases[1].From = at(9, 0) }, []string{"error Phases[1] (rollout).Needs: it begins at 2026-11-24T09:00Z, before build ends at 2026-11-24T10:00Z",
			"warning Rollback.Decides: grace does not work from 2026-11-24T09:00Z to 2026-11-24T13:00Z"}},
		{"outside of the window", func(p *plan.Plan, _ *plan.Against) { p.Window.Until = at(15, 0) }, []string{"error Phases[1] (rollout): it is not within the window"}},
		{"odd phases", func(p *plan.Plan, _ *plan.Against) {
			p.Phases[0].Owner, p.Phases[0].Stages, p.Phases[0].Downtime = "", []string{"bild"}, 3*time.Hour
			p.Phases[1].Name, p.Phases[1].Owner, p.Phases[1].Needs = "build", "eve", nil
		}, []string{"error Phases[0] (build).Owner: there is none", "error Phases[0] (build).Downtime: 3h0m0s", `error Phases[0] (build).Stages: pipeline shop has no stage "bild"`,
			"error Phases[1].Name: there are two phases build", `error Phases[1] (build).Owner: nobody is called "eve"`, "warning Phases: stage build of the pipeline runs in no phase",
			"error Downtime.Budget: it is 5m0s, and the phases need 3h1m0s"}},
		{"no phases", func(p *plan.Plan, _ *plan.Against) { p.Phases = nil }, []string{"warning Phases: there is no timeline",
			"warning Rollback.Decides: grace does not work from 2026-11-24T08:00Z to 2026-11-24T13:00Z"}},
		{"an approver who sleeps", func(p *plan.Plan, _ *plan.Against) { p.Phases[1].Span, p.Bookings = span(10, 12), nil },
			[]string{"warning Phases[1] (rollout).Owner: grace does not work at any time of it", "error Phases[1] (rollout).Ask: 2 of board must say yes, and at no time of it at work: grace",
				"warning Rollback.Decides: grace works at no time from 2026-11-24T10:00Z to 2026-11-24T12:00Z"}},
		{"one of them sleeps", func(p *plan.Plan, _ *plan.Against) {
			p.Phases[1].Span, p.Phases[1].Ask.Quorum, p.Phases[1].Owner, p.Bookings = span(10, 12), 1, "linus", nil
		}, []string{"warning Phases[1] (rollout).Ask: of board, at no time of it at work: grace", "warning Rollback.Decides: grace works at no time"}},
		{"away", func(p *plan.Plan, _ *plan.Against) { p.People[0].Away = []plan.Span{span(13, 18)} }, []string{"error Phases[1] (rollout).Ask: 2 of board must say yes, and at no time of it at work: ada",
			"warning Succeed[1] (accepted).Ask: of board, at no time of it at work: ada"}},
		{"away at no time", func(p *plan.Plan, _ *plan.Against) { p.People[0].Away = []plan.Span{span(18, 13), {}} },
			[]string{"error People[0] (ada).Away[0]: it ends at", "error People[0] (ada).Away[1]: it has no begin"}},
		{"criteria asked of sleepers", func(p *plan.Plan, _ *plan.Against) {
			p.People = append(p.People, plan.Person{Name: "kiri", Zone: "Pacific/Auckland"})
			p.Window, p.Phases, p.Bookings = span(9, 17), []plan.Phase{{Name: "roll", Span: span(9, 17), Owner: "ada", Stages: []string{"build", "approval", "production", "page"}}}, nil
			p.Groups[0].People, p.Rollback.Decides = []string{"kiri"}, "kiri"
			p.Activate, p.Succeed = []plan.Criterion{{Name: "go", Ask: plan.Ask{Group: "board"}}}, []plan.Criterion{{Name: "ok", Ask: plan.Ask{Group: "board"}}}
		}, []string{"error Activate[0] (go).Ask: 1 of board must say yes, and at no time of it at work: kiri", "error Succeed[0] (ok).Ask: 1 of board must say yes",
			"warning Rollback.Decides: kiri works at no time from 2026-11-24T09:00Z to 2026-11-24T17:00Z"}},
		{"success asked behind the end of work", func(p *plan.Plan, _ *plan.Against) {
			p.Groups[0].People, p.Phases[1].Ask = []string{"ada"}, plan.Ask{}
			p.Phases[1].Span, p.Phases[1].Owner, p.Rollback.Decides = span(16, 18), "grace", "grace"
		}, []string{"error Succeed[1] (accepted).Ask: 1 of board must say yes, and at no time of it at work: ada",
			"warning Rollback.Decides: grace does not work from 2026-11-24T17:00Z to 2026-11-24T18:00Z"}},
		{"four eyes of one", func(p *plan.Plan, _ *plan.Against) { p.Phases[1].Ask.FourEyes = true },
			[]string{"warning Phases[1] (rollout).Ask.FourEyes: without ada, who asks for the release as a rule, 1 of board can say yes, and 2 must"}},
		{"four eyes of the owner", func(p *plan.Plan, _ *plan.Against) {
			p.Groups[0].People, p.Phases[1].Ask = []string{"ada"}, plan.Ask{Group: "board", FourEyes: true}
		}, []string{"warning Phases[1] (rollout).Ask.FourEyes: without ada, who asks for the release as a rule, 0 of board"}},
		{"a question to nobody", func(p *plan.Plan, _ *plan.Against) { p.Phases[1].Ask.Group = "bored" }, []string{`error Phases[1] (rollout).Ask.Group: there is no group "bored"`}},
		{"a question to too few", func(p *plan.Plan, _ *plan.Against) { p.Phases[1].Ask.Quorum = 3 },
			[]string{"error Phases[1] (rollout).Ask.Quorum: 3 of board must say yes, and there are 2", "error Phases[1] (rollout).Ask: 3 of board"}},
		{"a question to the wrong", func(p *plan.Plan, _ *plan.Against) { p.Phases[1].Ask = plan.Ask{Group: "support"} },
			[]string{"warning Phases[1] (rollout).Ask.Group: group support has no say, it is informed"}},
		{"booked twice", func(p *plan.Plan, _ *plan.Against) {
			p.Bookings = append(p.Bookings, plan.Booking{Resource: "production", Span: span(15, 17)})
		},
			[]string{"error Bookings: 2 of 1 of production is booked from 2026-11-24T15:00Z to 2026-11-24T16:00Z, by shop-5"}},
		{"booked by others", func(p *plan.Plan, a *plan.Against) {
			other := good()
			other.Name, other.Phases = "blog-2", []plan.Phase{{Name: "build", Span: span(9, 11), Owner: "ada"}}
			other.Bookings = []plan.Booking{{Resource: "cpus", Amount: 50, Span: span(9, 12)}}
			a.Others = []plan.Plan{other}
		}, []string{"error Bookings: 70 of 64 of cpus is booked from 2026-11-24T09:00Z to 2026-11-24T10:00Z, by blog-2 and shop-5",
			"warning Phases: ada has phases of blog-2 and shop-5 at once from 2026-11-24T09:00Z to 2026-11-24T10:00Z"}},
		{"the plan among the others", func(_ *plan.Plan, a *plan.Against) { a.Others = []plan.Plan{good()} }, nil},
		{"one run", func(_ *plan.Plan, a *plan.Against) {
			a.Expected.Stages = []pace.StagePace{{Stage: "build", Work: &pace.Figures{Real: 9, P95: time.Hour}}, {Stage: "production", Work: &pace.Figures{Rehearsed: 1, P95: time.Hour}}}
		}, []string{"warning Window: how long the release takes rests on few runs: 1 of production"}},
		{"few runs", func(p *plan.Plan, a *plan.Against) {
			a.Expected.Few = []string{"build"}
			a.Expected.Stages = []pace.StagePace{{Stage: "build", Work: &pace.Figures{Real: 2, P95: time.Hour}}}
			a.Expected.Work.P95 = 11 * time.Hour
		}, []string{"warning Window: how long the release takes rests on few runs: 2 of build", "error Window: it is 10h0m0s long", "error Window: it is open for 8h0m0s at a time"}},
		{"no room for a rollback", func(p *plan.Plan, _ *plan.Against) { p.Rollback.Within = 9 * time.Hour }, []string{"warning Window: it is 10h0m0s long: when the release has taken 2h0m0s"}},
		{"odd bookings", func(p *plan.Plan, _ *plan.Against) {
			p.Resources = append(p.Resources, plan.Resource{Name: "cpus", Capacity: -1}, plan.Resource{})
			p.Bookings = []plan.Booking{{Resource: "moon", Span: span(9, 10)}, {Resource: "production", Amount: -1, Span: span(10, 9)}, {Resource: "production", Amount: 2, Span: span(9, 10)}}
		}, []string{"error Resources[2] (cpus).Name: two are called so", "error Resources[2] (cpus).Capacity: -1 is below zero", "error Resources[3] ().Name: it is empty",
			`error Bookings[0] (moon).Resource: there is no resource "moon"`, "error Bookings[1] (production).Amount: -1 is below zero", "error Bookings[1] (production): it ends at",
			"error Bookings[2] (production).Amount: 2 are booked, and there are 1"}},
		{"budget exceeded", func(p *plan.Plan, _ *plan.Against) { p.Downtime.Budget = 30 * time.Second }, []string{"error Downtime.Budget: it is 30s, and the phases need 1m0s"}},
		{"a budget below zero", func(p *plan.Plan, _ *plan.Against) { p.Downtime.Budget = -1 }, []string{"error Downtime.Budget: -1ns is below zero"}},
		{"not done", func(_ *plan.Plan, a *plan.Against) {
			a.Changes = commits(t, "feat: basket\n\nRefs: SHOP-1", "fix: prices\n\nCloses: SHOP-2", "feat: surprise")
		},
			[]string{"error Scope: no commit of the release refers to SHOP-3, so the bug is not known to be gone", "warning Scope: commit cccccccccccc was not planned: feat: surprise"}},
		{"odd scope", func(p *plan.Plan, _ *plan.Against) { p.Scope.Fixes = []string{"SHOP-1", " "} },
			[]string{"error Scope.Fixes[0]: SHOP-1 comes twice", "error Scope.Fixes[1]: it is empty", "warning Scope: commit bbbbbbbbbbbb was not planned", `error Scope: no commit of the release refers to`}},
		{"empty scope", func(p *plan.Plan, _ *plan.Against) { p.Scope = plan.Scope{} }, []string{"warning Scope: nothing is in it"}},
		{"no criteria", func(p *plan.Plan, _ *plan.Against) { p.Activate, p.Succeed = nil, nil }, []string{"warning Activate: there is no criterion", "warning Succeed: there is no criterion"}},
		{"odd criteria", func(p *plan.Plan, _ *plan.Against) {
			p.Activate = []plan.Criterion{{Name: "well", Gate: "mood"}, {Name: "B"}, {Name: "c", Gate: "errors", Ask: plan.Ask{Group: "board"}, Within: -1}, {Name: "d", Ask: plan.Ask{Group: "board"}, Bake: 1}}
		}, []string{"error Activate[0] (well).Name: there are 2 criteria of that name", `error Activate[0] (well).Gate: there is no gate "mood"`, `error Activate[1] (B).Name: "B" is no name`,
			"error Activate[1] (B): it is not one of the two", "error Activate[2] (c): Bake or Within is below zero", "error Activate[2] (c): it is not one of the two",
			"error Activate[3] (d).Bake: it is for gates", "error Succeed[0] (well).Name: there are 2 criteria of that name"}},
		{"nobody", func(p *plan.Plan, _ *plan.Against) { *p = plan.Plan{} }, []string{"error People: there is nobody"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, a := good(), against(t)
			test.plan(&p, &a)
			found := p.Check(a)
			if test.name == "nobody" {
				assert.Contains(t, found.Text(), "People: there is nobody")
				return
			}
			var got []string
			for _, f := range found {
				got = append(got, string(f.Severity)+" "+f.Error())
			}
			for _, want := range test.want {
				assert.True(t, slices.ContainsFunc(got, func(text string) bool { return strings.HasPrefix(text, want) }), "%s\nin\n%s", want, strings.Join(got, "\n"))
			}
			assert.Len(t, got, len(test.want), strings.Join(got, "\n"))
		})
	}
}

func TestErr(t *testing.T) {
	p := good()
	p.Owner, p.Rollback.How, p.Risks = "", "", nil
	err := p.Check(against(t)).Err()
	var all *multierror.Error
	require.ErrorAs(t, err, &all)
	assert.Len(t, all.Errors, 2, "warnings are none")
	var one plan.Finding
	require.ErrorAs(t, err, &one)
	assert.Equal(t, "Owner", one.Field)
	assert.Equal(t, "nothing found\n", plan.Findings(nil).Text())
}

func TestPrinted(t *testing.T) {
	p := good()
	p.Risks[0].Text = "a | b\n# no *heading* <script>"
	p, err := p.Move(plan.Moved{To: plan.Approved, By: "grace", At: at(7, 0), Why: "well done"}, p.Review(against(t)))
	require.NoError(t, err)
	golden(t, "plan.txt", p.Text())
	golden(t, "plan.md", p.Markdown())
	text, err := p.Encode()
	require.NoError(t, err)
	golden(t, "plan.json", string(text))
	back, err := plan.Parse(text)
	require.NoError(t, err)
	assert.Equal(t, p, back)

	p.Owner, p.Risks[1].Trigger, p.People[2].Zone = "", plan.Trigger{}, ""
	golden(t, "findings.txt", p.Check(plan.Against{Zones: time.LoadLocation}).Text())
	assert.NotEmpty(t, plan.Plan{}.Text())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run with -update, and read the difference")
}

func TestMove(t *testing.T) {
	p := good()
	by := func(to plan.Mode, who string) plan.Moved { return plan.Moved{To: to, By: who, At: at(7, 0)} }
	_, err := p.Move(by(plan.Execution, "grace"), nil)
	require.ErrorIs(t, err, plan.ErrMove, "a draft is approved first")
	_, err = p.Move(by(plan.Approved, "ada"), nil)
	require.ErrorIs(t, err, plan.ErrMove, "not by its owner")
	_, err = p.Move(plan.Moved{To: plan.Approved, By: "grace"}, nil)
	require.ErrorIs(t, err, plan.ErrMove, "with a time")
	_, err = p.Move(by(plan.Approved, "grace"), &plan.Review{Of: p.Digest(), Findings: plan.Findings{{Severity: plan.Wrong, Field: "X", What: "wrong"}}})
	require.ErrorContains(t, err, "X: wrong")
	bad := p
	bad.Rollback = plan.Rollback{}
	_, err = bad.Move(by(plan.Approved, "grace"), &plan.Review{Of: bad.Digest()})
	require.ErrorContains(t, err, "there is no rollback", "whatever was checked")

	approved, err := p.Move(by(plan.Approved, "grace"), p.Review(against(t)))
	require.NoError(t, err)
	assert.Equal(t, plan.Draft, p.Stands(), "the plan itself is as before")
	draft, err := approved.Move(by(plan.Draft, "ada"), nil)
	require.NoError(t, err)
	assert.Len(t, draft.Moves, 2)
	release := stage.Release{Service: "shop", RequestedAt: at(8, 0)}
	require.NoError(t, approved.Admit(release))
	err = p.Admit(stage.Release{Service: "blog", RequestedAt: at(18, 0)})
	for _, want := range []string{"it is for shop, and not for blog", "it is in the mode draft", "its window is from 2026-11-24T08:00Z to 2026-11-24T18:00Z"} {
		require.ErrorContains(t, err, want)
	}
	running, err := approved.Move(by(plan.Execution, "ada"), nil)
	require.NoError(t, err)
	_, err = running.Move(by(plan.Draft, "ada"), nil)
	require.ErrorIs(t, err, plan.ErrMove)
	require.NoError(t, running.Admit(release))
	done, err := running.Move(by(plan.Completed, "ada"), nil)
	require.NoError(t, err)
	assert.Equal(t, plan.Completed, done.Stands())
	require.Error(t, done.Admit(release))
	_, err = done.Move(by(plan.Draft, "ada"), nil)
	require.ErrorIs(t, err, plan.ErrMove)
}

// What is approved is the plan as it is, by somebody who may.
func TestApprovalBinds(t *testing.T) {
	p := good()
	yes := func(who string) plan.Moved { return plan.Moved{To: plan.Approved, By: who, At: at(7, 0)} }
	checked := p.Review(against(t))
	_, err := p.Move(yes("grace"), nil)
	require.ErrorIs(t, err, plan.ErrMove, "it was not checked")
	for _, who := range []string{"Ada", "nobody-in-the-plan", "linus", "ada"} {
		_, err = p.Move(yes(who), checked)
		require.ErrorIs(t, err, plan.ErrMove, who)
	}
	twice := good()
	twice.People = append(twice.People, plan.Person{Name: "Ada ", Zone: "UTC"})
	twice.Groups = append(twice.Groups, plan.Group{Name: "others", Role: plan.Approves, People: []string{"Ada "}})
	_, err = twice.Move(yes("Ada "), twice.Review(against(t)))
	require.ErrorContains(t, err, "Ada  is the owner")
	other := good()
	other.Window.Until = at(17, 0)
	_, err = other.Move(yes("grace"), checked)
	require.ErrorIs(t, err, plan.ErrChanged, "another one was checked")
	approved, err := p.Move(yes("grace"), checked)
	require.NoError(t, err)

	asked := stage.Release{Service: "shop", RequestedAt: at(9, 0)}
	tests := map[string]struct {
		change func(*plan.Plan)
		want   error
	}{
		"nothing":       {func(*plan.Plan) {}, nil},
		"by hand":       {func(p *plan.Plan) { p.Moves = nil }, plan.ErrMove},
		"another mode":  {func(p *plan.Plan) { p.Mode = plan.Execution }, plan.ErrMove},
		"window":        {func(p *plan.Plan) { p.Window.Until = at(20, 0) }, plan.ErrChanged},
		"risks":         {func(p *plan.Plan) { p.Risks = nil }, plan.ErrChanged},
		"rollback":      {func(p *plan.Plan) { p.Rollback.How = "" }, plan.ErrChanged},
		"owner":         {func(p *plan.Plan) { p.Owner = "grace" }, plan.ErrMove},
		"another owner": {func(p *plan.Plan) { p.Owner = "linus" }, plan.ErrChanged},
		"by somebody": {func(p *plan.Plan) {
			p.Moves = []plan.Moved{{To: plan.Approved, By: "linus", At: at(7, 0), Of: p.Digest()}}
		}, plan.ErrMove},
		"without digest":  {func(p *plan.Plan) { p.Moves = []plan.Moved{yes("grace")} }, plan.ErrChanged},
		"moves in a ring": {func(p *plan.Plan) { p.Moves = append(slices.Clone(p.Moves), p.Moves...) }, plan.ErrMove},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := approved
			test.change(&p)
			text, err := p.Encode()
			require.NoError(t, err)
			p, err = plan.Parse(text)
			require.NoError(t, err)
			if test.want == nil {
				require.NoError(t, p.Bound())
				require.NoError(t, p.Admit(asked))
				return
			}
			require.ErrorIs(t, p.Bound(), test.want)
			require.ErrorIs(t, p.Admit(asked), test.want)
			require.Error(t, p.Validate())
			_, err = p.Move(plan.Moved{To: plan.Execution, By: "ada", At: at(8, 0)}, nil)
			require.Error(t, err)
		})
	}
	changed := approved
	changed.Risks = nil
	draft, err := changed.Move(plan.Moved{To: plan.Draft, By: "ada", At: at(8, 0)}, nil)
	require.NoError(t, err, "it is written anew")
	_, err = draft.Move(yes("grace"), draft.Review(against(t)))
	require.NoError(t, err)
}

func TestAWayBackThatIsNotAutomatic(t *testing.T) {
	tests := map[string]func(p *ledger.Pipeline, s *ledger.Stage){
		"stage production deploys, and when it fails, its policy is stop":  func(_ *ledger.Pipeline, s *ledger.Stage) { s.OnFailure = "" },
		"stage production deploys, and when it fails, its policy is go-on": func(_ *ledger.Pipeline, s *ledger.Stage) { s.OnFailure = ledger.GoOn },
		"stage production deploys and cannot take it back":                 func(_ *ledger.Pipeline, s *ledger.Stage) { s.CanUndo = false },
		"stage production is irreversible":                                 func(_ *ledger.Pipeline, s *ledger.Stage) { s.Irreversible = true },
		"stage production deploys also when the release goes badly":        func(_ *ledger.Pipeline, s *ledger.Stage) { s.Always = true },
		"pipeline shop leaves what it did as it is when it is aborted":     func(p *ledger.Pipeline, _ *ledger.Stage) { p.OnAbort = ledger.Stop },
	}
	for want, change := range tests {
		t.Run(want, func(t *testing.T) {
			a := against(t)
			change(a.Outline, &a.Outline.Stages[2])
			found := good().Check(a)
			require.Len(t, found, 1, found.Text())
			assert.Equal(t, "Rollback.Automatic", found[0].Field)
			assert.Contains(t, found[0].What, want)
			p := good()
			p.Rollback.Automatic = false
			assert.Empty(t, p.Check(a))
		})
	}
}
