package dora_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
)

func TestWhatIsNotTaken(t *testing.T) {
	when := at(t, "3T10:00")
	for _, tt := range []struct {
		event  dora.Event
		fields []string
	}{
		{nil, []string{"no event"}},
		{(*dora.Deployment)(nil), []string{"no event"}},
		{dora.Deployment{Status: "ok", Kind: "oops", Changes: []string{""}, Fixes: []string{"a", ""}}, []string{"id", "time", "status", "kind", "changes[0]", "fixes[1]"}},
		{dora.Deployment{ID: strings.Repeat("x", 5000), Time: time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)}, []string{"id", "time"}},
		{dora.Change{Originals: []dora.Commit{{}}}, []string{"id", "time", "originals[0].id", "originals[0].time"}},
		{dora.Incident{CausedBy: []string{""}, Changes: []string{""}}, []string{"id", "opened", "caused_by[0]", "changes[0]"}},
		{dora.Work{Points: math.NaN()}, []string{"id", "points"}},
		{dora.Work{ID: "w", Points: math.Inf(1)}, []string{"points"}},
		{dora.Work{ID: "w", Points: -1}, []string{"points"}},
		{dora.Outage{}, []string{"from", "to"}},
		{dora.Answer{Kind: "x", Score: math.NaN()}, []string{"kind", "score", "count", "time"}},
		{dora.Answer{Kind: dora.CSAT, Score: 0, Count: 1, Time: when}, []string{"score"}},
		{dora.Answer{Kind: dora.NPS, Score: 7.5, Count: 1, Time: when}, []string{"score"}},
	} {
		var h dora.History
		err := h.Add(tt.event)
		for _, field := range tt.fields {
			assert.ErrorContains(t, err, field, "%+v", tt.event)
		}
		assert.Zero(t, h.Len())
	}
}

func TestOddities(t *testing.T) {
	for _, tt := range []struct {
		name, story string
		want        []dora.Anomaly
	}{
		{"nothing", basic, nil},
		{"told twice", "d1 3T10:00\nd1 3T10:00\nd1 3T10:00", []dora.Anomaly{{Code: dora.CodeRepeated, ID: "d1", Count: 2}}},
		{"told otherwise", "d1 3T10:00\nd1 3T11:00\nd1 3T10:00", []dora.Anomaly{{Code: dora.CodeConflict, ID: "d1", Count: 1}, {Code: dora.CodeRepeated, ID: "d1", Count: 1}}},
		{"completed", "d1 3T10:00\ni1 3T11:00-open d1\ni1 3T11:00-3T12:00 d1", nil},
		{"completed in two ways", "d1 3T10:00\ni1 3T11:00-3T13:00 d1\ni1 3T11:00-3T12:00 d1", []dora.Anomaly{{Code: dora.CodeConflict, ID: "i1", Count: 1}}},
		{"unknown changes", "d1 3T10:00 {c1 c2}", []dora.Anomaly{{Code: dora.CodeUnknownChange, ID: "d1", Count: 2}}},
		{"unknown cause", "i1 3T10:00-3T11:00 d9", []dora.Anomaly{{Code: dora.CodeUnknownDeployment, ID: "i1", Other: "d9"}}},
		{"unknown failure", "d1 3T10:00 kind=rollback fixes=d9", []dora.Anomaly{{Code: dora.CodeUnknownDeployment, ID: "d1", Other: "d9"}}},
		{"a cause elsewhere", "d1 3T10:00 environment=staging\ni1 3T10:00-3T11:00 d1", []dora.Anomaly{{Code: dora.CodeUncounted, ID: "i1", Other: "d1"}}},
		{"backwards", "i1 3T10:00-3T09:00\no 3T10:00-3T09:00", []dora.Anomaly{{Code: dora.CodeNegativeSpan, ID: "i1"}, {Code: dora.CodeNegativeSpan, ID: "shop", Other: "2025-03-03T10:00:00Z"}}},
		{"a circle", "d1 3T10:00 fixes=d2\nd2 3T11:00 fixes=d3\nd3 3T12:00 fixes=d1\nd4 3T13:00 fixes=d3", []dora.Anomaly{
			{Code: dora.CodeCycle, ID: "d1"}, {Code: dora.CodeCycle, ID: "d2"}, {Code: dora.CodeCycle, ID: "d3"},
			{Code: dora.CodeRecoveryBeforeDeploy, ID: "d2", Other: "d1"}, {Code: dora.CodeRecoveryBeforeDeploy, ID: "d3", Other: "d2"}}},
		{"itself", "d1 3T10:00 fixes=d1", []dora.Anomaly{{Code: dora.CodeCycle, ID: "d1"}}},
		{"resolved before it was deployed", "d1 3T10:00\ni1 3T08:00-3T09:00 d1", []dora.Anomaly{{Code: dora.CodeRecoveryBeforeDeploy, ID: "d1"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report, err := history(t, story(t, tt.story)).Report(dora.Rules{}, days(1))
			require.NoError(t, err)
			assert.Equal(t, append([]dora.Anomaly{}, tt.want...), report.Anomalies, "never null")
		})
	}
}

func TestRepetitionsCountOnce(t *testing.T) {
	h := history(t, append(story(t, basic), story(t, basic)...))
	report, err := h.Report(dora.Rules{}, days(1))
	require.NoError(t, err)
	expect(t, report, "deployment_frequency.n 4; lead_time.n 4; lead_time.p50min 300; change_failure_rate.k 1; failed_deployment_recovery.p50min 65; mttr.n 1; events 18")
	assert.Len(t, report.Anomalies, 9)
}

func TestSharedChange(t *testing.T) {
	h := history(t, story(t, `
		c1 3T08:00
		d1 3T09:00 {c1 c1} service=a
		d2 3T10:00 {c1} service=b
		d3 3T11:00 {c1} service=a
		d4 3T12:00 {c1} service=b
		d5 3T12:00 {c1} service=c
		i1 3T13:00-3T14:00 service=b changes=c1
		i2 3T13:00-3T14:00 service=z changes=c1
	`))
	report, err := h.Report(dora.Rules{}, days(1))
	require.NoError(t, err)
	assert.Equal(t, 3, report.LeadTime.N, "each service brings it to its users once")
	for i, want := range []float64{3600, 7200, 4 * 3600} {
		assert.Equal(t, want, report.Services[i].LeadTime.P50.Or(0))
	}
	assert.Equal(t, []int{1, 1, 0}, []int{report.Services[0].ChangeFailureRate.K, report.Services[1].ChangeFailureRate.K, report.Services[2].ChangeFailureRate.K}, "that of its service, else the first of all")
	report, err = h.Report(dora.Rules{}, dora.Query{From: days(1).From, To: days(1).To, Services: []string{"b"}})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2, 1}, []int{report.LeadTime.N, report.DeploymentFrequency.N, len(report.Services)})
}

func TestDecodeRejects(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{``, "JSON"}, {`[]`, "array"}, {`{}`, "type"}, {`{"type":"deploy"}`, `"deploy"`},
		{`{"type":"change","id":"c","time":"2025-03-03"}`, "time"},
		{`{"type":"change","id":"c","time":"2025-03-03T00:00:00Z"} {}`, "after top-level"},
		{`{"type":"change","id":"c","time":"2025-03-03T00:00:00Z","author":"x"}`, "author"},
		{`{"type":"change","id":"c","time":"2025-03-03T00:00:00Z","originals":[{"id":"o","time":"2025-03-03T00:00:00Z","x":1}]}`, `"x"`},
		{`{"type":"change","time":"2025-03-03T00:00:00Z"}`, "id"},
		{`{"type":"deployment","id":1,"time":"2025-03-03T00:00:00Z"}`, "id"},
		{`{"type":"survey","kind":"csat","time":"2025-03-03T00:00:00Z"}`, "score"},
		{`{"type":"survey","kind":"csat","score":3,"count":0,"time":"2025-03-03T00:00:00Z"}`, "count"},
		{`{"type":"outage","from":"2025-03-03T00:00:00Z","to":"2025-03-03T01:00:00Z","severity":true}`, "severity"},
	} {
		_, err := dora.Decode([]byte(tt.line))
		assert.ErrorContains(t, err, tt.want, tt.line)
	}
	_, err := dora.Decode([]byte(`{"type":"x"}`))
	assert.ErrorIs(t, err, dora.ErrUnknownType)
}

func TestDecodeReadsWhatIsWritten(t *testing.T) {
	events := append(story(t, basic+rolledBack+squashed+"o 3T10:00-3T11:00 severity=2"),
		dora.Work{ID: "w", Started: at(t, "3T10:00"), Points: 2.5, Iteration: "s"}, dora.Answer{Kind: dora.NPS, Score: 0, Count: 3, Time: at(t, "3T10:00")})
	for _, e := range events {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		back, err := dora.Decode(text)
		require.NoError(t, err, string(text))
		assert.Equal(t, e, back)
	}
	e, err := dora.Decode([]byte(`{"type":"outage","from":"2025-03-03T00:00:00Z","to":"2025-03-03T01:00:00Z","severity":2}`))
	require.NoError(t, err)
	assert.Equal(t, "2", e.(dora.Outage).Severity)
	e, err = dora.Decode([]byte(`{"type":"survey","kind":"csat","score":4,"time":"2025-03-03T00:00:00Z"}`))
	require.NoError(t, err)
	assert.Equal(t, 1, e.(dora.Answer).Count)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"type":"deployment","id":"d1","service":"shop","environment":"production","time":"2025-03-03T09:00:00Z","status":"success","kind":"rollback","changes":["c1"],"fixes":["d0"],"group":"g"}`))
	f.Add([]byte(`{"type":"change","id":"c1","time":"2025-03-03T07:00:00+01:00","merged":"2025-03-03T08:00:00Z","originals":[{"id":"o","time":"2025-03-03T06:00:00Z"}]}`))
	f.Add([]byte(`{"type":"incident","id":"i1","opened":"2025-03-03T11:20:00Z","resolved":"2025-03-03T12:05:00Z","caused_by":["d1"],"changes":["c1"]}`))
	f.Add([]byte(`{"type":"work","id":"w","done":"2025-03-03T12:05:00Z","points":3,"iteration":"s"}`))
	f.Add([]byte(`{"type":"outage","from":"2025-03-03T00:00:00Z","to":"2025-03-03T01:00:00Z","severity":2}`))
	f.Add([]byte(`{"type":"survey","kind":"nps","score":9,"time":"2025-03-03T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := dora.Decode(line)
		if err != nil {
			return
		}
		var h dora.History
		require.NoError(t, h.Add(e), "what is decoded is valid")
		text, err := json.Marshal(e)
		require.NoError(t, err)
		back, err := dora.Decode(text)
		require.NoError(t, err, string(text))
		again, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(text), string(again))
		for _, p := range dora.Presets() {
			rules := preset(t, p)
			_, err := h.Report(rules, dora.Query{From: days(1).From, To: days(1).To})
			require.NoError(t, err)
		}
	})
}

func TestRulesAreJSON(t *testing.T) {
	for _, p := range dora.Presets() {
		rules := preset(t, p)
		require.NoError(t, rules.Validate())
		text, err := json.Marshal(rules)
		require.NoError(t, err)
		var back dora.Rules
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, rules, back)
	}
	zero := preset(t, "")
	zero.Name = ""
	assert.Equal(t, dora.Rules{}, zero, "the zero Rules are the default preset")
	_, err := dora.Preset("devlake")
	assert.ErrorIs(t, err, dora.ErrUnknownPreset)
}

func TestCompare(t *testing.T) {
	h := history(t, story(t, rolledBack))
	c, err := h.Compare(preset(t, "dora-2024"), preset(t, "datadog"), days(3))
	require.NoError(t, err)
	var metrics []dora.Metric
	for _, m := range c.Metrics {
		metrics = append(metrics, m.Metric)
	}
	assert.Equal(t, []dora.Metric{dora.FailedDeploymentRecovery, dora.Unattributed}, metrics, "both have one failure of four; one does not ask for causes")
	assert.Equal(t, dora.Difference{Metric: dora.FailedDeploymentRecovery, A: dora.Known(1800), B: dora.Known(1470 * 60), NA: 1, NB: 1}, c.Metrics[0])
	hit := func(e *dora.Entry) string {
		if e == nil {
			return ""
		}
		return string(e.Role) + " " + e.Deployment + e.Remedy
	}
	var why []string
	for _, e := range c.Events {
		why = append(why, fmt.Sprintf("%s: %s|%s", e.Metric, hit(e.A), hit(e.B)))
	}
	assert.Equal(t, []string{
		"change_failure_rate: counted d2|hit d2", "change_failure_rate: |linked d2d4", "change_failure_rate: hit d3|counted d3", "change_failure_rate: linked d3d4|",
		"failed_deployment_recovery: |sample d2", "failed_deployment_recovery: sample d3|",
	}, why)
	c, err = h.Compare(preset(t, "dora-2024"), preset(t, "dora-2024"), days(3))
	require.NoError(t, err)
	assert.Empty(t, c.Events)
	assert.Empty(t, c.Metrics)
}

func TestEvidenceOfAService(t *testing.T) {
	h := history(t, story(t, "d1 3T10:00 service=a\nd2 11T10:00 service=a\nd3 3T10:00 service=b"))
	a := "a"
	ids := func(about dora.About) (all []string) {
		about.Metric = dora.DeploymentFrequency
		e, err := h.Evidence(dora.Rules{}, days(14), about)
		require.NoError(t, err)
		for _, x := range e.Entries {
			all = append(all, x.Deployment)
		}
		return all
	}
	assert.Equal(t, []string{"d1", "d2", "d3"}, ids(dora.About{}))
	assert.Equal(t, []string{"d1", "d2"}, ids(dora.About{Service: &a}))
	assert.Equal(t, []string{"d1"}, ids(dora.About{Service: &a, Week: at(t, "5T10:00")}))
	_, err := h.Evidence(dora.Rules{}, days(14), dora.About{Metric: "speed"})
	assert.ErrorContains(t, err, "speed")
	b := "nobody"
	_, err = h.Evidence(dora.Rules{}, days(14), dora.About{Metric: dora.LeadTime, Service: &b})
	assert.ErrorIs(t, err, dora.ErrUnknownService)
	_, err = h.Evidence(dora.Rules{}, days(14), dora.About{Metric: dora.LeadTime, Week: at(t, "30T10:00")})
	assert.ErrorContains(t, err, "not in the window")
}

// TestAttributionByTime: with a limit, the latest deployment before an incident is to blame, if it says nothing itself.
func TestAttributionByTime(t *testing.T) {
	h := history(t, story(t, "d1 3T10:00\nd2 3T12:00\nd3 3T13:00 status=failure\ni1 3T12:30-3T13:00\ni2 4T13:00-4T14:00\ni3 3T12:00-3T12:30\ni4 3T12:40-3T13:00 d1"))
	for _, tt := range []struct {
		rules                  dora.Rules
		failed, incidents, not int
	}{
		{dora.Rules{}, 1, 1, 3},
		{dora.Rules{Attribution: dora.AttributionElseLatest, Within: dora.Duration(24 * time.Hour)}, 2, 3, 1},
		{dora.Rules{Attribution: dora.AttributionElseLatest}, 2, 4, 0},
		{dora.Rules{Attribution: dora.AttributionLatest, Within: dora.Duration(30 * time.Minute)}, 1, 1, 3},
		{dora.Rules{Attribution: dora.AttributionNone}, 0, 0, 0}, // it does not ask
	} {
		report, err := h.Report(tt.rules, days(2))
		require.NoError(t, err)
		c := report.ChangeFailureRate
		assert.Equal(t, []int{tt.failed, tt.incidents, tt.not}, []int{int(c.Deployments.Or(0)), int(c.Incidents.Or(0)), int(report.Unattributed.Or(0))}, tt.rules)
	}
}

// TestConflictsDoNotDependOnOrder: of two tellings that end at once, the same one counts whichever came first.
func TestConflictsDoNotDependOnOrder(t *testing.T) {
	a := dora.Deployment{ID: "d", Time: at(t, "3T10:00"), Kind: dora.KindHotfix}
	b := dora.Deployment{ID: "d", Time: at(t, "3T10:00"), Status: dora.Failure}
	c := dora.Deployment{ID: "d", Time: at(t, "3T09:00")}
	var reports []*dora.Report
	for _, events := range [][]dora.Event{{a, b, c, b}, {b, a, b, c}, {c, b, b, a}, {b, c, a, b}} {
		report, err := history(t, events).Report(dora.Rules{}, days(1))
		require.NoError(t, err)
		reports = append(reports, report)
	}
	for _, r := range reports[1:] {
		assert.Equal(t, reports[0], r)
	}
	assert.Equal(t, []dora.Anomaly{{Code: dora.CodeConflict, ID: "d", Count: 2}, {Code: dora.CodeRepeated, ID: "d", Count: 1}}, reports[0].Anomalies)
}
