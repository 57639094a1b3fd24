package rollout_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// on calls f once the rollout has told of an event of that kind, from another goroutine.
func (c *scene) on(kind rollout.EventKind, f func(e rollout.Event)) {
	notify, once := c.options.Notify, sync.Once{}
	c.options.Notify = func(e rollout.Event) {
		notify(e)
		if e.Kind == kind {
			once.Do(func() { go f(e) })
		}
	}
}

func TestPauseHoldsStill(t *testing.T) {
	bubble(t, "while it moves", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0), Deadline: time.Minute}, 5)
		var r *rollout.Rollout
		var calls atomic.Int64
		c.world.Before = func(call string) error {
			if call == "Scale" || call == "Route" {
				calls.Add(1)
			}
			return nil
		}
		c.on(rollout.StepDone, func(rollout.Event) {
			assert.NoError(t, r.Pause("ada", "lunch"))
			time.Sleep(10 * time.Second)
			before := calls.Load()
			time.Sleep(time.Hour)
			assert.Equal(t, before, calls.Load(), "nothing moves in a pause")
			assert.NoError(t, r.Resume("ada", "back"))
		})
		r = c.rollout()
		start := time.Now()
		_, err := r.Run(context.Background())
		require.NoError(t, err, "a pause does not use up the deadline")
		assert.Positive(t, calls.Load())
		assert.Greater(t, time.Since(start), time.Hour)
		assert.Equal(t, 1, c.count(rollout.Paused))
		assert.Equal(t, 1, c.count(rollout.Resumed))
		c.ends(stableAt(v2, 5))
	})
	bubble(t, "harm in a pause goes back", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		var bad atomic.Bool
		c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			if bad.Load() {
				return gate.Verdict{Outcome: gate.Fail, Reason: "5xx"}, nil
			}
			return gate.Verdict{Outcome: gate.Pass}, nil
		})
		var r *rollout.Rollout
		c.on(rollout.StepReached, func(rollout.Event) {
			assert.NoError(t, r.Pause("ada", "lunch"))
			time.Sleep(time.Hour)
			bad.Store(true)
		})
		r = c.rollout()
		result, _ := r.Run(context.Background())
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		c.ends(stableAt(v1, 3))
	})
	bubble(t, "abort in a pause", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		var r *rollout.Rollout
		c.on(rollout.PhaseStarted, func(rollout.Event) {
			assert.NoError(t, r.Pause("ada", "lunch"))
			time.Sleep(time.Minute)
			assert.NoError(t, r.Abort("bob", "stop"))
		})
		r = c.rollout()
		_, err := r.Run(context.Background())
		var abort *rollout.AbortError
		require.ErrorAs(t, err, &abort)
		assert.Equal(t, "bob", abort.By)
		assert.EqualError(t, &rollout.AbortError{By: "bob"}, "aborted by bob")
		assert.EqualError(t, &rollout.AbortError{Why: "no"}, "aborted: no")
		c.ends(stableAt(v1, 3))
	})
}

func TestPromoteSkipsTheHolds(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		s := canary()
		s.Steps[0].Bake, s.Steps[1].Bake = 24*time.Hour, 24*time.Hour
		s.Steps[1].Pause = &strategy.Pause{}
		c := newScene(t, s, 10)
		var r *rollout.Rollout
		c.on(rollout.StepReached, func(rollout.Event) { assert.NoError(t, r.Promote("ada", "hotfix")) })
		r = c.rollout()
		start := time.Now()
		_, err := r.Run(context.Background())
		require.NoError(t, err)
		assert.Less(t, time.Since(start), 10*time.Minute)
		c.ends(stableAt(v2, 10))
	})
}

func TestPlannedPause(t *testing.T) {
	paused := func(p strategy.Pause) strategy.Canary {
		s := canary()
		s.Steps[0].Pause = &p
		return s
	}
	bubble(t, "go", func(t *testing.T) {
		c := newScene(t, paused(strategy.Pause{Reason: "does the dashboard look well?"}), 10)
		var r *rollout.Rollout
		c.on(rollout.Asked, func(e rollout.Event) {
			assert.Equal(t, "does the dashboard look well?", e.Text)
			time.Sleep(3 * time.Hour)
			assert.NoError(t, r.Resume("ada", "it does"))
		})
		r = c.rollout()
		_, err := r.Run(context.Background())
		require.NoError(t, err)
		c.ends(stableAt(v2, 10))
		for _, e := range c.events {
			if e.Kind == rollout.Answered {
				assert.Equal(t, "ada", e.By)
			}
		}
	})
	for answer, want := range map[strategy.Answer]strategy.State{
		"":                    stableAt(v1, 10),
		strategy.AnswerAbort:  stableAt(v1, 10),
		strategy.AnswerResume: stableAt(v2, 10),
	} {
		bubble(t, "nobody answers "+string(answer), func(t *testing.T) {
			c := newScene(t, paused(strategy.Pause{Deadline: time.Hour, Default: answer}), 10)
			start := time.Now()
			_, _ = c.run(want)
			assert.Greater(t, time.Since(start), time.Hour)
		})
	}
	bubble(t, "the deadline counts from the first question, over restarts", func(t *testing.T) {
		c := newScene(t, paused(strategy.Pause{Deadline: time.Hour}), 10)
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
		defer cancel()
		result, _ := c.rollout().Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome)
		r, err := rollout.Resume(c.world.Target(), c.plan, result.Checkpoint, c.options)
		require.NoError(t, err)
		start := time.Now()
		_, err = r.Run(context.Background())
		require.Error(t, err)
		assert.Less(t, time.Since(start), 35*time.Minute)
		c.ends(stableAt(v1, 10))
	})
}

// An answer counts once, whenever the host dies: it is in no need of a question that is asked a second time.
func TestAnAnswerOutlivesTheHost(t *testing.T) {
	asking := canary()
	asking.Steps[0].Pause = &strategy.Pause{Reason: "does it look well?", Deadline: time.Hour}
	stops := func(c *scene, kind rollout.EventKind) rollout.Checkpoint {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var r *rollout.Rollout
		c.on(rollout.Asked, func(rollout.Event) {
			if kind == rollout.Answered {
				assert.NoError(t, r.Resume("ada", "it does"))
			}
		})
		saved := c.options.Checkpoint
		c.options.Checkpoint = func(ctx context.Context, at rollout.Checkpoint) error {
			if kind == rollout.Asked && !at.Asked.IsZero() || kind == rollout.Answered && at.Granted {
				cancel()
			}
			return nil
		}
		r = c.rollout()
		result, _ := r.Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome)
		c.options.Checkpoint = saved
		return result.Checkpoint
	}
	bubble(t, "it came before it was asked for again", func(t *testing.T) {
		c := newScene(t, asking, 3)
		r, err := rollout.Resume(c.world.Target(), c.plan, stops(c, rollout.Asked), c.options)
		require.NoError(t, err)
		require.NoError(t, r.Resume("ada", "it does"))
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 3))
	})
	bubble(t, "it was recorded", func(t *testing.T) {
		c := newScene(t, asking, 3)
		at := stops(c, rollout.Answered)
		asked := c.count(rollout.Asked)
		r, err := rollout.Resume(c.world.Target(), c.plan, at, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, asked, c.count(rollout.Asked), "nobody is asked again")
		c.ends(stableAt(v2, 3))
	})
}

// Whoever has given a command may forget it: each position that is recorded afterwards has it.
func TestAPositionHasAllCommandsBefore(t *testing.T) {
	for name, c := range map[string]struct {
		give func(r *rollout.Rollout) error
		has  func(at rollout.Checkpoint) bool
	}{
		"pause":   {func(r *rollout.Rollout) error { return r.Pause("ada", "x") }, func(at rollout.Checkpoint) bool { return at.Paused }},
		"promote": {func(r *rollout.Rollout) error { return r.Promote("ada", "x") }, func(at rollout.Checkpoint) bool { return at.Promoting }},
		"abort": {func(r *rollout.Rollout) error { return r.Abort("ada", "x") }, func(at rollout.Checkpoint) bool {
			return at.Abort != nil && at.Abort.By == "ada"
		}},
	} {
		bubble(t, name, func(t *testing.T) {
			asking := canary()
			asking.Steps[0].Pause = &strategy.Pause{Reason: "does it look well?"}
			s := newScene(t, asking, 3)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var r *rollout.Rollout
			given := false
			s.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
				if !given {
					given = true
					assert.NoError(t, c.give(r))
				}
				return gate.Verdict{Outcome: gate.Pass}, nil
			})
			s.options.Checkpoint = func(_ context.Context, at rollout.Checkpoint) error {
				if given {
					assert.True(t, c.has(at), "%+v", at)
					cancel()
				}
				return nil
			}
			r = s.rollout()
			_, _ = r.Run(ctx)
			require.True(t, given)
		})
	}
}

func TestCommandsOutOfTime(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.Gates["errors"] = answering(gate.Fail)
		var r *rollout.Rollout
		c.options.Notify = func(e rollout.Event) {
			if e.Kind == rollout.GoingBack {
				assert.ErrorIs(t, r.Abort("ada", "again"), rollout.ErrGoingBack)
				assert.ErrorIs(t, r.Promote("ada", "no"), rollout.ErrGoingBack)
			}
		}
		r = c.rollout()
		assert.ErrorIs(t, r.Resume("ada", "too early"), rollout.ErrNotWaiting)
		_, err := r.Run(context.Background())
		require.Error(t, err)
		assert.ErrorIs(t, r.Pause("ada", "too late"), rollout.ErrEnded)
		_, err = r.Run(context.Background())
		assert.ErrorContains(t, err, "run before")
	})
}

// Commands from many goroutines at once leave the rollout in one of its two good ends.
func TestCommandsFromEverywhere(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 4)
		r := c.rollout()
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				for n := range 5 {
					time.Sleep(time.Duration(i*7+n*13) * 100 * time.Millisecond)
					switch (i + n) % 3 {
					case 0:
						_ = r.Pause("ada", "p")
					case 1:
						_ = r.Resume("ada", "r")
					case 2:
						_ = r.Resume("bob", "r")
					}
				}
			})
		}
		group.Go(func() {
			time.Sleep(3 * time.Minute)
			_ = r.Resume("end", "end")
			_ = r.Promote("end", "end")
		})
		_, err := r.Run(context.Background())
		group.Wait()
		require.NoError(t, err)
		c.ends(stableAt(v2, 4))
	})
}

func TestRestore(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Put(strategy.State{})
		c.world.Limit(strategy.Limits{})
		require.NoError(t, rollout.Restore(context.Background(), c.world.Target(), stableAt(v1, 3), rollout.Options{}))
		now, err := rollout.Current(context.Background(), c.world.Target())
		require.NoError(t, err)
		assert.True(t, now.Equal(stableAt(v1, 3)), "%s", now)
		require.NoError(t, rollout.Restore(context.Background(), c.world.Target(), strategy.State{}, rollout.Options{}))
		c.ends(strategy.State{})
		now, err = rollout.Current(context.Background(), c.world.Target())
		require.NoError(t, err)
		assert.True(t, now.Equal(strategy.State{}))

		c.world.Put(c.plan.Steps[0].State)
		_, err = rollout.Current(context.Background(), c.world.Target())
		assert.ErrorIs(t, err, rollout.ErrUnderWay)
	})
}
