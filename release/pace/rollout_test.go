package pace_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/pace"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/davit-sdk/davit/strategy/strategytest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A real canary on a simulated target: its steps are learned, apart from the time for which it waits for a person, and the next rollout is forecast from the midst of a step.
func TestTheStepsOfARollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		world := &strategytest.World{Start: 40 * time.Second}
		world.Put(strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0", Digest: "sha256:00"}, Replicas: 4, Share: strategy.All()}})
		passes := gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
			return gate.Verdict{Outcome: gate.Pass, Reason: "well"}, nil
		})
		build := stage.Declared{Write: []stage.Ref{stage.Version.Ref(), stage.Built.Ref()}, Stage: stage.Func(func(_ context.Context, t *stage.Task) error {
			if err := stage.Version.Set(t, t.Release().Reason); err != nil {
				return err
			}
			return stage.Built.Set(t, stage.Artifact{Digest: "sha256:" + t.Release().Reason, Location: "shop"})
		})}
		canary := strategy.Canary{Steps: []strategy.CanaryStep{
			{Share: strategy.Percent(25), Bake: 10 * time.Minute, Gates: []string{"errors"}},
			{Share: strategy.Percent(50), Bake: 20 * time.Minute, Gates: []string{"errors"}, Pause: &strategy.Pause{Reason: "well?"}},
		}}
		p := release.Pipeline{Name: "shop", Stages: []release.Stage{
			{Name: "build", Do: build},
			{Name: "production", Needs: []string{"build"}, Do: deploy.Stage{Target: world.Target(), Strategy: canary, Options: rollout.Options{Gates: map[string]gate.Gate{"errors": passes}}}},
		}}
		store := new(release.MemoryStore)
		runner := release.NewRunner(release.Config{Store: store})
		defer runner.Stop(ctx)
		book := pace.NewBook(pace.Options{})

		carry := func(id, version string, answer time.Duration, at ...time.Duration) (forecasts []pace.Forecast, ends time.Time) {
			require.NoError(t, runner.Begin(ctx, p, release.Request{ID: id, Service: "shop", RequestedBy: "ada", Reason: version}))
			begun := time.Now()
			for _, when := range at {
				time.Sleep(time.Until(begun.Add(when)))
				course, err := pace.Follow(store.Events(ctx, id, 0))
				require.NoError(t, err)
				forecasts = append(forecasts, book.Forecast(course, time.Now()))
			}
			time.Sleep(time.Until(begun.Add(answer)))
			require.NoError(t, runner.Signal(ctx, id, stage.Signal{Kind: stage.Approve, Stage: "production", By: "grace"}))
			_, err := runner.Wait(ctx, id)
			require.NoError(t, err)
			return forecasts, time.Now()
		}
		begun := time.Now()
		_, ended := carry("shop-1", "1.1.0", 2*time.Hour)
		require.NoError(t, book.Add(pace.Real, store.Events(ctx, "shop-1", 0)))
		work, ok := book.Work("production")
		require.True(t, ok)
		wait, _ := book.Wait("production")
		assert.Equal(t, ended.Sub(begun), work.Median+wait.Median)
		assert.InDelta(t, 2*time.Hour-32*time.Minute, wait.Median, float64(time.Minute), "since the second bake was over")
		var steps time.Duration
		for i, want := range []time.Duration{10*time.Minute + 40*time.Second, 20*time.Minute + 40*time.Second, 40 * time.Second} {
			step, ok := book.Step("production", i, 3)
			require.True(t, ok, "step %d of 3", i)
			assert.InDelta(t, want, step.Median, float64(30*time.Second), "step %d", i)
			steps += step.Median
		}
		assert.InDelta(t, work.Median, steps, float64(10*time.Second))

		forecasts, _ := carry("shop-2", "1.2.0", 40*time.Minute, 5*time.Minute, 25*time.Minute, 35*time.Minute)
		left := []time.Duration{ // the person answers after 40 minutes, and the work then takes what it took
			work.Median - 5*time.Minute, work.Median - 25*time.Minute, 0,
		}
		last, _ := book.Step("production", 2, 3)
		left[2] = last.Median
		for i, f := range forecasts {
			assert.InDelta(t, left[i], f.Work.Median, float64(10*time.Second), fmt.Sprint(i, ": ", f))
			assert.True(t, f.Known)
		}
		require.Len(t, forecasts[2].People, 1, "it waits for a person: %s", forecasts[2])
		assert.Equal(t, "production", forecasts[2].People[0].Stage)
	})
}
