package deliveries_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/deliveries"
	"github.com/davit-sdk/davit/metrics/dora"
)

// Whatever order a story is told in, it is the same one, and nothing in it is odd.
func TestStory(t *testing.T) {
	s := deliveries.New(20_000, 10, 42)
	assert.Equal(t, s, deliveries.New(20_000, 10, 42))
	assert.Len(t, s.Deployments, 2000)
	assert.Len(t, s.Changes, 17_600)
	assert.InDelta(t, 400, len(s.Incidents), 40)
	var reports []*dora.Report
	for _, events := range [][]dora.Event{s.Events(), s.Shuffled(1)} {
		require.Len(t, events, len(s.Deployments)+len(s.Changes)+len(s.Incidents))
		var h dora.History
		for _, e := range events {
			require.NoError(t, h.Add(e))
		}
		report, err := h.Report(dora.Rules{}, s.Query())
		require.NoError(t, err)
		reports = append(reports, report)
	}
	assert.Equal(t, reports[0], reports[1])
	assert.Empty(t, reports[0].Anomalies)
	assert.Equal(t, 17_600, reports[0].LeadTime.N, "each change is deployed once")
	assert.Len(t, reports[0].Services, 10)
	assert.NotEqual(t, s.Events(), s.Shuffled(1))
}
