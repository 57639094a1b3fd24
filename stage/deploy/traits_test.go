package deploy_test

import (
	"context"
	"testing"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
	"github.com/stretchr/testify/assert"
)

func TestTraits(t *testing.T) {
	gates := []string{"errors"}
	only, both := []stage.Trait{stage.Deploys}, []stage.Trait{stage.Deploys, stage.Progressive}
	large := strategy.Rolling{Batch: strategy.Count(9), Surge: strategy.Count(9), Gates: gates}
	third := func(p strategy.Plan) (strategy.Plan, error) {
		p.Steps[2].Irreversible = "drops a table" // a plan of two instances has perhaps no third step
		return p, nil
	}
	for name, test := range map[string]struct {
		stage deploy.Stage
		want  []stage.Trait
	}{
		"none":                 {deploy.Stage{}, only},
		"rolling":              {deploy.Stage{Strategy: strategy.Rolling{}}, only},
		"what cannot be":       {deploy.Stage{Strategy: strategy.Canary{Replicas: -1}}, only},
		"a canary":             {deploy.Stage{Strategy: strategy.Canary{Gates: gates}}, both},
		"all of a small fleet": {deploy.Stage{Strategy: large}, only},
		"edited":               {deploy.Stage{Strategy: strategy.Rolling{Gates: gates, Batch: strategy.Count(1)}, Edit: third}, both},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, stage.Traits(test.stage)) })
	}
}

// What is in the options, and is never asked, is no gate of the stage.
func TestGatesAreThoseThatAreAsked(t *testing.T) {
	pass := gate.Func(func(context.Context, gate.Subject) (gate.Verdict, error) {
		return gate.Verdict{Outcome: gate.Pass}, nil
	})
	o := rollout.Options{Gates: map[string]gate.Gate{"errors": pass, "latency": pass}}
	adds := func(p strategy.Plan) (strategy.Plan, error) {
		p.Steps[0].Gates = []string{"latency"}
		return p, nil
	}
	assert.Empty(t, stage.Gates(deploy.Stage{Options: o}))
	assert.Empty(t, stage.Gates(deploy.Stage{Options: o, Strategy: strategy.Rolling{}}))
	assert.Empty(t, stage.Gates(deploy.Stage{Options: o, Strategy: strategy.Canary{Replicas: -1}}), "what cannot be planned asks nothing")
	assert.Equal(t, []string{"errors"}, stage.Gates(deploy.Stage{Options: o, Strategy: strategy.Canary{Gates: []string{"errors"}}}))
	assert.Equal(t, []string{"errors", "latency"}, stage.Gates(deploy.Stage{Options: o, Strategy: strategy.Canary{Gates: []string{"errors"}}, Edit: adds}))
}
