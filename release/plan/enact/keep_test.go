package enact_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/davit-sdk/davit/release/plan/enact"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// harms are risks with the same trigger; the last one aborts.
func harms(before plan.Mitigation) plan.Plan {
	comes := plan.Trigger{Gate: "errors", Says: gate.Fail}
	return plan.Plan{Name: "shop-5", Owner: "ada", Risks: []plan.Risk{
		{Name: "first", Trigger: comes, Mitigation: before}, {Name: "stop", Trigger: comes, Mitigation: plan.Mitigation{Signal: stage.Abort}},
	}}
}

// Whatever becomes of the other risks, the abort is sent when its trigger comes, by the first Keep.
func TestNothingHoldsUpASignal(t *testing.T) {
	broken := errors.New("the pager is down")
	tests := map[string]struct {
		before plan.Mitigation
		tell   func(context.Context, plan.Action) error
		want   error
	}{
		"tell fails": {plan.Mitigation{Who: "ada", Do: "look"}, func(context.Context, plan.Action) error { return broken }, broken},
		"tell hangs": {plan.Mitigation{Who: "ada", Do: "look"}, func(ctx context.Context, _ plan.Action) error {
			<-ctx.Done()
			return ctx.Err()
		}, context.DeadlineExceeded},
		"tell panics": {plan.Mitigation{Who: "ada", Do: "look"}, func(context.Context, plan.Action) error { panic(broken) }, nil},
		"tell exits": {plan.Mitigation{Who: "ada", Do: "look"}, func(context.Context, plan.Action) error {
			runtime.Goexit()
			return nil
		}, nil},
		"refused": {plan.Mitigation{Signal: stage.Reject, To: "production"}, func(context.Context, plan.Action) error { return nil }, ledger.ErrSignal},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				runner := release.NewRunner(release.Config{})
				defer runner.Stop(t.Context())
				kept := make(chan error)
				go func() { kept <- enact.Keep(t.Context(), runner, harms(test.before), "shop-5", test.tell) }()
				begun := time.Now()
				state, err := runner.Run(t.Context(), base(true), request())
				require.Error(t, err)
				assert.Equal(t, stage.Aborted, state.Outcome)
				assert.Equal(t, 5*time.Minute, time.Since(begun), "at once")
				err = <-kept
				if test.want != nil {
					require.ErrorIs(t, err, test.want)
				}
				require.ErrorContains(t, err, "plan shop-5: risk first: ")
			})
		})
	}
}

// A tell that works again is not asked for nothing, and a signal that is refused is tried once, and told.
func TestWhatIsToldInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := release.NewRunner(release.Config{})
		defer runner.Stop(t.Context())
		p := harms(plan.Mitigation{Signal: stage.Reject, To: "production", Do: "stop it"})
		p.Risks = p.Risks[:1]
		tries := 0
		var told []plan.Action
		tell := func(_ context.Context, a plan.Action) error {
			if tries++; tries < 3 {
				return errors.New("busy")
			}
			told = append(told, a)
			return nil
		}
		kept := make(chan error)
		go func() { kept <- enact.Keep(t.Context(), runner, p, "shop-5", tell) }()
		_, err := runner.Run(t.Context(), base(true), request())
		require.NoError(t, err)
		err = <-kept
		require.ErrorIs(t, err, ledger.ErrSignal)
		assert.NotContains(t, err.Error(), "busy")
		require.Len(t, told, 1)
		assert.Equal(t, []string{"ada"}, told[0].Tell)
		assert.Equal(t, "risk:shop-5/first/refused", told[0].ID)
		assert.Contains(t, told[0].Refused, ledger.ErrSignal.Error())
		assert.Contains(t, told[0].Do, "decide: to reject production was refused")
		assert.Equal(t, 3, tries)
	})
}

// What a stage says may be as long as a reason may be: the signal that tells of it is sent nevertheless.
func TestALongReasonKeepsNoSignalBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := release.NewRunner(release.Config{})
		defer runner.Stop(t.Context())
		p := harms(plan.Mitigation{Who: "ada", Do: "look"})
		for i := range p.Risks {
			p.Risks[i].Trigger = plan.Trigger{Stage: "talks", Ends: []stage.Outcome{stage.Failed}}
		}
		pipeline := base(false)
		pipeline.Stages = append(pipeline.Stages, release.Stage{Name: "talks", OnFailure: release.GoOn, Do: stage.Func(func(context.Context, *stage.Task) error {
			return errors.New(strings.Repeat("ä", 1<<13))
		})})
		var told []plan.Action
		kept := make(chan error)
		go func() {
			kept <- enact.Keep(t.Context(), runner, p, "shop-5", func(_ context.Context, a plan.Action) error { told = append(told, a); return nil })
		}()
		state, err := runner.Run(t.Context(), pipeline, request())
		require.Error(t, err)
		assert.Equal(t, stage.Aborted, state.Outcome)
		require.NoError(t, <-kept)
		require.Len(t, told, 1)
		assert.Less(t, len(told[0].Why), 4<<10+1)
		assert.Contains(t, told[0].Why, "stage talks ended as failed: ää")
		assert.True(t, utf8.ValidString(told[0].Why))
	})
}

// No plan approves by itself what people are asked, whoever wrote it.
func TestAPlanLetsNothingPass(t *testing.T) {
	for _, kind := range []stage.SignalKind{stage.SkipStage, stage.Promote, stage.Approve} {
		synctest.Test(t, func(t *testing.T) {
			store := new(release.MemoryStore)
			runner := release.NewRunner(release.Config{Store: store})
			defer runner.Stop(t.Context())
			p := plan.Plan{Name: "shop-5", Owner: "ada", Rollback: plan.Rollback{Decides: "grace"}, Risks: []plan.Risk{
				{Name: "impatience", Trigger: plan.Trigger{Stage: "ask", Longer: time.Second}, Mitigation: plan.Mitigation{Signal: kind, To: "ask"}}}}
			var told []plan.Action
			kept := make(chan error)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			go func() {
				kept <- enact.Keep(ctx, runner, p, "shop-5", func(_ context.Context, a plan.Action) error { told = append(told, a); return nil })
			}()
			pipeline := base(false)
			pipeline.Stages[0].Needs = []string{"ask"}
			pipeline.Stages = append(pipeline.Stages, release.Stage{Name: "ask", Do: approval.Stage{FourEyes: true}})
			require.NoError(t, runner.Begin(t.Context(), pipeline, request()))
			err := <-kept
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, ledger.ErrSignal)
			for e, err := range store.Events(t.Context(), "shop-5", 0) {
				require.NoError(t, err)
				_, sent := e.Body.(ledger.Signalled)
				assert.False(t, sent)
			}
			require.Len(t, told, 1)
			assert.Equal(t, []string{"grace"}, told[0].Tell)
			assert.Contains(t, told[0].Refused, "is a person's decision")
		})
	}
}

func TestAStageOfAListThatTakesLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := release.NewRunner(release.Config{})
		defer runner.Stop(t.Context())
		regions := stage.NewKey[[]string]("regions")
		pipeline := base(false)
		pipeline.Inputs, pipeline.Stages[0].Each = []stage.Ref{regions.Ref()}, &release.Each{Key: regions.Ref(), Parallel: 1}
		look := plan.Mitigation{Who: "ada", Do: "look"}
		p := plan.Plan{Name: "shop-5", Risks: []plan.Risk{
			{Name: "late", Trigger: plan.Trigger{Stage: "production", Longer: 15 * time.Minute}, Mitigation: look},
			{Name: "item", Trigger: plan.Trigger{Stage: "production.us", Longer: 5 * time.Minute}, Mitigation: look},
			{Name: "never", Trigger: plan.Trigger{Stage: "production", Longer: time.Hour}, Mitigation: look},
		}}
		outline, err := pipeline.Outline()
		require.NoError(t, err)
		for _, f := range p.Check(plan.Against{Outline: &outline}) {
			assert.NotContains(t, f.Field, "Trigger")
		}
		begun := time.Now()
		var told []string
		kept := make(chan error)
		go func() {
			kept <- enact.Keep(t.Context(), runner, p, "shop-5", func(_ context.Context, a plan.Action) error {
				told = append(told, a.Risk+" after "+a.At.Sub(begun).String()+" "+time.Since(begun).String())
				return nil
			})
		}()
		asked := request()
		asked.Inputs = []release.Value{release.Input(regions, []string{"eu", "us"})}
		_, err = runner.Run(t.Context(), pipeline, asked)
		require.NoError(t, err)
		require.NoError(t, <-kept)
		assert.ElementsMatch(t, []string{"late after 15m0s 15m0s", "item after 15m0s 15m0s"}, told)
	})
}

func TestAPlanThatWasChangedIsNotKept(t *testing.T) {
	p := shop()
	p.Mode = plan.Approved
	require.ErrorIs(t, enact.Keep(t.Context(), release.NewRunner(release.Config{}), p, "shop-5", nil), plan.ErrMove)
	_, err := enact.Pipeline(base(true), p, enact.Parts{})
	require.ErrorIs(t, err, plan.ErrMove)
	_, err = enact.Criteria(p, enact.Parts{})
	require.ErrorIs(t, err, plan.ErrMove)
	_, err = enact.Remedies(p, enact.Parts{})
	require.ErrorIs(t, err, plan.ErrMove)
}
