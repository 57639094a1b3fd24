package strategy_test

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// Three clusters: a canary in the first one, which a person has to let out of there, and then the two
// others side by side.
func ExampleWaves() {
	running := strategy.State{Stable: strategy.Group{
		Revision: strategy.Revision{Version: "1.4.0"}, Replicas: 4, Share: strategy.All(),
	}}
	plan, err := strategy.Waves{
		Strategy: strategy.Rolling{Surge: strategy.PercentOf(100), Unavailable: strategy.Count(0)},
		Waves: []strategy.Wave{
			{
				Name: "canary", Regions: []string{"eu"}, Strategy: strategy.Canary{Steps: []strategy.CanaryStep{{
					Share: strategy.Percent(25), Bake: 5 * time.Minute, Gates: []string{"errors"},
				}}},
				Hold: strategy.Hold{Bake: time.Hour, Gates: []string{"errors"}, Pause: &strategy.Pause{Reason: "to the rest?"}},
			},
			{Name: "the rest", Regions: []string{"us", "ap"}},
		},
		Hold: strategy.Hold{Bake: 10 * time.Minute, Gates: []string{"errors"}},
	}.Plan(map[string]strategy.State{"eu": running, "us": running, "ap": running}, strategy.Revision{Version: "1.5.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan.Table())
	// Output:
	// Waves: 1.5.0 to 3 regions in 2 waves
	// a bad wave is taken back, the waves before it stay; none begins after it
	//
	// WAVE  REGIONS  NAME      AT ONCE  BAKE    GATES   PAUSE
	// 1     eu       canary    1        1h0m0s  errors  to the rest?
	// 2     us, ap   the rest  2        10m0s   errors  -
	//
	// wave 1, eu
	// Canary: 1.4.0 -> 1.5.0
	// at least 4 available, at most 8 instances, 4 for all of the traffic
	//
	// STEP  WHY                          STABLE           CANDIDATE       CAPACITY  EXPOSED  BAKE    GATES
	// now   what runs                    4 x 1.4.0, 100%  -               4..4      0%       -       -
	// 1     25% of the traffic to 1.5.0  4 x 1.4.0, 75%   1 x 1.5.0, 25%  4..5      25%      5m0s    errors
	// 2     promote 1.5.0                4 x 1.5.0, 100%  -               4..8      100%     -       -
	// 3     hold, at the end of wave 1   4 x 1.5.0, 100%  -               4..4      100%     1h0m0s  errors, wave
	//
	// wave 2, us, ap
	// Rolling: 1.4.0 -> 1.5.0
	// at least 4 available, at most 8 instances, 4 for all of the traffic
	//
	// STEP  WHY                                       STABLE           CAPACITY  EXPOSED  BAKE   GATES
	// now   what runs                                 4 x 1.4.0, 100%  4..4      0%       -      -
	// 1     replace 4: 4 of 4 run 1.5.0               4 x 1.5.0, 100%  4..8      100%     -      -
	// 2     hold, together with the others of wave 2  4 x 1.5.0, 100%  4..4      100%     10m0s  errors, wave
}
