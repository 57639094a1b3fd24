package importer_test

import (
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/importer"
)

// all is what an iterator gives, its errors as texts.
func all(events iter.Seq2[dora.Event, error]) (got []dora.Event, wrong []string) {
	for e, err := range events {
		if err != nil {
			wrong = append(wrong, err.Error())
		} else {
			got = append(got, e)
		}
	}
	return got, wrong
}

func day(hour, minute int) time.Time { return time.Date(2025, 3, 3, hour, minute, 0, 0, time.UTC) }

const good = `{"type":"change","id":"c1","time":"2025-03-03T07:00:00Z"}`

func TestLines(t *testing.T) {
	c1 := dora.Change{ID: "c1", Time: day(7, 0)}
	for name, tc := range map[string]struct {
		text  string
		want  []dora.Event
		wrong []string
	}{
		"nothing":           {text: ""},
		"blank lines":       {text: "\n \n" + good + "\n\n", want: []dora.Event{c1}},
		"no last newline":   {text: good, want: []dora.Event{c1}},
		"CRLF":              {text: good + "\r\n" + good + "\r\n", want: []dora.Event{c1, c1}},
		"a byte order mark": {text: "\xef\xbb\xbf" + good, want: []dora.Event{c1}},
		"goes on":           {text: "{\n" + good + "\nnull\n" + good, want: []dora.Event{c1, c1}, wrong: []string{"line 1: unexpected end", "line 3: unknown type"}},
		"a key twice":       {text: `{"type":"change","id":"c1","id":"c2","time":"2025-03-03T07:00:00Z"}`, wrong: []string{`line 1: "id" is twice in one object`}},
		"in two cases":      {text: `{"type":"change","id":"c1","Id":"c2","time":"2025-03-03T07:00:00Z"}`, wrong: []string{`line 1: "Id" is twice`}},
		"a key twice below": {text: `{"type":"change","id":"c1","time":"2025-03-03T07:00:00Z","originals":[{"id":"a","time":"2025-03-03T07:00:00Z","id":"b"}]}`, wrong: []string{"twice"}},
		"a key in two objects": {text: `{"type":"change","id":"c1","time":"2025-03-03T07:00:00Z","originals":[{"id":"a","time":"2025-03-03T07:00:00Z"},{"id":"b","time":"2025-03-03T07:00:00Z"}]}`,
			want: []dora.Event{dora.Change{ID: "c1", Time: day(7, 0), Originals: []dora.Commit{{ID: "a", Time: day(7, 0)}, {ID: "b", Time: day(7, 0)}}}}},
		"no UTF-8":         {text: "{\"type\":\"change\",\"id\":\"\xff\",\"time\":\"2025-03-03T07:00:00Z\"}", wrong: []string{"line 1: no UTF-8"}},
		"NaN":              {text: `{"type":"work","id":"w","points":NaN}`, wrong: []string{"line 1: invalid character 'N'"}},
		"an unknown field": {text: `{"type":"change","id":"c1","when":1}`, wrong: []string{`unknown field "when"`}},
		"something behind": {text: good + good, wrong: []string{"line 1: "}},
		"no time":          {text: `{"type":"change","id":"c1"}`, wrong: []string{"time: there is none"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, wrong := all(importer.Lines(strings.NewReader(tc.text), importer.Options{}))
			assert.Equal(t, tc.want, got)
			if assert.Len(t, wrong, len(tc.wrong), "%q", wrong) {
				for i := range wrong {
					assert.Contains(t, wrong[i], tc.wrong[i])
				}
			}
		})
	}
}

func TestLinesThatAreTooLong(t *testing.T) {
	huge := `{"type":"change","id":"` + strings.Repeat("x", 100_000) + `","time":"2025-03-03T07:00:00Z"}`
	var lines []int
	n := 0
	for _, err := range importer.Lines(strings.NewReader(good+"\n"+huge+"\n"+good), importer.Options{MaxRecord: len(good)}) {
		if line, ok := errors.AsType[*importer.LineError](err); ok {
			lines = append(lines, line.Line)
			assert.ErrorIs(t, err, importer.ErrTooLong)
			continue
		}
		n++
	}
	assert.Equal(t, []int{2}, lines)
	assert.Equal(t, 2, n, "those beside it are there")
}

// math.MaxInt is how one says that there is no limit.
func TestNoLimit(t *testing.T) {
	for _, limit := range []int{math.MaxInt, math.MaxInt - 1, math.MaxInt - 4096} {
		o := importer.Options{MaxRecord: limit}
		for name, events := range map[string]iter.Seq2[dora.Event, error]{
			"lines": importer.Lines(strings.NewReader(good), o),
			"CSV":   importer.CSV(strings.NewReader("type,id,time\nchange,c1,2025-03-03T07:00:00Z\n"), o),
		} {
			got, wrong := all(events)
			assert.Empty(t, wrong, name)
			assert.Len(t, got, 1, name)
		}
		got, err := importer.CDEvents(strings.NewReader(event("change.merged", "e1", "07:00", "c1", "", "")), importer.CDEventsOptions{Options: o})
		assert.NoError(t, err)
		assert.Len(t, got.Events, 1)
	}
}

func TestReadersThatFail(t *testing.T) {
	in := func() io.Reader {
		return io.MultiReader(strings.NewReader(good+"\n"), iotest.ErrReader(io.ErrClosedPipe))
	}
	for range 2 {
		got, wrong := all(importer.Lines(in(), importer.Options{}))
		assert.Len(t, got, 1)
		assert.Equal(t, []string{io.ErrClosedPipe.Error()}, wrong)
	}
	got, wrong := all(importer.CSV(io.MultiReader(strings.NewReader("type,id,time\nchange,c1,2025-03-03T07:00:00Z\n"), iotest.ErrReader(io.ErrClosedPipe)), importer.Options{}))
	assert.Len(t, got, 1)
	assert.Equal(t, []string{io.ErrClosedPipe.Error()}, wrong)
	_, err := importer.CDEvents(in(), importer.CDEventsOptions{})
	assert.ErrorIs(t, err, io.ErrClosedPipe)

	_, wrong = all(importer.Lines(strings.NewReader(good), importer.Options{MaxRecord: -1}))
	assert.Equal(t, []string{"Options.MaxRecord: -1 is below zero"}, wrong)
	_, wrong = all(importer.CSV(strings.NewReader(good), importer.Options{MaxRecord: -1}))
	assert.Len(t, wrong, 1)
	_, err = importer.CDEvents(strings.NewReader(good), importer.CDEventsOptions{Options: importer.Options{MaxRecord: -1}})
	assert.Error(t, err)
}

// written is an event as JSON.
func written(t testing.TB, e dora.Event) string {
	text, err := json.Marshal(e)
	require.NoError(t, err)
	return string(text)
}
