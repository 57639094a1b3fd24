package importer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/importer"
)

func TestCSV(t *testing.T) {
	const head = "type,id,service,environment,time,changes\n"
	d1 := dora.Deployment{ID: "d1", Service: "shop", Environment: "production", Time: day(9, 0), Changes: []string{"c1", "c 2"}}
	for name, tc := range map[string]struct {
		text  string
		want  []dora.Event
		wrong []string
	}{
		"a deployment":    {text: head + "deployment,d1,shop,production,2025-03-03T09:00:00Z,c1; c 2\n", want: []dora.Event{d1}},
		"another zone":    {text: head + "deployment,d1,shop,production,2025-03-03T09:00:00Z,\"c1\nc 2;\"\n", want: []dora.Event{d1}},
		"CRLF and a mark": {text: "\xef\xbb\xbf" + strings.ReplaceAll(head+"deployment,d1,shop,production,2025-03-03T09:00:00Z,c1;c 2\n", "\n", "\r\n"), want: []dora.Event{d1}},
		"all types": {
			text: "type,id,time,opened,caused_by,done,points,iteration,service,from,to,severity,kind,score,count,originals,merged\n" +
				"incident,i1,,2025-03-03T11:20:00Z,d2,,,,shop,,,,,,,,\n" +
				"work,w1,,,,2025-03-03T12:00:00Z,2.5,s1,,,,,,,,,\n" +
				"outage,,,,,,,,shop,2025-03-03T01:00:00Z,2025-03-03T02:00:00Z,2,,,,,\n" +
				"survey,,2025-03-03T01:00:00Z,,,,,,,,,,nps,9,3,,\n" +
				"survey,,2025-03-03T01:00:00Z,,,,,,,,,,csat,4,,,\n" +
				"change,c1,2025-03-03T07:00:00Z,,,,,,,,,,,,,a 2025-03-03T05:00:00Z; b 2025-03-03T06:00:00Z,2025-03-03T08:00:00Z\n",
			want: []dora.Event{
				dora.Incident{ID: "i1", Service: "shop", Opened: day(11, 20), CausedBy: []string{"d2"}},
				dora.Work{ID: "w1", Done: day(12, 0), Points: 2.5, Iteration: "s1"},
				dora.Outage{Service: "shop", From: day(1, 0), To: day(2, 0), Severity: "2"},
				dora.Answer{Kind: dora.NPS, Score: 9, Count: 3, Time: day(1, 0)},
				dora.Answer{Kind: dora.CSAT, Score: 4, Count: 1, Time: day(1, 0)},
				dora.Change{ID: "c1", Time: day(7, 0), Merged: day(8, 0), Originals: []dora.Commit{{ID: "a", Time: day(5, 0)}, {ID: "b", Time: day(6, 0)}}},
			},
		},
		"line numbers": {
			text: head + "deployment,d1,shop,production,2025-03-03T09:00:00Z,\"c1\nc 2\"\ndeployment,d2,shop,production,yesterday,\n\nwhat,d2,,,,\n",
			want: []dora.Event{d1}, wrong: []string{`line 4: time: "yesterday" is no time as in RFC 3339`, `line 6: unknown type of event "what"`},
		},
		"goes on behind a quote": {
			text: head + "deployment,d\"0,,,,\ndeployment,d1,shop,production,2025-03-03T09:00:00Z,c1;c 2\n",
			want: []dora.Event{d1}, wrong: []string{`line 2: bare " in non-quoted-field, in column`},
		},
		"a quote that is open":   {text: head + "\"deployment,d1\n\n\n", wrong: []string{`line 2: extraneous or missing " in quoted-field, in line 4`}},
		"too few cells":          {text: head + "deployment,d1\n", wrong: []string{"line 2: 2 cells for 6 columns"}},
		"a field of others":      {text: head + "change,c1,shop,,2025-03-03T09:00:00Z,\n", wrong: []string{"line 2: service: no field of a change"}},
		"NaN":                    {text: "type,id,points\nwork,w,NaN\nwork,w,+Inf\nwork,w,0x10\nwork,w,1e999\nwork,w,-1\nwork,w,\"1,5\"", wrong: []string{`line 2: points: "NaN" is no number`, "line 3", "line 4", "line 5", "line 6: work", "line 7"}},
		"a count with a point":   {text: "type,kind,score,count,time\nsurvey,nps,9,1.5,2025-03-03T01:00:00Z", wrong: []string{"line 2: survey"}},
		"an original half":       {text: "type,id,time,originals\nchange,c,2025-03-03T01:00:00Z,a\n", wrong: []string{`originals: "a" is not an id, a blank and a time`}},
		"no UTF-8":               {text: "type,id,time\nchange,\xff,2025-03-03T01:00:00Z\n", wrong: []string{"line 2: id: no UTF-8"}},
		"nothing":                {text: "", wrong: []string{"there is no header"}},
		"no type":                {text: "id\nd1\n", wrong: []string{`line 1: there is no column "type"`}},
		"a column that is none":  {text: "type,when\nchange,1\n", wrong: []string{`line 1: column "when" is a field of no event`}},
		"a column that is twice": {text: "type,id, id\nchange,1,2\n", wrong: []string{`line 1: column "id" is there twice`}},
	} {
		t.Run(name, func(t *testing.T) {
			got, wrong := all(importer.CSV(strings.NewReader(tc.text), importer.Options{}))
			assert.Equal(t, tc.want, got)
			if assert.Len(t, wrong, len(tc.wrong), "%q", wrong) {
				for i := range wrong {
					assert.Contains(t, wrong[i], tc.wrong[i])
				}
			}
		})
	}
}

func TestRecordsThatAreTooLong(t *testing.T) {
	row := "change,c1,2025-03-03T01:00:00Z\n"
	text := "type,id,time\n" + strings.Repeat(row, 1000)
	got, wrong := all(importer.CSV(strings.NewReader(text), importer.Options{MaxRecord: 100}))
	assert.Len(t, got, 1000, "the limit is that of a record")
	assert.Empty(t, wrong)

	got, wrong = all(importer.CSV(strings.NewReader(text+"\""+strings.Repeat(row, 1000)), importer.Options{MaxRecord: 100}))
	assert.Len(t, got, 1000)
	if assert.Len(t, wrong, 1) {
		assert.Contains(t, wrong[0], "line 1002: too long")
	}
}
