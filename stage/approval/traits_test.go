package approval_test

import (
	"testing"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/stretchr/testify/assert"
)

func TestTraits(t *testing.T) {
	assert.Equal(t, []stage.Trait{stage.Asks}, stage.Traits(approval.Stage{}))
	assert.Equal(t, []stage.Trait{stage.Asks, stage.FourEyes}, stage.Traits(approval.Stage{FourEyes: true}))
	assert.Empty(t, stage.Traits(approval.Stage{FourEyes: true, Deadline: time.Hour, Default: approval.Approve}), "silence is no yes")
}
