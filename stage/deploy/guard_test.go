package deploy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/window"
	"github.com/davit-sdk/davit/strategy"
)

type read func(context.Context) (*calendar.Schedule, error)

// later is a release that begins so long after its calendar was made, with a deployment that was altered.
func later(t *testing.T, d time.Duration, alter func(*evening)) *evening {
	w := world()
	e := &evening{t: t, world: w, deploy: deployment(w, answers(gate.Pass)), store: new(release.MemoryStore)}
	e.deploy.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: time.Minute, Gates: []string{"errors"}}}}
	e.deploy.Hours = window.Guard{Schedule: closedAfter(t), Closing: window.Pause}
	alter(e)
	time.Sleep(d)
	e.runner = release.NewRunner(release.Config{Store: e.store})
	require.NoError(t, e.runner.Begin(t.Context(), pipeline(release.Stage{Do: e.deploy}), byBob))
	return e
}

// untouched says that nothing was moved.
func (e *evening) untouched() {
	e.t.Helper()
	runs(e.t, e.world, alone(old))
}

// What begins while the calendar is closed moves nothing before it opens, however long it takes to know that.
func TestARolloutThatBeginsInAFreeze(t *testing.T) {
	for name, slow := range map[string]time.Duration{"known at once": 0, "known after a while": 5 * time.Second} {
		alter := func(closing window.Closing) func(*evening) {
			return func(e *evening) {
				known := e.deploy.Hours.Schedule
				e.deploy.Hours.Closing = closing
				e.deploy.Hours.Schedule = func(ctx context.Context) (*calendar.Schedule, error) {
					time.Sleep(slow)
					return known(ctx)
				}
			}
		}
		bubble(t, "holds, "+name, func(t *testing.T) {
			e := later(t, time.Minute, alter(window.Pause))
			defer e.end()
			e.after(4 * time.Second).untouched()
			e.after(9*time.Minute + 20*time.Second).untouched()
			e.after(5 * time.Minute).is(stage.Succeeded)
		})
		bubble(t, "is refused, "+name, func(t *testing.T) {
			e := later(t, time.Minute, alter(window.RollBack))
			defer e.end()
			for range 10 {
				e.after(time.Second).untouched()
			}
			e.after(time.Minute).is(stage.Aborted)
			e.untouched()
		})
	}
}

// What is dark in between is not held there: nothing would serve in all of the freeze.
func TestAFreezeHoldsNobodyInTheDark(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		recreate := func(e *evening) {
			e.world.Start = 20 * time.Second
			e.deploy.Strategy = strategy.Recreate{}
		}
		bubble(t, "but lets it end", func(t *testing.T) {
			e := later(t, 15*time.Second, recreate)
			defer func() { e.end() }()
			e.after(10 * time.Second)
			if restarts {
				e.restart(10 * time.Second)
			}
			e.after(time.Minute).is(stage.Succeeded)
		})
		bubble(t, "and does not begin in it", func(t *testing.T) {
			e := later(t, time.Minute, recreate)
			defer func() { e.end() }()
			if restarts {
				e.after(time.Minute)
				e.restart(time.Minute)
			}
			e.after(5 * time.Minute).untouched()
			e.after(10 * time.Minute).is(stage.Succeeded)
		})
	}
}

// What would be taken back in a freeze does not begin while nobody knows whether there is one.
func TestARolloutThatBeginsUnderAnUnknownCalendar(t *testing.T) {
	for name, c := range map[string]struct {
		known time.Duration // from when on
		want  stage.Outcome
	}{"which is closed": {5 * time.Minute, stage.Aborted}, "which is open": {15 * time.Minute, stage.Succeeded}} {
		for _, restarts := range []bool{false, true} {
			bubble(t, name, func(t *testing.T) {
				begun := time.Now()
				e := later(t, time.Minute, func(e *evening) {
					known := e.deploy.Hours.Schedule
					e.deploy.Hours.Closing = window.RollBack
					e.deploy.Hours.Schedule = func(ctx context.Context) (*calendar.Schedule, error) {
						if time.Since(begun) < c.known {
							return nil, errors.New("the disk is gone")
						}
						return known(ctx)
					}
				})
				defer func() { e.end() }()
				e.after(3 * time.Minute).untouched()
				if restarts {
					e.restart(time.Second)
				}
				e.after(50 * time.Second).untouched()
				e.after(20 * time.Minute).is(c.want)
			})
		}
	}
}

// A calendar that does not answer, or panics, cannot be read: the rollout holds.
func TestACalendarThatBreaks(t *testing.T) {
	stubborn := make(chan struct{})
	for name, broken := range map[string]read{
		"hangs": func(ctx context.Context) (*calendar.Schedule, error) { <-ctx.Done(); return nil, nil },
		"answers too late": func(ctx context.Context) (*calendar.Schedule, error) {
			time.Sleep(40 * time.Second)
			return calendar.Compile(calendar.Options{})
		},
		"panics":                 func(context.Context) (*calendar.Schedule, error) { panic("boom") },
		"gives none":             func(context.Context) (*calendar.Schedule, error) { return nil, nil },
		"does not heed its time": func(context.Context) (*calendar.Schedule, error) { <-stubborn; return nil, nil },
	} {
		bubble(t, name, func(t *testing.T) {
			stubborn = make(chan struct{})
			calls := 0
			e := later(t, 0, func(e *evening) {
				known := e.deploy.Hours.Schedule
				e.deploy.Hours.Interval = 10 * time.Second
				e.deploy.Hours.Schedule = func(ctx context.Context) (*calendar.Schedule, error) {
					if calls++; calls > 1 {
						return broken(ctx)
					}
					return known(ctx)
				}
			})
			defer e.end()
			e.after(20 * time.Minute).is("")
			if close(stubborn); name == "does not heed its time" {
				assert.Equal(t, 2, calls, "no further goroutine is left behind")
			}
			e.say(stage.Resume, "ada", "it is broken")
			e.after(5 * time.Minute).is(stage.Succeeded)
		})
	}
}

// Who changes the guard while it holds a rollout does not leave that paused for ever.
func TestAGuardThatIsChangedWhileItHolds(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*window.Guard)
		down   time.Duration
	}{
		"to run to the end":             {func(g *window.Guard) { g.Closing = window.End }, time.Second},
		"to none":                       {func(g *window.Guard) { *g = window.Guard{} }, time.Second},
		"to roll back, after the night": {func(g *window.Guard) { g.Closing = window.RollBack }, 20 * time.Minute},
	} {
		bubble(t, name, func(t *testing.T) {
			e := dusk(t, window.Pause)
			defer func() { e.end() }()
			e.after(time.Minute)
			e.deploy.Hours = window.Guard{Schedule: e.deploy.Hours.Schedule, Closing: window.Pause}
			c.change(&e.deploy.Hours)
			e.restart(c.down)
			e.after(5 * time.Minute).is(stage.Succeeded)
		})
		bubble(t, name+", but a person has paused it", func(t *testing.T) {
			e := dusk(t, window.Pause)
			defer func() { e.end() }()
			e.after(10 * time.Second)
			e.say(stage.Pause, "ada", "I want to look")
			e.after(time.Minute)
			c.change(&e.deploy.Hours)
			e.restart(20 * time.Minute)
			e.after(5 * time.Minute).is("")
		})
	}
}

// A freeze that is made while a rollout is under way is seen within a minute.
func TestAnEmergencyFreeze(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		e := later(t, 0, func(e *evening) {
			began, known := time.Now(), e.deploy.Hours.Schedule
			e.deploy.Hours.Schedule = func(ctx context.Context) (*calendar.Schedule, error) {
				if time.Since(began) < 20*time.Second {
					return calendar.Compile(calendar.Options{})
				}
				return known(ctx)
			}
		})
		defer e.end()
		e.after(10 * time.Minute).is("")
		e.after(5 * time.Minute).is(stage.Succeeded)
	})
}
