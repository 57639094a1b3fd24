package deploy_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/stage/window"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// behind puts a window before the deployment, and begins.
func behind(t *testing.T, closing window.Closing, lift stage.Key[window.Lift], alter ...func(*evening, *window.Stage)) *evening {
	w := world()
	e := &evening{t: t, world: w, deploy: deployment(w, answers("pass")), store: new(release.MemoryStore)}
	e.deploy.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: time.Minute, Gates: []string{"errors"}}}}
	e.deploy.Hours = window.Guard{Schedule: closedAfter(t), Closing: closing, Lift: lift}
	opens := window.Stage{Schedule: e.deploy.Hours.Schedule, Lift: lift}
	if len(alter) == 0 {
		time.Sleep(time.Minute)
	}
	for _, change := range alter {
		change(e, &opens)
	}
	does := pipeline(release.Stage{Do: e.deploy})
	for i := range does.Stages {
		if does.Stages[i].Name == "deploy" {
			does.Stages[i].Needs = append(does.Stages[i].Needs, "window")
		}
	}
	does.Stages = append(does.Stages, release.Stage{Name: "window", Do: opens})
	e.runner = release.NewRunner(release.Config{Store: e.store})
	require.NoError(t, e.runner.Begin(t.Context(), does, byBob))
	return e.after(time.Second)
}

func (e *evening) promoteWindow() {
	e.t.Helper()
	require.NoError(e.t, e.runner.Signal(e.t.Context(), "r1", stage.Signal{Kind: stage.Promote, Stage: "window", By: "ada", Why: "the shop is down"}))
}

// Who has overridden the window has overridden the guard of the deployment behind it.
func TestAnOverrideOfTheWindow(t *testing.T) {
	for closing, alone := range map[window.Closing]stage.Outcome{window.Pause: "", window.RollBack: stage.Aborted} {
		bubble(t, string(closing)+", handed on", func(t *testing.T) {
			e := behind(t, closing, window.Lifted)
			defer e.end()
			e.promoteWindow()
			e.after(5 * time.Minute).is(stage.Succeeded)
		})
		bubble(t, string(closing)+", not handed on", func(t *testing.T) {
			e := behind(t, closing, stage.Key[window.Lift]{})
			defer e.end()
			e.promoteWindow()
			e.after(5 * time.Minute).is(alone)
		})
		bubble(t, string(closing)+", there is none", func(t *testing.T) {
			e := behind(t, closing, window.Lifted)
			defer e.end()
			e.after(9*time.Minute + 30*time.Second)
			e.is(stage.Outcome(""))
			e.after(5 * time.Minute).is(stage.Succeeded)
		})
	}
	bubble(t, "who begins though it will close soon is not held when it does", func(t *testing.T) {
		e := behind(t, window.Pause, window.Lifted, func(_ *evening, s *window.Stage) { s.Need = time.Hour })
		defer e.end()
		e.promoteWindow()
		e.after(5 * time.Minute).is(stage.Succeeded)
	})
	bubble(t, "it ends when the window would have opened, though it does not", func(t *testing.T) {
		e := behind(t, window.Pause, window.Lifted, func(e *evening, s *window.Stage) {
			night := time.Now()
			time.Sleep(10 * time.Minute)
			again := closedAfter(t) // from the end of the first night on
			e.deploy.Hours.Schedule = func(ctx context.Context) (*calendar.Schedule, error) {
				if time.Since(night) < 10*time.Minute+30*time.Second {
					return s.Schedule(ctx)
				}
				return again(ctx)
			}
		})
		defer func() { e.end() }()
		e.promoteWindow()
		e.after(9 * time.Minute).is("")
		e.after(5 * time.Minute).is(stage.Succeeded)
	})
	bubble(t, "a window whose override is read cannot be skipped", func(t *testing.T) {
		e := behind(t, window.End, window.Lifted)
		defer e.end()
		err := e.runner.Signal(t.Context(), "r1", stage.Signal{Kind: stage.SkipStage, Stage: "window", By: "bob", Why: "let me"})
		assert.ErrorContains(t, err, "cannot be skipped")
	})
}

// A yes to what the plan asks is none to the calendar, and is kept over a restart.
func TestAYesWhileTheCalendarHolds(t *testing.T) {
	for _, why := range []string{"", "looks good"} {
		bubble(t, "because "+why, func(t *testing.T) {
			e := later(t, 0, func(e *evening) {
				e.deploy.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Pause: &strategy.Pause{}}}}
			})
			defer func() { e.end() }()
			e.after(time.Minute)
			e.say(stage.Approve, "ada", why)
			e.after(2 * time.Minute).is("")
			e.restart(time.Second)
			e.after(6 * time.Minute).is("")
			e.after(3 * time.Minute).is(stage.Succeeded)
			assert.Empty(t, e.details(window.DetailOverride))
		})
	}
	bubble(t, "too early", func(t *testing.T) {
		e := later(t, 0, func(*evening) {})
		defer e.end()
		e.after(time.Minute)
		e.say(stage.Approve, "ada", "looks good")
		e.after(5 * time.Minute).is("")
		require.Len(t, e.details(window.DetailIgnored), 1)
		assert.Contains(t, string(e.details(window.DetailIgnored)[0]), "waiting for an answer")
	})
}

func (e *evening) details(name string) (all []json.RawMessage) {
	e.t.Helper()
	review, err := e.runner.Review(e.t.Context(), "r1")
	require.NoError(e.t, err)
	for _, d := range review.Details {
		if d.Name == name {
			all = append(all, d.Data)
		}
	}
	return all
}

// What was said against the calendar is in the record, whether it counted or not.
func TestWhatIsSaidIsRecorded(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		e := dusk(t, window.Pause, "grace")
		defer e.end()
		e.after(time.Minute)
		e.say(stage.Resume, "bob", "let me")
		e.say(stage.Resume, "grace", "half is worse than whole")
		e.after(time.Second)
		var no window.Ignored
		require.Len(t, e.details(window.DetailIgnored), 1)
		require.NoError(t, json.Unmarshal(e.details(window.DetailIgnored)[0], &no))
		assert.Equal(t, window.Ignored{By: "bob", Signal: stage.Resume, Reason: "bob is not one of those who may override the schedule"}, no)
		var yes window.Override
		require.Len(t, e.details(window.DetailOverride), 1)
		require.NoError(t, json.Unmarshal(e.details(window.DetailOverride)[0], &yes))
		assert.Equal(t, "grace", yes.By)
		assert.Equal(t, "half is worse than whole", yes.Why)
		require.Len(t, yes.Look.Why, 1)
		assert.Equal(t, "night", yes.Look.Why[0].Window)
	})
}

// Who holds it, and why, is told also by the host that goes on.
func TestWhoHoldsItOverARestart(t *testing.T) {
	paused := func(e *evening) (all []string) {
		for _, raw := range e.details(deploy.DetailEvent) {
			var told rollout.Event
			require.NoError(e.t, json.Unmarshal(raw, &told))
			if told.Kind == rollout.Paused {
				all = append(all, told.By+": "+told.Text)
			}
		}
		return all
	}
	for closing, want := range map[window.Closing]string{window.Pause: "calendar: closed, opens", window.End: "ada: I want to look"} {
		bubble(t, string(closing), func(t *testing.T) {
			e := dusk(t, closing)
			defer func() { e.end() }()
			if e.after(time.Minute); closing == window.End {
				e.say(stage.Pause, "ada", "I want to look")
			}
			e.after(5 * time.Second)
			e.restart(time.Second)
			e.after(5 * time.Second)
			all := paused(e)
			require.Len(t, all, 2)
			assert.Contains(t, all[0], want)
			assert.Equal(t, all[0], all[1])
		})
	}
}
