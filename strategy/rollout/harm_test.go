package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// on makes only the new revision behave.
func on(r strategy.Revision, b ...strategytest.Behaviour) func(strategy.Pool, int) strategytest.Behaviour {
	return func(p strategy.Pool, n int) strategytest.Behaviour {
		if p.Revision != r {
			return strategytest.Behaviour{}
		}
		return b[n%len(b)]
	}
}

func TestNeverReady(t *testing.T) {
	bubble(t, "deadline", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Behave = on(v2, strategytest.Behaviour{NeverReady: true})
		start := time.Now()
		result, err := c.run(stableAt(v1, 3))
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		var deadline *rollout.DeadlineError
		require.ErrorAs(t, err, &deadline)
		assert.Contains(t, err.Error(), "candidate 1.1.0@222222222222 has 0 of 1 instances available")
		assert.InDelta(t, 2*time.Minute, time.Since(start), float64(10*time.Second), "the step's own deadline counts")
	})
}

func TestCrashLoop(t *testing.T) {
	bubble(t, "at start", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Behave = on(v2, strategytest.Behaviour{Crash: 100 * time.Millisecond, Reason: "exit status 2: no such flag"})
		start := time.Now()
		result, err := c.run(stableAt(v1, 3))
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		var crash *rollout.CrashError
		require.ErrorAs(t, err, &crash)
		assert.Len(t, crash.Failures, 3)
		assert.ErrorContains(t, err, "no such flag")
		assert.Less(t, time.Since(start), 30*time.Second, "long before the deadline")
		assert.Equal(t, 3, c.count(rollout.InstanceFailed))
	})
	bubble(t, "in the bake", func(t *testing.T) {
		c := newScene(t, strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: time.Hour}}}, 4)
		c.world.Behave = on(v2, strategytest.Behaviour{Crash: time.Minute, Reason: "out of memory"})
		_, err := c.run(stableAt(v1, 4))
		var crash *rollout.CrashError
		require.ErrorAs(t, err, &crash)
	})
}

func TestOneDeathInTheBakeIsHealed(t *testing.T) {
	for _, victim := range []strategy.Revision{v1, v2} {
		bubble(t, victim.Version, func(t *testing.T) {
			c := newScene(t, canary(), 4)
			c.world.Limit(strategy.Limits{MaxTotal: c.plan.Limits.MaxTotal})
			killed := false
			c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
				if !killed {
					killed = true
					c.world.Kill(strategy.Pool{Revision: victim}, 1, "killed by hand")
				}
				return gate.Verdict{Outcome: gate.Pass}, nil
			})
			_, err := c.run(stableAt(v2, 4))
			require.NoError(t, err)
			assert.Equal(t, 1, c.count(rollout.InstanceFailed))
			assert.Equal(t, c.count(rollout.Degraded), c.count(rollout.Healed))
			assert.Positive(t, c.count(rollout.Healed))
		})
	}
}

func TestDeathOfTheOldIsNoHarmByTheNew(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 4)
		c.world.Limit(strategy.Limits{})
		rounds := 0
		c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			if rounds++; rounds <= 5 {
				c.world.Kill(strategy.Pool{Revision: v1}, 1, "killed by hand")
			}
			return gate.Verdict{Outcome: gate.Pass}, nil
		})
		_, err := c.run(stableAt(v2, 4))
		require.NoError(t, err)
		assert.Equal(t, 5, c.count(rollout.InstanceFailed))
	})
}

func TestFlapping(t *testing.T) {
	bubble(t, "minimum ready time", func(t *testing.T) {
		s := strategy.Rolling{MinReady: 10 * time.Second}
		c := newScene(t, s, 3)
		flaps := []strategytest.Stretch{{From: 5 * time.Second, To: 6 * time.Second}, {From: 12 * time.Second, To: 13 * time.Second}}
		c.world.Behave = on(v2, strategytest.Behaviour{Unready: flaps})
		routed := map[string]time.Duration{}
		start := time.Now()
		c.world.OnTable(func(table rollout.Table) {
			for _, r := range table.Routes {
				for _, b := range r.Backends {
					if _, ok := routed[b.ID]; !ok {
						routed[b.ID] = time.Since(start)
					}
				}
			}
		})
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, routed["1.1.0@222222222222-0"], 23*time.Second, "ready for 10 s only after the second flap")
	})
	bubble(t, "for ever", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{MinReady: 10 * time.Second, Deadline: time.Minute}, 3)
		var flaps []strategytest.Stretch
		for at := 5 * time.Second; at < time.Hour; at += 5 * time.Second {
			flaps = append(flaps, strategytest.Stretch{From: at, To: at + time.Second})
		}
		c.world.Behave = on(v2, strategytest.Behaviour{Unready: flaps})
		_, err := c.run(stableAt(v1, 3))
		var deadline *rollout.DeadlineError
		require.ErrorAs(t, err, &deadline, "an instance that becomes ready again and again makes no progress")
	})
}

func TestSlowStartIsProgress(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Recreate{Deadline: time.Minute}, 10)
		c.world.Limit(strategy.Limits{})
		c.world.Behave = func(p strategy.Pool, n int) strategytest.Behaviour {
			return strategytest.Behaviour{Start: time.Duration(n+1) * 50 * time.Second}
		}
		_, err := c.run(stableAt(v2, 10))
		require.NoError(t, err, "each instance comes within the deadline after the one before")
	})
}

func TestGateAnswers(t *testing.T) {
	for _, c := range []struct {
		name    string
		gate    gate.Gate
		options rollout.Options
		want    rollout.Outcome
		after   time.Duration
		asked   int
	}{
		{"continue, then pass", answering(gate.Continue, gate.Continue, gate.Continue, gate.Continue, gate.Continue, gate.Continue, gate.Continue, gate.Pass), rollout.Options{}, rollout.Promoted, 0, 0},
		{"down, then pass", answering("", "", "", "", "", "", gate.Pass), rollout.Options{}, rollout.Promoted, 0, 0},
		{"down for ever", answering(""), rollout.Options{}, rollout.RolledBack, 70 * time.Minute, 1},
		{"down, default promote", answering(""), rollout.Options{Decision: strategy.Pause{Default: strategy.AnswerResume}}, rollout.Promoted, 0, 2},
		{"inconclusive at once", answering(gate.Inconclusive), rollout.Options{Decision: strategy.Pause{Deadline: 5 * time.Minute}}, rollout.RolledBack, 5 * time.Minute, 1},
		{"inconclusive, then pass", answering(gate.Inconclusive, gate.Pass), rollout.Options{}, rollout.Promoted, 0, 1},
		{"inconclusive, then fail", answering(gate.Inconclusive, gate.Fail), rollout.Options{}, rollout.RolledBack, 0, 1},
		{"unknown outcome", answering("fine"), rollout.Options{Patience: time.Minute, Decision: strategy.Pause{Deadline: time.Minute}}, rollout.RolledBack, 2 * time.Minute, 1},
		{"pass, then fail", answering(gate.Pass, gate.Pass, gate.Fail), rollout.Options{}, rollout.RolledBack, 0, 0},
	} {
		bubble(t, c.name, func(t *testing.T) {
			s := newScene(t, canary(), 3)
			s.options.Gates["errors"] = c.gate
			s.options.Decision, s.options.Patience = c.options.Decision, c.options.Patience
			start := time.Now()
			want := stableAt(v2, 3)
			if c.want == rollout.RolledBack {
				want = stableAt(v1, 3)
			}
			result, err := s.run(want)
			assert.Equal(t, c.want, result.Outcome, "%v", err)
			assert.GreaterOrEqual(t, time.Since(start), c.after)
			assert.Equal(t, c.asked, s.count(rollout.Asked))
		})
	}
}

func TestGatePanicAndHang(t *testing.T) {
	bubble(t, "panic", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) { panic("no map") })
		result, _ := c.run(stableAt(v1, 3))
		assert.Equal(t, rollout.RolledBack, result.Outcome)
	})
	bubble(t, "a hanging gate does not hold up an abort", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.GateTimeout = time.Hour
		asked := make(chan struct{}, 100)
		c.options.Gates["errors"] = gate.Func(func(ctx context.Context, _ gate.Subject) (gate.Verdict, error) {
			asked <- struct{}{}
			<-ctx.Done()
			return gate.Verdict{}, ctx.Err()
		})
		r := c.rollout()
		go func() {
			<-asked
			time.Sleep(time.Second)
			assert.NoError(t, r.Abort("ada", "enough"))
		}()
		start := time.Now()
		_, err := r.Run(context.Background())
		var abort *rollout.AbortError
		require.ErrorAs(t, err, &abort)
		assert.Less(t, time.Since(start), time.Minute)
		c.ends(stableAt(v1, 3))
	})
}

func TestLostRoute(t *testing.T) {
	bubble(t, "twice", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.LoseRoutes(2)
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
	})
	bubble(t, "for ever", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.LoseRoutes(1 << 30)
		result, err := c.run(stableAt(v1, 3))
		assert.Equal(t, rollout.RolledBack, result.Outcome, "nothing was routed, so nothing is lost")
		assert.ErrorContains(t, err, "does not show it")
		assert.ErrorContains(t, err, "step 1")
	})
}

func TestTargetErrors(t *testing.T) {
	down := errors.New("connection refused")
	for _, call := range []string{"Instances", "Scale", "Route", "Table", "InFlight"} {
		bubble(t, call+" passes", func(t *testing.T) {
			c := newScene(t, canary(), 3)
			n := 0
			c.world.Before = func(name string) error {
				if name != call {
					return nil
				}
				if n++; n > 1 && n%7%4 == 0 { // in no step with the calls of one pass
					return down
				}
				return nil
			}
			_, err := c.run(stableAt(v2, 3))
			require.NoError(t, err)
		})
	}
	bubble(t, "down for good", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.RollbackTimeout = 5 * time.Minute
		r := c.rollout()
		c.options.Gates["errors"] = passing
		n := 0
		c.world.Before = func(string) error {
			if n++; n > 30 {
				return down
			}
			return nil
		}
		result, err := r.Run(context.Background())
		assert.Equal(t, rollout.RollbackFailed, result.Outcome)
		assert.ErrorIs(t, err, down)
		assert.ErrorContains(t, err, "ROLLBACK FAILED")
		assert.ErrorContains(t, err, "now: 1.0.0@111111111111")
	})
	bubble(t, "permanent", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Before = func(name string) error {
			if name == "Scale" {
				return rollout.Permanent(errors.New("no such binary"))
			}
			return nil
		}
		start := time.Now()
		result, err := c.run(stableAt(v1, 3))
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.ErrorContains(t, err, "no such binary")
		assert.Less(t, time.Since(start), 10*time.Second)
	})
}

func TestRollbackFails(t *testing.T) {
	bubble(t, "the old one does not come back", func(t *testing.T) {
		c := newScene(t, strategy.Recreate{Deadline: time.Minute, Bake: time.Minute, Gates: []string{"errors"}}, 2)
		c.options.Gates["errors"] = answering(gate.Fail)
		c.world.Behave = on(v1, strategytest.Behaviour{NeverReady: true})
		result, err := c.rollout().Run(context.Background())
		assert.Equal(t, rollout.RollbackFailed, result.Outcome)
		var failure *rollout.Error
		require.ErrorAs(t, err, &failure)
		var deadline *rollout.DeadlineError
		assert.ErrorAs(t, failure.Rollback, &deadline)
		var harm *rollout.GateError
		assert.ErrorAs(t, failure.Cause, &harm)
		assert.NotEmpty(t, failure.Observed.Pools, "it says what runs")
	})
	bubble(t, "it has a time of its own", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.Gates["errors"] = answering(gate.Fail)
		ctx, cancel := context.WithCancel(context.Background())
		c.options.Notify = func(e rollout.Event) {
			if e.Kind == rollout.GoingBack {
				cancel()
			}
		}
		result, _ := c.rollout().Run(ctx)
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		c.ends(stableAt(v1, 3))
	})
}

func TestIrreversibleFreezes(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 10)
		plan, err := c.plan.MarkIrreversible(1, "drops column users.name")
		require.NoError(t, err)
		c.plan = plan
		c.options.Gates["errors"] = gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			if s.Step[:6] == "step 2" {
				return gate.Verdict{Outcome: gate.Fail, Reason: "5xx"}, nil
			}
			return gate.Verdict{Outcome: gate.Pass}, nil
		})
		result, err := c.run(c.plan.Steps[1].State)
		assert.Equal(t, rollout.Frozen, result.Outcome)
		var irreversible *strategy.IrreversibleError
		require.ErrorAs(t, err, &irreversible)
		assert.ErrorContains(t, err, "drops column users.name")
		var harm *rollout.GateError
		require.ErrorAs(t, err, &harm)
	})
}

func TestDrift(t *testing.T) {
	meddle := func(c *scene, times int) {
		n := 0
		c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			if n++; n <= times {
				c.world.Meddle(func(table *rollout.Table) {
					table.Routes[0].Share, table.Routes[1].Share = strategy.Percent(1), strategy.Percent(99)
				})
			}
			return gate.Verdict{Outcome: gate.Pass}, nil
		})
	}
	bubble(t, "converges and tells", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		meddle(c, 2)
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		assert.Equal(t, 2, c.count(rollout.Drifted))
	})
	bubble(t, "gives up", func(t *testing.T) {
		s := canary()
		s.Steps[0].Bake = time.Hour
		c := newScene(t, s, 3)
		meddle(c, 1000)
		result, err := c.rollout().Run(context.Background())
		assert.Equal(t, rollout.Frozen, result.Outcome)
		var conflict *rollout.ConflictError
		require.ErrorAs(t, err, &conflict)
		assert.Equal(t, 4, conflict.Times)
	})
	bubble(t, "freezes when told to", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.Drift = rollout.Freeze
		meddle(c, 1)
		result, err := c.rollout().Run(context.Background())
		assert.Equal(t, rollout.Frozen, result.Outcome)
		assert.ErrorContains(t, err, "99%")
	})
	bubble(t, "scaled by hand, and a foreign revision", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		n := 0
		c.options.Gates["errors"] = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			switch n++; n {
			case 1:
				c.world.Add(strategy.Pool{Revision: v1}, 2)
			case 3:
				c.world.Add(strategy.Pool{Revision: v3}, 1)
			}
			return gate.Verdict{Outcome: gate.Pass}, nil
		})
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		assert.Equal(t, 2, c.count(rollout.Drifted))
	})
	bubble(t, "while a phase moves", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0)}, 10)
		c.world.Limit(strategy.Limits{})
		c.world.Start = 10 * time.Second
		ctx, cancel := context.WithCancel(context.Background())
		var meddler sync.WaitGroup
		defer meddler.Wait()
		defer cancel()
		meddler.Go(func() {
			for ctx.Err() == nil {
				c.world.Meddle(func(table *rollout.Table) {
					table.Routes = table.Routes[len(table.Routes)-1:]
					table.Routes[0].Share = strategy.All()
				})
				time.Sleep(700 * time.Millisecond)
			}
		})
		result, err := c.rollout().Run(context.Background())
		assert.Equal(t, rollout.Frozen, result.Outcome, "%v", err)
	})
}

func TestStalePlan(t *testing.T) {
	for name, s := range map[string]strategy.State{
		"another revision": stableAt(v3, 3),
		"more instances":   stableAt(v1, 4),
		"nothing":          {},
	} {
		bubble(t, name, func(t *testing.T) {
			c := newScene(t, canary(), 3)
			c.world.Limit(strategy.Limits{})
			c.world.Put(s)
			result, err := c.rollout().Run(context.Background())
			assert.Equal(t, rollout.Refused, result.Outcome)
			require.ErrorIs(t, err, rollout.ErrStale)
			assert.Zero(t, c.count(rollout.StepStarted), "nothing was begun")
			c.ends(s)
		})
	}
	bubble(t, "a broken stable one may be replaced", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.world.Limit(strategy.Limits{})
		c.world.Kill(strategy.Pool{Revision: v1}, 1, "the reason for this release")
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
	})
}

func TestInterruptedGoesOn(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		ctx, cancel := context.WithTimeoutCause(context.Background(), 10*time.Second, errors.New("the host stops"))
		defer cancel()
		result, err := c.rollout().Run(ctx)
		assert.Equal(t, rollout.Interrupted, result.Outcome)
		assert.ErrorContains(t, err, "the host stops")
		assert.Empty(t, result.Checkpoint.Outcome)
		c.ends(c.plan.Steps[0].State)

		reached := result.Checkpoint.Reached
		r, err := rollout.Resume(c.world.Target(), c.plan, result.Checkpoint, c.options)
		require.NoError(t, err)
		var since []time.Time
		c.options.Gates["errors"] = gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			since = append(since, s.Since)
			return gate.Verdict{Outcome: gate.Pass}, nil
		})
		result, err = r.Run(context.Background())
		require.NoError(t, err)
		assert.True(t, since[0].Equal(reached), "the bake goes on from where it began")
		c.ends(stableAt(v2, 3))

		_, err = rollout.Resume(c.world.Target(), c.plan, result.Checkpoint, c.options)
		assert.ErrorIs(t, err, rollout.ErrEnded)
	})
}

// A router in the host's own process dies with it. The next process gives the traffic back to what
// runs before it waits for anything.
func TestRouterForgetsOverARestart(t *testing.T) {
	for _, back := range []bool{false, true} {
		bubble(t, fmt.Sprintf("back=%t", back), func(t *testing.T) {
			s := strategy.Rolling{Surge: strategy.Count(1), Unavailable: strategy.Count(0), Gates: []string{"errors"}}
			c := newScene(t, s, 4)
			c.world.Limit(strategy.Limits{})
			c.world.Behave = func(p strategy.Pool, n int) strategytest.Behaviour {
				if n >= 2 && p == freshPool || n >= 4 && p == oldPool {
					return strategytest.Behaviour{Start: 5 * time.Minute}
				}
				return strategytest.Behaviour{}
			}
			if back {
				c.options.Gates["errors"] = gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
					if strings.HasPrefix(s.Step, "step 2") {
						return gate.Verdict{Outcome: gate.Fail, Reason: "5xx"}, nil
					}
					return gate.Verdict{Outcome: gate.Pass, Reason: "fine"}, nil
				})
			}
			c.world.Before = func(string) error {
				if last := len(c.points) - 1; last >= 0 && (!back && c.points[last].Step == 2 || c.points[last].Back) {
					runtime.Goexit()
				}
				return nil
			}
			require.True(t, dies(func() { _, _ = c.rollout().Run(t.Context()) }))
			c.world.Before = nil
			c.world.Meddle(func(table *rollout.Table) { *table = rollout.Table{} })

			var lit time.Duration
			start := time.Now()
			c.world.OnTable(func(table rollout.Table) {
				if lit == 0 && len(table.Routes) > 0 {
					lit = time.Since(start) + 1
				}
			})
			r, err := rollout.Resume(c.world.Target(), c.plan, c.points[len(c.points)-1], c.options)
			require.NoError(t, err)
			_, err = r.Run(t.Context())
			want := stableAt(v2, 4)
			if back {
				require.Error(t, err)
				want = stableAt(v1, 4)
			} else {
				require.NoError(t, err)
			}
			assert.NotZero(t, lit)
			assert.Less(t, lit, 10*time.Second)
			c.ends(want)
		})
	}
}

func TestCheckpointLost(t *testing.T) {
	full := errors.New("disk full")
	bubble(t, "on the way forward", func(t *testing.T) {
		for at := 1; at < 6; at++ {
			c := newScene(t, canary(), 3)
			n := 0
			c.options.Checkpoint = func(context.Context, rollout.Checkpoint) error {
				if n++; n >= at {
					return full
				}
				return nil
			}
			result, err := c.rollout().Run(context.Background())
			assert.Equal(t, rollout.Interrupted, result.Outcome)
			require.ErrorIs(t, err, rollout.ErrCheckpoint)
			require.ErrorIs(t, err, full)
		}
	})
	bubble(t, "on the way back", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.Gates["errors"] = answering(gate.Fail)
		c.options.Checkpoint = func(_ context.Context, p rollout.Checkpoint) error {
			if p.Back {
				return full
			}
			return nil
		}
		result, _ := c.run(stableAt(v1, 3))
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.Positive(t, c.count(rollout.CheckpointLost))
	})
}

func TestWiringNamesEveryProblem(t *testing.T) {
	plan, err := strategy.Canary{
		Sticky: true,
		Steps: []strategy.CanaryStep{
			{Match: []strategy.Match{{Header: "X-Canary", Value: "on"}}},
			{Mirror: strategy.Percent(10)},
			{Share: strategy.Percent(10), Gates: []string{"latency", "errors"}},
		},
	}.Plan(stableAt(v1, 3), v2)
	require.NoError(t, err)
	w := &strategytest.World{}
	target, err := rollout.Compose(w.Fleet(), plainRouter{w.Router()}, rollout.ComposeOptions{})
	require.NoError(t, err)
	_, err = rollout.New(target, plan, rollout.Options{
		Gates:      map[string]gate.Gate{"errors": gate.ErrorRate{Max: 2}},
		CrashLimit: -1, Poll: -1, Drift: "fight",
	})
	require.Error(t, err)
	for _, text := range []string{
		`no such gate: "latency"`, "Steps[2].Gates", "header X-Canary=on", "mirrors 10%", "keeps clients",
		"ErrorRate.Max", "ErrorRate.Source", "Options.CrashLimit", "Options.Poll", "Options.Drift",
	} {
		assert.ErrorContains(t, err, text)
	}
	require.ErrorIs(t, err, rollout.ErrNoGate)

	_, err = rollout.New(nil, plan, rollout.Options{})
	require.ErrorContains(t, err, "target is nil")
	_, err = rollout.Compose(nil, nil, rollout.ComposeOptions{DrainDelay: -1})
	for _, text := range []string{"fleet is nil", "router is nil", "ComposeOptions.DrainDelay"} {
		require.ErrorContains(t, err, text)
	}
}

// plainRouter hides all abilities.
type plainRouter struct{ rollout.Router }

// wrapped shows what it wraps.
type wrapped struct{ rollout.Router }

func (w wrapped) Unwrap() any { return w.Router }

func TestWrappingLosesNoAbility(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		s := canary()
		s.Sticky = true
		c := newScene(t, s, 3)
		target, err := rollout.Compose(c.world.Fleet(), wrapped{wrapped{c.world.Router()}}, rollout.ComposeOptions{})
		require.NoError(t, err)
		r, err := rollout.New(target, c.plan, c.options)
		require.ErrorIs(t, err, nil)
		// The world does not stick yet: what is there must be what the plan starts from.
		c.world.Meddle(func(table *rollout.Table) { table.Sticky = c.plan.From.Sticky })
		_, err = r.Run(context.Background())
		require.NoError(t, err)
		assert.Empty(t, c.world.Violations())
	})
}

func TestUnsafePlanIsRefused(t *testing.T) {
	plan, err := canary().Plan(stableAt(v1, 3), v2)
	require.NoError(t, err)
	plan.Limits.MinAvailable = 4
	_, err = rollout.New((&strategytest.World{}).Target(), plan, rollout.Options{Gates: map[string]gate.Gate{"errors": passing}})
	var violation *strategy.Violation
	require.ErrorAs(t, err, &violation)
}

func TestEventsAreInOrder(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		assert.True(t, slices.IsSortedFunc(c.events, func(a, b rollout.Event) int { return a.At.Compare(b.At) }))
		for i, e := range c.events {
			assert.NotEmpty(t, e.Kind, i)
			assert.NotEmpty(t, e.Text, fmt.Sprint(e.Kind))
			assert.Equal(t, len(c.plan.Steps), e.Steps)
		}
		assert.Equal(t, rollout.Ended, c.events[len(c.events)-1].Kind)
	})
}
