package waves_test

import (
	"testing"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/waves"
	"github.com/davit-sdk/davit/strategy"
	"github.com/stretchr/testify/assert"
)

func TestTraits(t *testing.T) {
	regions := []string{"eu", "us", "ap"}
	inWaves := strategy.InWaves(regions, strategy.Count(1), strategy.Count(2))
	canary := strategy.Canary{Gates: []string{"errors"}}
	held := strategy.Hold{Gates: []string{"errors"}}
	for name, test := range map[string]struct {
		waves strategy.Waves
		want  []stage.Trait
	}{
		"rolling, all at once":      {strategy.Waves{Strategy: strategy.Rolling{}, Waves: strategy.InWaves(regions, strategy.Count(3))}, []stage.Trait{stage.Deploys}},
		"rolling, nobody looks":     {strategy.Waves{Strategy: strategy.Rolling{}, Waves: inWaves}, []stage.Trait{stage.Deploys}},
		"held after the first wave": {strategy.Waves{Strategy: strategy.Rolling{}, Waves: inWaves, Hold: held}, []stage.Trait{stage.Deploys, stage.Progressive}},
		"held after the only wave": {strategy.Waves{Strategy: strategy.Rolling{}, Waves: strategy.InWaves(regions, strategy.Count(3)), Hold: held},
			[]stage.Trait{stage.Deploys}},
		"a canary first":      {strategy.Waves{Strategy: strategy.Rolling{}, ByRegion: map[string]strategy.Strategy{"eu": canary}, Waves: inWaves}, []stage.Trait{stage.Deploys, stage.Progressive}},
		"a canary too late":   {strategy.Waves{Strategy: strategy.Rolling{}, ByRegion: map[string]strategy.Strategy{"us": canary}, Waves: inWaves}, []stage.Trait{stage.Deploys}},
		"nothing can be made": {strategy.Waves{}, []stage.Trait{stage.Deploys}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, stage.Traits(waves.Stage{Waves: test.waves})) })
	}
}
