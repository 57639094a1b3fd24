package rollout_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// levels are two releases that differ in a patch, by strategies whose last steps have nothing left of the old.
func levels() map[string]strategy.Strategy {
	held := strategy.Hold{Bake: time.Minute, Gates: []string{"errors"}}
	steps := []strategy.CanaryStep{{Share: strategy.Percent(10), Bake: time.Minute, Gates: []string{"errors"}}}
	return map[string]strategy.Strategy{
		"rolling":        strategy.Rolling{Bake: time.Minute, Gates: []string{"errors"}},
		"recreate":       strategy.Recreate{Bake: time.Minute, Gates: []string{"errors"}},
		"blue and green": strategy.BlueGreen{After: held},
		"canary":         strategy.Canary{Steps: steps, After: held},
		"moving canary":  strategy.Canary{DynamicStable: true, Steps: steps, After: held},
	}
}

// What is replaced is known in each step, so a gate that asks by how much the version differs is told.
func TestVersionLevelInEachStep(t *testing.T) {
	for name, s := range levels() {
		bubble(t, name, func(t *testing.T) {
			c := newScene(t, s, 4)
			patch := strategy.Revision{Version: "1.0.1"}
			plan, err := s.Plan(stableAt(strategy.Revision{Version: "1.0.0"}, 4), patch)
			require.NoError(t, err)
			c.world.Put(plan.From)
			c.plan = plan
			var asked []gate.Subject
			c.options.Gates["errors"] = gate.All{gate.VersionLevel{Most: gate.Patch}, gate.Named{Name: "seen", Gate: gate.Func(
				func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
					asked = append(asked, s)
					return gate.Verdict{Outcome: gate.Pass}, nil
				})}}
			_, err = c.run(stableAt(patch, 4))
			require.NoError(t, err)
			require.NotEmpty(t, asked)
			for _, s := range asked {
				assert.Equal(t, "1.0.0", s.Replaced)
				assert.Contains(t, []string{"", "1.0.0"}, s.Stable)
			}
		})
	}
}

// A gate that holds two groups against each other can say nothing where only one is left: nobody begins with it.
func TestAGateNeedsItsGroups(t *testing.T) {
	source := gate.Windows{Source: away{}}
	for name, s := range levels() {
		c := newScene(t, s, 4)
		c.options.Gates["errors"] = gate.Guard{Gate: gate.Relative{Source: source, Name: "error rate"}}
		_, err := rollout.New(c.world.Target(), c.plan, c.options)
		if name == "blue and green" || name == "canary" {
			require.NoError(t, err, "the old ones are still there")
			continue
		}
		require.ErrorIs(t, err, rollout.ErrNoGroup, name)
		assert.ErrorContains(t, err, "has no stable group")

		c.options.Gates["errors"] = gate.All{gate.ErrorRate{Source: away{}}, gate.Muted{Gate: gate.Relative{Source: source, Name: "error rate"}}}
		_, err = rollout.New(c.world.Target(), c.plan, c.options)
		assert.NoError(t, err, "one that is muted decides nothing")
	}
	c := newScene(t, strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(10), Bake: time.Minute, Gates: []string{"errors"}}}}, 4)
	c.options.Gates["errors"] = gate.Relative{Source: source, Name: "error rate"}
	_, err := rollout.New(c.world.Target(), c.plan, c.options)
	assert.NoError(t, err)
}
