package dora_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// What becomes of each change is told, also of those that are no sample.
func TestEvidenceOfLeadTimes(t *testing.T) {
	h := history(t, story(t, "c1 3T07:00 merged=3T07:00\nc2 3T08:00 merged=3T08:00\nd1 3T09:00 {c1 c2}"))
	e, err := h.Evidence(preset(t, "octopus"), days(1), dora.About{Metric: dora.LeadTime})
	require.NoError(t, err)
	assert.Equal(t, []dora.Entry{
		{Role: dora.Sample, Deployment: "d1", Change: "c1", Seconds: dora.Known(7200)},
		{Role: dora.Excluded, Deployment: "d1", Change: "c2", Why: "it is not the oldest of its deployment"},
	}, e.Entries)
	c, err := h.Compare(dora.Rules{}, preset(t, "octopus"), days(1))
	require.NoError(t, err)
	require.Len(t, c.Events, 1)
	assert.Equal(t, []any{"c2", dora.Sample, dora.Excluded}, []any{c.Events[0].A.Change, c.Events[0].A.Role, c.Events[0].B.Role})

	e, err = h.Evidence(preset(t, "datadog"), days(1), dora.About{Metric: dora.LeadTime})
	require.NoError(t, err)
	require.Len(t, e.Entries, 2)
	assert.Equal(t, []any{dora.Excluded, "its deployment is the first one, or the first in a long time"}, []any{e.Entries[0].Role, e.Entries[0].Why})
}
