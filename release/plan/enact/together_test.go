package enact_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/pace"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/davit-sdk/davit/release/plan/enact"
	"github.com/davit-sdk/davit/release/policy"
	"github.com/davit-sdk/davit/release/train"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/window"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is expected anew")

// company is what everybody shares: when releases may run, and what pipelines must hold.
type company struct {
	schedule *calendar.Schedule
	rules    policy.Policy
	store    *release.MemoryStore
	book     *pace.Book
}

// works is a stage that takes its time, and can be taken back.
func works(d time.Duration, traits ...stage.Trait) stage.Stage {
	run := stage.Func(func(ctx context.Context, _ *stage.Task) error { return sleep(ctx, d) })
	return stage.Undoable{Stage: stage.Declared{Stage: run, Trait: traits}, By: nothing}
}

// pipeline is that of the shop: build, ask the board, wait for an open window with room for the rest, deploy.
func (c company) pipeline(t *testing.T, p plan.Plan) release.Pipeline {
	ask, err := enact.Approval(p, p.Phases[1].Ask)
	require.NoError(t, err)
	open := window.Stage{
		Schedule: func(context.Context) (*calendar.Schedule, error) { return c.schedule, nil },
		Expect: func(ctx context.Context, task *stage.Task) (time.Duration, error) {
			if strings.HasPrefix(task.Release().ID, "rehearsal") {
				return 0, nil
			}
			course, err := pace.Follow(c.store.Events(ctx, task.Release().ID, 0))
			if err != nil {
				return 0, err
			}
			return c.book.Forecast(course, time.Now()).Runway()
		},
	}
	base := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "build", Do: works(20 * time.Minute)},
		{Name: "approval", Do: ask, Needs: []string{"build"}},
		{Name: "window", Do: open, Needs: []string{"approval"}},
		{Name: "production", Do: works(90*time.Minute, stage.Deploys, stage.Progressive), Environment: "production", Needs: []string{"window"}, OnFailure: release.Undo},
	}}
	made, err := enact.Pipeline(base, p, enact.Parts{
		Gates:    map[string]gate.Gate{"healthy": says(gate.Pass)},
		Remedies: map[string]stage.Stage{"page": nothing},
	})
	require.NoError(t, err)
	return made
}

// thePlan is written on Thursday, the 1st of January 2026 (UTC), for the day after.
func thePlan() plan.Plan {
	at := func(day, hour int) time.Time { return time.Date(2026, 1, day, hour, 0, 0, 0, time.UTC) }
	return plan.Plan{
		Name: "shop-5", Service: "shop", Environment: "production", Owner: "ada", Window: plan.Span{From: at(2, 8), Until: at(5, 18)},
		Scope: plan.Scope{Features: []string{"SHOP-1"}},
		Phases: []plan.Phase{
			{Name: "build", Span: plan.Span{From: at(2, 8), Until: at(2, 9)}, Owner: "ada", Stages: []string{"build"}},
			{Name: "rollout", Span: plan.Span{From: at(2, 9), Until: at(5, 18)}, Needs: []string{"build"}, Owner: "ada", Downtime: time.Minute,
				Stages: []string{"approval", "window", "production"}, Ask: plan.Ask{Group: "board", FourEyes: true}},
		},
		People: []plan.Person{{Name: "ada", Zone: "Europe/London"}, {Name: "grace", Zone: "America/New_York"}, {Name: "linus", Zone: "Europe/Helsinki"}},
		Groups: []plan.Group{{Name: "board", Role: plan.Approves, People: []string{"ada", "grace"}}, {Name: "support", Role: plan.Informed, People: []string{"linus"}}},
		Risks: []plan.Risk{
			{Name: "slow", Likelihood: plan.Low, Impact: plan.Medium, Trigger: plan.Trigger{Stage: "production", Longer: time.Hour},
				Mitigation: plan.Mitigation{Who: "support", Do: "tell those who call that it takes longer"}},
			{Name: "harm", Likelihood: plan.Medium, Impact: plan.High, Trigger: plan.Trigger{Stage: "production", Ends: []stage.Outcome{stage.RolledBack}},
				Mitigation: plan.Mitigation{Stage: "page", Do: "say that the shop is as before"}},
		},
		Downtime: plan.Downtime{Budget: 10 * time.Minute},
		Rollback: plan.Rollback{How: "the rollout goes back", Within: 15 * time.Minute, Decides: "grace", Automatic: true},
		Activate: []plan.Criterion{{Name: "healthy", Gate: "healthy"}},
		Succeed:  []plan.Criterion{{Name: "well", Gate: "healthy"}},
	}
}

func TestAllOfItTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // it begins on Saturday, the 1st of January 2000; the story is told in 2026
		time.Sleep(time.Until(time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)))
		ctx := t.Context()
		var b strings.Builder
		var writes sync.Mutex // people are told by a goroutine of its own
		say := func(format string, args ...any) {
			writes.Lock()
			defer writes.Unlock()
			fmt.Fprintf(&b, format+"\n", args...)
		}
		c := company{store: new(release.MemoryStore), book: pace.NewBook(pace.Options{Draws: 50, Least: 1})}
		var err error
		c.schedule, err = calendar.Compile(calendar.Options{Zones: time.LoadLocation}, calendar.Calendar{Name: "company", Zone: "Europe/London", Allow: []calendar.Window{{
			Name: "office", Start: calendar.Clock(2026, time.January, 1, 8, 0), End: calendar.Clock(2026, time.January, 1, 16, 0),
			Rule: calendar.Rule{Freq: calendar.Weekly, ByDay: []calendar.Day{{On: calendar.Monday}, {On: calendar.Thursday}, {On: calendar.Friday}}},
		}}})
		require.NoError(t, err)
		c.rules = policy.Policy{Name: "acme", Tiers: map[string][]string{"tier-1": {"shop"}}, Rules: []policy.Rule{
			{Name: "approval", Demand: policy.Approved{FourEyes: true}, For: policy.Scope{Environments: []string{"production"}}},
			{Name: "canary", Demand: policy.Progressive{}, For: policy.Scope{Tiers: []string{"tier-1"}}},
			{Name: "way-back", Demand: policy.Reversible{}},
		}}
		p := thePlan()
		made := c.pipeline(t, p)
		admit := func(r stage.Release, outline ledger.Pipeline) error {
			err := c.rules.Admit(r, outline)
			if !strings.HasPrefix(r.ID, "rehearsal") {
				err = errors.Join(err, p.Admit(r))
			}
			return err
		}
		runner := release.NewRunner(release.Config{Store: c.store, Admit: admit, Lease: 10 * time.Minute})
		approve := func(id string) {
			require.NoError(t, runner.Signal(ctx, id, stage.Signal{Kind: stage.Approve, Stage: "approval", By: "grace"}))
		}

		say("Thursday: a rehearsal")
		require.NoError(t, runner.Begin(ctx, made, release.Request{ID: "rehearsal-1", Service: "shop", RequestedBy: "ada"}))
		time.Sleep(30 * time.Minute)
		approve("rehearsal-1")
		_, err = runner.Wait(ctx, "rehearsal-1")
		require.NoError(t, err)
		require.NoError(t, c.book.Add(pace.Rehearsal, c.store.Events(ctx, "rehearsal-1", 0)))
		outline, err := made.Outline()
		require.NoError(t, err)
		expected, err := c.book.Expect(outline)
		require.NoError(t, err)
		b.WriteString(expected.Text())

		say("\nThe plan, as it was written first")
		changes, err := changelog.Decide(changelog.History{Commits: []changelog.Commit{{ID: "c0ffee", Text: "feat: basket\n\nRefs: SHOP-1"}}}, changelog.Policy{})
		require.NoError(t, err)
		against := plan.Against{
			Zones: time.LoadLocation, Outline: &outline, Expected: &expected, Schedule: c.schedule, Changes: &changes, Gates: []string{"healthy"}, Others: []plan.Plan{},
		}
		draft := p
		draft.Rollback.How, draft.Window.Until = "", draft.Window.From.Add(time.Hour)
		b.WriteString(draft.Check(against).Text())
		say("\nThe plan, as it was approved")
		found := p.Review(against)
		b.WriteString(found.Findings.Text())
		p, err = p.Move(plan.Moved{To: plan.Approved, By: "grace", At: time.Now()}, found)
		require.NoError(t, err)
		report, err := c.rules.Check("shop", outline, time.Now())
		require.NoError(t, err)
		b.WriteString(report.Text())

		say("\nThe train that it goes with")
		trains, err := train.New(train.Options{Zones: time.LoadLocation, Windows: func(string) *calendar.Schedule { return c.schedule }}, train.Train{
			Name: "friday", Zone: "Europe/London", First: calendar.Clock(2026, time.January, 2, 14, 0), Rule: calendar.Rule{Freq: calendar.Weekly},
			CutOff: train.CutOff{Days: 1, Clock: "12:00"}, Length: expected.Work.P95.Round(time.Minute), Closed: train.Waits, Members: []train.Member{{Service: "shop", Plan: "shop-5"}},
		})
		require.NoError(t, err)
		departure, _ := trains.Next("friday", time.Date(2026, 1, 1, 11, 0, 0, 0, time.UTC))
		manifest, err := trains.Load(departure, []train.Change{{ID: "SHOP-1", Service: "shop", Version: "1.1.0", Ready: time.Date(2026, 1, 1, 11, 0, 0, 0, time.UTC)}})
		require.NoError(t, err)
		b.WriteString(manifest.Text() + manifest.CheckPlans(p).Text())

		asked := release.Request{ID: "shop-5", Service: "shop", RequestedBy: "ada"}
		require.ErrorIs(t, runner.Begin(ctx, made, asked), release.ErrRefused, "on Thursday, before its window")

		say("\nFriday 14:00: it begins")
		time.Sleep(time.Until(departure.Leaves))
		p, err = p.Move(plan.Moved{To: plan.Execution, By: "ada", At: time.Now()}, nil)
		require.NoError(t, err)
		kept := make(chan error)
		keep := func(r *release.Runner) {
			kept <- enact.Keep(ctx, r, p, "shop-5", func(_ context.Context, a plan.Action) error {
				say("%s  told %v: %s", time.Now().UTC().Format("Mon 15:04"), a.Tell, a.Do)
				return nil
			})
		}
		go keep(runner)
		require.NoError(t, runner.Begin(ctx, made, asked))
		look := func() {
			course, err := pace.Follow(c.store.Events(ctx, "shop-5", 0))
			require.NoError(t, err)
			say("%s  %s", time.Now().UTC().Format("Mon 15:04"), c.book.Forecast(course, time.Now()))
		}
		time.Sleep(10 * time.Minute)
		look()
		time.Sleep(45 * time.Minute)
		look()
		approve("shop-5") // at 14:55: an hour and a half do not fit before 16:00
		time.Sleep(time.Minute)
		look()

		runner.Stop(ctx) // the host is restarted over the weekend
		assert.Error(t, <-kept)
		runner = release.NewRunner(release.Config{Store: c.store, Admit: admit, Lease: 10 * time.Minute})
		defer runner.Stop(ctx)
		taken, err := runner.TakeUp(ctx, made)
		require.NoError(t, err)
		require.Equal(t, []string{"shop-5"}, taken)
		go keep(runner)
		time.Sleep(time.Until(time.Date(2026, 1, 5, 8, 30, 0, 0, time.UTC)))
		look()
		time.Sleep(45 * time.Minute)
		look()
		state, err := runner.Wait(ctx, "shop-5")
		require.NoError(t, err)
		require.NoError(t, <-kept)
		look()
		p, err = p.Move(plan.Moved{To: plan.Completed, By: "ada", At: time.Now(), Why: string(state.Outcome)}, nil)
		require.NoError(t, err)
		say("%s: %s", p.Stands(), p.Spent([]plan.Outage{{From: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), Until: time.Date(2026, 1, 5, 9, 2, 0, 0, time.UTC)}}, time.Now()))
		assert.Equal(t, time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), state.Stage("production").Started, "it went on by itself when the calendar opened")
		assert.Equal(t, stage.Skipped, state.Stage("page").Outcome)
		assert.False(t, slices.ContainsFunc(state.Stages, func(s ledger.StageState) bool { return !s.Over() }))

		if *update {
			require.NoError(t, os.WriteFile("testdata/together.txt", []byte(b.String()), 0o644))
		}
		want, err := os.ReadFile("testdata/together.txt")
		require.NoError(t, err)
		assert.Equal(t, string(want), b.String(), "run with -update, and read the difference")
	})
}
