package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	stagegate "github.com/davit-sdk/davit/stage/gate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// criterion asks a gate that always gives the same outcome.
func criterion(name string, o gate.Outcome, needs ...string) release.Stage {
	return release.Stage{Name: name, Needs: needs, Do: stagegate.Stage{Gate: gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		return gate.Verdict{Outcome: o, Reason: "as it is told"}, nil
	})}}
}

// needs are what each stage of an outline needs.
func needs(t *testing.T, p release.Pipeline) map[string][]string {
	t.Helper()
	out, err := p.Outline()
	require.NoError(t, err)
	all := make(map[string][]string)
	for _, s := range out.Stages {
		all[s.Name] = s.Needs
	}
	return all
}

func TestCriteriaHaveTheirPlaceInThePipeline(t *testing.T) {
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "version", Do: keyed(nil, refs(stage.Version.Ref()))},
		{Name: "build", Do: nothing, Needs: []string{"version"}},
		{Name: "docs", Do: nothing},
		{Name: "deploy", Do: nothing, Needs: []string{"build"}, OnFailure: release.GoOn},
		{Name: "lament", Do: nothing, Needs: []string{"deploy"}, When: []release.Condition{{Stage: "deploy", Is: []stage.Outcome{stage.Failed}}}},
		{Name: "tell", Do: nothing, Needs: []string{"deploy"}, Always: true},
	}}
	before := needs(t, p)
	p.Criteria = release.Criteria{
		Activate: []release.Stage{criterion("budget", gate.Pass), criterion("level", gate.Pass, "version")},
		Succeed:  []release.Stage{criterion("holds", gate.Pass), criterion("docs-there", gate.Pass, "docs")},
	}
	assert.Equal(t, map[string][]string{
		"version": {"budget"}, "budget": nil, "level": {"version"},
		"build": {"version", "budget", "level"}, "docs": {"budget", "level"}, "deploy": {"build"}, "lament": {"deploy"},
		"tell": {"deploy"}, "holds": {"docs", "lament"}, "docs-there": {"docs"},
	}, needs(t, p))
	p.Criteria = release.Criteria{}
	assert.Equal(t, before, needs(t, p), "the stages that were given are left alone")

	p.Stages = append(p.Stages[:4:4], p.Stages[5])
	p.Criteria.Succeed = []release.Stage{criterion("holds", gate.Pass)}
	assert.Equal(t, []string{"docs", "deploy"}, needs(t, p)["holds"], "what only tells people holds nothing up")
}

// A stage that runs under a condition may have had no reason to.
func TestCriteriaBehindAStageThatDidNotRun(t *testing.T) {
	for _, c := range []struct {
		deploy stage.Stage
		ran    []string
	}{
		{nothing, []string{"deploy", "holds"}},
		{do(func(context.Context, *stage.Task) error { return errors.New("no room") }), []string{"holds", "lament"}},
	} {
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "deploy", Do: c.deploy, OnFailure: release.GoOn},
			{Name: "lament", Do: nothing, Needs: []string{"deploy"}, When: []release.Condition{{Stage: "deploy", Is: []stage.Outcome{stage.Failed}}}},
		}, Criteria: release.Criteria{Succeed: []release.Stage{criterion("holds", gate.Pass)}}}
		state, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
		require.NoError(t, err)
		assert.Equal(t, c.ran, ran(state))
	}
}

// What a release is held to is asked whenever anything was done.
func TestCriteriaBehindStagesThatHadNothingToDo(t *testing.T) {
	list := stage.NewKey[[]string]("regions")
	skips := do(func(context.Context, *stage.Task) error {
		return &stage.Error{Outcome: stage.Skipped, Reason: "nobody to tell"}
	})
	writes := stage.Declared{Write: []stage.Ref{list.Ref()}, Stage: do(func(_ context.Context, t *stage.Task) error { return list.Set(t, []string{}) })}
	for name, c := range map[string]struct {
		deploy stage.Stage
		behind []release.Stage
		want   stage.Outcome
	}{
		"one that skips itself": {nothing, []release.Stage{{Name: "announce", Needs: []string{"deploy"}, Do: skips}}, stage.RolledBack},
		"one for each of none": {writes, []release.Stage{
			{Name: "extra", Needs: []string{"deploy"}, Each: &release.Each{Key: list.Ref()}, Do: nothing},
		}, stage.RolledBack},
		"one behind a condition that does not hold": {nothing, []release.Stage{
			{Name: "migrate", Do: nothing, Needs: []string{"deploy"}, When: []release.Condition{{Stage: "deploy", Is: []stage.Outcome{stage.Failed}}}},
			{Name: "migrated", Do: nothing, Needs: []string{"migrate"}},
		}, stage.RolledBack},
		"where the deployment failed, and may": {do(func(context.Context, *stage.Task) error { return errors.New("no room") }), []release.Stage{
			{Name: "announce", Needs: []string{"deploy"}, Do: skips},
		}, stage.RolledBack},
		"where the deployment took itself back, and may": {do(func(context.Context, *stage.Task) error {
			return &stage.Error{Outcome: stage.RolledBack, Reason: "harm"}
		}), []release.Stage{{Name: "announce", Needs: []string{"deploy"}, Do: skips}}, stage.Failed},
		"where nothing was done": {skips, []release.Stage{{Name: "announce", Needs: []string{"deploy"}, Do: nothing}}, stage.Skipped},
	} {
		t.Run(name, func(t *testing.T) {
			holds := criterion("holds", gate.Fail)
			holds.OnFailure = release.Undo
			deploy := release.Stage{Name: "deploy", Do: stage.Undoable{Stage: c.deploy, By: nothing}}
			if len(stage.Writes(c.deploy)) == 0 {
				deploy.OnFailure = release.GoOn
			}
			p := release.Pipeline{Name: "shop", Stages: append([]release.Stage{deploy}, c.behind...), Criteria: release.Criteria{Activate: []release.Stage{criterion("may-begin", gate.Pass)}, Succeed: []release.Stage{holds}}}
			state, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
			require.NotNil(t, state, "%v", err)
			assert.Equal(t, c.want, state.Outcome)
			asked := map[bool]stage.Outcome{true: stage.Failed, false: stage.Skipped}[c.want != stage.Skipped]
			assert.Equal(t, asked, state.Stage("holds").Outcome)
		})
	}
}

// A criterion that needs a stage does not let that stage pass by the other criteria.
func TestACriterionIsNoWayAroundAnotherOne(t *testing.T) {
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{
		{Name: "version", Do: nothing},
		{Name: "staging", Do: nothing, Needs: []string{"version"}},
		{Name: "lock", Do: nothing, Needs: []string{"calm"}},
		{Name: "production", Do: nothing, Needs: []string{"staging"}},
	}, Criteria: release.Criteria{Activate: []release.Stage{
		criterion("freeze", gate.Fail), criterion("calm", gate.Pass, "freeze"), criterion("level", gate.Pass, "staging", "lock"), criterion("sane", gate.Pass, "level"),
	}}}
	assert.Equal(t, map[string][]string{
		"freeze": nil, "calm": {"freeze"}, "version": {"freeze", "calm"}, "staging": {"version"}, "lock": {"calm", "freeze"},
		"level": {"staging", "lock"}, "sane": {"level"}, "production": {"staging", "freeze", "calm", "level", "sane"},
	}, needs(t, p))
	state, err := release.NewRunner(release.Config{}).Run(t.Context(), p, request("r1"))
	assert.Equal(t, stage.Failed, stage.OutcomeOf(err))
	assert.Empty(t, ran(state))
}

func TestCriteriaAreChecked(t *testing.T) {
	p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "build", Do: nothing}}, Criteria: release.Criteria{
		Activate: []release.Stage{{Name: "Budget!", Do: nothing}, {Name: "build", Do: nothing}, {Name: "bad", Do: stagegate.Stage{Gate: gate.All{gate.Burn{}}}}},
		Succeed:  []release.Stage{{Name: "", Do: nothing}, criterion("late", gate.Pass, "nobody")},
	}}
	err := p.Check()
	require.Error(t, err)
	for _, want := range []string{
		`Criteria.Activate[0].Name: "Budget!" is no name`, "stage build: Stages[0] and Criteria.Activate[1] have the same name",
		"stage bad: Gate.Gate: All[0]: Burn.Source: is missing", `Criteria.Succeed[0].Name: ""`, `stage late: needs "nobody", which there is not`,
	} {
		assert.ErrorContains(t, err, want)
	}
}

// ran are the stages that ended as succeeded, in order of their end.
func ran(s *ledger.State) (names []string) {
	for _, st := range s.Stages {
		if st.Outcome == stage.Succeeded {
			names = append(names, st.Name)
		}
	}
	slices.Sort(names)
	return names
}

func TestCriteriaDecide(t *testing.T) {
	undone := 0
	deploy := stage.Undoable{Stage: nothing, By: stage.Func(func(context.Context, *stage.Task) error { undone++; return nil })}
	for _, c := range []struct {
		name              string
		activate, succeed gate.Outcome
		want              stage.Outcome
		ran               []string
		undone            int
	}{
		{"both pass", gate.Pass, gate.Pass, stage.Succeeded, []string{"deploy", "holds", "may-begin"}, 0},
		{"it may not begin", gate.Fail, gate.Pass, stage.Failed, nil, 0},
		{"nobody knows whether it may", gate.Continue, gate.Pass, stage.Failed, nil, 0},
		{"it does not hold what it promised", gate.Pass, gate.Fail, stage.RolledBack, []string{"deploy", "may-begin"}, 1},
		{"nobody knows whether it does", gate.Pass, gate.Inconclusive, stage.RolledBack, []string{"deploy", "may-begin"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				undone = 0
				holds := criterion("holds", c.succeed)
				holds.OnFailure = release.Undo
				p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "deploy", Do: deploy}}, Criteria: release.Criteria{
					Activate: []release.Stage{criterion("may-begin", c.activate)}, Succeed: []release.Stage{holds},
				}}
				r := release.NewRunner(release.Config{})
				state, err := r.Run(t.Context(), p, request("r1"))
				assert.Equal(t, c.want, stage.OutcomeOf(err), "%v", err)
				assert.Equal(t, c.ran, ran(state))
				assert.Equal(t, c.undone, undone)
				review, err := r.Review(t.Context(), "r1")
				require.NoError(t, err)
				require.NotEmpty(t, review.Verdicts)
				assert.Equal(t, "may-begin", review.Verdicts[0].Verdict.Gate, "the evidence is in the review")
				assert.Contains(t, review.String(), "may-begin, gate may-begin: "+string(c.activate)+": as it is told")
			})
		})
	}
}

// A stage asks nobody. What a gate wants to have asked, a release that freezes does.
func TestACriterionThatAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		bugs := gate.OpenBugs(func(context.Context, gate.Subject) (float64, error) {
			if down {
				return 0, errors.New("the tracker is down")
			}
			return 0, nil
		}, 0)
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "deploy", Do: nothing}}, Criteria: release.Criteria{Activate: []release.Stage{
			{Name: "bugs", Do: stagegate.Stage{Gate: gate.Guard{Gate: bugs, Down: gate.PolicyAsk}}, OnFailure: release.Freeze},
		}}}
		r := release.NewRunner(release.Config{})
		defer r.Stop(t.Context())
		require.NoError(t, r.Begin(t.Context(), p, request("r1")))
		time.Sleep(2 * time.Minute)
		state, err := r.State(t.Context(), "r1")
		require.NoError(t, err)
		assert.NotEmpty(t, state.Stage("bugs").Parked)
		assert.Contains(t, state.Stage("bugs").Reason, `the tracker is down; it is so for 1m0s, and the policy for that is "ask"`)
		down = false
		require.NoError(t, r.Signal(t.Context(), "r1", stage.Signal{Kind: stage.Retry, Stage: "bugs", By: "ada", Why: "the tracker is back"}))
		state, err = r.Wait(t.Context(), "r1")
		require.NoError(t, err)
		assert.Equal(t, []string{"bugs", "deploy"}, ran(state))
	})
}

// A criterion that is under way when its host stops goes on in the next one, with what its gate remembers.
func TestCriteriaSurviveAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			n := 0
			if s.Memory != nil {
				if err := json.Unmarshal(s.Memory, &n); err != nil {
					return gate.Verdict{}, err
				}
			}
			v := gate.Verdict{Outcome: gate.Continue, Reason: fmt.Sprintf("look %d", n+1), Memory: json.RawMessage(fmt.Sprint(n + 1))}
			if n+1 >= 100 {
				v.Outcome = gate.Pass
			}
			return v, nil
		})
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "deploy", Do: nothing}}, Criteria: release.Criteria{
			Activate: []release.Stage{criterion("may-begin", gate.Pass)},
			Succeed:  []release.Stage{{Name: "holds", Do: stagegate.Stage{Name: "errors", Gate: looks, Patience: time.Hour}}},
		}}
		store := new(release.MemoryStore)
		first := release.NewRunner(release.Config{Store: store})
		require.NoError(t, first.Begin(t.Context(), p, request("r1")))
		time.Sleep(12*time.Minute + 5*time.Second) // of the 1000 s that it takes
		first.Stop(t.Context())

		second := release.NewRunner(release.Config{Store: store})
		defer second.Stop(t.Context())
		began := time.Now()
		state, err := second.Resume(t.Context(), p, "r1")
		require.NoError(t, err)
		assert.Equal(t, []string{"deploy", "holds", "may-begin"}, ran(state))
		assert.Less(t, time.Since(began), 6*time.Minute)
		assert.Equal(t, 1, state.Stage("may-begin").Attempt, "what was decided is not asked again")
		assert.Equal(t, []string{"errors"}, state.Node("holds").Gates, "frozen by name")
	})
}

// What a release is held to is known before it begins.
func ExampleCriteria() {
	nothing := stage.Func(func(context.Context, *stage.Task) error { return nil })
	openBugs := gate.OpenBugs(func(context.Context, gate.Subject) (float64, error) { return 2, nil }, 0)
	workdays := gate.InTime{Calendar: gate.CalendarFunc(func(at time.Time) (bool, string) {
		return at.Weekday() != time.Saturday && at.Weekday() != time.Sunday, "no releases at the weekend"
	})}
	stillGood := gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		return gate.Verdict{Outcome: gate.Pass, Reason: "as many orders as yesterday"}, nil
	})
	pipeline := release.Pipeline{
		Name: "shop",
		Stages: []release.Stage{
			{Name: "build", Do: nothing},
			{Name: "production", Do: stage.Undoable{Stage: nothing, By: nothing}, Needs: []string{"build"}},
		},
		Criteria: release.Criteria{
			Activate: []release.Stage{
				{Name: "no-bugs", Do: stagegate.Stage{Name: "open-bugs", Gate: openBugs}},
				{Name: "workday", Do: stagegate.Stage{Gate: workdays, Patience: 72 * time.Hour, Interval: time.Minute}},
			},
			Succeed: []release.Stage{
				{Name: "orders", Do: stagegate.Stage{Gate: stillGood, Bake: time.Hour}, OnFailure: release.Undo},
			},
		},
	}
	runner := release.NewRunner(release.Config{})
	defer runner.Stop(context.Background())
	preview, err := runner.Preview(context.Background(), pipeline, release.Request{ID: "shop-1", Service: "shop", RequestedBy: "ada"})
	fmt.Println(err)
	fmt.Print(preview)
	// Output:
	// <nil>
	// Preview of release shop-1 of shop by pipeline shop
	//   takes a time that is not known
	//
	// Stages
	//   wave  begins       takes      slow  runs  stage       where  needs
	//   1     0s           not known              no-bugs
	//   1     0s           not known              workday
	//   2     0s or later  not known              build              no-bugs, workday
	//   3     0s or later  not known              production         build
	//   4     0s or later  not known              orders             production
	//
	// What they need and do
	//   no-bugs     gates open-bugs
	//   workday     gates workday
	//   production  can be undone
	//   orders      gates orders; on failure undo
	//
	// If one fails
	//   no-bugs, workday, build, production: the release ends as failed
	//   orders: the release ends as rolled-back, after the undo of production
}
