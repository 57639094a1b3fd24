package enact_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/davit-sdk/davit/release/plan/enact"
	"github.com/davit-sdk/davit/stage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// says is a gate that says the same always.
func says(o gate.Outcome) gate.Gate {
	return gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		return gate.Verdict{Outcome: o, Reason: "so it is"}, nil
	})
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var nothing = stage.Func(func(context.Context, *stage.Task) error { return nil })

func shop() plan.Plan {
	return plan.Plan{
		Name: "shop-5", Service: "shop", Environment: "production", Owner: "ada",
		People: []plan.Person{{Name: "ada", Zone: "UTC"}, {Name: "grace", Zone: "UTC"}},
		Groups: []plan.Group{{Name: "board", Role: plan.Approves, People: []string{"ada", "grace"}}},
		Risks: []plan.Risk{
			{Name: "errors", Trigger: plan.Trigger{Gate: "errors", Says: gate.Fail}, Mitigation: plan.Mitigation{Signal: stage.Abort}},
			{Name: "stuck", Trigger: plan.Trigger{Stage: "production", Longer: 3 * time.Minute}, Mitigation: plan.Mitigation{Who: "board", Do: "look"}},
			{Name: "no-way", Trigger: plan.Trigger{Stage: "production", Ends: []stage.Outcome{stage.Aborted}}, Mitigation: plan.Mitigation{Stage: "page"}},
		},
		Rollback: plan.Rollback{How: "back", Within: time.Minute, Decides: "ada", Automatic: true},
		Activate: []plan.Criterion{{Name: "healthy", Gate: "well"}},
		Succeed:  []plan.Criterion{{Name: "accepted", Text: "is it well?", Ask: plan.Ask{Group: "board", FourEyes: true}, Within: time.Hour}},
	}
}

// base is a pipeline whose production has a gate that fails after five minutes, if it does, and takes ten.
func base(harm bool) release.Pipeline {
	production := stage.Func(func(ctx context.Context, t *stage.Task) error {
		if err := sleep(ctx, 5*time.Minute); err != nil {
			return err
		}
		if harm {
			if err := t.Evidence(ctx, gate.Verdict{Gate: "errors", Outcome: gate.Fail, Reason: "4 %"}); err != nil {
				return err
			}
		}
		return sleep(ctx, 5*time.Minute)
	})
	return release.Pipeline{Name: "shop", Stages: []release.Stage{{Name: "production", Do: production, Environment: "production"}}}
}

func parts(page stage.Stage) enact.Parts {
	return enact.Parts{Gates: map[string]gate.Gate{"well": says(gate.Pass)}, Remedies: map[string]stage.Stage{"page": page}}
}

func request() release.Request {
	return release.Request{ID: "shop-5", Service: "shop", RequestedBy: "ada"}
}

// dying is a host whose hand fails at the first signal, or after it is recorded.
type dying struct {
	*release.Runner
	after bool
	died  bool
	calls int
}

var errDied = errors.New("the host died")

func (d *dying) Signal(ctx context.Context, id string, sig stage.Signal) error {
	if d.calls++; d.died {
		return d.Runner.Signal(ctx, id, sig)
	}
	if d.died = true; d.after {
		if err := d.Runner.Signal(ctx, id, sig); err != nil {
			return err
		}
	}
	return errDied
}

// A risk comes, and what the plan says is done by itself, also when whoever keeps the release dies right before or after the signal is recorded.
func TestARiskThatComesIsMitigatedOnce(t *testing.T) {
	for name, after := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				store := new(release.MemoryStore)
				runner := release.NewRunner(release.Config{Store: store})
				defer runner.Stop(ctx)
				paged := false
				page := stage.Func(func(context.Context, *stage.Task) error { paged = true; return nil })
				pipeline, err := enact.Pipeline(base(true), shop(), parts(page))
				require.NoError(t, err)

				var told []plan.Action
				tell := func(_ context.Context, a plan.Action) error { told = append(told, a); return nil }
				host, kept := &dying{Runner: runner, after: after}, make(chan error)
				go func() {
					err := enact.Keep(ctx, host, shop(), "shop-5", tell) // before it begins
					assert.ErrorIs(t, err, errDied)
					kept <- enact.Keep(ctx, host, shop(), "shop-5", tell)
				}()
				time.Sleep(time.Second)
				begun := time.Now()
				state, err := runner.Run(ctx, pipeline, request())
				require.Error(t, err)
				assert.Equal(t, stage.Aborted, state.Outcome)
				assert.Equal(t, 5*time.Minute, time.Since(begun), "at once")
				require.NoError(t, <-kept)
				assert.True(t, paged, "the remedy ran")

				signals := 0
				for e, err := range store.Events(ctx, "shop-5", 0) {
					require.NoError(t, err)
					if s, ok := e.Body.(ledger.Signalled); ok {
						signals++
						assert.Equal(t, "risk:shop-5/errors", s.Signal.ID)
						assert.Equal(t, "plan shop-5", s.Signal.By)
						assert.Equal(t, "risk errors: gate errors says fail: 4 %", s.Signal.Why)
					}
				}
				assert.Equal(t, 1, signals, "nothing is sent twice")
				assert.Equal(t, map[bool]int{false: 2, true: 1}[after], host.calls, "what is recorded is not even tried again")
				require.Len(t, told, 2, "people are told again by the next one")
				assert.Equal(t, told[0], told[1], "of the same")
				assert.Equal(t, begun.Add(3*time.Minute).UTC(), told[0].At)
				assert.Equal(t, []string{"ada", "grace"}, told[0].Tell)
			})
		})
	}
}

func TestAReleaseThatGoesWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		runner := release.NewRunner(release.Config{})
		defer runner.Stop(ctx)
		pipeline, err := enact.Pipeline(base(false), shop(), parts(nothing))
		require.NoError(t, err)
		kept := make(chan error)
		told := 0
		go func() {
			kept <- enact.Keep(ctx, runner, shop(), "shop-5", func(context.Context, plan.Action) error { told++; return nil })
		}()
		require.NoError(t, runner.Begin(ctx, pipeline, request()))
		time.Sleep(20 * time.Minute)
		say := func(who string) error {
			return runner.Signal(ctx, "shop-5", stage.Signal{Kind: stage.Approve, Stage: "accepted", By: who})
		}
		require.NoError(t, say("ada"))
		time.Sleep(time.Minute)
		state, err := runner.State(ctx, "shop-5")
		require.NoError(t, err)
		assert.False(t, state.Over(), "the yes of whoever asked for it does not count")
		require.NoError(t, say("grace"))
		state, err = runner.Wait(ctx, "shop-5")
		require.NoError(t, err)
		require.NoError(t, <-kept)
		assert.Equal(t, 1, told, "production took longer than three minutes")
		assert.Equal(t, stage.Skipped, state.Stage("page").Outcome)
		assert.Equal(t, stage.Succeeded, state.Stage("healthy").Outcome)
		assert.Equal(t, ledger.Undo, state.Node("accepted").OnFailure)
	})
}

func TestASignalThatComesTooLateIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := release.NewRunner(release.Config{})
		defer runner.Stop(t.Context())
		p := plan.Plan{Name: "late", Risks: []plan.Risk{{Name: "a", Trigger: plan.Trigger{Stage: "a", Ends: []stage.Outcome{stage.Succeeded}}, Mitigation: plan.Mitigation{Signal: stage.SkipStage, To: "a"}}}}
		kept := make(chan error)
		go func() { kept <- enact.Keep(t.Context(), runner, p, "shop-5", nil) }()
		pipeline := base(false)
		pipeline.Stages = append(pipeline.Stages, release.Stage{Name: "a", Do: nothing})
		_, err := runner.Run(t.Context(), pipeline, request())
		require.NoError(t, err)
		require.NoError(t, <-kept)
	})
}

func TestKeepEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		runner := release.NewRunner(release.Config{})
		pipeline, err := enact.Pipeline(base(true), shop(), parts(nothing))
		require.NoError(t, err)
		require.NoError(t, runner.Begin(ctx, pipeline, request()))

		short, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		require.ErrorIs(t, enact.Keep(short, runner, shop(), "shop-5", nil), context.DeadlineExceeded)
		kept := make(chan error)
		go func() { kept <- enact.Keep(ctx, runner, plan.Plan{Name: "calm"}, "shop-5", nil) }()
		synctest.Wait()
		require.NoError(t, runner.Close())
		require.Error(t, <-kept, "the release is not over")
	})
}

func TestWhatIsMissing(t *testing.T) {
	p := shop()
	p.Succeed[0].Ask.Group = "bored"
	p.Risks = append(p.Risks, plan.Risk{Name: "odd", Trigger: plan.Trigger{Gate: "errors"}, Mitigation: plan.Mitigation{Stage: "production"}})
	_, err := enact.Pipeline(base(false), p, enact.Parts{})
	for _, want := range []string{
		`plan shop-5: Activate[0] (healthy): Gate: Parts.Gates has no "well"`, `plan shop-5: Succeed[0] (accepted): Ask.Group: plan shop-5 has no group "bored"`,
		`plan shop-5: Risks[2] (no-way).Mitigation.Stage: Parts.Remedies has no "page"`, `plan shop-5: Risks[3] (odd).Mitigation.Stage: Parts.Remedies has no "production"`,
		"plan shop-5: pipeline shop has a stage production already",
	} {
		assert.ErrorContains(t, err, want)
	}
	p = shop()
	p.Risks[2].Trigger = plan.Trigger{Gate: "errors"}
	_, err = enact.Remedies(p, parts(nothing))
	assert.ErrorContains(t, err, "a stage can only wait for the end of another one")

	pipeline, err := enact.Pipeline(base(false), shop(), parts(nothing))
	require.NoError(t, err)
	outline, err := pipeline.Outline()
	require.NoError(t, err)
	for _, f := range shop().Check(plan.Against{Outline: &outline}).Of(plan.Wrong) {
		assert.NotContains(t, f.Error(), "stage", "the plan fits the pipeline that is made for it")
	}
}
