package deploy_test

import (
	"testing"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/deploy"
	"github.com/davit-sdk/davit/strategy"
	"github.com/stretchr/testify/assert"
)

func TestTraits(t *testing.T) {
	assert.Equal(t, []stage.Trait{stage.Deploys}, stage.Traits(deploy.Stage{}))
	assert.Equal(t, []stage.Trait{stage.Deploys}, stage.Traits(deploy.Stage{Strategy: strategy.Rolling{}}))
	assert.Equal(t, []stage.Trait{stage.Deploys}, stage.Traits(deploy.Stage{Strategy: strategy.Canary{Replicas: -1}}), "what cannot be planned is not progressive")
	assert.Equal(t, []stage.Trait{stage.Deploys, stage.Progressive}, stage.Traits(deploy.Stage{Strategy: strategy.Canary{Gates: []string{"errors"}}}))
}
