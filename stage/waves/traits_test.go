package waves_test

import (
	"context"
	"testing"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/waves"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/stretchr/testify/assert"
)

func TestTraits(t *testing.T) {
	regions := []string{"eu", "us", "ap"}
	inWaves := strategy.InWaves(regions, strategy.Count(1), strategy.Count(2))
	canary := strategy.Canary{Gates: []string{"errors"}}
	held := strategy.Hold{Gates: []string{"errors"}}
	asked := strategy.Hold{Pause: &strategy.Pause{Reason: "well?"}}
	for name, test := range map[string]struct {
		waves strategy.Waves
		want  []stage.Trait
	}{
		"rolling, all at once":                   {strategy.Waves{Strategy: strategy.Rolling{}, Waves: strategy.InWaves(regions, strategy.Count(3))}, []stage.Trait{stage.Deploys}},
		"rolling, nobody looks":                  {strategy.Waves{Strategy: strategy.Rolling{}, Waves: inWaves}, []stage.Trait{stage.Deploys}},
		"held after the first wave":              {strategy.Waves{Strategy: strategy.Rolling{}, Waves: inWaves, Hold: held}, []stage.Trait{stage.Deploys, stage.Progressive}},
		"a person is asked after the first wave": {strategy.Waves{Strategy: strategy.Rolling{}, Waves: inWaves, Hold: asked}, []stage.Trait{stage.Deploys, stage.Progressive}},
		"held after most regions": {strategy.Waves{Strategy: strategy.Rolling{}, Waves: strategy.InWaves(regions, strategy.Count(2), strategy.Count(1)), Hold: held},
			[]stage.Trait{stage.Deploys}},
		"a canary of a small fleet": {strategy.Waves{Strategy: strategy.Rolling{Gates: []string{"errors"}, Batch: strategy.Count(9), Surge: strategy.Count(9)}, Waves: inWaves}, []stage.Trait{stage.Deploys}},
		"held after the only wave": {strategy.Waves{Strategy: strategy.Rolling{}, Waves: strategy.InWaves(regions, strategy.Count(3)), Hold: held},
			[]stage.Trait{stage.Deploys}},
		"a canary first":      {strategy.Waves{Strategy: strategy.Rolling{}, ByRegion: map[string]strategy.Strategy{"eu": canary}, Waves: inWaves}, []stage.Trait{stage.Deploys, stage.Progressive}},
		"a canary too late":   {strategy.Waves{Strategy: strategy.Rolling{}, ByRegion: map[string]strategy.Strategy{"us": canary}, Waves: inWaves}, []stage.Trait{stage.Deploys}},
		"nothing can be made": {strategy.Waves{}, []stage.Trait{stage.Deploys}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, stage.Traits(waves.Stage{Waves: test.waves})) })
	}
}

func TestGatesAreThoseThatAreAsked(t *testing.T) {
	regions := []string{"eu", "us"}
	pass := gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		return gate.Verdict{Outcome: gate.Pass}, nil
	})
	w := strategy.Waves{Strategy: strategy.Rolling{}, Waves: strategy.InWaves(regions, strategy.Count(1), strategy.Count(1))}
	s := waves.Stage{Waves: w, Options: rollout.WaveOptions{Each: rollout.Options{Gates: map[string]gate.Gate{"errors": pass, "latency": pass}}}}
	assert.Empty(t, stage.Gates(s))
	s.Waves.ByRegion = map[string]strategy.Strategy{"us": strategy.Canary{Gates: []string{"latency"}}}
	s.Waves.Hold.Gates = []string{"errors"}
	assert.Equal(t, []string{"errors", "latency"}, stage.Gates(s), "and not the gate by which a wave waits")
}
