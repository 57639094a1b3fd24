package steer_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/strategy"
)

func TestProgressive(t *testing.T) {
	gated := strategy.Hold{Gates: []string{"errors"}}
	canary := func(steps ...strategy.CanaryStep) strategy.Strategy { return strategy.Canary{Steps: steps} }
	gates := []string{"errors"}
	some := []strategy.Match{{Header: "X-Staff", Value: "yes"}}
	tests := map[string]struct {
		strategy strategy.Strategy
		want     string // in fleets of two, three and ten
	}{
		"a canary with gates":             {strategy.Canary{Gates: gates}, "yes yes yes"},
		"a canary that nobody looks at":   {strategy.Canary{Bake: time.Hour}, "no no no"},
		"a canary that a person sees":     {canary(strategy.CanaryStep{Share: strategy.Percent(5), Pause: &strategy.Pause{Reason: "well?"}}), "yes yes yes"},
		"a pause that ends by itself":     {canary(strategy.CanaryStep{Share: strategy.Percent(5), Pause: &strategy.Pause{Deadline: time.Hour, Default: strategy.AnswerResume}}), "no no no"},
		"a pause that ends badly":         {canary(strategy.CanaryStep{Share: strategy.Percent(5), Pause: &strategy.Pause{Deadline: time.Hour}}), "yes yes yes"},
		"a canary for some":               {canary(strategy.CanaryStep{Replicas: strategy.Count(1), Match: some, Gates: gates}), "yes yes yes"},
		"a mirror":                        {canary(strategy.CanaryStep{Replicas: strategy.Count(1), Mirror: strategy.Percent(5), Gates: gates}), "no no no"},
		"a mirror, then some":             {canary(strategy.CanaryStep{Mirror: strategy.Percent(5)}, strategy.CanaryStep{Share: strategy.Percent(5), Gates: gates}), "yes yes yes"},
		"a canary of nearly all":          {canary(strategy.CanaryStep{Share: strategy.Percent(99.9999), Gates: gates}), "no no no"},
		"a canary of half":                {canary(strategy.CanaryStep{Share: strategy.Percent(50), Gates: gates}), "yes yes yes"},
		"a canary of more than half":      {canary(strategy.CanaryStep{Share: strategy.Percent(50.0001), Gates: gates}), "no no no"},
		"nearly all, and then looked at":  {canary(strategy.CanaryStep{Share: strategy.Percent(10)}, strategy.CanaryStep{Share: strategy.Percent(90), Gates: gates}), "no no no"},
		"a canary of next to nothing":     {canary(strategy.CanaryStep{Share: strategy.Percent(0.0001), Gates: gates}), "no no no"},
		"next to nothing first":           {canary(strategy.CanaryStep{Share: strategy.Percent(0.01), Gates: gates}, strategy.CanaryStep{Share: strategy.Percent(1), Gates: gates}), "yes yes yes"},
		"a canary that only starts":       {canary(strategy.CanaryStep{Replicas: strategy.Count(1), Gates: gates}), "no no no"},
		"a canary that is looked at late": {strategy.Canary{After: gated}, "no no no"},
		"blue-green at once":              {strategy.BlueGreen{Before: gated, After: gated}, "no no no"},
		"blue-green in steps":             {strategy.BlueGreen{Switch: []strategy.Share{strategy.Percent(10)}, SwitchHold: gated}, "yes yes yes"},
		"recreate":                        {strategy.Recreate{}, "no no no"},
		"rolling":                         {strategy.Rolling{Gates: gates}, "yes yes yes"},
		"rolling in large batches":        {strategy.Rolling{Gates: gates, Batch: strategy.Count(9), Surge: strategy.Count(9)}, "no no no"},
		"rolling, all of a small fleet":   {strategy.Rolling{Gates: gates, Batch: strategy.Count(3), Surge: strategy.Count(3)}, "no no yes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, plan := range steer.Try(func(instances int) (strategy.Plan, error) {
				from := strategy.State{Stable: strategy.Group{Revision: strategy.Revision{Version: "1.0.0"}, Replicas: instances, Share: strategy.All()}}
				return test.strategy.Plan(from, strategy.Revision{Version: "1.1.0"})
			}) {
				got = append(got, map[bool]string{true: "yes", false: "no"}[steer.Progressive(plan)])
			}
			assert.Equal(t, test.want, strings.Join(got, " "))
		})
	}
}

func TestWhatCannotBePlannedIsNotTried(t *testing.T) {
	assert.Equal(t, []int{10}, steer.Try(func(n int) (int, error) {
		switch n {
		case 2:
			panic("of two there is no third step")
		case 3:
			return 0, errors.New("too few")
		}
		return n, nil
	}))
}

func TestCommon(t *testing.T) {
	assert.Nil(t, steer.Common(nil))
	assert.Equal(t, []string{"a", "c"}, steer.Common([][]string{{"a", "b", "c"}, {"c", "a"}, {"a", "c", "d"}}))
	assert.Empty(t, steer.Common([][]string{{"a"}, nil}))
}
