package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/internal/draw"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/trace"
)

// golden compares what was said with what is kept.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o777))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "if that is meant: go test ./examples/judge -update")
}

// play runs the program.
func play(t *testing.T, in string, args ...string) (out, told string, status int) {
	t.Helper()
	var stdout, stderr strings.Builder
	status = run(args, strings.NewReader(in), &stdout, &stderr)
	return stdout.String(), stderr.String(), status
}

func TestDemonstration(t *testing.T) {
	out, told, status := play(t, "")
	golden(t, "demonstration.txt", out)
	assert.Empty(t, told)
	assert.Zero(t, status)
	again, _, _ := play(t, "")
	assert.Equal(t, out, again)
}

func TestRecordingsInFull(t *testing.T) {
	for name, want := range map[string]string{"harmless": "pass", "harmful": "fail", "incident": "pass"} {
		file := filepath.Join("traces", name+".jsonl")
		out, told, status := play(t, "", "-trace", file)
		golden(t, name+".txt", out)
		assert.Empty(t, told)
		assert.Zero(t, status)
		out, _, _ = play(t, "", "-trace", file, "-json")
		golden(t, name+".last.json", out[strings.LastIndexByte(strings.TrimSuffix(out, "\n"), '\n')+1:])
		assert.Equal(t, want, last(t, out).Verdict)
	}
	_, _, status := play(t, "", "-trace", "traces/harmful.jsonl", "-exit-code")
	assert.Equal(t, 1, status)
	_, _, status = play(t, "", "-trace", "traces/harmless.jsonl", "-exit-code")
	assert.Equal(t, 0, status)
}

// lastObject is the verdict as programs read it.
type lastObject struct {
	Verdict string
	T       float64
	Reason  string
}

// last reads what -json says: steps, and a verdict with three fields.
func last(t *testing.T, out string) lastObject {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	before := -1.0
	for i, l := range lines {
		var object map[string]any
		require.NoError(t, json.Unmarshal([]byte(l), &object), l)
		if i < len(lines)-1 {
			require.NotContains(t, object, "verdict")
			require.Contains(t, []any{"pass", "fail", "continue", "inconclusive"}, object["outcome"])
			require.Greater(t, object["t"].(float64), before)
			before = object["t"].(float64)
			require.NotEmpty(t, object["evidence"])
			continue
		}
		require.Len(t, object, 3)
		require.True(t, strings.HasPrefix(l, `{"verdict":"`), l)
	}
	var v lastObject
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &v))
	require.NotEmpty(t, v.Reason)
	return v
}

// kind makes lines of two arms: every so many seconds, so many requests a second.
type kind struct {
	every, seconds      int
	candidate, baseline float64
	failing, slowness   func(candidate bool, second int) float64
	edit                func(l *trace.Line) bool // false leaves the line out
}

func rates(candidate, baseline float64) func(bool, int) float64 {
	return func(c bool, _ int) float64 {
		if c {
			return candidate
		}
		return baseline
	}
}

func (k kind) lines() []trace.Line {
	rnd := rand.New(rand.NewPCG(11, 12))
	if k.slowness == nil {
		k.slowness = usual
	}
	var all []trace.Line
	for second := 0; second < k.seconds; second += k.every {
		for _, group := range []string{"baseline", "candidate"} {
			candidate := group == "candidate"
			mean := k.baseline * float64(k.every)
			if candidate {
				mean = k.candidate * float64(k.every)
			}
			n := draw.Poisson(rnd, mean)
			l := trace.Line{T: time.Duration(second+k.every) * time.Second, Group: group, Requests: n}
			l.Errors = draw.Binomial(rnd, n, k.failing(candidate, second))
			l.Latency = metrics.Histogram{Bounds: bounds, Counts: draw.Multinomial(rnd, n, below(k.slowness(candidate, second)))}
			if k.edit == nil || k.edit(&l) {
				all = append(all, l)
			}
		}
	}
	return all
}

func written(t testing.TB, lines []trace.Line) string {
	var b strings.Builder
	require.NoError(t, trace.Write(&b, slices.Values(lines)))
	return b.String()
}

func TestVerdicts(t *testing.T) {
	incident := func(_ bool, second int) float64 {
		if second >= 120 && second < 300 {
			return 0.05
		}
		return 0.002
	}
	only := func(group string) func(*trace.Line) bool { return func(l *trace.Line) bool { return l.Group == group } }
	renamed := func(names map[string]string) func(*trace.Line) bool {
		return func(l *trace.Line) bool { l.Group = names[l.Group]; return true }
	}
	good := rates(0.002, 0.002)
	for _, c := range []struct {
		name string
		kind
		args    []string
		verdict string
		by      float64 // seconds
		reason  string
	}{
		{"no harm", kind{every: 5, seconds: 600, candidate: 50, baseline: 450, failing: good}, nil, "pass", 400, "every metric"},
		{"no harm, narrow margins", kind{every: 5, seconds: 1200, candidate: 1000, baseline: 4000, failing: good},
			[]string{"-error-margin", "0.001", "-latency-margin", "0.05"}, "pass", 1200, "every metric"},
		{"ten times the errors", kind{every: 5, seconds: 600, candidate: 50, baseline: 450, failing: rates(0.02, 0.002)}, nil, "fail", 60, "errors"},
		{"an outage", kind{every: 5, seconds: 60, candidate: 1, baseline: 20, failing: rates(1, 0.002)}, nil, "fail", 40, "errors"},
		{"an outage in ten seconds", kind{every: 1, seconds: 10, candidate: 100, baseline: 900, failing: rates(1, 0.002)}, nil, "fail", 5, "errors"},
		{"half as slow again", kind{every: 5, seconds: 600, candidate: 50, baseline: 450, failing: good, slowness: rates(1.5, 1)}, nil, "fail", 120, "latency"},
		{"an incident of both", kind{every: 5, seconds: 900, candidate: 100, baseline: 900, failing: incident}, nil, "pass", 900, "every metric"},
		{"both slow", kind{every: 5, seconds: 900, candidate: 100, baseline: 900, failing: good, slowness: func(_ bool, second int) float64 { return 1 + float64(second)/300 }},
			nil, "pass", 900, "every metric"},
		{"harm that comes late", kind{every: 5, seconds: 1200, candidate: 100, baseline: 900, failing: func(c bool, second int) float64 {
			if c && second >= 600 {
				return 0.03
			}
			return 0.002
		}}, nil, "fail", 720, "errors"},
		{"lines of a minute", kind{every: 60, seconds: 1200, candidate: 50, baseline: 450, failing: rates(0.02, 0.002)}, nil, "fail", 300, "errors"},
		{"few lines of a minute", kind{every: 60, seconds: 180, candidate: 10, baseline: 90, failing: good}, nil, "inconclusive", 180, "the recording ends at 3m0s without an answer"},
		{"a day", kind{every: 300, seconds: 86400, candidate: 5, baseline: 50, failing: good}, nil, "pass", 40000, "every metric"},
		{"a day of silence, almost", kind{every: 600, seconds: 86400, candidate: 0.001, baseline: 0.01, failing: good}, nil, "inconclusive", 86400, "without an answer"},
		{"ten seconds", kind{every: 1, seconds: 10, candidate: 1000, baseline: 9000, failing: good}, nil, "inconclusive", 10, "the recording ends at 10s"},
		{"a million a second", kind{every: 5, seconds: 120, candidate: 1e5, baseline: 9e5, failing: good}, nil, "pass", 120, "every metric"},
		{"no candidate", kind{every: 5, seconds: 300, candidate: 50, baseline: 450, failing: good, edit: only("baseline")}, nil, "inconclusive", 300, "no line is of the candidate"},
		{"no baseline", kind{every: 5, seconds: 300, candidate: 50, baseline: 450, failing: good, edit: only("candidate")}, nil, "inconclusive", 300, "no line is of the baseline"},
		{"a candidate without requests", kind{every: 5, seconds: 300, candidate: 0, baseline: 450, failing: good}, nil, "inconclusive", 300, "has not served a request"},
		{"a candidate that stops", kind{every: 5, seconds: 600, candidate: 50, baseline: 450, failing: good, edit: func(l *trace.Line) bool {
			return l.Group == "baseline" || l.T < 100*time.Second
		}}, nil, "inconclusive", 600, "nothing was heard of the candidate"},
		{"a baseline that stops", kind{every: 5, seconds: 600, candidate: 50, baseline: 450, failing: good, edit: func(l *trace.Line) bool {
			return l.Group == "candidate" || l.T < 60*time.Second
		}}, nil, "inconclusive", 600, "nothing was heard of the baseline"},
		{"a candidate that comes late", kind{every: 5, seconds: 900, candidate: 100, baseline: 900, failing: rates(0.02, 0.002), edit: func(l *trace.Line) bool {
			return l.Group == "baseline" || l.T > 600*time.Second
		}}, nil, "fail", 660, "errors"},
		{"one line", kind{every: 60, seconds: 60, candidate: 50, baseline: 450, failing: good, edit: only("candidate")}, nil, "inconclusive", 60, "no line is of the baseline"},
		{"other names", kind{every: 5, seconds: 300, candidate: 50, baseline: 450, failing: rates(0.02, 0.002),
			edit: renamed(map[string]string{"candidate": "canary", "baseline": "control"})}, nil, "fail", 60, "errors"},
		{"lines of different lengths", kind{every: 5, seconds: 900, candidate: 100, baseline: 900, failing: good, edit: func() func(l *trace.Line) bool {
			var kept trace.Line
			return func(l *trace.Line) bool { // of the candidate, each twelve are one
				if l.Group == "baseline" {
					return true
				}
				if kept.Group == "" {
					kept = *l
				} else {
					kept.T, kept.Requests, kept.Errors = l.T, kept.Requests+l.Requests, kept.Errors+l.Errors
					kept.Latency, _ = kept.Latency.Plus(l.Latency)
				}
				if l.T%time.Minute != 0 {
					return false
				}
				*l, kept = kept, trace.Line{}
				return true
			}
		}()}, nil, "pass", 900, "every metric"},
		{"no latency", kind{every: 5, seconds: 600, candidate: 50, baseline: 450, failing: good, edit: func(l *trace.Line) bool { l.Latency = metrics.Histogram{}; return true }},
			nil, "pass", 400, "every metric"},
		{"no latency, though it has a margin", kind{every: 5, seconds: 600, candidate: 50, baseline: 450, failing: good, edit: func(l *trace.Line) bool { l.Latency = metrics.Histogram{}; return true }},
			[]string{"-latency-margin", "0.1"}, "inconclusive", 600, "latency"},
		{"a latency of one arm alone", kind{every: 5, seconds: 600, candidate: 50, baseline: 450, failing: good, edit: func(l *trace.Line) bool {
			if l.Group == "candidate" {
				l.Latency = metrics.Histogram{}
			}
			return true
		}}, nil, "inconclusive", 600, "latency"},
		{"everything fails everywhere", kind{every: 5, seconds: 300, candidate: 50, baseline: 450, failing: rates(1, 1)}, nil, "inconclusive", 300, "baseline's requests fail"},
		{"any difference is harm", kind{every: 5, seconds: 900, candidate: 1000, baseline: 1000, failing: rates(0.00215, 0.002), slowness: rates(1.02, 1)},
			[]string{"-error-margin", "0", "-latency-margin", "0"}, "fail", 900, "latency"},
		{"a tenth more, where any difference is harm", kind{every: 5, seconds: 1800, candidate: 20, baseline: 80, failing: rates(0.011, 0.01)},
			[]string{"-error-margin", "0"}, "inconclusive", 1800, "errors: not yet shown"},
		{"a wide margin", kind{every: 5, seconds: 900, candidate: 200, baseline: 200, failing: rates(0.01, 0.002), slowness: rates(1.2, 1)},
			[]string{"-error-margin", "0.05", "-latency-margin", "1"}, "pass", 900, "every metric"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := written(t, c.lines())
			out, told, status := play(t, text, append([]string{"-trace", "-", "-json"}, c.args...)...)
			require.Zero(t, status, told)
			v := last(t, out)
			assert.Equal(t, c.verdict, v.Verdict, v.Reason)
			assert.LessOrEqual(t, v.T, c.by)
			assert.Contains(t, v.Reason, c.reason)
			if c.verdict == "inconclusive" {
				assert.Equal(t, c.by, v.T)
			}
		})
	}
}

// Each request counts once, whatever the times of the lines are, and whatever order they come in.
func TestEachRequestCountsOnce(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	for round := range 40 {
		var lines []trace.Line
		want := map[string]uint64{}
		for _, group := range []string{"candidate", "stable/1", "stable/2"} {
			for at := 0.0; at < 400; {
				at += []float64{1, 5, 5.5, 7, 30, 100}[rnd.IntN(6)] * (1 + float64(round%3)*rnd.Float64())
				l := trace.Line{T: time.Duration(at * float64(time.Second)), Group: group, Requests: rnd.Uint64N(50)}
				want[armName(group)] += l.Requests
				lines = append(lines, l)
			}
		}
		if round%2 == 0 {
			slices.SortStableFunc(lines, func(a, b trace.Line) int { return int(a.T - b.T) })
		}
		out, told, status := play(t, written(t, lines), "-trace", "-", "-json")
		require.Zero(t, status, told)
		got := map[string]uint64{}
		for l := range strings.Lines(out) {
			var s struct{ Candidate, Baseline struct{ Requests uint64 } }
			require.NoError(t, json.Unmarshal([]byte(l), &s))
			got["candidate"] += s.Candidate.Requests
			got["baseline"] += s.Baseline.Requests
		}
		require.Equal(t, want, got)
	}
}

func armName(group string) string {
	if group == "candidate" {
		return group
	}
	return "baseline"
}

// The order of the groups, blank lines and line ends make no difference.
func TestTheOrderOfGroupsMakesNoDifference(t *testing.T) {
	lines := kind{every: 5, seconds: 300, candidate: 50, baseline: 450, failing: rates(0.002, 0.002)}.lines()
	want, _, _ := play(t, written(t, lines), "-trace", "-", "-json")
	slices.SortStableFunc(lines, func(a, b trace.Line) int { return strings.Compare(b.Group, a.Group) })
	got, _, _ := play(t, "\xef\xbb\xbf"+strings.ReplaceAll(written(t, lines), "\n", "\r\n\r\n"), "-trace", "-", "-json")
	assert.Equal(t, want, got)
}

func TestNotes(t *testing.T) {
	lines := kind{every: 5, seconds: 300, candidate: 200, baseline: 1800, failing: rates(0.002, 0.002)}.lines()
	for _, group := range []string{"stable", "web/1", "canary", "candidate/1"} {
		lines = append(lines, trace.Line{T: time.Second, Group: group, Requests: 1})
	}
	text := written(t, lines) + `{"t":300,"group":"baseline","requests":0,"errors":0,"latency":[],"pod":"x"}` + "\n"
	out, told, status := play(t, text, "-trace", "-", "-json")
	assert.Zero(t, status)
	assert.Equal(t, "pass", last(t, out).Verdict)
	for _, want := range []string{`the group "web/1" is neither candidate nor baseline`, `the field "pod" is not known`,
		`the group "stable" is ignored: the candidate is "candidate", the baseline "baseline"`, `the group "canary" is ignored`} {
		assert.Contains(t, told, want)
	}
	assert.Equal(t, 4, strings.Count(told, "\n"), "each once")
}

// A recording of times reads as one of seconds.
func TestTimes(t *testing.T) {
	lines := kind{every: 5, seconds: 300, candidate: 50, baseline: 450, failing: rates(0.02, 0.002)}.lines()
	for i := range lines {
		lines[i].At, lines[i].T = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(lines[i].T), 0
	}
	out, _, _ := play(t, written(t, lines), "-trace", "-", "-json")
	v := last(t, out)
	assert.Equal(t, "fail", v.Verdict)
	assert.LessOrEqual(t, v.T, 60.0)
}

func TestWrongFlagsAndRecordings(t *testing.T) {
	good := written(t, kind{every: 5, seconds: 30, candidate: 50, baseline: 450, failing: rates(0, 0)}.lines())
	for _, c := range []struct {
		args []string
		in   string
		want []string
	}{
		{[]string{"-alpha", "0"}, "", []string{"-alpha"}},
		{[]string{"-alpha", "1"}, "", []string{"-alpha"}},
		{[]string{"-alpha", "-0.01"}, "", []string{"-alpha"}},
		{[]string{"-alpha", "NaN"}, "", []string{"-alpha"}},
		{[]string{"-alpha", "0.9"}, "", []string{"-alpha"}},
		{[]string{"-alpha", "much"}, "", []string{"-alpha"}},
		{[]string{"-error-margin", "-0.1", "-latency-margin", "NaN", "-bake", "-1s", "-warm-up", "-1s"}, "", []string{"-error-margin", "-latency-margin", "-bake", "-warm-up"}},
		{[]string{"-error-margin", "1"}, "", []string{"-error-margin"}},
		{[]string{"-latency-margin", "0.0001"}, "", []string{"-latency-margin"}},
		{[]string{"-latency-margin", "+Inf"}, "", []string{"-latency-margin"}},
		{[]string{"-trace"}, "", []string{"-trace"}},
		{[]string{"-trace", ""}, "", []string{"-trace"}},
		{[]string{"-nosuch"}, "", []string{"-nosuch"}},
		{[]string{"file.jsonl"}, "", []string{`"file.jsonl"`, "-trace"}},
		{[]string{"-svg", "x.svg", "-json", "-exit-code"}, "", []string{"-svg", "-json", "-exit-code"}},
		{[]string{"-trace", "testdata/nosuch.jsonl"}, "", []string{"-trace", "nosuch.jsonl"}},
		{[]string{"-trace", "testdata"}, "", []string{"-trace testdata"}},
		{[]string{"-trace", "-"}, "", []string{"it is empty"}},
		{[]string{"-trace", "-"}, "\n\r\n \n", []string{"it is empty"}},
		{[]string{"-trace", "-"}, good + "{}\n", []string{"line 13: t: either t or at"}},
		{[]string{"-trace", "-"}, good + `{"t":5,"group":"candidate"}`, []string{"line 13: t: goes back"}},
		{[]string{"-trace", "-"}, good[:len(good)-9], []string{"line 12: the line ends within"}},
		{[]string{"-trace", "-"}, `{"t":5,"group":"candidate","requests":NaN}`, []string{"line 1: it is no JSON"}},
		{[]string{"-trace", "-", "-svg", "testdata/no/such/folder.svg"}, good, []string{"-svg"}},
		{[]string{"-trace", "-"}, strings.Repeat(`{"t":5,"group":"candidate","requests":18446744073709551615,"errors":0}`+"\n", 2), []string{"can be counted"}},
		{[]string{"-trace", "-"}, `{"t":5,"group":"candidate","requests":18446744073709551615,"errors":0}`, []string{"judging", "more than can be judged"}},
	} {
		t.Run(fmt.Sprint(c.args, len(c.in)), func(t *testing.T) {
			out, told, status := play(t, c.in, append(c.args, "-json")...)
			assert.Equal(t, 2, status)
			for _, want := range c.want {
				assert.Contains(t, told, want)
			}
			if !slices.Contains(c.args, "-svg") {
				assert.NotContains(t, out, "verdict")
			}
		})
	}
	out, told, status := play(t, "", "-h")
	assert.Zero(t, status)
	assert.Empty(t, told)
	for _, want := range []string{"-trace", "-json", "-alpha", "-error-margin", "-latency-margin", "0.1 percentage points more", "up to 5 % slower", "\"canary\"", "exits with 0"} {
		assert.Contains(t, out, want)
	}
}

func TestSVG(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plot.svg")
	_, _, status := play(t, "", "-trace", "traces/harmful.jsonl", "-svg", path)
	require.Zero(t, status)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	golden(t, "harmful.svg", string(text))
	for dec := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
	}
	assert.NotContains(t, string(text), "NaN")
	// One without anything to plot is a picture, too.
	_, _, status = play(t, `{"t":0,"group":"candidate"}`, "-trace", "-", "-svg", path)
	require.Zero(t, status)
	text, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(text), "inconclusive")
}

// A recording that does not fit into memory is judged as it comes, if it is in order, with the same result.
func TestALongRecordingTakesLittleMemory(t *testing.T) {
	lines := kind{every: 1, seconds: 1500, candidate: 20, baseline: 180, failing: rates(0.002, 0.002)}.lines()
	slices.SortStableFunc(lines, func(a, b trace.Line) int { return int(a.T - b.T) })
	judged := func(memory int, lines []trace.Line) (verdict, int, error) {
		o, err := parse([]string{"-trace", "-"})
		require.NoError(t, err)
		o.memory = memory
		v, c, err := replay(o, strings.NewReader(written(t, lines)), &jsonTeller{out: io.Discard}, io.Discard)
		return v, len(c.points), err
	}
	whole, _, err := judged(64<<20, lines)
	require.NoError(t, err)
	little, points, err := judged(16<<10, lines)
	require.NoError(t, err)
	assert.Equal(t, whole.outcome, little.outcome)
	assert.Equal(t, whole.at, little.at)
	assert.Less(t, points, maxPoints)

	slices.SortStableFunc(lines, func(a, b trace.Line) int { return strings.Compare(a.Group, b.Group) })
	_, _, err = judged(16<<10, lines)
	assert.ErrorContains(t, err, "sort the recording by time")
}

// The plot has as many points at most, and its sums are those of all steps.
func TestCourse(t *testing.T) {
	for _, n := range []int{1, 2, maxPoints - 1, maxPoints, maxPoints + 1, 1000, 10_007} {
		var c course
		for i := range n {
			s := step{at: time.Duration(i+1) * time.Second}
			s.sample.Candidate = metrics.Window{Requests: 10, Errors: uint64(i % 2)}
			s.Odds, s.Limit = float64(i), 100
			c.add(s)
		}
		require.Less(t, len(c.points), maxPoints)
		require.Greater(t, len(c.points), min(n, maxPoints/2)-1)
		var requests uint64
		most := 0.0
		for _, p := range c.points {
			requests += p.candidate.Requests
			most = math.Max(most, p.odds)
		}
		require.EqualValues(t, 10*n, requests)
		require.Equal(t, float64(n-1), most)
		require.Equal(t, time.Duration(n)*time.Second, c.points[len(c.points)-1].to)
		for l := range strings.Lines(c.text()) {
			require.LessOrEqual(t, len(l), labelWidth+2+plotWidth+12)
		}
	}
}
