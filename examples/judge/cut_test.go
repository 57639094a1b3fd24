package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/judge"
	"github.com/davit-sdk/davit/metrics/trace"
)

// keeping keeps all steps.
type keeping struct{ steps []step }

func (k *keeping) begin(*arm, *arm) error         { return nil }
func (k *keeping) step(s step) error              { k.steps = append(k.steps, s); return nil }
func (k *keeping) end(v verdict, c *course) error { return nil }

// steps replays lines.
func steps(t *testing.T, lines []trace.Line, args ...string) ([]step, *course, string) {
	t.Helper()
	o, err := parse(append([]string{"-trace", "-"}, args...))
	require.NoError(t, err)
	var k keeping
	var told strings.Builder
	_, c, err := replay(o, strings.NewReader(written(t, lines)), &k, &told)
	require.NoError(t, err)
	return k.steps, c, told.String()
}

// ends are lines of a group that end at those seconds, with a request each.
func ends(group string, seconds ...float64) (lines []trace.Line) {
	for _, s := range seconds {
		lines = append(lines, trace.Line{T: time.Duration(s * float64(time.Second)), Group: group, Requests: 1})
	}
	return lines
}

// every are seconds up to 120.
func every(first, gap float64) (seconds []float64) {
	for s := first; s <= 120; s += gap {
		seconds = append(seconds, s)
	}
	return seconds
}

func TestWhereSamplesAreCut(t *testing.T) {
	for _, c := range []struct {
		name                string
		candidate, baseline []float64
		want                []float64 // where the first samples end
		begin               float64   // where the first one begins
	}{
		{"lines of a second", every(1, 1), every(1, 1), []float64{5, 10, 15}, 0},
		{"lines of two seconds", every(2, 2), every(2, 2), []float64{6, 12, 18}, 0},
		{"lines of twenty seconds", every(20, 20), every(20, 20), []float64{20, 40, 60}, 0},
		{"lines of 30 seconds and of five", every(30, 30), every(5, 5), []float64{30, 60, 90}, 0},
		{"lines of a second, and of 40", every(1, 1), every(40, 40), []float64{40, 80, 120}, 0},
		{"a little late", every(5.2, 5), every(5, 5), []float64{5.2, 10.2, 15.2}, 0},
		{"half a line late", every(10, 10), every(5, 10), []float64{20, 40, 60}, 0},
		{"a begin in the middle", every(63, 3), every(63, 3), []float64{66, 72, 78}, 60},
		{"a candidate that comes late", every(50, 10), every(10, 10), []float64{10, 20, 30, 40, 50}, 0},
		{"a candidate that stops", []float64{10, 20}, every(10, 10), []float64{10, 20, 30, 40}, 0},
		{"a candidate that pauses", []float64{10, 20, 80, 90, 120}, every(10, 10), []float64{10, 20, 80, 90, 120}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, _, _ := steps(t, append(ends("candidate", c.candidate...), ends("baseline", c.baseline...)...))
			var got []float64
			for i, s := range all {
				got = append(got, s.at.Seconds())
				if i > 0 {
					assert.Equal(t, all[i-1].sample.To, s.sample.From, "without a gap")
				}
			}
			require.GreaterOrEqual(t, len(got), len(c.want))
			assert.Equal(t, c.want, got[:len(c.want)])
			assert.Equal(t, c.begin, float64(all[0].sample.From.Unix()))
			assert.Equal(t, 120.0, got[len(got)-1], "up to the end")
		})
	}
}

func TestPartsOfASample(t *testing.T) {
	var lines []trace.Line
	for _, group := range []string{"candidate/1", "candidate/2", "baseline/10", "baseline/2", "baseline/3"} {
		lines = append(lines, ends(group, every(5, 5)...)...)
	}
	lines = append(lines, ends("baseline/1", 100, 110)...)
	all, _, _ := steps(t, lines)
	s := all[0].sample
	assert.EqualValues(t, 2, s.Candidate.Requests)
	assert.EqualValues(t, 3, s.Baseline.Requests)
	require.Len(t, s.Parts, 4)
	assert.Equal(t, []uint64{0, 1, 1, 1}, []uint64{s.Parts[0].Requests, s.Parts[1].Requests, s.Parts[2].Requests, s.Parts[3].Requests}, "by number")

	all, _, _ = steps(t, append(ends("candidate", 5), ends("baseline/1", 5)...))
	assert.Empty(t, all[0].sample.Parts, "one part says nothing of noise")
	all, _, _ = steps(t, append(append(ends("candidate", 5), ends("baseline", 5)...), append(ends("baseline/1", 5), ends("baseline/2", 5)...)...))
	assert.EqualValues(t, 1, all[0].sample.Baseline.Requests, "what is told as a whole, too, counts once")
	assert.Len(t, all[0].sample.Parts, 2)
}

func TestLatenciesOfASampleAreComparable(t *testing.T) {
	h := func(bounds ...float64) metrics.Histogram {
		h := metrics.NewHistogram(bounds)
		h.Observe(bounds...)
		return h
	}
	with := func(lines []trace.Line, h metrics.Histogram) []trace.Line {
		for i := range lines {
			lines[i].Latency = h
		}
		return lines
	}
	bounds := func(all []step) (b [][]float64) {
		for _, s := range all {
			b = append(b, s.sample.Candidate.Latency.Bounds, s.sample.Baseline.Latency.Bounds)
		}
		return b
	}
	all, _, told := steps(t, slices.Concat(
		with(ends("candidate", 30), h(1, 2, 3)), with(ends("candidate", 60), h(2, 3, 4)), ends("candidate", 90),
		with(ends("baseline", 30, 60, 90), h(1, 2, 3, 4))))
	assert.Equal(t, [][]float64{{1, 2, 3}, {1, 2, 3}, {2, 3}, {2, 3}, nil, {2, 3}}, bounds(all))
	assert.Empty(t, told)

	all, _, told = steps(t, slices.Concat(with(ends("candidate", 30, 60), h(1)), with(ends("baseline", 30, 60), h(2))))
	assert.Equal(t, [][]float64{nil, nil, nil, nil}, bounds(all))
	assert.Equal(t, "judge: note: the latencies have no bound in common: they cannot be compared\n", told)

	// Many lines of one sample are one.
	var fine []float64
	for i := range 300 {
		fine = append(fine, 60+float64(i)/100)
	}
	all, course, _ := steps(t, slices.Concat(with(ends("candidate", 60, 63), h(1, 2)), with(ends("baseline", fine...), h(1, 2))))
	n := uint64(0)
	for _, s := range all {
		n += s.sample.Baseline.Latency.Count()
	}
	assert.EqualValues(t, 600, n)
	require.Len(t, course.points, 1)
	assert.EqualValues(t, 600, course.points[0].baseline.Latency.Count())
}

func TestPointsAreMerged(t *testing.T) {
	a := metrics.Window{Requests: 3, Errors: 1, Latency: metrics.Histogram{Bounds: []float64{1, 2, 3}, Counts: []uint64{1, 1, 1, 0}}}
	b := metrics.Window{Requests: 2, Errors: 2, Latency: metrics.Histogram{Bounds: []float64{1, 3}, Counts: []uint64{1, 1, 0}}}
	assert.Equal(t, metrics.Window{Requests: 5, Errors: 3, Latency: metrics.Histogram{Bounds: []float64{1, 3}, Counts: []uint64{2, 3, 0}}}, both(a, b))
	assert.Equal(t, a.Latency, both(a, metrics.Window{}).Latency)
	assert.Equal(t, a.Latency, both(metrics.Window{}, a).Latency)
}

func TestFlagsReachTheJudge(t *testing.T) {
	config := func(args ...string) []judge.Metric {
		o, err := parse(args)
		require.NoError(t, err)
		c := o.config(true, usualLook)
		require.NoError(t, c.Validate())
		return c.Metrics
	}
	assert.Equal(t, []judge.Metric{judge.Errors{}, judge.Latency{}}, config())
	assert.Equal(t, []judge.Metric{judge.Errors{Tolerance: 1, PassRatio: 1.05, Floor: -1}, judge.Latency{Margin: 0.05}}, config("-error-margin", "0", "-latency-margin", "0.05"))
	assert.Equal(t, []judge.Metric{judge.Errors{Margin: 0.001}, judge.Latency{Tolerance: 1, Pass: 1.05}}, config("-error-margin", "0.001", "-latency-margin", "0"))
	for _, edge := range [][]string{
		{"-alpha", "0.5"}, {"-alpha", "2e-9"}, {"-warm-up", "0", "-bake", "0"}, {"-warm-up", "1000h", "-bake", "1000h"}, {"-latency-margin", "100"}, {"-latency-margin", "0.001"}, {"-error-margin", "0.998"},
	} {
		_, _, told := steps(t, ends("candidate", 5, 10), edge...)
		assert.NotContains(t, told, "Config", edge)
	}
}

func TestNotesAreBounded(t *testing.T) {
	var lines []trace.Line
	for i := range 300 {
		lines = append(lines, ends("web/"+strings.Repeat("1", i/100+1)+string(rune('a'+i%26))+string(rune('a'+i/26)), 5)...)
	}
	_, _, told := steps(t, lines)
	assert.Equal(t, 100, strings.Count(told, "\n"))
}
