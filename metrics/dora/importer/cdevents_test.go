package importer_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/importer"
)

// event is one of CDEvents, on a line.
func event(kind, id, clock, subject, content, more string) string {
	return fmt.Sprintf(`{"context":{"specversion":"0.5.0","id":%q,"source":"/ci","type":"dev.cdevents.%s.0.3.0","timestamp":"2025-03-03T%s:00Z"%s},"subject":{"id":%q,"content":{%s}}}`,
		id, kind, clock, more, subject, content)
}

const inProduction = `"environment":{"id":"production"}`

// week is a history with all kinds of events.
func week() []string {
	return []string{
		event("change.merged", "e1", "07:00", "c1", `"repository":{"id":"shop.git"}`, `,"chainId":"x"`),
		event("service.deployed", "e2", "09:00", "shop", inProduction+`,"artifactId":"pkg:oci/shop@1"`, `,"chainId":"x"`),
		event("change.merged", "e3", "10:00", "c2", "", ""),
		event("service.upgraded", "e4", "11:00", "shop", inProduction, `,"links":[{"linkType":"RELATION","linkKind":"BRINGS","target":{"contextId":"e3"}}]`),
		event("incident.detected", "e5", "11:10", "i1", inProduction+`,"service":{"id":"shop"}`, `,"links":[{"linkType":"RELATION","linkKind":"CAUSE","target":{"contextId":"e4"}}]`),
		event("incident.reported", "e6", "11:15", "i1", inProduction, ""),
		event("service.rolledback", "e7", "11:30", "shop", inProduction, `,"links":[{"linkType":"PATH","from":{"contextId":"e4"}}]`),
		event("incident.resolved", "e8", "11:40", "i1", inProduction, ""),
		event("pipelinerun.finished", "e9", "12:00", "r1", `"pipelineName":"deploy","outcome":"failure"`, ""),
		event("ticket.created", "e10", "08:00", "t1", `"milestone":"s1"`, ""),
		event("ticket.closed", "e11", "13:00", "t1", "", ""),
	}
}

var deploys = importer.CDEventsOptions{Pipelines: map[string]importer.Place{"deploy": {Service: "shop", Environment: "production"}}}

var wanted = []dora.Event{
	dora.Change{ID: "c1", Time: day(7, 0), Merged: day(7, 0), Repo: "shop.git"},
	dora.Deployment{ID: "e2", Service: "shop", Environment: "production", Time: day(9, 0), Changes: []string{"c1"}, Version: "pkg:oci/shop@1"},
	dora.Change{ID: "c2", Time: day(10, 0), Merged: day(10, 0)},
	dora.Deployment{ID: "e4", Service: "shop", Environment: "production", Time: day(11, 0), Changes: []string{"c2"}},
	dora.Incident{ID: "i1", Service: "shop", Opened: day(11, 10), Resolved: day(11, 40), CausedBy: []string{"e4"}},
	dora.Deployment{ID: "e7", Service: "shop", Environment: "production", Time: day(11, 30), Kind: dora.KindRollback, Fixes: []string{"e4"}},
	dora.Deployment{ID: "e9", Service: "shop", Environment: "production", Time: day(12, 0), Status: dora.Failure},
	dora.Work{ID: "t1", Done: day(13, 0), Iteration: "s1"},
}

func TestCDEvents(t *testing.T) {
	backwards := week()
	for i, j := 0, len(backwards)-1; i < j; i, j = i+1, j-1 {
		backwards[i], backwards[j] = backwards[j], backwards[i]
	}
	var structured, packed []string
	for i, text := range week() {
		structured = append(structured, fmt.Sprintf(`{"specversion":"1.0","id":"x%d","source":"/","type":"dev.cdevents","datacontenttype":"application/json","data":%s}`, i, text))
		packed = append(packed, fmt.Sprintf(`{"specversion":"1.0","id":"x%d","source":"/","type":"dev.cdevents","data_base64":%q}`, i, base64.StdEncoding.EncodeToString([]byte(text))))
	}
	for name, text := range map[string]string{
		"lines":         strings.Join(week(), "\n"),
		"backwards":     strings.Join(backwards, "\n"),
		"side by side":  strings.Join(week(), ""),
		"a batch":       "\xef\xbb\xbf\n [" + strings.Join(week(), ",\n") + "]\n",
		"envelopes":     strings.Join(structured, "\n"),
		"in base64":     strings.Join(packed, "\n"),
		"batches":       "[" + strings.Join(structured[:5], ",") + "]\n[" + strings.Join(structured[5:], ",") + "]",
		"and an object": "[" + strings.Join(structured[:5], ",") + "]\n" + strings.Join(structured[5:], " "),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := importer.CDEvents(strings.NewReader(text), deploys)
			require.NoError(t, err)
			assert.Equal(t, wanted, got.Events)
			assert.Empty(t, got.Others)
			codes := map[importer.Code]int{}
			for _, r := range got.Remarks {
				codes[r.Code]++
			}
			assert.Equal(t, map[importer.Code]int{importer.CodeNoCommitTime: 2}, codes)
		})
	}
	var h dora.History
	for _, e := range wanted {
		require.NoError(t, h.Add(e))
	}
	report, err := h.Report(dora.Rules{}, dora.Query{From: day(0, 0), To: day(24, 0)})
	require.NoError(t, err)
	assert.Equal(t, 3, report.DeploymentFrequency.N)
	assert.Equal(t, 1, report.ChangeFailureRate.K)
	assert.Equal(t, 1, report.AttemptFailureRate.K)
}

func TestWhatCDEventsDoesNotSay(t *testing.T) {
	for name, tc := range map[string]struct {
		text   string
		o      importer.CDEventsOptions
		want   []dora.Event
		codes  []importer.Code
		others []importer.Other
	}{
		"no changes":        {text: event("service.deployed", "e1", "09:00", "shop", inProduction, ""), want: []dora.Event{dora.Deployment{ID: "e1", Service: "shop", Environment: "production", Time: day(9, 0)}}, codes: []importer.Code{importer.CodeNoChanges}},
		"no fixes":          {text: event("service.rolledback", "e1", "09:00", "shop", inProduction, ""), want: []dora.Event{dora.Deployment{ID: "e1", Service: "shop", Environment: "production", Time: day(9, 0), Kind: dora.KindRollback}}, codes: []importer.Code{importer.CodeNoFixes}},
		"removed":           {text: event("service.removed", "e1", "09:00", "shop", inProduction, ""), codes: []importer.Code{importer.CodeRemoved}},
		"not opened":        {text: event("incident.resolved", "e1", "09:00", "i1", inProduction, ""), codes: []importer.Code{importer.CodeNotOpened}},
		"no service":        {text: event("incident.detected", "e1", "09:00", "i1", inProduction, ""), want: []dora.Event{dora.Incident{ID: "i1", Opened: day(9, 0)}}, codes: []importer.Code{importer.CodeNoService, importer.CodeNoCause}},
		"elsewhere":         {text: event("incident.detected", "e1", "09:00", "i1", `"environment":"staging"`, ""), o: importer.CDEventsOptions{Environments: []string{"production"}}, codes: []importer.Code{importer.CodeElsewhere}},
		"not in production": {text: event("incident.detected", "e1", "09:00", "i1", `"environment":"staging"`, ""), codes: []importer.Code{importer.CodeElsewhere}},
		"nowhere":           {text: event("incident.detected", "e1", "09:00", "i1", "", ""), want: []dora.Event{dora.Incident{ID: "i1", Opened: day(9, 0)}}, codes: []importer.Code{importer.CodeNoService, importer.CodeNoCause}},
		"a build":           {text: event("pipelinerun.finished", "e1", "09:00", "r1", `"pipelineName":"build","outcome":"failure"`, ""), o: deploys, codes: []importer.Code{importer.CodeNoDeployment}},
		"a cancelled":       {text: event("pipelinerun.finished", "e1", "09:00", "r1", `"pipelineName":"deploy","outcome":"cancel"`, ""), o: deploys, codes: []importer.Code{importer.CodeNoDeployment}},
		"a success":         {text: event("pipelinerun.finished", "e1", "09:00", "r1", `"pipelineName":"deploy","outcome":"success"`, ""), o: deploys, codes: []importer.Code{importer.CodeNoDeployment}},
		"no outcome":        {text: event("pipelinerun.finished", "e1", "09:00", "r1", `"pipelineName":"deploy"`, ""), o: deploys, codes: []importer.Code{importer.CodeBroken}},
		"a success that counts": {
			text:  event("pipelinerun.finished", "e1", "09:00", "r1", `"pipelineName":"deploy","outcome":"success"`, ""),
			o:     importer.CDEventsOptions{Pipelines: map[string]importer.Place{"deploy": {Service: "shop", Succeeds: true}}},
			want:  []dora.Event{dora.Deployment{ID: "e1", Service: "shop", Time: day(9, 0)}},
			codes: []importer.Code{importer.CodeNoChanges},
		},
		"a ticket that was begun": {text: event("ticket.created", "e1", "09:00", "t1", "", ""), o: importer.CDEventsOptions{StartedWhenCreated: true}, want: []dora.Event{dora.Work{ID: "t1", Started: day(9, 0)}}},
		"a loose link": {
			text:  event("change.merged", "e0", "08:00", "c1", "", "") + event("service.deployed", "e1", "09:00", "shop", inProduction, `,"links":[{"target":{"contextId":"?"}},{"target":{"contextId":"e0"}}]`),
			want:  []dora.Event{dora.Change{ID: "c1", Time: day(8, 0), Merged: day(8, 0)}, dora.Deployment{ID: "e1", Service: "shop", Environment: "production", Time: day(9, 0), Changes: []string{"c1"}}},
			codes: []importer.Code{importer.CodeNoCommitTime, importer.CodeLooseLink},
		},
		"no environment": {text: event("service.deployed", "e1", "09:00", "shop", "", ""), codes: []importer.Code{importer.CodeBroken}},
		"twice":          {text: event("service.removed", "e1", "09:00", "shop", inProduction, "") + "\n" + event("service.removed", "e1", "09:00", "shop", inProduction, ""), codes: []importer.Code{importer.CodeRemoved, importer.CodeRepeated}},
		"broken ones":    {text: `3 null "x" {} {"context":{"type":"dev.cdevents.change.merged.0.3.0","timestamp":"now"}} {"context":{"type":"dev.cdevents.change.merged.0.3.0","type":"x"}}`, codes: []importer.Code{importer.CodeBroken, importer.CodeBroken, importer.CodeBroken}, others: []importer.Other{{Type: "", Count: 2}, {Type: "x", Count: 1}}},
		"others": {
			text:   event("build.finished", "e1", "09:00", "b", "", "") + event("build.finished", "e2", "09:00", "b", "", "") + `{"type":"com.example.thing","data":{"x":1}}` + strings.Replace(event("change.merged", "e3", "09:00", "c", "", ""), ".0.3.0", ".1.0.0", 1),
			others: []importer.Other{{Type: "com.example.thing", Count: 1}, {Type: "dev.cdevents.build.finished.0.3.0", Count: 2}, {Type: "dev.cdevents.change.merged.1.0.0", Count: 1}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := importer.CDEvents(strings.NewReader(tc.text), tc.o)
			require.NoError(t, err)
			assert.Equal(t, tc.want, got.Events)
			assert.Equal(t, tc.others, got.Others)
			var codes []importer.Code
			for _, r := range got.Remarks {
				codes = append(codes, r.Code)
			}
			assert.Equal(t, tc.codes, codes, "%v", got.Remarks)
		})
	}
}

// What an envelope has in it is read as strictly as what stands without one: of two ids or events none is lost.
func TestEnvelopesThatLoseNothing(t *testing.T) {
	merged := func(id string) string { return event("change.merged", "e-"+id, "07:00", id, "", "") }
	latin1 := func(sign string) string {
		text := strings.ReplaceAll(merged("cafe"), "cafe", "caf"+sign)
		return fmt.Sprintf(`{"specversion":"1.0","type":"dev.cdevents","data_base64":%q}`, base64.StdEncoding.EncodeToString([]byte(text)))
	}
	got, err := importer.CDEvents(strings.NewReader(latin1("\xe8")+latin1("\xe9")), importer.CDEventsOptions{})
	require.NoError(t, err)
	assert.Empty(t, got.Events)
	require.Len(t, got.Remarks, 2)
	for _, r := range got.Remarks {
		assert.Equal(t, importer.CodeBroken, r.Code)
		assert.Equal(t, "no UTF-8", r.Text)
	}
	two := `{"specversion":"1.0","type":"dev.cdevents","data":` + merged("c1") + `,"data":` + merged("c2") + `}`
	got, err = importer.CDEvents(strings.NewReader(two), importer.CDEventsOptions{})
	require.NoError(t, err)
	assert.Empty(t, got.Events)
	require.Len(t, got.Remarks, 1)
	assert.Equal(t, importer.CodeBroken, got.Remarks[0].Code)
	assert.Equal(t, `"data" is twice in one object`, got.Remarks[0].Text)
}

// An alert whose subject is the service goes off again and again.
func TestIncidentsOfOneSubject(t *testing.T) {
	text := event("incident.detected", "e1", "09:00", "high-load", inProduction+`,"service":"shop"`, "") + event("incident.resolved", "e2", "09:10", "high-load", inProduction, "") +
		event("incident.detected", "e3", "10:00", "high-load", inProduction+`,"service":"shop"`, "")
	got, err := importer.CDEvents(strings.NewReader(text), importer.CDEventsOptions{})
	require.NoError(t, err)
	assert.Equal(t, []dora.Event{
		dora.Incident{ID: "high-load", Service: "shop", Opened: day(9, 0), Resolved: day(9, 10)},
		dora.Incident{ID: "high-load#2", Service: "shop", Opened: day(10, 0)},
	}, got.Events)
}

func TestJSONThatBreaksOff(t *testing.T) {
	one := event("change.merged", "e1", "08:00", "c1", "", "")
	for text, want := range map[string]string{
		one + "\n" + one[:20]:        "line 2: the JSON breaks off",
		"[" + one + ",\n":            "line 2: the JSON breaks off",
		"[" + one:                    "line 1: the JSON breaks off",
		one + "\n\n{x}\n" + one:      "line 3: it is no JSON",
		"[" + one + "\n" + one + "]": "line 1: it is no JSON",
	} {
		got, err := importer.CDEvents(strings.NewReader(text), importer.CDEventsOptions{})
		assert.ErrorContains(t, err, want, text)
		assert.Len(t, got.Events, 1, "what was read is there: %s", text)
	}
	_, err := importer.CDEvents(strings.NewReader(one+"\n[\""+strings.Repeat("x", 100_000)+"\"]"), importer.CDEventsOptions{Options: importer.Options{MaxRecord: 1000}})
	assert.ErrorIs(t, err, importer.ErrTooLong)
	got, err := importer.CDEvents(strings.NewReader("["+strings.Repeat(one+",", 999)+one+"]"), importer.CDEventsOptions{Options: importer.Options{MaxRecord: 1000}})
	require.NoError(t, err, "the limit is that of a record")
	assert.Len(t, got.Remarks, 999+1)
}

// What has a key twice is no event; a rollback brings no changes; and
// the end of an incident need not say where it was.
func TestWhatIsInBetween(t *testing.T) {
	twice := strings.Replace(event("change.merged", "e1", "08:00", "c1", "", ""), `"id":"e1"`, `"id":"e0","id":"e1"`, 1)
	got, err := importer.CDEvents(strings.NewReader(twice), importer.CDEventsOptions{})
	require.NoError(t, err)
	assert.Empty(t, got.Events)
	require.Len(t, got.Remarks, 1)
	assert.Equal(t, importer.CodeBroken, got.Remarks[0].Code)
	assert.Contains(t, got.Remarks[0].Text, `"id" is twice in one object`)

	chained := event("change.merged", "e1", "08:00", "c1", "", `,"chainId":"x"`) + event("service.rolledback", "e2", "09:00", "shop", inProduction, `,"chainId":"x"`)
	got, err = importer.CDEvents(strings.NewReader(chained), importer.CDEventsOptions{})
	require.NoError(t, err)
	require.Len(t, got.Events, 2)
	assert.Empty(t, got.Events[1].(dora.Deployment).Changes)

	bare := event("incident.detected", "e1", "09:00", "i1", inProduction, "") + event("incident.resolved", "e2", "10:00", "i1", "", "")
	got, err = importer.CDEvents(strings.NewReader(bare), importer.CDEventsOptions{Environments: []string{"production"}})
	require.NoError(t, err)
	require.Len(t, got.Events, 1)
	assert.Equal(t, day(10, 0), got.Events[0].(dora.Incident).Resolved)
}
