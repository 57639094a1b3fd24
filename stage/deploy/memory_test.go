package deploy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// What gates remember goes through the stage's checkpoint, up to the most that they may.
func TestGatesRememberOverAttempts(t *testing.T) {
	bubble(t, "x", func(t *testing.T) {
		w := world()
		long := strings.Repeat("x", gate.MaxMemory-100)
		remembers := gate.Func(func(_ context.Context, s gate.Subject) (gate.Verdict, error) {
			at := struct {
				Looks int
				Long  string
			}{Long: long}
			if s.Memory != nil {
				if err := json.Unmarshal(s.Memory, &at); err != nil {
					return gate.Verdict{}, err
				}
			}
			at.Looks++
			raw, err := json.Marshal(at)
			v := gate.Verdict{Outcome: gate.Continue, Reason: fmt.Sprintf("look %d", at.Looks), Memory: raw}
			if at.Looks >= 100 {
				v.Outcome = gate.Pass
			}
			return v, err
		})
		s := deployment(w, remembers)
		s.Options.Patience = time.Hour
		var names []string
		for i := range 6 {
			names = append(names, fmt.Sprintf("g%d", i))
			s.Options.Gates[names[i]] = remembers
		}
		s.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Bake: time.Minute, Gates: names}}}
		h := host(s)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		require.Error(t, s.Run(ctx, h.Task()))
		var at struct{ Rollout rollout.Checkpoint }
		require.NoError(t, json.Unmarshal(h.Saved(), &at))
		assert.Len(t, at.Rollout.Memory, 6)
		assert.Less(t, len(h.Saved()), stage.MaxCheckpoint)
		assert.Less(t, rollout.MaxMemory+(64<<10), stage.MaxCheckpoint, "there is room for all else")

		again := time.Now()
		require.NoError(t, s.Run(t.Context(), h.Task()))
		assert.Less(t, time.Since(again), 6*time.Minute, "it goes on from the looks before")
		runs(t, w, alone(fresh))
		assert.NotContains(t, string(h.Saved()), "Looks", "dropped at the end")
	})
}

// A gate that the strategy names and nobody has given is found when the pipeline is checked.
func TestUnknownGatesAreFoundAtWiring(t *testing.T) {
	s := deployment(world(), answers(gate.Pass))
	s.Strategy = strategy.Canary{Steps: []strategy.CanaryStep{{Share: strategy.Percent(50), Gates: []string{"latency", "errors"}}}}
	err := s.Validate()
	require.ErrorIs(t, err, rollout.ErrNoGate)
	assert.ErrorContains(t, err, `Stage.Options.Gates: the strategy names "latency"`)
	assert.NotContains(t, err.Error(), `"errors"`)

	s = deployment(world(), gate.All{gate.Series{}})
	assert.ErrorContains(t, s.Validate(), `Stage.Options.Gates["errors"]: All[0]: Series.Source: is missing`)

	s = deployment(world(), answers(gate.Pass))
	s.Edit = func(p strategy.Plan) (strategy.Plan, error) {
		p.Steps[0].Gates = append(p.Steps[0].Gates, "edited")
		return p, nil
	}
	assert.ErrorContains(t, s.Validate(), `the strategy names "edited"`)
	assert.NoError(t, deploy.Stage.Validate(deployment(world(), answers(gate.Pass))))
}
