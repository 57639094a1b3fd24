package rollout_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// hanging is a target whose calls hang from the n-th on, until their context ends.
type hanging struct {
	rollout.Target
	from, calls int
	well        atomic.Bool // it hangs no more
}

func (h *hanging) Apply(ctx context.Context, s strategy.State) error {
	if h.calls++; h.calls >= h.from && !h.well.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return h.Target.Apply(ctx, s)
}

func TestCallsAreBounded(t *testing.T) {
	bubble(t, "the deadline counts", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.RollbackTimeout = 10 * time.Minute
		r, err := rollout.New(&hanging{Target: c.world.Target(), from: 2}, c.plan, c.options)
		require.NoError(t, err)
		start := time.Now()
		result, err := r.Run(t.Context())
		assert.Equal(t, rollout.RollbackFailed, result.Outcome)
		var late *rollout.DeadlineError
		require.ErrorAs(t, err, &late)
		assert.ErrorContains(t, err, "the target did not answer within 30s")
		assert.Less(t, time.Since(start), 15*time.Minute)
	})
	bubble(t, "an abort cuts a call short", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.CallTimeout = time.Hour
		h := &hanging{Target: c.world.Target(), from: 2}
		r, err := rollout.New(h, c.plan, c.options)
		require.NoError(t, err)
		start := time.Now()
		go func() {
			time.Sleep(10 * time.Second)
			h.well.Store(true)
			assert.NoError(t, r.Abort("ada", "it hangs"))
		}()
		result, _ := r.Run(t.Context())
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.Less(t, time.Since(start), 20*time.Second)
	})
	bubble(t, "the way back has its own time", func(t *testing.T) {
		c := newScene(t, strategy.Recreate{Deadline: 100 * time.Hour, Gates: []string{"errors"}}, 3)
		c.options.RollbackTimeout = 5 * time.Minute
		c.options.Gates["errors"] = answering(gate.Fail)
		c.world.Behave = on(v1, strategytest.Behaviour{NeverReady: true})
		start := time.Now()
		_, err := c.rollout().Run(t.Context())
		require.ErrorContains(t, err, "the way back took longer than 5m0s")
		assert.Less(t, time.Since(start), 10*time.Minute)
	})
	bubble(t, "a gate's patience", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.GateTimeout = 10 * time.Second
		c.options.Gates["errors"] = gate.Func(func(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
			start := time.Now()
			<-ctx.Done()
			assert.Equal(t, 10*time.Second, time.Since(start))
			return gate.Verdict{}, ctx.Err()
		})
		result, _ := c.run(stableAt(v1, 3))
		assert.Equal(t, rollout.RolledBack, result.Outcome)
	})
}

// A pause suspends the deadlines: of a step that moves, of a bake that is degraded, of a question.
func TestPauseSuspendsDeadlines(t *testing.T) {
	bubble(t, "while a phase moves", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Deadline: time.Minute}, 3)
		c.world.Start = 30 * time.Second
		r := c.rollout()
		go func() {
			time.Sleep(20 * time.Second)
			assert.NoError(t, r.Pause("ada", "lunch"))
			time.Sleep(30 * time.Second)
			c.world.Kill(freshPool, 1, "out of memory")
			time.Sleep(time.Hour)
			assert.NoError(t, r.Resume("ada", "back"))
		}()
		_, err := r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 3))
	})
	bubble(t, "while a bake is degraded", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		r := c.rollout()
		var scaled atomic.Int64
		c.world.Before = func(call string) error {
			if call == "Scale" {
				scaled.Add(1)
			}
			return nil
		}
		go func() {
			time.Sleep(10 * time.Second)
			assert.NoError(t, r.Pause("ada", "lunch"))
			time.Sleep(5 * time.Second)
			before := scaled.Load()
			c.world.Kill(freshPool, 1, "out of memory")
			time.Sleep(time.Hour)
			assert.Equal(t, before, scaled.Load(), "nothing is started in a pause")
			assert.NoError(t, r.Resume("ada", "back"))
		}()
		_, err := r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 3))
	})
	bubble(t, "while gates do not agree", func(t *testing.T) {
		c := newScene(t, oneStep(time.Minute), 3)
		c.options.Gates["errors"] = gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			if s.Now.Sub(s.Since) < 3*time.Hour+8*time.Minute {
				return gate.Verdict{Outcome: gate.Continue, Reason: "too little"}, nil
			}
			return gate.Verdict{Outcome: gate.Pass}, nil
		})
		r := c.rollout()
		go func() {
			time.Sleep(5 * time.Minute)
			assert.NoError(t, r.Pause("ada", "lunch"))
			time.Sleep(3 * time.Hour)
			assert.NoError(t, r.Resume("ada", "back"))
		}()
		_, err := r.Run(t.Context())
		require.NoError(t, err)
		assert.Zero(t, c.count(rollout.Asked), "a patience of 10 min does not run out in a pause")
		c.ends(stableAt(v2, 3))
	})
	bubble(t, "while a person is asked", func(t *testing.T) {
		s := canary()
		s.Steps[0].Pause = &strategy.Pause{Deadline: time.Hour}
		c := newScene(t, s, 3)
		var r *rollout.Rollout
		c.on(rollout.Asked, func(rollout.Event) {
			assert.NoError(t, r.Pause("ada", "all hands"))
			time.Sleep(3 * time.Hour)
			assert.NoError(t, r.Resume("ada", "back"))
			time.Sleep(30 * time.Minute)
			assert.NoError(t, r.Resume("ada", "go"))
		})
		r = c.rollout()
		_, err := r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 3))
	})
}

// An answer to one question is none to another, and no default shortens a bake.
func TestAnswersAreForTheirQuestion(t *testing.T) {
	s := strategy.Canary{Steps: []strategy.CanaryStep{{
		Share: strategy.Percent(50), Bake: time.Hour, Gates: []string{"errors"}, Pause: &strategy.Pause{Reason: "four eyes"},
	}}}
	for _, person := range []bool{false, true} {
		bubble(t, map[bool]string{false: "the default", true: "a person"}[person], func(t *testing.T) {
			c := newScene(t, s, 4)
			c.options.Gates["errors"] = answering(gate.Inconclusive)
			c.options.Decision = strategy.Pause{Deadline: time.Minute, Default: strategy.AnswerResume}
			var r *rollout.Rollout
			asked := []string{}
			notify := c.options.Notify
			start := time.Now()
			c.options.Notify = func(e rollout.Event) {
				notify(e)
				if e.Kind != rollout.Asked {
					return
				}
				asked = append(asked, e.Text)
				go func() {
					switch {
					case e.Text == "four eyes":
						assert.GreaterOrEqual(t, time.Since(start), time.Hour, "the bake is whole")
						time.Sleep(time.Second)
						assert.NoError(t, r.Resume("gates", "a person of that name"))
					case person:
						time.Sleep(time.Second)
						assert.NoError(t, r.Resume("ada", "never mind the gate"))
					}
				}()
			}
			r = c.rollout()
			_, err := r.Run(t.Context())
			require.NoError(t, err)
			assert.Equal(t, []string{`the gates do not agree: "errors" says inconclusive: as the script says`, "four eyes"}, asked)
			c.ends(stableAt(v2, 4))
		})
	}
	bubble(t, "gates that agree after all leave the pause to be asked", func(t *testing.T) {
		c := newScene(t, s, 4)
		c.options.Gates["errors"] = answering(gate.Inconclusive, gate.Pass)
		var r *rollout.Rollout
		c.options.Notify = func(e rollout.Event) {
			c.events = append(c.events, e)
			if e.Kind == rollout.Asked && e.Text == "four eyes" {
				go func() { time.Sleep(time.Second); assert.NoError(t, r.Resume("ada", "go")) }()
			}
		}
		r = c.rollout()
		_, err := r.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2, c.count(rollout.Asked))
	})
}

// What is degraded is not baked.
func TestDegradedTimeDoesNotCount(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: 10 * time.Minute}}}, 4)
		c.world.Limit(strategy.Limits{})
		c.world.Behave = on(v2, strategytest.Behaviour{Unready: []strategytest.Stretch{
			{From: time.Minute, To: 9 * time.Minute}, {From: 10 * time.Minute, To: 14 * time.Minute},
		}})
		var reached time.Time
		c.on(rollout.StepReached, func(e rollout.Event) { reached = e.At })
		_, err := c.run(stableAt(v2, 4))
		require.NoError(t, err)
		for _, e := range c.events {
			if e.Kind == rollout.StepDone && e.Step == 0 {
				assert.InDelta(t, 22*time.Minute, e.At.Sub(reached), float64(10*time.Second))
			}
		}
	})
	bubble(t, "over a restart", func(t *testing.T) {
		c := newScene(t, strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: 10 * time.Minute}}}, 4)
		c.world.Limit(strategy.Limits{})
		c.world.Behave = on(v2, strategytest.Behaviour{Unready: []strategytest.Stretch{{From: time.Minute, To: 9 * time.Minute}}})
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute+30*time.Second)
		defer cancel()
		result, _ := c.rollout().Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome)
		assert.InDelta(t, 8*time.Minute, result.Checkpoint.Degraded, float64(5*time.Second))
		r, err := rollout.Resume(c.world.Target(), c.plan, result.Checkpoint, c.options)
		require.NoError(t, err)
		start := time.Now()
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		assert.InDelta(t, 8*time.Minute+30*time.Second, time.Since(start), float64(20*time.Second))
	})
}

// An abort that was accepted is carried out, also when the host stops in the same moment.
func TestAcceptedAbortIsCarriedOut(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		ctx, cancel := context.WithCancelCause(t.Context())
		var r *rollout.Rollout
		c.options.Notify = func(e rollout.Event) {
			if e.Kind == rollout.StepReached && !e.Back {
				assert.NoError(t, r.Abort("ada", "bad"))
				cancel(errors.New("the host stops"))
			}
		}
		r = c.rollout()
		result, err := r.Run(ctx)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		var abort *rollout.AbortError
		require.ErrorAs(t, err, &abort)
		c.ends(stableAt(v1, 3))
	})
	bubble(t, "cancelled before it begins", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		result, err := c.rollout().Run(ctx)
		assert.Equal(t, rollout.Interrupted, result.Outcome)
		require.ErrorIs(t, err, context.Canceled)
	})
	bubble(t, "a target that is down for a moment at the begin", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		n := 0
		c.world.Before = func(string) error {
			if n++; n < 5 {
				return errors.New("connection refused")
			}
			return nil
		}
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
	})
}

// A slow drain is no lack of progress: the target bounds it.
func TestSlowDrainIsProgress(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Deadline: 20 * time.Second}, 3)
		c.world.Request = 25 * time.Second
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
	})
}

// Failed instances are counted over the whole step, its bake included.
func TestCrashesAreCountedOverTheStep(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(25), Bake: time.Hour}}}, 4)
		c.world.Behave = func(p strategy.Pool, n int) strategytest.Behaviour {
			switch {
			case p != freshPool || n > 3:
				return strategytest.Behaviour{}
			case n < 2: // twice before it is ready
				return strategytest.Behaviour{Crash: 100 * time.Millisecond, Reason: "no database"}
			}
			return strategytest.Behaviour{Crash: time.Minute, Reason: "out of memory"}
		}
		_, err := c.run(stableAt(v1, 4))
		var crash *rollout.CrashError
		require.ErrorAs(t, err, &crash)
		assert.Len(t, crash.Failures, 3)
		assert.Equal(t, "out of memory", crash.Failures[2].Reason)
	})
}
