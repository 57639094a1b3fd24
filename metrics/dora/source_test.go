package dora_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// A report says whose its tiers are, and how sure its intervals.
func TestSourceOfTiers(t *testing.T) {
	h := history(t, story(t, "d1 3T09:00"))
	own := &dora.TierModel{Name: "ours", Source: "the wall", FailureRate: []dora.TierRange{{Tier: "fine"}}}
	for name, tc := range map[string]struct {
		rules dora.Rules
		want  *dora.TierSource
	}{
		"by default": {dora.Rules{}, &dora.TierSource{Model: "2024", Year: 2024, Source: "DORA, Accelerate State of DevOps 2024, by extracts of others (failure rates of medium and low, and recovery of low, not checked)"}},
		"another":    {preset(t, "fourkeys"), &dora.TierSource{Model: "fourkeys", Year: 2021, Source: "dora-team/fourkeys, METRICS.md, Calculating the bucket"}},
		"one's own":  {dora.Rules{Model: own}, &dora.TierSource{Model: "ours", Source: "the wall"}},
		"none":       {dora.Rules{Tiers: "none"}, nil},
		"no table":   {dora.Rules{Model: &dora.TierModel{Name: "empty"}}, nil},
	} {
		r, err := h.Report(tc.rules, days(7))
		require.NoError(t, err, name)
		assert.Equal(t, tc.want, r.Tiers, name)
		assert.Equal(t, 0.95, r.Confidence, name)
	}
	r, err := h.Report(dora.Rules{Confidence: 0.8}, days(7))
	require.NoError(t, err)
	assert.Equal(t, 0.8, r.Confidence)
}

// What one side of a comparison has no figure or event for is absent, and not null.
func TestComparisonWithoutData(t *testing.T) {
	h := history(t, story(t, "d1 3T09:00\n i1 3T10:00-3T11:00"))
	c, err := h.Compare(preset(t, "dora-2024"), preset(t, "fourkeys"), days(7))
	require.NoError(t, err)
	require.NotEmpty(t, c.Metrics)
	text, err := json.Marshal(c)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "null")
}
