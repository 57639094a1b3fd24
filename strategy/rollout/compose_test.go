package rollout_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

func compose(t *testing.T, f rollout.Fleet, r rollout.Router, o rollout.ComposeOptions) *rollout.Composed {
	t.Helper()
	target, err := rollout.Compose(f, r, o)
	require.NoError(t, err)
	return target
}

// pass applies a state once, and looks.
func pass(t *testing.T, target rollout.Target, s strategy.State) rollout.Observation {
	t.Helper()
	require.NoError(t, target.Apply(t.Context(), s))
	o, err := target.Observe(t.Context())
	require.NoError(t, err)
	return o
}

func half(old, fresh int) strategy.State {
	return strategy.State{
		Stable:    strategy.Group{Revision: v1, Replicas: old, Share: strategy.Percent(50)},
		Candidate: strategy.Group{Revision: v2, Replicas: fresh, Share: strategy.Percent(50)},
	}
}

var oldPool, freshPool = strategy.Pool{Revision: v1}, strategy.Pool{Revision: v2}

// Whatever state Apply is asked for at once, it starts, routes and stops in that order.
func TestApplyKeepsTheOrder(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := &strategytest.World{Start: 10 * time.Second, Stop: 10 * time.Second, Request: 10 * time.Second}
		w.Put(stableAt(v1, 2))
		target := w.Target()
		for _, c := range []struct {
			after     time.Duration
			old       int
			stopping  int
			available int
			share     strategy.Share
		}{
			{0, 2, 0, 0, strategy.Share{}},
			{9 * time.Second, 2, 0, 0, strategy.Share{}}, // the new ones are not ready: all as it was
			{2 * time.Second, 2, 0, 2, strategy.All()},   // ready: routed, the old ones drain
			{9 * time.Second, 2, 0, 2, strategy.All()},   // requests are in flight on them still
			{2 * time.Second, 0, 2, 2, strategy.All()},   // drained: stopped
			{9 * time.Second, 0, 2, 2, strategy.All()},   // they take their time
			{11 * time.Second, 0, 0, 2, strategy.All()},  // gone
			{100 * time.Second, 0, 0, 2, strategy.All()}, // and nothing more happens
		} {
			time.Sleep(c.after)
			o := pass(t, target, stableAt(v2, 2))
			assert.Equal(t, c.old, o.Pool(oldPool).Running)
			assert.Equal(t, c.stopping, o.Pool(oldPool).Stopping)
			assert.Equal(t, c.available, o.Pool(freshPool).Available)
			assert.Equal(t, c.share, o.TrafficOf(freshPool).Share)
		}
		assert.Empty(t, w.Violations())
	})
}

func TestMinReadyKeepsAnInstanceFromTraffic(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := &strategytest.World{}
		w.Put(stableAt(v1, 1))
		target := w.Target()
		s := half(1, 1)
		s.MinReady = time.Minute
		pass(t, target, s)
		time.Sleep(30 * time.Second)
		o := pass(t, target, s)
		assert.Equal(t, rollout.PoolStatus{Pool: freshPool, Running: 1, Ready: 1}, o.Pool(freshPool))
		assert.Zero(t, o.TrafficOf(freshPool).Share)
		time.Sleep(time.Minute)
		assert.Empty(t, pass(t, target, s).Missing(s))
	})
}

// deaf hides that the router can tell what is in flight.
type deaf struct{ rollout.Router }

func TestWithoutADrainerTimeMustPass(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := &strategytest.World{Request: 4 * time.Second}
		w.Put(stableAt(v1, 3))
		target := compose(t, w.Fleet(), deaf{w.Router()}, rollout.ComposeOptions{})
		assert.Equal(t, 3, pass(t, target, stableAt(v1, 1)).Pool(oldPool).Running)
		time.Sleep(4900 * time.Millisecond)
		assert.Equal(t, 3, pass(t, target, stableAt(v1, 1)).Pool(oldPool).Running)
		time.Sleep(200 * time.Millisecond)
		assert.Equal(t, 1, pass(t, target, stableAt(v1, 1)).Pool(oldPool).Running)
		assert.Empty(t, w.Violations())
	})
}

func TestDrainTimeoutIsTold(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		var log bytes.Buffer
		w := &strategytest.World{Request: time.Hour}
		w.Put(stableAt(v1, 2))
		target := compose(t, w.Fleet(), w.Router(), rollout.ComposeOptions{
			DrainTimeout: time.Minute, Logger: hclog.New(&hclog.LoggerOptions{Output: &log}),
		})
		pass(t, target, stableAt(v1, 1))
		time.Sleep(59 * time.Second)
		assert.Equal(t, 2, pass(t, target, stableAt(v1, 1)).Pool(oldPool).Running)
		assert.Empty(t, log.String())
		time.Sleep(2 * time.Second)
		assert.Equal(t, 1, pass(t, target, stableAt(v1, 1)).Pool(oldPool).Running)
		assert.Contains(t, log.String(), "with requests in flight")
		assert.Equal(t, 1, strings.Count(log.String(), "\n"))
		assert.Len(t, w.Violations(), 1, "the world saw it too")
	})
}

// While nobody of a group can answer, its last instances keep their requests: one that may fail is
// better than one that must.
func TestNobodyReady(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := &strategytest.World{}
		w.Put(stableAt(v1, 2))
		w.Behave = func(strategy.Pool, int) strategytest.Behaviour {
			return strategytest.Behaviour{Unready: []strategytest.Stretch{{From: time.Minute, To: 2 * time.Minute}}}
		}
		target := w.Target()
		pass(t, target, stableAt(v2, 2))
		time.Sleep(30 * time.Second)
		require.Equal(t, strategy.All(), pass(t, target, stableAt(v2, 2)).TrafficOf(freshPool).Share)
		time.Sleep(40 * time.Second)
		o := pass(t, target, stableAt(v2, 2))
		assert.Zero(t, o.Pool(freshPool).Available)
		table, err := w.Router().Table(t.Context())
		require.NoError(t, err)
		assert.Len(t, table.Routes[0].Backends, 2)
	})
}

// The split stays when a group that shall get traffic has nobody; those who were to leave stay too.
func TestSplitWaitsForInstances(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := &strategytest.World{Behave: on(v2, strategytest.Behaviour{NeverReady: true})}
		w.Put(stableAt(v1, 2))
		target := w.Target()
		for range 10 {
			o := pass(t, target, stableAt(v2, 2))
			assert.Equal(t, strategy.All(), o.TrafficOf(oldPool).Share)
			assert.Equal(t, 2, o.Pool(oldPool).Available)
			time.Sleep(time.Minute)
		}
		assert.Empty(t, w.Violations())
	})
}

func TestFailedInstancesAreReplacedAtAPace(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := &strategytest.World{Behave: on(v2, strategytest.Behaviour{Crash: time.Millisecond, Reason: "no database"})}
		w.Put(stableAt(v1, 1))
		target := compose(t, w.Fleet(), w.Router(), rollout.ComposeOptions{RestartBackoff: time.Second})
		var starts []time.Duration
		begin, known := time.Now(), 0
		for time.Since(begin) < 2*time.Minute {
			o := pass(t, target, half(1, 1))
			if n := len(o.Pool(freshPool).Failures) + o.Pool(freshPool).Running; n > known {
				known = n
				starts = append(starts, time.Since(begin))
			}
			time.Sleep(100 * time.Millisecond)
		}
		for i, wait := range []time.Duration{0, 1, 2, 4, 8, 16, 16} { // the first is replaced at once
			assert.InDelta(t, wait*time.Second, starts[i+1]-starts[i], float64(500*time.Millisecond), "replacement %d", i+1)
		}
	})
}

// proof is a router that is verified by more than reading back.
type proof struct {
	rollout.Router
	fails int
	asked int
}

func (p *proof) Unwrap() any { return p.Router }

func (p *proof) Verify(context.Context, rollout.Table) error {
	if p.asked++; p.asked <= p.fails {
		return errors.New("one listener still has the old table")
	}
	return nil
}

func TestVerifier(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, canary(), 3)
		p := &proof{Router: c.world.Router(), fails: 3}
		target := compose(t, c.world.Fleet(), p, rollout.ComposeOptions{})
		r, err := rollout.New(target, c.plan, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		assert.Greater(t, p.asked, 3)
		c.ends(stableAt(v2, 3))

		c = newScene(t, canary(), 3)
		p = &proof{Router: c.world.Router(), fails: 1 << 30}
		r, err = rollout.New(compose(t, c.world.Fleet(), p, rollout.ComposeOptions{}), c.plan, c.options)
		require.NoError(t, err)
		result, err := r.Run(t.Context())
		require.ErrorContains(t, err, "one listener still has the old table")
		assert.Equal(t, rollout.RollbackFailed, result.Outcome, "the way back cannot be verified either")
	})
}

func TestObservationInWords(t *testing.T) {
	o := rollout.Observation{
		Pools:   []rollout.PoolStatus{{Pool: oldPool, Running: 2, Ready: 1, Available: 1}, {Pool: freshPool, Running: 1, Ready: 1, Available: 1}},
		Traffic: []rollout.Traffic{{Pool: oldPool, Share: strategy.Percent(90)}, {Pool: freshPool, Share: strategy.Percent(10)}},
	}
	assert.Equal(t, "1.0.0@111111111111: 1 of 2 available, gets 90%; 1.1.0@222222222222: 1 of 1 available, gets 10%", o.String())
	assert.Equal(t, "nothing runs", rollout.Observation{}.String())
	for want, s := range map[string]strategy.State{
		"stable 1.0.0@111111111111 has 1 of 2 instances available (1 ready, 2 running); stable 1.0.0@111111111111 gets 90%, not 50%":                                                              half(2, 1),
		"stable 1.0.0@111111111111 still runs 2 instances, 1 are wanted; stable 1.0.0@111111111111 gets 90%, not 50%":                                                                             half(1, 1),
		"stable 1.1.0@222222222222 has 1 of 3 instances available (1 ready, 1 running); 1.0.0@111111111111 still runs 2 instances, none are wanted; stable 1.1.0@222222222222 gets 10%, not 100%": stableAt(v2, 3),
	} {
		assert.Equal(t, want, o.Missing(s))
	}
	matched := strategy.State{Stable: strategy.Group{Revision: v1, Replicas: 1, Share: strategy.All()},
		Candidate: strategy.Group{Revision: v2, Replicas: 1, Match: []strategy.Match{{Cookie: "beta", Value: "1"}}, Mirror: strategy.Percent(5)}}
	o = rollout.Observation{Pools: []rollout.PoolStatus{{Pool: oldPool, Running: 1, Ready: 1, Available: 1}, {Pool: freshPool, Running: 1, Ready: 1, Available: 1}},
		Traffic: []rollout.Traffic{{Pool: oldPool, Share: strategy.All()}}}
	assert.Equal(t, "candidate 1.1.0@222222222222 gets 0%, not 0%, cookie beta=1, a copy of 5%", o.Missing(matched))
	sticky := stableAt(v1, 1)
	sticky.Sticky = true
	o.Pools = o.Pools[:1]
	assert.Equal(t, "sticky sessions are false, not true", o.Missing(sticky))
}
