package trace_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/trace"
)

// all are the lines until the first error, and that one.
func all(r io.Reader, o trace.ReadOptions) (lines []trace.Line, err error) {
	for l, err := range trace.Read(r, o) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func text(lines ...string) string { return strings.Join(lines, "\n") }

func TestRead(t *testing.T) {
	lines, err := all(strings.NewReader("\xef\xbb\xbf"+full+"\r\n\r\n   \n"+strings.Replace(full, "12.0", "13", 1)), trace.ReadOptions{})
	require.NoError(t, err)
	later := fullLine()
	later.T += time.Second
	assert.Equal(t, []trace.Line{fullLine(), later}, lines)

	lines, err = all(strings.NewReader(""), trace.ReadOptions{})
	assert.NoError(t, err)
	assert.Empty(t, lines)

	a, b := `{"t":5,"group":"a"}`, `{"t":2,"group":"b"}`
	lines, err = all(iotest.OneByteReader(strings.NewReader(text(a, b, a, b))), trace.ReadOptions{})
	require.NoError(t, err, "groups may be out of step, and lines at the same time")
	assert.Len(t, lines, 4)
}

func TestReadTellsTheLine(t *testing.T) {
	ok := `{"t":5,"group":"a"}`
	for _, c := range []struct {
		name, text string
		line, read int
		want       string
	}{
		{"nonsense", text(ok, "", "nonsense", ok), 3, 1, "line 3: it is no JSON"},
		{"back in time", text(ok, `{"t":4.5,"group":"b"}`, `{"t":4.5,"group":"a"}`), 3, 2, `line 3: t: goes back from 5s to 4.5s within group "a"`},
		{"times after a t", text(ok, `{"at":"2026-01-02T03:04:05Z","group":"a"}`), 2, 1, "line 2: t: a trace has either t or at"},
		{"a t after times", text(`{"at":"2026-01-02T03:04:05Z","group":"a"}`, `{"at":"2026-01-02T03:04:05Z","group":"b"}`, ok), 3, 2, "line 3: t: a trace has either"},
		{"back in time by dates", text(`{"at":"2026-01-02T03:04:05Z","group":"a"}`, `{"at":"2026-01-02T03:04:04Z","group":"a"}`), 2, 1, "goes back from 2026-01-02T03:04:05Z"},
		{"torn at the end", text(ok, full[:50]), 2, 1, "line 2: the line ends within"},
		{"long", text(ok, `{"t":5,"group":"`+strings.Repeat("a", 200)+`"}`), 2, 1, "line 2: is longer than 100 bytes"},
		{"endless", text(ok, strings.Repeat("x", 1<<20)), 2, 1, "line 2: is longer than 100 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines, err := all(strings.NewReader(c.text), trace.ReadOptions{MaxLine: 100})
			require.ErrorContains(t, err, c.want)
			assert.Len(t, lines, c.read)
			at, ok := errors.AsType[*trace.LineError](err)
			require.True(t, ok)
			assert.Equal(t, c.line, at.Line)
		})
	}
}

func TestReadLimits(t *testing.T) {
	exact := `{"t":5,"group":"a"}`
	lines, err := all(strings.NewReader(exact+"\r\n"+exact), trace.ReadOptions{MaxLine: len(exact)})
	assert.NoError(t, err, "a line end is no part of a line")
	assert.Len(t, lines, 2)

	long := strings.Repeat(" ", 70<<10) + exact // longer than any buffer
	lines, err = all(strings.NewReader(text(exact, long, exact, long)), trace.ReadOptions{})
	assert.NoError(t, err)
	assert.Len(t, lines, 4)

	_, err = all(strings.NewReader(exact), trace.ReadOptions{MaxLine: -1})
	assert.ErrorContains(t, err, "ReadOptions.MaxLine")

	many := make([]string, trace.MaxGroups+1)
	for i := range many {
		many[i] = fmt.Sprintf(`{"t":0,"group":"g%d"}`, i)
	}
	lines, err = all(strings.NewReader(text(many...)), trace.ReadOptions{})
	assert.ErrorContains(t, err, "more than 10000 groups")
	assert.Len(t, lines, trace.MaxGroups)
}

func TestReadGivesTheReadersError(t *testing.T) {
	broken := errors.New("the disk is gone")
	in := io.MultiReader(strings.NewReader(`{"t":5,"group":"a"}`+"\n"+`{"t":6`), iotest.ErrReader(broken))
	lines, err := all(in, trace.ReadOptions{})
	assert.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, "read line 2")
	assert.Len(t, lines, 1, "what was cut off by the error is not taken")

	n := 0
	for range trace.Read(strings.NewReader(text(full, full, full)), trace.ReadOptions{}) {
		if n++; n == 2 {
			break // nobody has to read on
		}
	}
	assert.Equal(t, 2, n)
}

func TestReadTellsWhatItIgnores(t *testing.T) {
	line := `{"t":0,"group":"a","requests":0,"errors":0,"latency":[],%s}`
	var told []string
	_, err := all(strings.NewReader(text(fmt.Sprintf(line, `"pod":1`), fmt.Sprintf(line, `"node":1,"pod":2`))), trace.ReadOptions{
		Ignored: func(line int, field string) { told = append(told, fmt.Sprint(line, field)) },
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"1pod", "2node"}, told)
}

func TestWrite(t *testing.T) {
	var out strings.Builder
	lines := []trace.Line{
		fullLine(),
		{T: 12500 * time.Millisecond, Group: `a "<b>"`, Requests: 3, Counts: map[string]uint64{"b": 2, "a": 1}, Gauges: map[string][]float64{"heap": {1e30, 0.5, -1e-9}}},
	}
	require.NoError(t, trace.Write(&out, slices.Values(lines)))
	want := full + "\n" + `{"t":12.5,"group":"a \"\u003cb\u003e\"","requests":3,"errors":0,"counts":{"a":1,"b":2},"gauges":{"heap":[1e+30,0.5,-1e-09]}}` + "\n"
	assert.Equal(t, want, out.String())
	back, err := all(strings.NewReader(out.String()), trace.ReadOptions{})
	require.NoError(t, err)
	assert.Equal(t, lines, back)
}

func TestWriteRefuses(t *testing.T) {
	var out strings.Builder
	bad := fullLine()
	bad.Errors = 101
	err := trace.Write(&out, slices.Values([]trace.Line{fullLine(), bad}))
	assert.ErrorContains(t, err, "line 2: errors: 101 of 100 requests")
	assert.Equal(t, full+"\n", out.String(), "what was good is written")

	early := fullLine()
	early.T--
	assert.ErrorContains(t, trace.Write(io.Discard, slices.Values([]trace.Line{fullLine(), early})), "line 2: t: goes back")
	assert.ErrorIs(t, trace.Write(brokenWriter{}, slices.Values([]trace.Line{fullLine()})), io.ErrClosedPipe)
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
