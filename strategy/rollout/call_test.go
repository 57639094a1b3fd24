package rollout_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// odd is a target with other methods.
type odd struct {
	rollout.Target
	observe func(context.Context) (rollout.Observation, error)
	apply   func(context.Context, strategy.State) error
}

func (o odd) Unwrap() any { return o.Target }

func (o odd) Observe(ctx context.Context) (rollout.Observation, error) {
	if o.observe != nil {
		return o.observe(ctx)
	}
	return o.Target.Observe(ctx)
}

func (o odd) Apply(ctx context.Context, s strategy.State) error {
	if o.apply != nil {
		return o.apply(ctx, s)
	}
	return o.Target.Apply(ctx, s)
}

// A target that panics harms the release and not the host: what was begun is taken back.
func TestPanicOfTheTarget(t *testing.T) {
	var none map[string]int
	bubble(t, "where the new revision is to run", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Deadline: time.Minute}, 3)
		var log bytes.Buffer
		c.options.Logger = hclog.New(&hclog.LoggerOptions{Output: &log})
		inner := c.target()
		r, err := rollout.New(odd{Target: inner, apply: func(ctx context.Context, s strategy.State) error {
			if s.On(v2).Compare(strategy.Percent(50)) > 0 {
				none["x"] = 1
			}
			return inner.Apply(ctx, s)
		}}, c.plan, c.options)
		require.NoError(t, err)
		result, err := r.Run(t.Context())
		assert.Equal(t, rollout.RolledBack, result.Outcome)
		assert.ErrorContains(t, err, "the target panicked: assignment to entry in nil map")
		assert.Contains(t, log.String(), "call_test.go", "where it panicked")
		assert.Equal(t, 1, strings.Count(log.String(), "[ERROR] rollout: the target panicked"), "it is told once")
		c.ends(stableAt(v1, 3))
	})
	bubble(t, "where it is looked at, and only once", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{}, 3)
		inner, looks := c.target(), 0
		r, err := rollout.New(odd{Target: inner, observe: func(ctx context.Context) (rollout.Observation, error) {
			if looks++; looks == 3 {
				none["x"] = 1
			}
			return inner.Observe(ctx)
		}}, c.plan, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 3))
	})
	bubble(t, "outside of a rollout", func(t *testing.T) {
		target := odd{observe: func(context.Context) (rollout.Observation, error) { panic("no map") }}
		_, err := rollout.Current(t.Context(), target)
		assert.ErrorContains(t, err, "the target panicked: no map")
		err = rollout.Relight(t.Context(), target, stableAt(v1, 1), rollout.Options{})
		assert.ErrorContains(t, err, "the target panicked: no map")
	})
}

// What a target says that it cannot do ends the step at once, also where it is looked at.
func TestPermanentWhereItIsLookedAt(t *testing.T) {
	gone := rollout.Permanent(errors.New("the credentials were revoked"))
	for _, from := range []struct {
		name  string
		looks int
		want  rollout.Outcome
	}{{"before anything moves", 1, rollout.Refused}, {"on the way", 3, rollout.RollbackFailed}} {
		bubble(t, from.name, func(t *testing.T) {
			c := newScene(t, strategy.Rolling{}, 3)
			inner, looks, start := c.target(), 0, time.Now()
			r, err := rollout.New(odd{Target: inner, observe: func(ctx context.Context) (rollout.Observation, error) {
				if looks++; looks >= from.looks {
					return rollout.Observation{}, gone
				}
				return inner.Observe(ctx)
			}}, c.plan, c.options)
			require.NoError(t, err)
			result, err := r.Run(t.Context())
			assert.Equal(t, from.want, result.Outcome)
			assert.ErrorIs(t, err, gone)
			assert.Less(t, time.Since(start), time.Minute, "it is not waited for")
		})
	}
}

// A target that minds no context holds up everything, and is named for it.
func TestCallThatDoesNotReturn(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{}, 3)
		var log bytes.Buffer
		c.options.Logger = hclog.New(&hclog.LoggerOptions{Output: &log})
		inner, hangs := c.target(), make(chan struct{})
		r, err := rollout.New(odd{Target: inner, apply: func(ctx context.Context, s strategy.State) error {
			<-hangs
			return inner.Apply(context.WithoutCancel(ctx), s)
		}}, c.plan, c.options)
		require.NoError(t, err)
		done := make(chan struct{})
		go func() { defer close(done); _, _ = r.Run(t.Context()) }()
		time.Sleep(61 * time.Second)
		synctest.Wait()
		assert.Contains(t, log.String(), "a call of the target does not return though its time is up")
		close(hangs)
		<-done
		c.ends(stableAt(v2, 3))
	})
}

// An answer that cannot be true proves nothing.
func TestObservationThatCannotBeTrue(t *testing.T) {
	old := strategy.Pool{Revision: v1}
	well := rollout.PoolStatus{Pool: old, Running: 3, Ready: 3, Available: 3, Draining: 2, Stopping: 2}
	all := rollout.Traffic{Pool: old, Share: strategy.All()}
	third := strategy.Millionths(333_334)
	assert.NoError(t, rollout.Observation{}.Validate())
	assert.NoError(t, rollout.Observation{Pools: []rollout.PoolStatus{well, {Pool: freshPool}}, Traffic: []rollout.Traffic{
		{Pool: old, Share: third}, {Pool: freshPool, Share: third}, {Pool: strategy.Pool{Revision: v1, Baseline: true}, Share: third},
	}}.Validate(), "rounded up")
	assert.NoError(t, rollout.Observation{Grain: strategy.Percent(1), Traffic: []rollout.Traffic{all, {Pool: freshPool, Share: strategy.Percent(1)}}}.Validate())
	for want, o := range map[string]rollout.Observation{
		"Observation.Pools[1].Pool: 1.0.0@111111111111 is told twice":   {Pools: []rollout.PoolStatus{well, well}},
		"3 available of 3 ready of 2 running instances":                 {Pools: []rollout.PoolStatus{{Pool: old, Running: 2, Ready: 3, Available: 3}}},
		"3 available of 2 ready of 3 running instances":                 {Pools: []rollout.PoolStatus{{Pool: old, Running: 3, Ready: 2, Available: 3}}},
		"has a count below zero: 0 running, 0 draining, -1 stopping":    {Pools: []rollout.PoolStatus{{Pool: old, Stopping: -1}}},
		"Observation.Traffic[1].Pool: 1.0.0@111111111111 is told twice": {Traffic: []rollout.Traffic{all, {Pool: old}}},
		"the shares are 1500000 millionths together":                    {Traffic: []rollout.Traffic{all, {Pool: freshPool, Share: strategy.Percent(50)}}},
		"a share of -1% is below none of the traffic":                   {Traffic: []rollout.Traffic{{Pool: old, Share: strategy.Percent(-1)}}},
	} {
		assert.ErrorContains(t, o.Validate(), want)
	}

	bubble(t, "a target that says that more is ready than runs", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{Deadline: time.Minute}, 3)
		inner := c.target()
		r, err := rollout.New(odd{Target: inner, observe: func(ctx context.Context) (rollout.Observation, error) {
			o, err := inner.Observe(ctx)
			for i, p := range o.Pools {
				if p.Pool == freshPool && p.Ready == 0 {
					o.Pools[i].Ready, o.Pools[i].Available = 3, 3 // it speaks of what it wants
				}
			}
			return o, err
		}}, c.plan, c.options)
		require.NoError(t, err)
		c.world.Start = 10 * time.Minute
		result, err := r.Run(t.Context())
		assert.NotEqual(t, rollout.Promoted, result.Outcome)
		assert.ErrorContains(t, err, "the target shows what cannot be true: Observation.Pools[1]: 1.1.0@222222222222 has 3 available of 3 ready of 1 running instances")
		assert.NotContains(t, err.Error(), "\n")
	})
}

// An error does not say that nothing runs where nobody has looked.
func TestErrorSaysOnlyWhatWasSeen(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{}, 3)
		r := c.rollout()
		require.NoError(t, r.Abort("ada", "not today"))
		result, err := r.Run(t.Context())
		assert.Equal(t, rollout.Refused, result.Outcome)
		assert.NotContains(t, err.Error(), "now:")
	})
	bubble(t, "and it says what is to be done", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{}, 3)
		c.world.Put(stableAt(v1, 4))
		_, err := c.rollout().Run(t.Context())
		assert.ErrorIs(t, err, rollout.ErrStale)
		assert.ErrorContains(t, err, "nothing was moved: make a new plan")
		assert.ErrorContains(t, err, "now: 1.0.0@111111111111: 4 of 4 available, gets 100%")
	})
}

// What a host makes of events and positions brings no release down half-way.
func TestPanicOfTheHost(t *testing.T) {
	bubble(t, "that is told", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{}, 3)
		var log bytes.Buffer
		c.options.Logger = hclog.New(&hclog.LoggerOptions{Output: &log})
		c.options.Notify = func(e rollout.Event) {
			if e.Kind == rollout.StepReached {
				panic("no channel")
			}
		}
		_, err := c.run(stableAt(v2, 3))
		require.NoError(t, err)
		assert.Contains(t, log.String(), "Options.Notify panicked: no channel")
	})
	bubble(t, "that records", func(t *testing.T) {
		c := newScene(t, strategy.Rolling{}, 3)
		records, keep := 0, c.options.Checkpoint
		c.options.Checkpoint = func(ctx context.Context, p rollout.Checkpoint) error {
			if records++; records == 2 {
				panic("no disk")
			}
			return keep(ctx, p)
		}
		result, err := c.rollout().Run(t.Context())
		assert.Equal(t, rollout.Interrupted, result.Outcome)
		assert.ErrorIs(t, err, rollout.ErrCheckpoint)
		assert.ErrorContains(t, err, "Options.Checkpoint panicked: no disk")
		r, err := rollout.Resume(c.target(), c.plan, result.Checkpoint, c.options)
		require.NoError(t, err)
		_, err = r.Run(t.Context())
		require.NoError(t, err)
		c.ends(stableAt(v2, 3))
	})
	bubble(t, "in waves", func(t *testing.T) {
		a := newAtlas(t, twoWaves())
		a.options.Notify = func(rollout.Event) { panic("no channel") }
		_, err := a.waves().Run(t.Context())
		require.NoError(t, err)
		a.shows(a.all(v2))
	})
}
