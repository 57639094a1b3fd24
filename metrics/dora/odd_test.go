package dora_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

// What a rollback goes back from is told under one group with it, as any host may tell it.
const groupedBack = `
	d1 3T10:00 group=g
	d2 3T10:05 group=g
	d3 3T10:15 group=g kind=rollback fixes=d2
	d4 3T10:20 group=g kind=rollback fixes=d1
`

func TestKindsOfAGroup(t *testing.T) {
	report, err := history(t, story(t, groupedBack)).Report(dora.Rules{}, days(1))
	require.NoError(t, err)
	expect(t, report, "deployment_frequency.n 2; change_failure_rate.k 1; change_failure_rate.n 2; rework_rate.k 1; rework_rate.n 2; failed_deployment_recovery.p50min 15; failed_deployment_recovery.censored -; anomalies.0.code -")
}

func TestOddEvents(t *testing.T) {
	for _, tt := range []struct {
		name, story string
		rules       dora.Rules
		want        []dora.Anomaly
	}{
		{"a group that fixes itself", "d1 3T10:00 group=g\nd2 3T11:00 group=g fixes=d1", dora.Rules{}, []dora.Anomaly{{Code: dora.CodeCycle, ID: "d1"}}},
		{"it fixes itself", "d1 3T10:00 fixes=d1", dora.Rules{}, []dora.Anomaly{{Code: dora.CodeCycle, ID: "d1"}}},
		{"some targets have failed", "d1 3T10:00 group=g\nd2 3T11:00 group=g status=failure\nd3 3T11:10 group=g status=failure", dora.Rules{}, []dora.Anomaly{{Code: dora.CodePartly, ID: "d1", Count: 2}}},
		{"all targets have failed", "d1 3T10:00 group=g status=failure\nd2 3T11:00 group=g status=failure", dora.Rules{}, []dora.Anomaly{}},
		{"fixes what went elsewhere", "d1 3T10:00 environment=staging\nd2 3T11:00 kind=rollback fixes=d1", dora.Rules{}, []dora.Anomaly{{Code: dora.CodeUncounted, ID: "d2", Other: "d1"}}},
		{"fixes an attempt", "d1 3T10:00 status=failure\nd2 3T11:00 kind=rollback fixes=d1", dora.Rules{}, []dora.Anomaly{{Code: dora.CodeUncounted, ID: "d2", Other: "d1"}}},
		{"fixes an attempt that counts", "d1 3T10:00 status=failure\nd2 3T11:00 kind=rollback fixes=d1", dora.Rules{Attempts: dora.AttemptsFail}, []dora.Anomaly{}},
		{"fixes an attempt that did harm", "d1 3T10:00 status=failure\ni1 3T10:00-3T11:00 d1\nd2 3T11:00 kind=rollback fixes=d1", dora.Rules{}, []dora.Anomaly{}},
		{"finished before it started", "d1 3T10:00 started=3T11:00", dora.Rules{}, []dora.Anomaly{{Code: dora.CodeNegativeSpan, ID: "d1"}}},
		{"merged before it was committed", "c1 3T09:00 merged=3T08:00", dora.Rules{}, []dora.Anomaly{{Code: dora.CodeNegativeSpan, ID: "c1"}}},
		{"merged before the last commit behind it", "c1 3T08:00 merged=3T08:00 originals=a/3T07:00,b/3T08:30", dora.Rules{}, []dora.Anomaly{{Code: dora.CodeNegativeSpan, ID: "c1"}}},
		{"the time of a squash is that of its merge", "c1 3T08:01 merged=3T08:00 originals=a/3T07:00", dora.Rules{}, []dora.Anomaly{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := history(t, story(t, tt.story))
			report, err := h.Report(tt.rules, days(1))
			require.NoError(t, err)
			assert.Equal(t, tt.want, report.Anomalies)

			// A Meter says the same, however the events come in.
			m, err := (&dora.History{}).Meter(tt.rules, days(1))
			require.NoError(t, err)
			for _, e := range story(t, tt.story) {
				require.NoError(t, m.Add(e))
				m.Report()
			}
			assert.Equal(t, report, m.Report())
		})
	}
	h := history(t, []dora.Event{dora.Work{ID: "w1", Iteration: "one"}, dora.Work{ID: "w2", Iteration: "two", Started: at(t, "3T10:00")}})
	report, err := h.Report(dora.Rules{}, days(1))
	require.NoError(t, err)
	assert.Equal(t, []dora.Anomaly{{Code: dora.CodeUndated, ID: "one"}}, report.Anomalies)
}
