package rollout_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// An answer is none to a pause: it counts when that is over, in whatever host, and who paused is known there.
func TestAnAnswerInAPause(t *testing.T) {
	wave := strategy.Waves{Strategy: strategy.Rolling{}, Waves: []strategy.Wave{{Regions: []string{"eu"}, Hold: strategy.Hold{Pause: &strategy.Pause{}}}, {Regions: []string{"us", "ap"}}}}
	region := strategy.Waves{
		Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Pause: &strategy.Pause{}}}},
		Waves:    []strategy.Wave{{Regions: []string{"eu"}}},
	}
	for name, s := range map[string]strategy.Waves{"of a wave": wave, "of a region": region} {
		bubble(t, name, func(t *testing.T) {
			a := newAtlas(t, s)
			w := a.waves()
			assert.ErrorIs(t, w.Answer("bob", "too early"), rollout.ErrNotWaiting)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
			defer cancel()
			go func() {
				time.Sleep(time.Hour)
				assert.NoError(t, w.Pause("ada", "lunch"))
				assert.NoError(t, w.Answer("bob", "go"))
				time.Sleep(time.Minute)
				assert.ErrorIs(t, w.Answer("bob", "go"), rollout.ErrNotWaiting)
			}()
			result, err := w.Run(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.True(t, result.Checkpoint.Paused)
			w, err = rollout.ResumeWaves(a.targets(), a.plan, result.Checkpoint, a.options)
			require.NoError(t, err)
			begun := time.Now()
			go func() {
				time.Sleep(time.Hour)
				assert.NoError(t, w.Resume("ada", "back"))
			}()
			_, err = w.Run(t.Context())
			require.NoError(t, err)
			assert.Greater(t, time.Since(begun), time.Hour)
			told := a.of(rollout.Paused, "")
			require.Len(t, told, 2)
			for _, e := range told {
				assert.Equal(t, "ada: lunch", e.By+": "+e.Text)
			}
			assert.Empty(t, a.last().PausedBy)
		})
	}
}
