package subject_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/subject"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

func TestOf(t *testing.T) {
	old, fresh := strategy.Revision{Version: "1.0.0"}, strategy.Revision{Version: "1.1.0"}
	from := strategy.State{Stable: strategy.Group{Revision: old, Replicas: 10, Share: strategy.All()}}
	plan, err := strategy.Canary{Baseline: true, Steps: []strategy.CanaryStep{{Share: strategy.Percent(20)}}}.Plan(from, fresh)
	require.NoError(t, err)
	assert.Equal(t, gate.Subject{
		Step: "step 1: 20% of the traffic to 1.1.0, beside its baseline", Share: 0.2, Next: 1,
		Replaced: "1.0.0", Stable: "1.0.0", Baseline: "1.0.0/baseline", Candidate: "1.1.0",
	}, subject.Of(plan, 0))
	assert.Equal(t, gate.Subject{Step: "step 2: promote 1.1.0", Share: 1, Replaced: "1.0.0", Candidate: "1.1.0"}, subject.Of(plan, 1),
		"the new revision is the candidate, whatever its role")
	first, err := strategy.Canary{Replicas: 1}.Plan(strategy.State{}, fresh)
	require.NoError(t, err)
	assert.Empty(t, subject.Of(first, 0).Replaced, "nothing ran before")
}
