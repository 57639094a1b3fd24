package steer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/strategy"
)

func TestProgressive(t *testing.T) {
	from := strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0"}, Replicas: 10, Share: strategy.All()}}
	gated := strategy.Hold{Gates: []string{"errors"}}
	tests := map[string]struct {
		strategy strategy.Strategy
		want     bool
	}{
		"a canary with gates":           {strategy.Canary{Gates: []string{"errors"}}, true},
		"a canary that nobody looks at": {strategy.Canary{Bake: time.Hour}, false},
		"a canary that a person sees": {strategy.Canary{Steps: []strategy.CanaryStep{
			{Share: strategy.Percent(5), Pause: &strategy.Pause{Reason: "well?"}}}}, true},
		"a canary for some":               {strategy.Canary{Steps: []strategy.CanaryStep{{Replicas: strategy.Count(1), Mirror: strategy.Percent(5), Gates: []string{"errors"}}}}, true},
		"a canary that only starts":       {strategy.Canary{Steps: []strategy.CanaryStep{{Replicas: strategy.Count(1), Gates: []string{"errors"}}}}, false},
		"a canary that is looked at late": {strategy.Canary{After: gated}, false},
		"blue-green at once":              {strategy.BlueGreen{Before: gated, After: gated}, false},
		"blue-green in steps":             {strategy.BlueGreen{Switch: []strategy.Share{strategy.Percent(10)}, SwitchHold: gated}, true},
		"recreate":                        {strategy.Recreate{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan, err := test.strategy.Plan(from, strategy.Revision{Version: "1.1.0"})
			require.NoError(t, err)
			assert.Equal(t, test.want, steer.Progressive(plan))
		})
	}
}
