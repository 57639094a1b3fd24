package trace_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/trace"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

func recordOf(t testing.TB, lines ...trace.Line) *trace.Record {
	r := trace.NewRecord(start)
	for _, l := range lines {
		require.NoError(t, r.Add(l))
	}
	return r
}

func line(seconds int, group string, requests, errors uint64, latency ...uint64) trace.Line {
	l := trace.Line{T: time.Duration(seconds) * time.Second, Group: group, Requests: requests, Errors: errors}
	if len(latency) > 0 {
		l.Latency = metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: latency}
	}
	return l
}

func TestWindow(t *testing.T) {
	r := recordOf(t, line(10, "a", 100, 1, 90, 9, 1), line(10, "b", 7, 7), line(20, "a", 50, 0, 50, 0, 0), line(35, "a", 0, 0))
	for _, c := range []struct {
		from, to float64
		want     metrics.Window
	}{
		{0, 10, metrics.Window{From: at(0), To: at(10), Requests: 100, Errors: 1, Latency: metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{90, 9, 1}}}},
		{9.9, 10, metrics.Window{From: at(0), To: at(10), Requests: 100, Errors: 1, Latency: metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{90, 9, 1}}}},
		{3, 4, metrics.Window{From: at(0), To: at(10), Requests: 100, Errors: 1, Latency: metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{90, 9, 1}}}},
		{9.9, 10.1, metrics.Window{From: at(0), To: at(20), Requests: 150, Errors: 1, Latency: metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{140, 9, 1}}}},
		{10, 20, metrics.Window{From: at(10), To: at(20), Requests: 50, Latency: metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{50, 0, 0}}}},
		{-5, 1000, metrics.Window{From: at(0), To: at(35), Requests: 150, Errors: 1, Latency: metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{140, 9, 1}}}},
		{20, 40, metrics.Window{From: at(20), To: at(35)}},
	} {
		w, err := r.Window("a", at(c.from), at(c.to))
		require.NoError(t, err)
		assert.Equal(t, c.want, w, "from %v to %v", c.from, c.to)
	}
	for _, c := range []struct{ from, to float64 }{{-10, 0}, {35, 100}} {
		_, err := r.Window("a", at(c.from), at(c.to))
		assert.ErrorIs(t, err, metrics.ErrNoData, "from %v to %v", c.from, c.to)
	}
	_, err := r.Window("c", at(0), at(10))
	assert.ErrorIs(t, err, metrics.ErrUnknownGroup)
	assert.ErrorContains(t, err, `group "c"`)
	for _, to := range []float64{10, 9} {
		_, err = r.Window("a", at(10), at(to))
		assert.ErrorContains(t, err, "is empty")
		assert.NotErrorIs(t, err, metrics.ErrNoData)
	}
}

func TestWindowsOfTimes(t *testing.T) {
	r := recordOf(t, trace.Line{At: at(5), Group: "a", Requests: 3}, trace.Line{At: at(7), Group: "a", Requests: 4})
	w, err := r.Window("a", at(0), at(5))
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: at(5), To: at(5), Requests: 3}, w, "since when the first line counts is not known")
	w, err = r.Window("a", at(0), at(6))
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: at(5), To: at(7), Requests: 7}, w)
	w, err = r.Window("a", at(5), at(10))
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: at(5), To: at(7), Requests: 4}, w)
}

func TestLatenciesWithDifferentBounds(t *testing.T) {
	h := func(bounds []float64, counts ...uint64) trace.Line {
		return trace.Line{Group: "a", Latency: metrics.Histogram{Bounds: bounds, Counts: counts}}
	}
	r := recordOf(t, h([]float64{1, 2, 3, 4}, 1, 10, 100, 1000, 10000), h([]float64{0.5, 2, 4}, 2, 20, 200, 2000), h([]float64{2, 4, 8}, 3, 30, 300, 3000))
	w, err := r.Window("a", at(-1), at(0))
	require.NoError(t, err)
	assert.Equal(t, metrics.Histogram{Bounds: []float64{2, 4}, Counts: []uint64{11 + 22 + 3, 1100 + 200 + 30, 10000 + 2000 + 3300}}, w.Latency)

	require.NoError(t, r.Add(h([]float64{7}, 1, 1)))
	_, err = r.Window("a", at(-1), at(0))
	assert.ErrorContains(t, err, `group "a": latency: lines of one group have no bound in common`)
}

func TestWindowsTellOverflow(t *testing.T) {
	most := uint64(math.MaxUint64)
	for name, l := range map[string]trace.Line{
		"requests": {Group: "a", Requests: most},
		"latency":  {Group: "a", Latency: metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{most - 1, 1}}},
		"counts":   {Group: "a", Counts: map[string]uint64{"x": most}},
	} {
		one := trace.Line{Group: "a", Requests: 1, Latency: metrics.Histogram{Bounds: []float64{1}, Counts: []uint64{0, 1}}, Counts: map[string]uint64{"x": 1}}
		_, err := recordOf(t, l, one).Window("a", at(-1), at(0))
		assert.ErrorContains(t, err, name)
		w, err := recordOf(t, l).Window("a", at(-1), at(0))
		require.NoError(t, err)
		assert.NoError(t, w.Latency.Validate())
	}
}

func TestParts(t *testing.T) {
	r := recordOf(t,
		line(5, "b/10", 1, 0), line(5, "b/2", 20, 2, 20, 0, 0), line(5, "c", 3, 0), line(5, "d/x", 1, 0), line(5, "/1", 1, 0),
		line(9, "b/2", 200, 5, 100, 100, 0), line(10, "b/10", 10, 1))
	assert.Equal(t, []string{"/1", "b", "b/10", "b/2", "c", "d/x"}, r.Groups())

	w, err := r.Window("b", at(0), at(10))
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: at(0), To: at(10), Requests: 231, Errors: 8, Latency: metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{120, 100, 0}}}, w)
	parts, err := r.Parts("b", at(0), at(10))
	require.NoError(t, err)
	require.Len(t, parts, 2)
	assert.EqualValues(t, 220, parts[0].Requests, "number 2 comes before number 10")
	assert.EqualValues(t, 11, parts[1].Requests)

	require.NoError(t, r.Add(line(12, "b/2", 7, 0)))
	parts, err = r.Parts("b", at(10), at(12))
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: at(9), To: at(12)}, parts[1], "a part without a line keeps its place")
	assert.EqualValues(t, 7, parts[0].Requests)
	_, err = r.Parts("b", at(12), at(20))
	assert.ErrorIs(t, err, metrics.ErrNoData)
	_, err = r.Parts("x", at(5), at(8))
	assert.ErrorIs(t, err, metrics.ErrUnknownGroup)
	_, err = r.Window("d", at(5), at(8))
	assert.ErrorIs(t, err, metrics.ErrUnknownGroup, "x is no number")

	for _, group := range []string{"c", "b/10"} {
		whole, err := r.Window(group, at(0), at(5))
		require.NoError(t, err)
		parts, err = r.Parts(group, at(0), at(5))
		require.NoError(t, err)
		assert.Equal(t, []metrics.Window{whole}, parts, "of one member")
	}
}

// Some recorders write the whole and its parts.
func TestAWholeWithParts(t *testing.T) {
	r := recordOf(t, line(5, "b", 30, 1), line(5, "b/1", 20, 1), line(5, "b/2", 10, 0), line(10, "b", 31, 1), line(10, "b/1", 20, 1), line(10, "b/2", 10, 0))
	w, err := r.Window("b", at(0), at(5))
	require.NoError(t, err)
	assert.EqualValues(t, 30, w.Requests, "what is said twice counts once")
	parts, err := r.Parts("b", at(0), at(5))
	require.NoError(t, err)
	assert.Len(t, parts, 2)
	parts, err = r.Parts("b", at(5), at(10))
	require.NoError(t, err)
	require.Len(t, parts, 1, "parts that do not add up are none")
	assert.EqualValues(t, 31, parts[0].Requests)
}

func TestPartsThatDoNotAddUp(t *testing.T) {
	for name, whole := range map[string]trace.Line{
		"requests": line(5, "b", 31, 2, 10, 10, 10), "errors": line(5, "b", 30, 1, 10, 10, 10), "latency": line(5, "b", 30, 2, 10, 10, 9), "": line(5, "b", 30, 2, 10, 10, 10),
	} {
		r := recordOf(t, whole, line(5, "b/1", 20, 1, 10, 5, 5), line(5, "b/2", 10, 1, 0, 5, 5))
		parts, err := r.Parts("b", at(0), at(5))
		require.NoError(t, err)
		if name == "" {
			assert.Len(t, parts, 2)
		} else {
			assert.Len(t, parts, 1, name)
		}
	}
}

func TestForget(t *testing.T) {
	r := recordOf(t, line(5, "a", 1, 0), line(5, "b", 1, 0), line(10, "a", 10, 0), line(15, "a", 100, 0))
	assert.Equal(t, 4, r.Len())
	r.Forget(at(10))
	assert.Equal(t, 1, r.Len())
	w, err := r.Window("a", at(0), at(20))
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: at(10), To: at(15), Requests: 100}, w, "From tells that the rest is gone")
	_, err = r.Window("b", at(0), at(20))
	assert.ErrorIs(t, err, metrics.ErrNoData, "it is known still")
	r.Forget(at(15))
	require.NoError(t, r.Add(line(20, "a", 7, 0)))
	w, err = r.Window("a", at(0), at(20))
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: at(15), To: at(20), Requests: 7}, w, "a line begins where the one before it ended, also when that is forgotten")
	assert.Error(t, r.Add(line(19, "a", 7, 0)), "and must not go back before it")
}

func TestTrim(t *testing.T) {
	all := []trace.Line{line(5, "a", 1, 0), line(5, "b", 1, 0), line(10, "a", 1, 0), line(12, "b", 1, 0), line(15, "a", 1, 0)}
	for n, left := range []int{0, 1, 2, 3, 3, 5, 5} {
		r := recordOf(t, all...)
		r.Trim(n)
		assert.Equal(t, left, r.Len(), "trimmed to %d", n)
	}
	r := recordOf(t, all...)
	r.Trim(1)
	w, err := r.Window("a", at(0), at(20))
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{From: at(10), To: at(15), Requests: 1}, w)
	_, err = r.Window("b", at(0), at(20))
	assert.ErrorIs(t, err, metrics.ErrNoData)
	r.Trim(-1)
	assert.Zero(t, r.Len())
}

func TestAddChangesNothingWhereItRefuses(t *testing.T) {
	r := recordOf(t, line(5, "a", 1, 0))
	for _, bad := range []trace.Line{line(6, "a", 1, 2), line(4, "a", 1, 0), {At: start, Group: "b"}} {
		assert.Error(t, r.Add(bad))
	}
	assert.Equal(t, 1, r.Len())
	assert.Equal(t, []string{"a"}, r.Groups())
}

func TestARecordKeepsNothingOfTheCallers(t *testing.T) {
	l := line(5, "a", 9, 0, 1, 2, 3)
	l.Counts, l.Gauges = map[string]uint64{"n": 1}, map[string][]float64{"g": {1}}
	r := recordOf(t, l)
	want, err := r.Window("a", at(0), at(5))
	require.NoError(t, err)
	l.Latency.Bounds[0], l.Latency.Counts[0], l.Counts["n"], l.Gauges["g"][0] = 0.2, 9, 9, 9
	for range 2 {
		got, err := r.Window("a", at(0), at(5))
		require.NoError(t, err)
		require.Equal(t, metrics.Window{From: at(0), To: at(5), Requests: 9, Latency: metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{1, 2, 3}},
			Counts: map[string]uint64{"n": 1}, Gauges: map[string][]float64{"g": {1}}}, got)
		got.Latency.Bounds[0], got.Latency.Counts[0], got.Counts["n"], got.Gauges["g"][0] = 0.3, 8, 8, 8
	}
	assert.NotEqual(t, uint64(8), want.Counts["n"])
}

// A plain count over all lines, written for nothing but to be right.
func plainWindow(lines []trace.Line, group string, from, to time.Time) (w metrics.Window, some bool) {
	begins := map[string]time.Time{}
	w.Counts = map[string]uint64{}
	for _, l := range lines {
		begin, again := begins[l.Group]
		if !again {
			begin = start
		}
		end := start.Add(l.T)
		begins[l.Group] = end
		if whole, _, isPart := trace.PartOf(l.Group); l.Group != group && !(isPart && whole == group) || !end.After(from) || !(begin.Before(to) || end.Equal(begin) && end.Equal(to)) {
			continue
		}
		if !some || begin.Before(w.From) {
			w.From = begin
		}
		if end.After(w.To) {
			w.To = end
		}
		some = true
		w.Requests += l.Requests
		w.Errors += l.Errors
		for name, n := range l.Counts {
			w.Counts[name] += n
		}
		w.Latency, _ = w.Latency.Plus(l.Latency)
	}
	return w, some
}

func TestWindowsAgreeWithAPlainCount(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 60 {
		var lines []trace.Line
		seconds := map[string]int{}
		groups := []string{"a", "b/1", "b/2", "b/3"}
		for range rnd.IntN(80) {
			group := groups[rnd.IntN(len(groups))]
			seconds[group] += rnd.IntN(4)
			l := line(seconds[group], group, 10+rnd.Uint64N(9), rnd.Uint64N(10), rnd.Uint64N(5), rnd.Uint64N(5), rnd.Uint64N(5))
			if rnd.IntN(2) == 0 {
				l.Counts = map[string]uint64{"x": rnd.Uint64N(3)}
			}
			lines = append(lines, l)
		}
		r := recordOf(t, lines...)
		for range 60 {
			from := at(float64(rnd.IntN(120)-10) / 2)
			to := from.Add(time.Duration(1+rnd.IntN(60)) * 500 * time.Millisecond)
			group := []string{"a", "b", "b/2"}[rnd.IntN(3)]
			want, some := plainWindow(lines, group, from, to)
			got, err := r.Window(group, from, to)
			if !some {
				require.Error(t, err)
				continue
			}
			require.NoError(t, err)
			if len(want.Counts) == 0 {
				want.Counts = nil
			}
			require.Equal(t, want, got, "%s from %s to %s", group, from, to)
			parts, err := r.Parts(group, from, to)
			require.NoError(t, err)
			var requests uint64
			for _, p := range parts {
				requests += p.Requests
			}
			require.Equal(t, want.Requests, requests)
		}
	}
}

func TestPoints(t *testing.T) {
	a := line(10, "a", 100, 1, 90, 9, 1)
	a.Counts, a.Gauges = map[string]uint64{"hits": 3, "errors": 99}, map[string][]float64{"heap": {1, 2}}
	r := recordOf(t, a, line(10, "b/1", 4, 0), line(10, "b/2", 4, 2), line(20, "a", 0, 0), line(20, "b/1", 1, 0), line(30, "a", 2, 1, 0, 0, 2))
	assert.Equal(t, []string{"error rate", "errors", "heap", "hits", "latency p50", "latency p90", "latency p99", "requests"}, r.SeriesNames())
	type list = []metrics.Point
	p := func(seconds, value float64) metrics.Point { return metrics.Point{At: at(seconds), Value: value} }
	for _, c := range []struct {
		name, group string
		want        list
	}{
		{"requests", "a", list{p(10, 100), p(20, 0), p(30, 2)}},
		{"errors", "a", list{p(10, 1), p(20, 0), p(30, 1)}},
		{"error rate", "a", list{p(10, 0.01), p(30, 0.5)}},
		{"error rate", "b", list{p(10, 0.25), p(20, 0)}},
		{"latency p50", "a", list{p(10, 0.1*50/90), p(30, math.Inf(1))}},
		{"hits", "a", list{p(10, 3)}},
		{"heap", "a", list{p(5, 1), p(10, 2)}},
	} {
		points, err := r.Points(c.name, c.group, at(0), at(31))
		require.NoError(t, err, c.name)
		require.Len(t, points, len(c.want), c.name)
		for i := range points {
			assert.Equal(t, c.want[i].At, points[i].At)
			if !math.IsInf(c.want[i].Value, 0) {
				assert.InDelta(t, c.want[i].Value, points[i].Value, 1e-12, c.name)
			} else {
				assert.Equal(t, c.want[i].Value, points[i].Value)
			}
		}
	}
	points, err := r.Points("requests", "a", at(10), at(20))
	require.NoError(t, err)
	assert.Equal(t, list{p(10, 100)}, points, "from is in it, to is not")

	_, err = r.Points("requests", "a", at(31), at(40))
	assert.ErrorIs(t, err, metrics.ErrNoData)
	_, err = r.Points("hits", "b", at(0), at(40))
	assert.ErrorIs(t, err, metrics.ErrNoData, "another group has it")
	_, err = r.Points("misses", "a", at(0), at(40))
	assert.ErrorIs(t, err, metrics.ErrUnknownMetric)
	_, err = r.Points("hits", "z", at(0), at(40))
	assert.ErrorIs(t, err, metrics.ErrUnknownGroup)
	_, err = r.Points("hits", "a", at(40), at(40))
	assert.ErrorContains(t, err, "is empty")

	assert.Equal(t, []string{"error rate", "errors", "requests"}, recordOf(t, line(1, "a", 1, 0)).SeriesNames())
}

func TestPartOf(t *testing.T) {
	for label, want := range map[string]string{
		"b/1": "b 1 true", "b/c/007": "b/c 7 true", "b": " 0 false", "b/": " 0 false", "/1": " 0 false", "b/x1": " 0 false", "b/-1": " 0 false",
		"1.0.0/baseline": " 0 false", "b/999999999": "b 999999999 true", "b/1000000000": " 0 false", "b/¹": " 0 false",
	} {
		whole, number, isPart := trace.PartOf(label)
		assert.Equal(t, want, fmt.Sprint(whole, " ", number, " ", isPart), label)
	}
}

func TestLinesStopWhereNobodyReadsOn(t *testing.T) {
	n := 0
	for range trace.Lines(slices.Repeat([]trace.Line{fullLine()}, 5)...) {
		if n++; n == 2 {
			break
		}
	}
	assert.Equal(t, 2, n)
}

func TestSum(t *testing.T) {
	w, err := trace.Sum(line(5, "a", 3, 1, 1, 2, 3), line(1, "b", 4, 0, 1, 1, 1), line(7, "a", 5, 0))
	require.NoError(t, err)
	assert.Equal(t, metrics.Window{Requests: 12, Errors: 1, Latency: metrics.Histogram{Bounds: []float64{0.1, 1}, Counts: []uint64{2, 3, 4}}}, w)
	w, err = trace.Sum()
	require.NoError(t, err)
	assert.Zero(t, w)
	_, err = trace.Sum(trace.Line{Requests: math.MaxUint64}, trace.Line{Requests: 1})
	assert.ErrorContains(t, err, "can be counted")
}
