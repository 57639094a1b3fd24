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

// Every figure has the events that it is made of.
func TestEvidenceOfAllElse(t *testing.T) {
	events := append(story(t, "c1 3T07:00 merged=3T08:00\nd1 3T09:00 {c1} started=3T08:50\nc2 3T07:00\nd2 3T22:00 {c2} service=bank\no 3T10:00-3T10:30\no 3T11:00-3T11:10 service=bank"),
		dora.Work{ID: "w1", Started: at(t, "3T08:00"), Done: at(t, "3T09:00"), Iteration: "one"}, dora.Work{ID: "w2", Iteration: "one"},
		dora.Answer{Kind: dora.CSAT, Score: 5, Count: 1, Time: at(t, "3T12:00")}, dora.Answer{Kind: dora.NPS, Score: 1, Count: 1, Time: at(t, "3T12:00")},
		dora.Outage{From: at(t, "3T12:00"), To: at(t, "3T12:05")})
	h := history(t, events)
	q := days(1)
	q.Objective = 999_000_000
	shop := "shop"
	for _, tt := range []struct {
		about dora.About
		want  []dora.Entry
	}{
		{dora.About{Metric: dora.CycleTimes}, []dora.Entry{{Role: dora.Sample, Deployment: "d1", Change: "c1", Seconds: dora.Known(7200)}, {Role: dora.Excluded, Deployment: "d2", Change: "c2", Why: "not all of its times are known, or they are not in order"}}},
		{dora.About{Metric: dora.Available, Service: &shop}, []dora.Entry{{Role: dora.Sample, At: at(t, "3T10:00"), Service: "shop", Seconds: dora.Known(1800)}, {Role: dora.Sample, At: at(t, "3T12:00"), Seconds: dora.Known(300)}}},
		{dora.About{Metric: dora.DowntimePerRelease}, []dora.Entry{{Role: dora.Sample, At: at(t, "3T10:00"), Service: "shop", Seconds: dora.Known(1800)}, {Role: dora.Sample, At: at(t, "3T11:00"), Service: "bank", Seconds: dora.Known(600)}, {Role: dora.Sample, At: at(t, "3T12:00"), Seconds: dora.Known(300)}}},
		{dora.About{Metric: dora.Velocities}, []dora.Entry{{Role: dora.Hit, Work: "w1"}, {Role: dora.Counted, Work: "w2"}}},
		{dora.About{Metric: dora.WorkTimes}, []dora.Entry{{Role: dora.Sample, Work: "w1", Seconds: dora.Known(3600)}}},
		{dora.About{Metric: dora.AnswersCSAT}, []dora.Entry{{Role: dora.Hit, At: at(t, "3T12:00")}}},
		{dora.About{Metric: dora.AnswersNPS}, []dora.Entry{{Role: dora.Counted, At: at(t, "3T12:00")}}},
		{dora.About{Metric: dora.OutsideHours}, []dora.Entry{{Role: dora.Hit, Change: "c1"}, {Role: dora.Hit, Change: "c2"}, {Role: dora.Counted, Deployment: "d1"}, {Role: dora.Hit, Deployment: "d2"}}},
	} {
		e, err := h.Evidence(dora.Rules{}, q, tt.about)
		require.NoError(t, err)
		assert.Equal(t, tt.want, e.Entries, tt.about.Metric)
	}
	e, err := h.Evidence(dora.Rules{}, q, dora.About{Metric: dora.BudgetUsed})
	require.NoError(t, err)
	assert.Len(t, e.Entries, 3)
}

// Where the events are the same, the rules say why figures are not.
func TestCompareKnobs(t *testing.T) {
	h := history(t, story(t, "c1 3T07:00\nc2 3T08:00\nd0 3T06:00\nd1 3T09:00 {c1 c2}"))
	c, err := h.Compare(dora.Rules{}, dora.Rules{Name: "lower", Quantile: dora.QuantileLower, Start: dora.StartCommit, Within: dora.Duration(3600e9)}, days(1))
	require.NoError(t, err)
	assert.Empty(t, c.Events)
	require.Len(t, c.Metrics, 1)
	assert.Equal(t, []dora.Knob{{Name: "quantile", A: "interpolated", B: "lower"}, {Name: "within", A: "", B: "1h0m0s"}}, c.Knobs)
	c, err = h.Compare(dora.Rules{}, dora.Rules{Tiers: "fourkeys"}, days(1))
	require.NoError(t, err)
	assert.Equal(t, []dora.Knob{{Name: "tiers", A: "2024", B: "fourkeys"}}, c.Knobs)
	require.NotEmpty(t, c.Metrics)
	assert.Equal(t, []any{dora.LeadTime, dora.Elite, dora.Tier("One day")}, []any{c.Metrics[1].Metric, c.Metrics[1].TierA, c.Metrics[1].TierB})
	for _, p := range dora.Presets() {
		c, err := h.Compare(preset(t, p), preset(t, p), days(1))
		require.NoError(t, err)
		assert.Empty(t, c.Knobs, p)
	}
}
