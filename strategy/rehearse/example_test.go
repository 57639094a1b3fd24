package rehearse_test

import (
	"context"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rehearse"
)

// What would a limit of 5 % on the errors find, before the release begins?
func ExampleRehearsal_Curve() {
	from := strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0"}, Replicas: 10, Share: strategy.All()}}
	plan, err := strategy.Canary{Steps: []strategy.CanaryStep{
		{Share: strategy.Percent(10), Bake: time.Minute, Gates: []string{"errors"}},
	}}.Plan(from, strategy.Revision{Version: "1.1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	curve, err := rehearse.Rehearsal{
		Plan: plan,
		Gates: func(s metrics.Source) (map[string]gate.Gate, error) {
			return map[string]gate.Gate{"errors": gate.ErrorRate{Source: s, Max: 0.05}}, nil
		},
		Traffic: rehearse.Traffic{Rate: 100, Service: rehearse.Service{ErrorRate: 0.01}},
		Times:   strategy.EstimateOptions{Startup: 10 * time.Second},
	}.Curve(context.Background(), rehearse.Harm{}, rehearse.Harm{Errors: 0.03}, rehearse.Harm{Errors: 0.2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(curve)
	// Output:
	// harm                  rolled back  promoted  found after    promoted after     answered by it  of those failed
	// no harm               0%           100%      -              1m20s (p90 1m20s)  701             6.9
	// +3 points of errors   48%          52%       25s (p90 50s)  1m20s (p90 1m20s)  459             18.5
	// +20 points of errors  100%         0%        20s (p90 25s)  -                  121             25.7
}
