package rollout_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// The commonest harm is a new revision that hangs or dies. The way back does not wait for it, does not
// start it again, and is over in the time that it takes to start and stop what is needed.
func TestTheWayBackNeedsNothingOfTheBroken(t *testing.T) {
	for name, s := range strategies() {
		if name == "no surge" {
			continue // it has no gate that would see the harm
		}
		for harm, b := range map[string]strategytest.Behaviour{
			"hangs":   {Unready: []strategytest.Stretch{{From: 8 * time.Second, To: 100 * time.Hour}}},
			"crashes": {Crash: 8 * time.Second, Reason: "out of memory"},
		} {
			bubble(t, name+" "+harm, func(t *testing.T) {
				c := newScene(t, s, 4)
				c.world.Limit(strategy.Limits{MaxTotal: c.plan.Limits.MaxTotal})
				started := 0
				c.world.Behave = func(p strategy.Pool, n int) strategytest.Behaviour {
					if p.Revision != v2 {
						return strategytest.Behaviour{}
					}
					started++
					return b
				}
				c.options.CrashLimit = 1000
				c.options.Gates["errors"] = gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
					if s.Now.Sub(s.Since) >= 9*time.Second {
						return gate.Verdict{Outcome: gate.Fail, Reason: "everything fails"}, nil
					}
					return gate.Verdict{Outcome: gate.Continue, Reason: "too early"}, nil
				})
				var back time.Time
				before := 0
				notify := c.options.Notify
				c.options.Notify = func(e rollout.Event) {
					notify(e)
					if e.Kind == rollout.GoingBack {
						back, before = e.At, started
					}
				}
				result, err := c.run(stableAt(v1, 4))
				require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
				assert.Less(t, time.Since(back), 30*time.Second)
				assert.Equal(t, before, started, "nothing of the broken revision is started on the way back")
			})
		}
	}
}

// What has nobody to answer gives its traffic away at once, for good, and keeps none for flapping.
func TestTheWayBackRelievesTheDead(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Canary{DynamicStable: true, Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: time.Hour, Gates: []string{"errors"}}}}, 10)
		c.world.Limit(strategy.Limits{})
		var flaps []strategytest.Stretch
		for at := 20 * time.Second; at < time.Hour; at += 10 * time.Second {
			flaps = append(flaps, strategytest.Stretch{From: at, To: at + 7*time.Second})
		}
		c.world.Behave = func(p strategy.Pool, n int) strategytest.Behaviour {
			if p == freshPool {
				return strategytest.Behaviour{Unready: flaps}
			}
			return strategytest.Behaviour{Start: time.Minute} // the old ones take their time to come back
		}
		c.options.Gates["errors"] = gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			if s.Now.Sub(s.Since) > 18*time.Second {
				return gate.Verdict{Outcome: gate.Fail, Reason: "everything fails"}, nil
			}
			return gate.Verdict{Outcome: gate.Continue, Reason: "too early"}, nil
		})
		var shares []strategy.Share
		c.world.OnTable(func(table rollout.Table) {
			share := strategy.Share{}
			for _, r := range table.Routes {
				if r.Pool == freshPool {
					share = r.Share
				}
			}
			if len(shares) == 0 || shares[len(shares)-1] != share {
				shares = append(shares, share)
			}
		})
		_, _ = c.run(stableAt(v1, 10))
		assert.Equal(t, []strategy.Share{strategy.Percent(50), {}}, shares)
		assert.True(t, c.points[len(c.points)-1].Relieved, "a process that goes on from here knows it")
	})
}

// While the new instances cannot carry the traffic, no old one is stopped.
func TestShrinkWaitsForTheNew(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.BlueGreen{Deadline: 2 * time.Minute}, 4)
		c.world.Limit(strategy.Limits{})
		c.world.Request = 10 * time.Second // the old side drains for so long
		c.world.Behave = on(v2, strategytest.Behaviour{Unready: []strategytest.Stretch{{From: 6 * time.Second, To: time.Minute}}})
		least := 100
		notify := c.options.Notify
		c.options.Notify = func(e rollout.Event) {
			notify(e)
			if o := e.Observed; o != nil && o.Pool(freshPool).Available < 4 {
				least = min(least, o.Pool(oldPool).Running)
			}
		}
		_, err := c.run(stableAt(v2, 4))
		require.NoError(t, err)
		assert.Equal(t, 4, least)
	})
}

// A stable revision that was broken before is no reason not to replace it, nor not to go back.
func TestBrokenBefore(t *testing.T) {
	for name, s := range strategies() {
		if name == "dynamic" {
			continue // it has a baseline, which is of the broken revision
		}
		for _, outcome := range []gate.Outcome{gate.Pass, gate.Fail} {
			bubble(t, name+" "+string(outcome), func(t *testing.T) {
				c := newScene(t, s, 4)
				c.world.Limit(strategy.Limits{MaxTotal: c.plan.Limits.MaxTotal})
				c.world.Behave = on(v1, strategytest.Behaviour{NeverReady: true})
				c.world.Kill(oldPool, 1, "why we hurry")
				c.options.Gates["errors"] = answering(outcome)
				result, err := c.rollout().Run(t.Context())
				gated := len(c.plan.Gates()) > 0
				switch {
				case outcome == gate.Pass || !gated:
					require.NoError(t, err)
				case name == "canary" || name == "blue-green":
					require.Equal(t, rollout.RolledBack, result.Outcome, "%v", err)
				default: // old instances that were stopped cannot come back: that is told
					require.Contains(t, []rollout.Outcome{rollout.RolledBack, rollout.RollbackFailed}, result.Outcome)
				}
			})
		}
	}
}

func TestResumedWayBackIsCheckedAgainstThePlan(t *testing.T) {
	c := newScene(t, canary(), 3)
	for want, p := range map[string]rollout.Checkpoint{
		"belongs to plan":          {Plan: "sha256:other"},
		"Checkpoint.Step":          {Plan: c.plan.Hash(), Step: len(c.plan.Steps)},
		"Checkpoint.Step: there":   {Plan: c.plan.Hash(), Step: -1},
		"Checkpoint.BackStep":      {Plan: c.plan.Hash(), Back: true, BackStep: -1},
		"BackStep: there is no":    {Plan: c.plan.Hash(), Back: true, BackStep: 99},
		"Short (-1)":               {Plan: c.plan.Hash(), Short: -1},
		"the rollout has ended":    {Plan: c.plan.Hash(), Outcome: rollout.Promoted},
		"Checkpoint: Degraded (-1": {Plan: c.plan.Hash(), Degraded: -1},
	} {
		_, err := rollout.Resume(c.world.Target(), c.plan, p, c.options)
		require.ErrorContains(t, err, want, fmt.Sprintf("%+v", p))
	}
}

// The way back that is resumed ends as one that was not interrupted.
func TestResumeOnTheWayBack(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		c.options.Gates["errors"] = answering(gate.Fail)
		c.options.Checkpoint = func(_ context.Context, p rollout.Checkpoint) error {
			if c.points = append(c.points, p); p.Back {
				runtime.Goexit()
			}
			return nil
		}
		require.True(t, dies(func() { _, _ = c.rollout().Run(t.Context()) }))
		last := c.points[len(c.points)-1]
		c.options.Checkpoint = nil
		r, err := rollout.Resume(c.world.Target(), c.plan, last, c.options)
		require.NoError(t, err)
		assert.ErrorIs(t, r.Abort("ada", "me too"), rollout.ErrGoingBack)
		result, err := r.Run(t.Context())
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.ErrorContains(t, err, `gate "errors" says fail`)
		c.ends(stableAt(v1, 3))
	})
}
