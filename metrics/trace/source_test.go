package trace_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/trace"
)

func TestSource(t *testing.T) {
	s, err := trace.NewSource(start, trace.Read(strings.NewReader(text(full, `{"t":14,"group":"b/1","requests":2,"errors":1,"counts":{"hits":1}}`, `{"t":14,"group":"b/2","requests":3,"errors":1}`)), trace.ReadOptions{}))
	require.NoError(t, err)
	assert.Equal(t, []string{"hits"}, s.Names())
	w, err := s.Read(t.Context(), metrics.Query{Group: "baseline", From: start, To: at(12)})
	require.NoError(t, err)
	assert.EqualValues(t, 100, w.Requests)
	parts, err := s.Parts(t.Context(), metrics.Query{Group: "b", From: start, To: at(20)})
	require.NoError(t, err)
	require.Len(t, parts, 2)
	assert.EqualValues(t, 3, parts[1].Requests)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Read(ended, metrics.Query{Group: "baseline", From: start, To: at(12)})
	assert.ErrorIs(t, err, context.Canceled)
	_, err = s.Parts(ended, metrics.Query{Group: "baseline", From: start, To: at(12)})
	assert.ErrorIs(t, err, context.Canceled)

	series, err := s.Series()
	require.NoError(t, err)
	points, err := series.Series(t.Context(), metrics.SeriesQuery{Name: trace.ErrorRate, Group: "b", From: start, To: at(20)})
	require.NoError(t, err)
	assert.Equal(t, []metrics.Point{{At: at(14), Value: 0.4}}, points)
	_, err = series.Series(ended, metrics.SeriesQuery{Name: trace.ErrorRate, Group: "b", From: start, To: at(20)})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestNewSourceRefuses(t *testing.T) {
	_, err := trace.NewSource(start, trace.Read(strings.NewReader(text(full, "x")), trace.ReadOptions{}))
	assert.ErrorContains(t, err, "line 2: it is no JSON")
	_, err = trace.NewSource(start, trace.Lines(fullLine(), line(0, "baseline", 0, 0)))
	assert.ErrorContains(t, err, "line 2: t: goes back")
	disjoint := trace.Line{T: fullLine().T, Group: "baseline", Latency: metrics.Histogram{Bounds: []float64{7}, Counts: []uint64{1, 0}}}
	s, err := trace.NewSource(start, trace.Lines(fullLine(), disjoint))
	require.NoError(t, err)
	_, err = s.Series()
	assert.ErrorContains(t, err, "no bound in common")
}

func TestSeries(t *testing.T) {
	points := []metrics.Point{{At: at(1), Value: 1}, {At: at(2), Value: 2}, {At: at(2), Value: 3}}
	s, err := trace.NewSeries(trace.NamedSeries{Name: "queue", Group: "a", Points: points}, trace.NamedSeries{Name: "load", Points: points[:1]})
	require.NoError(t, err)
	points[0].Value = 9
	assert.Equal(t, []string{"load", "queue"}, s.Names())
	read := func(name, group string, from, to float64) ([]metrics.Point, error) {
		return s.Series(t.Context(), metrics.SeriesQuery{Name: name, Group: group, From: at(from), To: at(to)})
	}
	got, err := read("queue", "a", 1, 2)
	require.NoError(t, err)
	assert.Equal(t, []metrics.Point{{At: at(1), Value: 1}}, got, "the points are its own")
	got[0].Value = 9
	got, err = read("queue", "a", 0, 3)
	require.NoError(t, err)
	assert.Equal(t, []metrics.Point{{At: at(1), Value: 1}, {At: at(2), Value: 2}, {At: at(2), Value: 3}}, got)
	_, err = read("queue", "a", 3, 4)
	assert.ErrorIs(t, err, metrics.ErrNoData)
	_, err = read("queue", "b", 0, 4)
	assert.ErrorIs(t, err, metrics.ErrUnknownGroup)
	_, err = read("queue", "", 0, 4)
	assert.ErrorIs(t, err, metrics.ErrUnknownGroup)
	_, err = read("lag", "a", 0, 4)
	assert.ErrorIs(t, err, metrics.ErrUnknownMetric)
	_, err = read("queue", "a", 4, 4)
	assert.ErrorContains(t, err, "is empty")

	points[0].At = at(5)
	s, err = trace.NewSeries(trace.NamedSeries{Points: points}, trace.NamedSeries{Name: "a"}, trace.NamedSeries{Name: "a"})
	assert.Nil(t, s)
	for _, want := range []string{"series[0]: Name: the name is missing", "series[0]: Points", `series[2]: "a" of group "" is there twice`} {
		assert.ErrorContains(t, err, want)
	}
}
