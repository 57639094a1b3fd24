package trace_test

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/trace"
)

func allCSV(text string, o trace.ReadOptions) (lines []trace.Line, err error) {
	for l, err := range trace.ReadCSV(strings.NewReader(text), o) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func TestCSV(t *testing.T) {
	lines := []trace.Line{
		fullLine(),
		{T: 12 * time.Second, Group: `"b", c`, Requests: 5, Counts: map[string]uint64{"hits": 0}},
		{T: 13 * time.Second, Group: "baseline", Latency: metrics.Histogram{Bounds: []float64{0.5, 2}, Counts: []uint64{1, 2, 3}}, Gauges: map[string][]float64{"heap": {1, 2.5}}},
	}
	var out strings.Builder
	require.NoError(t, trace.WriteCSV(&out, lines))
	assert.Equal(t, `t,group,requests,errors,le:0.1,le:0.5,le:2,le:+Inf,count:hits,gauge:heap
12.0,baseline,100,1,90,99,,100,,
12.0,"""b"", c",5,0,,,,,0,
13.0,baseline,0,0,,1,3,6,,1 2.5
`, out.String())
	back, err := allCSV("\xef\xbb\xbf"+strings.ReplaceAll(out.String(), "\n", "\r\n\r\n"), trace.ReadOptions{})
	require.NoError(t, err)
	assert.Equal(t, lines, back)
}

func TestCSVOfTimes(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	var out strings.Builder
	require.NoError(t, trace.WriteCSV(&out, []trace.Line{{At: at, Group: "a"}}))
	assert.Equal(t, "at,group,requests,errors\n2026-01-02T03:04:05.000000006Z,a,0,0\n", out.String())
	back, err := allCSV(out.String(), trace.ReadOptions{})
	require.NoError(t, err)
	assert.Equal(t, []trace.Line{{At: at, Group: "a"}}, back)
}

func TestReadCSVRefuses(t *testing.T) {
	const head = "t,group,requests,errors\n"
	for _, c := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"no title", "1,a,100,0\n", 1, `column "1" is none of t, at,`},
		{"a title that is missing", "t,group,requests\n", 1, `no column "errors"`},
		{"a title twice", "t,group,requests,errors,errors\n", 1, `column "errors" is there twice`},
		{"no time", "group,requests,errors\n", 1, `a column "t" or a column "at"`},
		{"both times", "t,at,group,requests,errors\n", 1, `a column "t" or a column "at"`},
		{"a bound that is none", "t,group,requests,errors,le:fast\n", 1, `column "le:fast": le: "fast"`},
		{"a nameless count", "t,group,requests,errors,count:\n", 1, `column "count:": the name is missing`},
		{"a bad quote", "\n" + head + `0,"a,1,0`, 3, "it is no CSV: extraneous or missing"},
		{"few cells", head + "0,a,1\n", 2, "3 cells for 4 columns"},
		{"half a request", head + "0,a,1.5,0\n", 2, "requests: 1.5 is not a whole number"},
		{"an empty count", head + "0,a,1,\n", 2, `errors: "" is no count`},
		{"more errors than requests", head + "0,a,1,2\n", 2, "errors: 2 of 1"},
		{"no group", head + "0,,1,0\n", 2, "group: the name is missing"},
		{"back in time", head + "1,a,1,0\n0,a,1,0\n", 3, "goes back from 1s to 0s"},
		{"a time that is none", head + "now,a,1,0\n", 2, `t: "now" is no number`},
		{"a date that is none", "at,group,requests,errors\nnow,a,1,0\n", 2, `at: "now" is no time`},
		{"fewer within more", "t,group,requests,errors,le:1,le:+Inf\n0,a,1,0,9,8\n", 2, "latency: count: 8 within +Inf seconds are fewer"},
		{"all but the slowest", "t,group,requests,errors,le:1,le:+Inf\n0,a,1,0,9,\n", 2, `one with "le":"+Inf"`},
		{"a gauge that is none", "t,group,requests,errors,gauge:heap\n0,a,1,0,1 NaN\n", 2, `gauge:heap: "NaN" is not a finite`},
		{"a count that is none", "t,group,requests,errors,count:x\n0,a,1,0,-1\n", 2, `count:x: -1 is below zero`},
		{"long", head + strings.Repeat("9", 200), 2, "longer than 100 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := allCSV(c.text, trace.ReadOptions{MaxLine: 100})
			require.ErrorContains(t, err, c.want)
			at, ok := errors.AsType[*trace.LineError](err)
			require.True(t, ok)
			assert.Equal(t, c.line, at.Line)
		})
	}
	_, err := allCSV("", trace.ReadOptions{MaxLine: -1})
	assert.ErrorContains(t, err, "ReadOptions.MaxLine")
}

func TestWriteCSVRefuses(t *testing.T) {
	bad := fullLine()
	bad.Group = ""
	var out strings.Builder
	assert.ErrorContains(t, trace.WriteCSV(&out, []trace.Line{fullLine(), bad}), "line 2: group: the name is missing")
	assert.Equal(t, 2, strings.Count(out.String(), "\n"), "what was good is written")
	assert.ErrorIs(t, trace.WriteCSV(brokenWriter{}, []trace.Line{fullLine()}), io.ErrClosedPipe)
}

func TestReadSeriesCSV(t *testing.T) {
	s, err := trace.ReadSeriesCSV(strings.NewReader("name,at,value,group\nqueue,2026-01-01T00:00:02Z,2,a\nqueue,2026-01-01T00:00:01Z,NaN,a\nload,2026-01-01T00:00:01Z,+Inf,\n"), trace.ReadOptions{})
	require.NoError(t, err)
	assert.Equal(t, []string{"load", "queue"}, s.Names())
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	points, err := s.Series(t.Context(), metrics.SeriesQuery{Name: "queue", Group: "a", From: from, To: from.Add(time.Minute)})
	require.NoError(t, err)
	require.Len(t, points, 2)
	assert.True(t, math.IsNaN(points[0].Value))
	assert.Equal(t, metrics.Point{At: from.Add(2 * time.Second), Value: 2}, points[1])
	points, err = s.Series(t.Context(), metrics.SeriesQuery{Name: "load", From: from, To: from.Add(time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, []metrics.Point{{At: from.Add(time.Second), Value: math.Inf(1)}}, points)

	for text, want := range map[string]string{
		"at,value\n":                                        "line 1: the first line must name",
		"at,name,value,value\n":                             "line 1: the first line must name",
		"at,name,value\nnow,a,1\n":                          "line 2: at: ",
		"at,name,value\n2026-01-01T00:00:01Z,,1\n":          "line 2: name: the name is missing",
		"at,name,value\n2026-01-01T00:00:01Z,a,much\n":      `line 2: value: "much" is no number`,
		"at,name,value\n2026-01-01T00:00:01Z,a\n":           "line 2: 2 cells for 3 columns",
		"at,name,value\n2026-01-01T00:00:01Z,\"a,1\n":       "line 2: it is no CSV",
		"at,name,value,group\n2026-01-01T00:00:01Z,a,1, \n": "line 2: 3",
	} {
		_, err := trace.ReadSeriesCSV(strings.NewReader(text), trace.ReadOptions{})
		if want != "line 2: 3" {
			assert.ErrorContains(t, err, want)
		} else {
			assert.NoError(t, err, "blanks at the end of a line are none of it")
		}
	}
	_, err = trace.ReadSeriesCSV(strings.NewReader(strings.Repeat("x", 200)), trace.ReadOptions{MaxLine: 100})
	assert.ErrorContains(t, err, "line 1: is longer")
	_, err = trace.ReadSeriesCSV(strings.NewReader(""), trace.ReadOptions{MaxLine: -1})
	assert.ErrorContains(t, err, "MaxLine")
}
