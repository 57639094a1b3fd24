package trace_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/trace"
)

// Whatever is read is sound, can be added up, and reads the same when it is written, as JSON and as CSV.
func FuzzRead(f *testing.F) {
	f.Add([]byte(full + "\r\n\n" + full))
	f.Add([]byte("\xef\xbb\xbf" + `{"at":"2026-01-02T03:04:05.5+01:00","group":"a/1","requests":1e2,"errors":0,"latency":[{"le":"0.5","count":0},{"le":"+Inf","count":3.0}],"pod":[{}]}`))
	f.Add([]byte(`{"t":1763874181.1234567895,"group":"a","counts":{"x":18446744073709551615},"gauges":{"g":[1e300,-0.0],"h":4}}`))
	f.Add([]byte(`{"t":0,"group":"\ud800","requests":18446744073709551615,"errors":0}` + "\n" + `{"t":0,"group":"\ud800","requests":1,"errors":1}`))
	f.Add([]byte(`{"t":-0,"group":"` + "\xff" + `"}` + "\n" + `{"t":0.0e5,"group":"b/01","gauges":{"":1}}`))
	f.Add([]byte(`[{"t":1}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines, _ := all(bytes.NewReader(text), trace.ReadOptions{MaxLine: 1 << 12})
		sound(t, lines)
		var out bytes.Buffer
		require.NoError(t, trace.Write(&out, slices.Values(lines)))
		again, err := all(&out, trace.ReadOptions{})
		require.NoError(t, err)
		require.Equal(t, lines, again)
	})
}

func sound(t *testing.T, lines []trace.Line) {
	record := trace.NewRecord(start)
	for i, l := range lines {
		require.NoError(t, l.Validate())
		require.LessOrEqual(t, l.Errors, l.Requests)
		require.NoError(t, record.Add(l), "line %d", i+1)
	}
	for _, group := range record.Groups() {
		w, err := record.Window(group, time.Time{}, start.AddDate(9000, 0, 0))
		if err == nil {
			require.NoError(t, w.Latency.Validate())
			require.LessOrEqual(t, w.Errors, w.Requests)
		} else {
			require.True(t, strings.Contains(err.Error(), "can be counted") || strings.Contains(err.Error(), "no bound in common"), "%v", err)
		}
	}
}

// Whatever CSV is read is sound, and reads the same when it is written.
func FuzzReadCSV(f *testing.F) {
	f.Add("t,group,requests,errors,le:0.1,le:+Inf,count:hits,gauge:heap\n12.0,\"a,\"\"b\"\"\",100,1,90,100,,1 2.5\n13,a,0,0,,,3,\n")
	f.Add("at,errors,requests,group\n2026-01-02T03:04:05.5+01:00,0,1e2,x/1\r\n")
	f.Add("t,group,requests,errors,le:+Inf,le:0.10\n0,a,0,0,1,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines, _ := allCSV(text, trace.ReadOptions{MaxLine: 1 << 12})
		sound(t, lines)
		var out strings.Builder
		require.NoError(t, trace.WriteCSV(&out, lines))
		again, err := allCSV(out.String(), trace.ReadOptions{})
		require.NoError(t, err)
		require.Equal(t, lines, again)
		_, _ = trace.ReadSeriesCSV(strings.NewReader(text), trace.ReadOptions{MaxLine: 1 << 12})
	})
}

// plainLine is how encoding/json alone would read a line: it takes more, but nothing else.
type plainLine struct {
	T        float64
	Group    string
	Requests float64
	Errors   float64
	Latency  []struct {
		Le    any
		Count float64
	}
}

// What Parse takes means the same to a plain reader.
func FuzzParseAgainstAPlainReader(f *testing.F) {
	f.Add(full)
	f.Add(`{"t":0.5,"group":"a","requests":3,"errors":1,"latency":[{"le":"1e-1","count":2},{"le":"inf","count":3}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, ignored, err := trace.Parse([]byte(text))
		if err != nil || len(ignored) > 0 || !got.At.IsZero() {
			return // a field in another case is another one, but not to encoding/json
		}
		var want plainLine
		require.NoError(t, json.Unmarshal([]byte(text), &want))
		require.InDelta(t, want.T, got.T.Seconds(), 1e-6*max(1, want.T))
		require.Equal(t, want.Group, got.Group)
		require.Equal(t, want.Requests, float64(got.Requests))
		require.Equal(t, want.Errors, float64(got.Errors))
		if len(got.Latency.Bounds) == 0 {
			require.LessOrEqual(t, len(want.Latency), 1)
			return
		}
		require.Len(t, want.Latency, len(got.Latency.Counts))
		var sum uint64
		for i, n := range got.Latency.Counts {
			sum += n
			require.Equal(t, want.Latency[i].Count, float64(sum))
			if le, isNumber := want.Latency[i].Le.(float64); isNumber {
				require.Equal(t, le, append(got.Latency.Bounds, math.Inf(1))[i])
			}
		}
		require.NoError(t, metrics.Histogram{Bounds: got.Latency.Bounds, Counts: got.Latency.Counts}.Validate())
	})
}

func BenchmarkRead(b *testing.B) {
	l := line(0, "baseline", 1000, 3)
	l.Latency = metrics.NewHistogram(metrics.LogBounds(0.001, 10, 1.3))
	text, err := l.Append(nil)
	require.NoError(b, err)
	text = append(text, '\n')
	const lines = 1000
	b.SetBytes(int64(len(text) * lines))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range trace.Read(bytes.NewReader(bytes.Repeat(text, lines)), trace.ReadOptions{}) {
			require.NoError(b, err)
			n++
		}
		require.Equal(b, lines, n)
	}
}
