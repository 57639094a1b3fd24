package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

func native() strategy.Native {
	return strategy.Native{
		Surge: strategy.Count(1), Unavailable: strategy.Count(0), Deadline: 2 * time.Minute,
		After: strategy.Hold{Bake: 20 * time.Second, Gates: []string{"errors"}},
	}
}

// single is a target that runs one group at a time, and walks from one to the other by itself.
type single struct {
	rollout.Target
	applied *[]strategy.State
}

func (s single) Unwrap() any { return s.Target }

func (s single) Fits(state strategy.State) error {
	if state.Replicas() != state.Stable.Replicas {
		return errors.New("one group at a time")
	}
	return nil
}

func (s single) Apply(ctx context.Context, state strategy.State) error {
	if err := s.Fits(state); err != nil {
		return rollout.Permanent(err)
	}
	if s.applied != nil {
		*s.applied = append(*s.applied, state)
	}
	return s.Target.Apply(ctx, state)
}

// picky walks by itself where nothing is missing meanwhile.
type picky struct {
	rollout.Target
	rollout.Roller
}

func (p picky) Rolls(l strategy.Limits) error {
	if l.MinAvailable < 3 {
		return errors.New("3 must be available")
	}
	return nil
}

func TestNativeIsRefusedByOthers(t *testing.T) {
	plan, err := strategy.Native{}.Plan(stableAt(v1, 3), v2)
	require.NoError(t, err)
	w := &strategytest.World{}
	wire := map[string]func(rollout.Target, strategy.Plan) error{
		"New": func(target rollout.Target, p strategy.Plan) error {
			_, err := rollout.New(target, p, rollout.Options{})
			return err
		},
		"Resume": func(target rollout.Target, p strategy.Plan) error {
			_, err := rollout.Resume(target, p, rollout.Checkpoint{Plan: p.Hash()}, rollout.Options{})
			return err
		},
		"Undo": func(target rollout.Target, p strategy.Plan) error {
			_, err := rollout.Undo(target, p, rollout.Checkpoint{Plan: p.Hash()}, "", rollout.Options{})
			return err
		},
	}
	for name, wire := range wire {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, wire(w.Target(), plan), "the target does not walk by itself (it has no method Roll)")
			require.NoError(t, wire(w.Cluster(), plan))
			require.NoError(t, wire(single{Target: w.Cluster()}, plan), "the ability is found behind a wrapper")
			cluster := w.Cluster()
			require.NoError(t, wire(picky{cluster, cluster.(rollout.Roller)}, plan))
			loose, err := strategy.Native{Unavailable: strategy.Count(1)}.Plan(stableAt(v1, 3), v2)
			require.NoError(t, err)
			err = wire(picky{cluster, cluster.(rollout.Roller)}, loose)
			require.ErrorContains(t, err, "with at least 2 available, at most 4 instances, 2 for all of the traffic: 3 must be available")

			steps, err := canary().Plan(stableAt(v1, 3), v2)
			require.NoError(t, err)
			err = wire(single{Target: w.Cluster()}, steps)
			require.ErrorContains(t, err, "Plan.Steps[0]: the target cannot be brought to stable 1.0.0@111111111111 x3 100% + candidate")
			require.ErrorContains(t, err, "one group at a time")
			require.ErrorContains(t, err, "Plan.Steps[2]", "the way there counts")
		})
	}
}

func TestNativeIsOnePhase(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, native(), 4)
		var applied []strategy.State
		r, err := rollout.New(single{c.world.Cluster(), &applied}, c.plan, c.options)
		require.NoError(t, err)
		result, err := r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 4))
		assert.Empty(t, applied, "a native step is not applied")
		assert.Equal(t, []string{"roll: stable 1.1.0@222222222222 x4 100%, at least 4 available, at most 5 instances, 4 for all of the traffic"},
			c.texts(rollout.PhaseStarted))
		assert.Zero(t, c.count(rollout.Drifted), "any mix is the target's own doing")
		assert.Greater(t, c.count(rollout.Progressed), 3)
		assert.Equal(t, rollout.Promoted, result.Outcome)
	})
}

// The same over all sizes, from nothing, and with another number, there and back.
func TestNativeThereAndBack(t *testing.T) {
	for name, s := range map[string]strategy.Native{
		"defaults":    {},
		"surge":       {Surge: strategy.Count(1), Unavailable: strategy.Count(0)},
		"unavailable": {Surge: strategy.Count(0), Unavailable: strategy.Count(1)},
		"all at once": {Surge: strategy.PercentOf(100), Unavailable: strategy.PercentOf(100)},
		"larger":      {Replicas: 7},
		"smaller":     {Replicas: 1, MinReady: 5 * time.Second},
	} {
		for _, from := range []strategy.State{{}, stableAt(v1, 1), stableAt(v1, 4), stableAt(v1, 10), stableAt(v2, 2)} {
			if from.Dark() && s.Replicas == 0 {
				s.Replicas = 3
			}
			plan, err := s.Plan(from, v2)
			if errors.Is(err, strategy.ErrNothingToDo) {
				continue
			}
			require.NoError(t, err)
			bubble(t, fmt.Sprintf("%s from %s", name, from), func(t *testing.T) {
				w := &strategytest.World{}
				w.Put(from)
				if !from.Dark() {
					w.Limit(plan.Limits)
				}
				var last rollout.Checkpoint
				options := rollout.Options{Checkpoint: func(_ context.Context, c rollout.Checkpoint) error { last = c; return nil }}
				r, err := rollout.New(single{Target: w.Cluster()}, plan, options)
				require.NoError(t, err)
				result, err := r.Run(t.Context())
				require.NoError(t, err)
				require.Empty(t, result.Observed.Missing(plan.Final()))
				r, err = rollout.Undo(single{Target: w.Cluster()}, plan, last, "", options)
				require.NoError(t, err)
				result, err = r.Run(t.Context())
				require.NoError(t, err)
				require.Equal(t, rollout.RolledBack, result.Outcome)
				require.Empty(t, result.Observed.Missing(from))
				require.Empty(t, w.Violations())
			})
		}
	}
}

// mixed is a plan of native steps and others.
func mixed() strategy.Strategy {
	return planFunc(func(from strategy.State, to strategy.Revision) (strategy.Plan, error) {
		p, err := native().Plan(from, to)
		if err != nil {
			return p, err
		}
		n := from.Stable.Replicas
		p.Limits.MaxTotal = n + 2
		p.Steps = append(p.Steps,
			strategy.Step{Reason: "one more", State: stableAt(to, n+1)},
			strategy.Step{Reason: "and one less, by the target itself", State: stableAt(to, n), Native: true, Gates: []string{"errors"}})
		return p, nil
	})
}

type planFunc func(strategy.State, strategy.Revision) (strategy.Plan, error)

func (f planFunc) Plan(from strategy.State, to strategy.Revision) (strategy.Plan, error) {
	return f(from, to)
}

// Harm after the way was walked by the target, somebody's word in the middle of it, and a mix with other
// steps: all of it ends as it began. TestAbortAtEveryCall and others do the same with one native step.
func TestNativeMixedWithOthers(t *testing.T) {
	bubble(t, "promotes", func(t *testing.T) {
		c := newScene(t, mixed(), 3)
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		assert.Equal(t, 3, c.count(rollout.StepDone))
	})
	for n := 1; ; n += stride {
		over := false
		bubble(t, fmt.Sprintf("aborted at call %d", n), func(t *testing.T) {
			c := newScene(t, mixed(), 3)
			calls := 0
			var r *rollout.Rollout
			c.world.Before = func(string) error {
				if calls++; calls == n {
					assert.NoError(t, r.Abort("ada", "a bad feeling"))
				}
				return nil
			}
			r = c.rollout()
			_, err := r.Run(t.Context())
			c.world.Before = nil
			if over = calls < n; over {
				require.NoError(t, err)
				return
			}
			c.ends(stableAt(v1, 3))
		})
		if over || t.Failed() {
			break
		}
	}
	for _, harm := range []bool{false, true} {
		bubble(t, fmt.Sprintf("killed at each call, harm=%t", harm), func(t *testing.T) {
			for n := 1; dieAndResume(t, mixed(), n, harm); n++ {
			}
		})
	}
}

// A pause keeps the rollout still, not the target.
func TestNativeIsPaused(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, native(), 4)
		c.world.Start = 10 * time.Second
		var rolls, reached atomic.Int32
		c.each(rollout.StepReached, func(rollout.Event) { reached.Add(1) })
		c.world.Before = func(call string) error {
			if call == "Roll" {
				rolls.Add(1)
			}
			return nil
		}
		r := c.rollout()
		go func() {
			time.Sleep(15 * time.Second)
			assert.NoError(t, r.Pause("ada", "lunch"))
			time.Sleep(2 * time.Second)
			before := rolls.Load()
			time.Sleep(time.Hour)
			assert.Equal(t, before, rolls.Load(), "nobody asks for it")
			o, err := c.target().Observe(context.Background())
			assert.NoError(t, err)
			assert.Empty(t, o.Missing(stableAt(v2, 4)), "and the target has gone on")
			assert.Zero(t, reached.Load())
			assert.NoError(t, r.Resume("ada", "back"))
		}()
		_, err := r.Run(t.Context())
		require.NoError(t, err)
		assert.Zero(t, c.count(rollout.Drifted))
		c.ends(stableAt(v2, 4))
	})
}

func TestNativeDoesNotGetThere(t *testing.T) {
	for name, b := range map[string]strategytest.Behaviour{
		"never ready": {NeverReady: true},
		"crashes":     {Crash: 2500 * time.Millisecond, Reason: "exit status 2: no such flag"},
	} {
		bubble(t, name, func(t *testing.T) {
			c := newScene(t, native(), 4)
			c.world.Limit(strategy.Limits{MaxTotal: c.plan.Limits.MaxTotal})
			c.world.Behave = on(v2, b)
			began := time.Now()
			result, err := c.run(stableAt(v1, 4))
			require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
			if b.NeverReady {
				var late *rollout.DeadlineError
				require.ErrorAs(t, err, &late)
				assert.InDelta(t, 2*time.Minute, time.Since(began), float64(10*time.Second))
			} else {
				var crash *rollout.CrashError
				require.ErrorAs(t, err, &crash)
				assert.Less(t, time.Since(began), 30*time.Second)
			}
			assert.Zero(t, c.count(rollout.Drifted))
		})
	}
	bubble(t, "it never answers", func(t *testing.T) {
		c := newScene(t, native(), 4)
		c.world.Before = func(call string) error {
			if call == "Roll" {
				return errors.New("connection refused")
			}
			return nil
		}
		result, err := c.rollout().Run(t.Context())
		require.Equal(t, rollout.RollbackFailed, result.Outcome, "that nothing was moved is not known: %v", err)
		require.ErrorContains(t, err, "connection refused")
	})
	bubble(t, "for good", func(t *testing.T) {
		c := newScene(t, native(), 4)
		failed := false
		c.world.Before = func(call string) error {
			if call == "Roll" && !failed {
				failed = true
				return rollout.Permanent(errors.New("no such image"))
			}
			return nil
		}
		began := time.Now()
		_, err := c.run(stableAt(v1, 4))
		require.ErrorContains(t, err, "no such image")
		assert.Less(t, time.Since(began), 10*time.Second)
	})
}

// What the target does by itself is no drift; what somebody else does is.
func TestNativeSeesMeddling(t *testing.T) {
	third := strategy.Pool{Revision: v3}
	for name, c := range map[string]struct {
		meddle func(t *testing.T, c *scene)
		want   string
	}{
		"nobody meddles":    {func(*testing.T, *scene) {}, ""},
		"a third revision":  {func(_ *testing.T, c *scene) { c.world.Add(third, 1) }, "9.9.9@333333333333 is not part of this rollout"},
		"more by hand":      {func(_ *testing.T, c *scene) { c.world.Add(oldPool, 5) }, "and at most 5 may"},
		"fewer by hand":     {func(t *testing.T, c *scene) { scaleTo(t, c, oldPool, 0) }, "and at least 4 must"},
		"taken back":        {func(t *testing.T, c *scene) { rollTo(t, c, stableAt(v1, 4)) }, "somebody takes it back"},
		"an instance dies":  {func(_ *testing.T, c *scene) { c.world.Kill(freshPool, 1, "its node is gone") }, ""},
		"two of old do":     {func(_ *testing.T, c *scene) { c.world.Kill(oldPool, 2, "its node is gone") }, ""},
		"by the autoscaler": {func(_ *testing.T, c *scene) { c.world.Autoscale(freshPool, 9) }, ""},
	} {
		bubble(t, name, func(t *testing.T) {
			s := newScene(t, native(), 4)
			s.world.Limit(strategy.Limits{})
			s.world.Start = 10 * time.Second
			if name == "taken back" {
				s.world.Request = time.Millisecond // so that it gets somewhere
			}
			s.options.Drift = rollout.Freeze
			time.AfterFunc(25*time.Second+time.Millisecond, func() { c.meddle(t, s) })
			result, err := s.rollout().Run(t.Context())
			if c.want == "" {
				require.NoError(t, err)
				assert.Zero(t, s.count(rollout.Drifted))
				return
			}
			require.Equal(t, rollout.Frozen, result.Outcome, "%v", err)
			require.ErrorContains(t, err, c.want)
		})
		bubble(t, name+", and it converges", func(t *testing.T) {
			s := newScene(t, native(), 4)
			s.world.Limit(strategy.Limits{})
			s.world.Start = 10 * time.Second
			if name == "taken back" {
				s.world.Request = time.Millisecond
			}
			time.AfterFunc(25*time.Second+time.Millisecond, func() { c.meddle(t, s) })
			_, err := s.rollout().Run(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.want != "", s.count(rollout.Drifted) > 0)
		})
	}
}

func scaleTo(t *testing.T, c *scene, p strategy.Pool, n int) {
	assert.NoError(t, c.world.Fleet().Scale(context.Background(), p, n))
}

func rollTo(t *testing.T, c *scene, s strategy.State) {
	assert.NoError(t, c.world.Cluster().(rollout.Roller).Roll(context.Background(), s, c.plan.Limits))
}

// In the bake after it, the target's own way back is somebody's meddling, and is answered by Roll.
func TestNativeIsTakenBackInTheBake(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, native(), 4)
		n := 0
		c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			if n++; n == 2 {
				rollTo(t, c, stableAt(v1, 4))
			}
			return gate.Verdict{Outcome: gate.Pass, Reason: "fine"}, nil
		})
		var applied []strategy.State
		r, err := rollout.New(single{c.world.Cluster(), &applied}, c.plan, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 4))
		require.Empty(t, applied)
		require.Positive(t, c.count(rollout.Drifted))
		assert.Contains(t, c.texts(rollout.Drifted)[0], "1.1.0@222222222222 gets")
		assert.Equal(t, 1, c.count(rollout.Healed))
	})
}

// On the way back, and when its end is verified, the target is not told another way than its own.
func TestNativeWayBackIsNative(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, native(), 4)
		c.options.Gates["errors"] = answering(gate.Fail)
		var applied []strategy.State
		r, err := rollout.New(single{c.world.Cluster(), &applied}, c.plan, c.options)
		require.NoError(t, err)
		result, err := r.Run(t.Context())
		require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
		c.ends(stableAt(v1, 4))
		assert.Empty(t, applied)
		assert.Len(t, c.texts(rollout.PhaseStarted), 2, "there and back")
	})
}

// What the host's own process has forgotten is given back by the target.
func TestNativeGoesOnInTheDark(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, native(), 4)
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, errors.New("the host stops"))
		defer cancel()
		result, err := c.rollout().Run(ctx)
		require.Equal(t, rollout.Interrupted, result.Outcome, "%v", err)
		c.world.Limit(strategy.Limits{})
		c.world.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })
		r, err := rollout.Resume(c.target(), c.plan, result.Checkpoint, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 4))
	})
}

// A target of one group at a time is restored by itself, from whatever it runs, and others as always.
func TestRestoreByTheTargetItself(t *testing.T) {
	bubble(t, "half-way", func(t *testing.T) {
		c := newScene(t, native(), 4)
		c.world.Limit(strategy.Limits{})
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, errors.New("the host stops"))
		defer cancel()
		_, _ = c.rollout().Run(ctx)
		now, err := c.target().Observe(t.Context())
		require.NoError(t, err)
		require.Len(t, now.Pools, 2)
		var applied []strategy.State
		require.NoError(t, rollout.Restore(t.Context(), single{c.world.Cluster(), &applied}, stableAt(v1, 4), rollout.Options{}))
		assert.Empty(t, applied)
		c.ends(stableAt(v1, 4))
	})
	bubble(t, "three revisions", func(t *testing.T) {
		w := &strategytest.World{}
		w.Put(half(2, 2))
		w.Add(strategy.Pool{Revision: v3}, 1)
		require.NoError(t, rollout.Restore(t.Context(), single{Target: w.Cluster()}, stableAt(v1, 4), rollout.Options{}))
		o, err := w.Cluster().Observe(t.Context())
		require.NoError(t, err)
		assert.Empty(t, o.Missing(stableAt(v1, 4)))
		assert.Empty(t, w.Violations())
	})
	bubble(t, "another number is applied", func(t *testing.T) {
		w := &strategytest.World{}
		w.Put(stableAt(v1, 4))
		var applied []strategy.State
		require.NoError(t, rollout.Restore(t.Context(), single{w.Cluster(), &applied}, stableAt(v1, 6), rollout.Options{}))
		assert.NotEmpty(t, applied)
	})
	bubble(t, "one that can be in between is", func(t *testing.T) {
		w := &strategytest.World{}
		w.Put(stableAt(v1, 4))
		w.Before = func(call string) error {
			if call == "Roll" {
				return rollout.Permanent(errors.New("nobody needs that"))
			}
			return nil
		}
		require.NoError(t, rollout.Restore(t.Context(), w.Cluster(), stableAt(v2, 4), rollout.Options{}))
	})
	bubble(t, "within limits that it refuses", func(t *testing.T) {
		w := &strategytest.World{}
		w.Put(stableAt(v1, 1))
		cluster := w.Cluster()
		err := rollout.Restore(t.Context(), single{Target: picky{cluster, cluster.(rollout.Roller)}}, stableAt(v2, 1), rollout.Options{})
		require.ErrorContains(t, err, "3 must be available")
	})
}

// The limits of Kubernetes' own defaults: the smaller the fleet, the less may be missing.
func TestNativeTellsItsLimits(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Native{}, 10)
		least, most := 100, 0
		notify := c.options.Notify
		c.options.Notify = func(e rollout.Event) {
			notify(e)
			if e.Observed != nil && e.Kind != rollout.Ended {
				available, running := 0, 0
				for _, p := range e.Observed.Pools {
					available, running = available+p.Available, running+p.Running
				}
				least, most = min(least, available), max(most, running)
			}
		}
		_, err := c.run(stableAt(v2, 10))
		require.NoError(t, err)
		assert.Equal(t, strategy.Limits{MinAvailable: 8, MaxTotal: 13, Load: 8}, c.plan.Limits)
		assert.GreaterOrEqual(t, least, 8)
		assert.LessOrEqual(t, most, 13)
		assert.True(t, strings.HasPrefix(c.texts(rollout.PhaseStarted)[0], "roll: "))
	})
}

// Regions whose targets walk by themselves, one group at a time, are held and taken back like any others.
func TestNativeInWaves(t *testing.T) {
	for _, bad := range []string{"", "us"} {
		bubble(t, "bad="+bad, func(t *testing.T) {
			a := newAtlas(t, strategy.Waves{
				Strategy: strategy.Native{},
				Waves:    []strategy.Wave{{Regions: []string{"eu"}}, {Regions: []string{"us", "ap"}}},
				Hold:     held(30 * time.Second),
				TakeBack: strategy.EveryWave,
			})
			if bad != "" {
				a.fails(bad, inHold)
			}
			targets := map[string]rollout.Target{}
			for name, w := range a.worlds {
				targets[name] = single{Target: w.Cluster()}
			}
			w, err := rollout.NewWaves(targets, a.plan, a.options)
			require.NoError(t, err)
			result, err := w.Run(t.Context())
			want, ends := rollout.Promoted, stableAt(v2, regionSize)
			if bad != "" {
				want, ends = rollout.RolledBack, stableAt(v1, regionSize)
			}
			require.Equal(t, want, result.Outcome, "%v", err)
			for name, w := range a.worlds {
				o, err := targets[name].Observe(t.Context())
				require.NoError(t, err)
				require.Empty(t, o.Missing(ends), name)
				require.Empty(t, w.Violations(), name)
			}
		})
	}
}
