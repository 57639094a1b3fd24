package dora_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// Nothing of failures is left, in the whole, in a service and in a week, and all else is as it was.
func TestWithoutFailures(t *testing.T) {
	h := history(t, story(t, `
		c1 3T07:00
		d1 3T09:00 {c1}
		d2 4T09:00 kind=rollback fixes=d1
		d3 5T09:00 status=failure
		i1 3T09:20-3T10:05 d1
		i2 5T09:20-5T10:05
		o 3T09:20-3T10:00`))
	q := days(7)
	q.Objective = 999_000_000
	full, err := h.Report(dora.Rules{}, q)
	require.NoError(t, err)
	before, err := json.Marshal(full)
	require.NoError(t, err)
	text, err := json.Marshal(full.WithoutFailures())
	require.NoError(t, err)
	after, err := json.Marshal(full)
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after), "the report itself is not touched")
	var got, want map[string]any
	require.NoError(t, json.Unmarshal(text, &got))
	require.NoError(t, json.Unmarshal(before, &want))
	for _, name := range []string{"change_failure_rate", "failed_deployment_recovery", "rework_rate", "mttr", "attempt_failure_rate", "availability", "downtime_per_release", "error_budget"} {
		assert.Contains(t, string(before), `"`+name+`"`)
		assert.NotContains(t, string(text), `"`+name+`":{"`)
		delete(want, name)
	}
	assert.Contains(t, want, "unattributed")
	assert.NotContains(t, string(text), "unattributed")
	delete(want, "unattributed")
	assert.Equal(t, want["deployment_frequency"], got["deployment_frequency"])
	assert.Equal(t, want["lead_time"], got["lead_time"])
	score := got["quick_check"].(map[string]any)
	assert.NotContains(t, score, "stability")
	assert.Equal(t, score["throughput"], score["total"])
	for name := range want {
		assert.Contains(t, got, name)
	}

	c, err := h.Compare(preset(t, "dora-2024"), preset(t, "octopus"), q)
	require.NoError(t, err)
	n := len(c.Metrics)
	assert.Empty(t, c.WithoutFailures().Metrics[1:], "the lead time alone differs otherwise")
	assert.Equal(t, dora.LeadTime, c.WithoutFailures().Metrics[0].Metric)
	assert.Len(t, c.Metrics, n)
	assert.Greater(t, n, 1)
	for _, e := range c.WithoutFailures().Events {
		assert.Contains(t, []dora.Metric{dora.DeploymentFrequency, dora.LeadTime}, e.Metric)
	}
}
