package waves_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// deaf is a target that answers nobody until it is told to go.
type deaf struct{ rollout.Target }

func (d deaf) Observe(ctx context.Context) (rollout.Observation, error) {
	<-ctx.Done()
	return rollout.Observation{}, ctx.Err()
}

// wild is a target that panics as soon as the new revision is to run.
type wild struct{ rollout.Target }

func (w wild) Unwrap() any { return w.Target }

func (w wild) Apply(ctx context.Context, s strategy.State) error {
	if !s.Candidate.IsZero() || s.Stable.Revision == fresh {
		panic("no map")
	}
	return w.Target.Apply(ctx, s)
}

// What one region does wrong is that region's failure, and not the end of the host.
func TestHostileRegion(t *testing.T) {
	bubble(t, "a function of the host's panics", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		s.Prepare = func(_ context.Context, region string, _ strategy.Revision, _ stage.Artifact) error {
			if region == "us" {
				panic("no map")
			}
			return nil
		}
		err := s.Run(t.Context(), host(s).Task())
		assert.ErrorContains(t, err, "region us: it panicked: no map")
		assert.ErrorContains(t, err, "hostile_test.go", "where")
		a.shows(t, old)
	})
	bubble(t, "a target panics", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		s.Targets["us"] = wild{s.Targets["us"]}
		err := s.Run(t.Context(), host(s).Task())
		require.Error(t, err)
		assert.ErrorContains(t, err, "region us: ")
		assert.ErrorContains(t, err, "the target panicked: no map")
		a.shows(t, old, "eu") // the wave before stays, as the plan says
	})
	bubble(t, "a target does not answer", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		s.Targets["us"] = deaf{s.Targets["us"]}
		err := s.Run(t.Context(), host(s).Task())
		assert.ErrorContains(t, err, "region us: the target did not answer within 30s")
		a.shows(t, old)
	})
}

// Waves that were begun go on, and are taken back, by their own plan in a host with other ones.
func TestGoesOnByThePlanThatWasBegun(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		h := host(s)
		ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Second, &stage.Error{Outcome: stage.Interrupted, Reason: "the host stops"})
		defer cancel()
		require.Equal(t, stage.Interrupted, stage.OutcomeOf(s.Run(ctx, h.Task())))
		s.Waves.Waves = []strategy.Wave{{Regions: regions}}
		start := time.Now()
		require.NoError(t, s.Run(t.Context(), h.Task()))
		assert.Greater(t, time.Since(start), 90*time.Second, "the rest of the first bake, and the second one")
		a.shows(t, fresh)
		s.Waves.Strategy = strategy.Recreate{}
		require.NoError(t, s.Undo(t.Context(), h.UndoTask()))
		a.shows(t, old)
	})
	bubble(t, "but not without a region of it", func(t *testing.T) {
		a := newAtlas()
		s := deployment(a, nil)
		h := host(s)
		ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Second, &stage.Error{Outcome: stage.Interrupted, Reason: "the host stops"})
		defer cancel()
		require.Equal(t, stage.Interrupted, stage.OutcomeOf(s.Run(ctx, h.Task())))
		s.Waves.Waves = []strategy.Wave{{Regions: []string{"eu", "us"}}}
		delete(s.Targets, "ap")
		err := s.Run(t.Context(), h.Task())
		assert.Equal(t, stage.Stranded, stage.OutcomeOf(err))
		assert.ErrorContains(t, err, "region ap: there is no target")
	})
}
