package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

var (
	v1 = strategy.Revision{Version: "1.0.0", Digest: "sha256:1111111111111111"}
	v2 = strategy.Revision{Version: "1.1.0", Digest: "sha256:2222222222222222"}
	v3 = strategy.Revision{Version: "9.9.9", Digest: "sha256:3333333333333333"}
)

// stableAt is a state in which a revision runs alone.
func stableAt(r strategy.Revision, n int) strategy.State {
	return strategy.State{Stable: strategy.Group{Revision: r, Replicas: n, Share: strategy.All()}}
}

// passing is a gate that always passes.
var passing = gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
	return gate.Verdict{Outcome: gate.Pass, Reason: "all is well"}, nil
})

// answering is a gate that gives its answers one after the other, and the last one for ever.
func answering(outcomes ...gate.Outcome) gate.Gate {
	return gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		o := outcomes[0]
		if len(outcomes) > 1 {
			outcomes = outcomes[1:]
		}
		if o == "" {
			return gate.Verdict{}, errors.New("the source is down")
		}
		return gate.Verdict{Outcome: o, Reason: "as the script says"}, nil
	})
}

func canary() strategy.Canary {
	return strategy.Canary{
		Steps: []strategy.CanaryStep{
			{Share: strategy.Percent(10), Bake: 20 * time.Second, Gates: []string{"errors"}},
			{Share: strategy.Percent(50), Bake: 20 * time.Second, Gates: []string{"errors"}},
		},
		Deadline: 2 * time.Minute,
	}
}

// scene is a world with a plan on it.
type scene struct {
	t       *testing.T
	world   *strategytest.World
	plan    strategy.Plan
	options rollout.Options
	events  []rollout.Event
	points  []rollout.Checkpoint
	cluster bool // its target does more by itself
}

// target is the world's, as a new process sees it.
func (c *scene) target() rollout.Target {
	if c.cluster || c.plan.Needs().Native {
		return c.world.Cluster()
	}
	return c.world.Target()
}

func newScene(t *testing.T, s strategy.Strategy, replicas int) *scene {
	t.Helper()
	c := &scene{t: t, world: &strategytest.World{}}
	c.world.Put(stableAt(v1, replicas))
	plan, err := s.Plan(stableAt(v1, replicas), v2)
	require.NoError(t, err)
	c.plan = plan
	c.world.Limit(plan.Limits)
	c.options = rollout.Options{
		Poll:   time.Second,
		Gates:  map[string]gate.Gate{"errors": passing},
		Notify: func(e rollout.Event) { c.events = append(c.events, e) },
		Checkpoint: func(_ context.Context, p rollout.Checkpoint) error {
			c.points = append(c.points, p)
			return nil
		},
	}
	return c
}

func (c *scene) rollout() *rollout.Rollout {
	c.t.Helper()
	r, err := rollout.New(c.target(), c.plan, c.options)
	require.NoError(c.t, err)
	return r
}

// run runs the rollout and holds the world against the state that it must end in.
func (c *scene) run(want strategy.State) (rollout.Result, error) {
	c.t.Helper()
	result, err := c.rollout().Run(context.Background())
	c.ends(want)
	return result, err
}

func (c *scene) ends(want strategy.State) {
	c.t.Helper()
	o, err := c.target().Observe(context.Background())
	require.NoError(c.t, err)
	assert.Empty(c.t, o.Missing(want))
	assert.Empty(c.t, c.world.Violations())
}

func (c *scene) count(kind rollout.EventKind) int {
	n := 0
	for _, e := range c.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// bubble runs f in virtual time.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func strategies() map[string]strategy.Strategy {
	hold := strategy.Hold{Bake: 15 * time.Second, Gates: []string{"errors"}}
	return map[string]strategy.Strategy{
		"rolling":    strategy.Rolling{MinReady: 2 * time.Second, Bake: 10 * time.Second, Gates: []string{"errors"}},
		"no surge":   strategy.Rolling{Surge: strategy.Count(0), Unavailable: strategy.Count(2)},
		"one step":   strategy.Rolling{Surge: strategy.PercentOf(100), Bake: 15 * time.Second, Gates: []string{"errors"}},
		"blue-green": strategy.BlueGreen{Preview: strategy.Count(1), Before: hold, After: hold, Warm: 20 * time.Second},
		"canary":     canary(),
		"dynamic":    strategy.Canary{Steps: canary().Steps, DynamicStable: true, Baseline: true},
		"native":     strategy.Native{MinReady: 2 * time.Second, After: hold},
		"recreate":   strategy.Recreate{Bake: 20 * time.Second, Gates: []string{"errors"}},
	}
}

func TestPromotes(t *testing.T) {
	for name, s := range strategies() {
		for _, replicas := range []int{1, 2, 3, 10} {
			bubble(t, fmt.Sprintf("%s x%d", name, replicas), func(t *testing.T) {
				c := newScene(t, s, replicas)
				result, err := c.run(stableAt(v2, replicas))
				require.NoError(t, err)
				assert.Equal(t, rollout.Promoted, result.Outcome)
				assert.Equal(t, len(c.plan.Steps), c.count(rollout.StepDone))
				assert.Equal(t, rollout.Promoted, c.points[len(c.points)-1].Outcome)
			})
		}
	}
}

func TestFirstRelease(t *testing.T) {
	for name, s := range map[string]strategy.Strategy{
		"rolling":    strategy.Rolling{Replicas: 3},
		"blue-green": strategy.BlueGreen{Replicas: 3},
		"canary":     strategy.Canary{Replicas: 3},
		"recreate":   strategy.Recreate{Replicas: 3},
	} {
		bubble(t, name, func(t *testing.T) {
			plan, err := s.Plan(strategy.State{}, v1)
			require.NoError(t, err)
			w := &strategytest.World{}
			r, err := rollout.New(w.Target(), plan, rollout.Options{})
			require.NoError(t, err)
			result, err := r.Run(context.Background())
			require.NoError(t, err)
			assert.Empty(t, result.Observed.Missing(stableAt(v1, 3)))
			assert.Empty(t, w.Violations())
		})
	}
}

// Harm at any step takes everything back, within the limits.
func TestGateFailsAtEachStep(t *testing.T) {
	for name, s := range strategies() {
		for failing := range 12 {
			bubble(t, fmt.Sprintf("%s step %d", name, failing), func(t *testing.T) {
				c := newScene(t, s, 4)
				asked := map[string]bool{}
				c.options.Gates["errors"] = gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
					asked[s.Step] = true
					if len(asked) > failing {
						return gate.Verdict{Outcome: gate.Fail, Reason: "5xx"}, nil
					}
					return gate.Verdict{Outcome: gate.Pass}, nil
				})
				gated := 0
				for _, step := range c.plan.Steps {
					if len(step.Gates) > 0 {
						gated++
					}
				}
				if failing >= gated {
					_, err := c.run(stableAt(v2, 4))
					require.NoError(t, err)
					return
				}
				result, err := c.run(stableAt(v1, 4))
				var failure *rollout.Error
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, rollout.RolledBack, result.Outcome)
				var harm *rollout.GateError
				require.ErrorAs(t, err, &harm)
				assert.Equal(t, "errors", harm.Verdict.Gate)
				assert.NotEmpty(t, result.Verdicts)
			})
		}
	}
}

// An abort at any instant ends all-old. The instants are the calls of the target, every one of them.
func TestAbortAtEveryCall(t *testing.T) {
	for name, s := range strategies() {
		bubble(t, name, func(t *testing.T) {
			for n := 1; ; n += stride {
				c := newScene(t, s, 3)
				calls := 0
				var r *rollout.Rollout
				c.world.Before = func(string) error {
					if calls++; calls == n {
						assert.NoError(t, r.Abort("ada", "a bad feeling"))
					}
					return nil
				}
				r = c.rollout()
				result, err := r.Run(context.Background())
				c.world.Before = nil
				if calls < n {
					require.NoError(t, err)
					return
				}
				c.ends(stableAt(v1, 3))
				var abort *rollout.AbortError
				require.ErrorAs(t, err, &abort)
				want := rollout.RolledBack
				if c.count(rollout.StepStarted) == 0 {
					want = rollout.Refused // nothing was moved, so nothing is taken back
				}
				require.Equal(t, want, result.Outcome)
				require.Equal(t, "ada", abort.By)
			}
		})
	}
}

// Killed at every call of the target, and resumed by a new process that knows nothing but the
// plan and the last checkpoint, a rollout ends as one that was never killed.
func TestResumeAfterDeathAtEveryCall(t *testing.T) {
	for name, s := range strategies() {
		for _, harm := range []bool{false, true} {
			bubble(t, fmt.Sprintf("%s harm=%t", name, harm), func(t *testing.T) {
				for n := 1; ; n += stride {
					if !dieAndResume(t, s, n, harm) {
						return
					}
				}
			})
		}
	}
}

// dies reports whether the function ended its goroutine by runtime.Goexit, in a call of the target: the nearest
// that comes to the death of a process. A panic there is no death: see TestPanicOfTheTarget.
func dies(f func()) (died bool) {
	died = true
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
		died = false
	}()
	<-done
	return died
}

// dieAndResume reports whether the rollout got as far as its n-th call.
func dieAndResume(t *testing.T, s strategy.Strategy, n int, harm bool) bool {
	c := newScene(t, s, 3)
	if harm {
		c.options.Gates["errors"] = gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			if s.Now.Sub(s.Since) > 5*time.Second {
				return gate.Verdict{Outcome: gate.Fail, Reason: "5xx"}, nil
			}
			return gate.Verdict{Outcome: gate.Pass}, nil
		})
	}
	calls := 0
	c.world.Before = func(string) error {
		if calls++; calls == n {
			runtime.Goexit()
		}
		return nil
	}
	var err error
	alive := !dies(func() { _, err = c.rollout().Run(context.Background()) })
	c.world.Before = nil
	if !alive {
		time.Sleep(17 * time.Second) // the world goes on meanwhile
		if len(c.points) == 0 {
			_, err = c.rollout().Run(context.Background())
		} else {
			r, wired := rollout.Resume(c.target(), c.plan, c.points[len(c.points)-1], c.options)
			require.NoError(t, wired)
			_, err = r.Run(context.Background())
		}
	}
	gated := false
	for _, step := range c.plan.Steps {
		gated = gated || len(step.Gates) > 0
	}
	if harm && gated {
		var failure *rollout.Error
		require.ErrorAs(t, err, &failure, "died at call %d", n)
		require.Equal(t, rollout.RolledBack, failure.Outcome, "died at call %d: %v", n, err)
		c.ends(stableAt(v1, 3))
	} else {
		require.NoError(t, err, "died at call %d", n)
		c.ends(stableAt(v2, 3))
	}
	return !alive
}
