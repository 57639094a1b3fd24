package importer_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/importer"
)

// taken asserts that a history takes an event, and that it is read again as it is written.
func taken(t *testing.T, e dora.Event) {
	require.NoError(t, new(dora.History).Add(e))
	text := written(t, e)
	again, wrong := all(importer.Lines(strings.NewReader(text), importer.Options{}))
	require.Empty(t, wrong, text)
	require.Len(t, again, 1)
	require.Equal(t, text, written(t, again[0]))
}

func FuzzLines(f *testing.F) {
	f.Add([]byte(good + "\n{\"type\":\"work\",\"id\":\"w\",\"points\":NaN}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		told, last := 0, 0
		for e, err := range importer.Lines(bytes.NewReader(text), importer.Options{MaxRecord: 1000}) {
			told++
			if err == nil {
				taken(t, e)
				continue
			}
			wrong, ok := errors.AsType[*importer.LineError](err)
			require.True(t, ok, "%v", err)
			require.Greater(t, wrong.Line, last)
			last = wrong.Line
		}
		lines := 0
		for i, line := range bytes.Split(text, []byte("\n")) {
			if i == 0 {
				line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			}
			if len(bytes.TrimSpace(line)) > 0 || len(line) > 1000 {
				lines++
			}
		}
		require.GreaterOrEqual(t, lines, told)
		if len(text) < 1000 {
			require.Equal(t, lines, told, "each line is an event or an error")
		}
	})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("type,id,time,changes\nchange,c1,2025-03-03T07:00:00Z,\ndeployment,d1,2025-03-03T07:00:00Z,\"c1;\nc2\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		told, last := 0, 0
		for e, err := range importer.CSV(bytes.NewReader(text), importer.Options{MaxRecord: 1000}) {
			told++
			if err == nil {
				taken(t, e)
				continue
			}
			if wrong, ok := errors.AsType[*importer.LineError](err); ok {
				require.Greater(t, wrong.Line, last)
				last = wrong.Line
			}
		}
		in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
		in.FieldsPerRecord = -1
		if rows, err := in.ReadAll(); err == nil && told > 1 {
			require.Equal(t, len(rows)-1, told, "each record is an event or an error")
		}
	})
}

func FuzzCDEvents(f *testing.F) {
	f.Add([]byte(strings.Join(week()[:2], "\n")))
	f.Add([]byte("[" + strings.Join(week()[4:6], ",") + "]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := importer.CDEvents(bytes.NewReader(text), deploys)
		if err != nil {
			_, ok := errors.AsType[*importer.LineError](err)
			require.True(t, ok, "%v", err)
		}
		for _, e := range got.Events {
			require.NoError(t, new(dora.History).Add(e))
		}
		again, _ := importer.CDEvents(bytes.NewReader(text), deploys)
		require.Equal(t, got, again)
	})
}

// The three forms say the same.
func TestFormsAgree(t *testing.T) {
	var lines, table strings.Builder
	w := csv.NewWriter(&table)
	require.NoError(t, w.Write([]string{"type", "id", "service", "environment", "time", "kind", "changes", "fixes", "version", "merged", "repo", "opened", "resolved", "caused_by", "done", "iteration", "status"}))
	stamp := func(hour, minute int) string { return day(hour, minute).Format("2006-01-02T15:04:05Z07:00") }
	for _, e := range wanted {
		lines.WriteString(written(t, e) + "\n")
		switch e := e.(type) {
		case dora.Change:
			require.NoError(t, w.Write([]string{"change", e.ID, "", "", stamp(e.Time.Hour(), e.Time.Minute()), "", "", "", "", stamp(e.Merged.Hour(), e.Merged.Minute()), e.Repo, "", "", "", "", "", ""}))
		case dora.Deployment:
			require.NoError(t, w.Write([]string{"deployment", e.ID, e.Service, e.Environment, stamp(e.Time.Hour(), e.Time.Minute()), string(e.Kind), strings.Join(e.Changes, ";"), strings.Join(e.Fixes, ";"), e.Version, "", "", "", "", "", "", "", string(e.Status)}))
		case dora.Incident:
			require.NoError(t, w.Write([]string{"incident", e.ID, e.Service, "", "", "", "", "", "", "", "", stamp(e.Opened.Hour(), e.Opened.Minute()), stamp(e.Resolved.Hour(), e.Resolved.Minute()), strings.Join(e.CausedBy, ";"), "", "", ""}))
		case dora.Work:
			require.NoError(t, w.Write([]string{"work", e.ID, "", "", "", "", "", "", "", "", "", "", "", "", stamp(e.Done.Hour(), e.Done.Minute()), e.Iteration, ""}))
		}
	}
	w.Flush()
	got, wrong := all(importer.Lines(strings.NewReader(lines.String()), importer.Options{}))
	assert.Empty(t, wrong)
	assert.Equal(t, wanted, got)
	got, wrong = all(importer.CSV(strings.NewReader(table.String()), importer.Options{}))
	assert.Empty(t, wrong)
	assert.Equal(t, wanted, got)
}
