package strategytest_test

import (
	"testing"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/strategytest"
)

// The strategies of package strategy, each with settings that use what it has.
func TestStrategies(t *testing.T) {
	hold := strategy.Hold{Bake: time.Minute, Gates: []string{"errors"}, Pause: &strategy.Pause{Reason: "go on?", Deadline: time.Hour}}
	for name, s := range map[string]strategy.Strategy{
		"rolling":             strategy.Rolling{},
		"rolling, no surge":   strategy.Rolling{Surge: strategy.Count(0), Batch: strategy.Count(1), Gates: []string{"errors"}},
		"rolling, one by one": strategy.Rolling{Replicas: 5, Surge: strategy.Count(1), Unavailable: strategy.Count(0), Bake: time.Minute},
		"rolling, partition":  strategy.Rolling{Partition: 2, MinReady: time.Second, Sticky: true},
		"blue-green":          strategy.BlueGreen{},
		"blue-green, in full": strategy.BlueGreen{
			Replicas: 4, Preview: strategy.PercentOf(50), PreviewMatch: []strategy.Match{{Cookie: "preview", Value: "on"}}, Before: hold,
			Switch: []strategy.Share{strategy.Percent(20), strategy.Percent(60)}, SwitchHold: hold, After: hold, Warm: time.Hour,
		},
		"canary": strategy.Canary{},
		"canary, in full": strategy.Canary{
			Replicas: 6, DynamicStable: true, Baseline: true, After: hold, Sticky: true, Deadline: time.Minute,
			Steps: []strategy.CanaryStep{
				{Match: []strategy.Match{{Header: "X-Canary", Value: "on"}}},
				{Mirror: strategy.Percent(30)},
				{Share: strategy.Percent(12.5), Pause: &strategy.Pause{}},
				{Share: strategy.Percent(80), Irreversible: "drops column users.name"},
			},
		},
		"native": strategy.Native{},
		"native, in full": strategy.Native{
			Replicas: 5, Surge: strategy.Count(0), Unavailable: strategy.PercentOf(40), After: hold, MinReady: time.Second, Deadline: time.Hour,
		},
		"recreate":         strategy.Recreate{},
		"recreate, larger": strategy.Recreate{Replicas: 7, Bake: time.Minute, Gates: []string{"errors"}},
	} {
		t.Run(name, func(t *testing.T) {
			strategytest.RunStrategy(t, s, strategytest.Journey{
				Name: "release over 8",
				From: strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "7"}, Replicas: 8, Share: strategy.All()}},
				To:   strategy.Revision{Version: "8"},
			})
		})
	}
}
