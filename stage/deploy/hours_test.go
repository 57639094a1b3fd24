package deploy_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/stage/window"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// closedAfter is a schedule that closes after 30 seconds, for ten minutes. The deployment bakes for a minute at a
// time, twice.
func closedAfter(t *testing.T) func(context.Context) (*calendar.Schedule, error) {
	c := time.Now().UTC().Add(30 * time.Second)
	s, err := calendar.Compile(calendar.Options{}, calendar.Calendar{Name: "company", Zone: "UTC", Freeze: []calendar.Window{{
		Name: "night", Start: calendar.Local{Year: c.Year(), Month: c.Month(), Day: c.Day(), Hour: c.Hour(), Minute: c.Minute(), Second: c.Second()}, Length: 10 * time.Minute,
	}}})
	require.NoError(t, err)
	return func(context.Context) (*calendar.Schedule, error) { return s, nil }
}

// evening is a release under way whose calendar closes.
type evening struct {
	t      *testing.T
	world  *strategytest.World
	deploy deploy.Stage
	store  *release.MemoryStore
	runner *release.Runner
}

func dusk(t *testing.T, closing window.Closing, people ...string) *evening {
	w := world()
	d := deployment(w, answers(gate.Pass))
	bake := strategy.CanaryStep{Share: strategy.Percent(50), Bake: time.Minute, Gates: []string{"errors"}}
	last := bake
	last.Share = strategy.Percent(80)
	d.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{bake, last}}
	d.Hours = window.Guard{Schedule: closedAfter(t), Closing: closing, People: people}
	e := &evening{t: t, world: w, deploy: d, store: new(release.MemoryStore)}
	e.runner = release.NewRunner(release.Config{Store: e.store})
	require.NoError(t, e.runner.Begin(t.Context(), pipeline(release.Stage{Do: d}), byBob))
	return e
}

func (e *evening) after(d time.Duration) *evening {
	time.Sleep(d)
	synctest.Wait()
	return e
}

func (e *evening) restart(down time.Duration) {
	e.t.Helper()
	e.end()
	time.Sleep(down)
	e.runner = release.NewRunner(release.Config{Store: e.store})
	_, err := e.runner.TakeUp(e.t.Context(), pipeline(release.Stage{Do: e.deploy}))
	require.NoError(e.t, err)
	synctest.Wait()
}

func (e *evening) say(kind stage.SignalKind, by, why string) {
	e.t.Helper()
	require.NoError(e.t, e.runner.Signal(e.t.Context(), "r1", stage.Signal{Kind: kind, Stage: "deploy", By: by, Why: why}))
	synctest.Wait()
}

func (e *evening) is(want stage.Outcome) {
	e.t.Helper()
	state, err := e.runner.State(e.t.Context(), "r1")
	require.NoError(e.t, err)
	assert.Equal(e.t, want, state.Stage("deploy").Outcome, "%s", state.Stage("deploy").Reason)
}

// end stops the host, which does not wait for what is under way.
func (e *evening) end() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	e.runner.Stop(now)
}

func TestTheCalendarCloses(t *testing.T) {
	bubble(t, "and the rollout runs to its end", func(t *testing.T) {
		e := dusk(t, window.End)
		defer e.end()
		e.after(3 * time.Minute).is(stage.Succeeded)
	})
	bubble(t, "and it holds until the calendar opens", func(t *testing.T) {
		e := dusk(t, window.Pause)
		defer e.end()
		e.after(9 * time.Minute).is("")
		e.after(59 * time.Second).is("")
		e.after(3 * time.Minute).is(stage.Succeeded)
	})
	bubble(t, "and it holds over a restart", func(t *testing.T) {
		e := dusk(t, window.Pause)
		defer func() { e.end() }()
		e.after(time.Minute)
		e.restart(time.Minute)
		e.after(7 * time.Minute).is("")
		e.after(250 * time.Second).is(stage.Succeeded)
	})
	bubble(t, "and it opens while no host is up", func(t *testing.T) {
		e := dusk(t, window.Pause)
		defer func() { e.end() }()
		e.after(time.Minute)
		e.restart(20 * time.Minute)
		e.after(5 * time.Minute).is(stage.Succeeded)
	})
	bubble(t, "while no host is up", func(t *testing.T) {
		e := dusk(t, window.Pause)
		defer func() { e.end() }()
		e.after(10 * time.Second)
		e.restart(time.Minute)
		e.after(time.Minute).is("")
		e.after(11 * time.Minute).is(stage.Succeeded)
	})
	bubble(t, "and it is taken back", func(t *testing.T) {
		e := dusk(t, window.RollBack)
		defer e.end()
		e.after(5 * time.Minute).is(stage.Aborted)
		runs(t, e.world, alone(old))
	})
}

func TestAPersonAndTheCalendar(t *testing.T) {
	bubble(t, "an override goes on at once", func(t *testing.T) {
		e := dusk(t, window.Pause, "ada")
		defer func() { e.end() }()
		e.after(time.Minute)
		e.say(stage.Resume, "bob", "I want to go home")
		e.after(time.Minute).is("")
		e.say(stage.Resume, "ada", "")
		e.after(time.Minute).is("")
		e.say(stage.Resume, "ada", "half is worse than whole")
		e.after(30 * time.Second)
		e.restart(time.Second)
		e.after(3 * time.Minute).is(stage.Succeeded)
	})
	bubble(t, "what a person has paused stays so", func(t *testing.T) {
		e := dusk(t, window.Pause)
		defer func() { e.end() }()
		e.after(10 * time.Second)
		e.say(stage.Pause, "ada", "I want to look")
		e.after(time.Minute)
		e.restart(time.Minute)
		e.after(20 * time.Minute).is("")
		e.say(stage.Resume, "ada", "all is well")
		e.after(3 * time.Minute).is(stage.Succeeded)
	})
	bubble(t, "whose own pause is over is no longer waited for", func(t *testing.T) {
		e := dusk(t, window.Pause, "grace")
		defer func() { e.end() }()
		e.after(time.Minute)
		e.say(stage.Pause, "ada", "I want to look")
		e.say(stage.Resume, "ada", "all is well")
		e.after(5 * time.Minute).is("")
		e.after(10 * time.Minute).is(stage.Succeeded)
	})
	bubble(t, "paused while it holds, over a restart", func(t *testing.T) {
		e := dusk(t, window.Pause, "grace")
		defer func() { e.end() }()
		e.after(time.Minute)
		e.say(stage.Pause, "ada", "I want to look")
		e.restart(time.Minute)
		e.after(20 * time.Minute).is("")
		e.say(stage.Resume, "ada", "")
		e.after(3 * time.Minute).is(stage.Succeeded)
	})
}

// While nobody knows whether the calendar is open, a rollout holds, and is not taken back.
func TestTheCalendarCannotBeRead(t *testing.T) {
	for closing, want := range map[window.Closing]stage.Outcome{window.Pause: "", window.RollBack: stage.Succeeded} {
		bubble(t, string(closing), func(t *testing.T) {
			e := dusk(t, closing)
			defer func() { e.end() }()
			e.after(10 * time.Second).end()
			known := e.deploy.Hours.Schedule
			var there atomic.Bool
			e.deploy.Hours.Schedule = func(ctx context.Context) (*calendar.Schedule, error) {
				if !there.Load() {
					return nil, errors.New("the disk is gone")
				}
				return known(ctx)
			}
			e.restart(20 * time.Minute)
			e.after(5 * time.Minute).is(want)
			there.Store(true)
			e.after(5 * time.Minute).is(stage.Succeeded)
		})
	}
}

func TestHoursAreChecked(t *testing.T) {
	d := deployment(world(), answers(gate.Pass))
	d.Hours = window.Guard{Closing: window.Pause}
	assert.ErrorContains(t, d.Validate(), "Stage.Hours: Guard.Schedule: is missing")
}
