package trace_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/metricstest"
	"github.com/davit-sdk/davit/metrics/trace"
)

func TestConformance(t *testing.T) {
	var lines []trace.Line
	for i := range 10 {
		for k, group := range []string{"a", "b/1", "b/2"} {
			l := line(5*(i+1), group, uint64(10+i+k), uint64(i%3), uint64(i), uint64(k), 1)
			l.Counts = map[string]uint64{"hits": uint64(i)}
			l.Gauges = map[string][]float64{"heap": {float64(i), float64(k)}}
			lines = append(lines, l)
		}
	}
	s, err := trace.NewSource(start, trace.Lines(lines...))
	require.NoError(t, err)
	cuts := []time.Time{at(0), at(5), at(15)}
	metricstest.Run(t, func() metrics.Source { return s },
		metricstest.Case{Name: "whole", Group: "a", Cuts: cuts, Parts: 1, SilentFrom: at(51), SilentTo: at(90)},
		metricstest.Case{Name: "parts", Group: "b", Cuts: []time.Time{at(0), at(5), at(25), at(50)}, Parts: 2, SilentFrom: at(-9), SilentTo: at(0)})
	series, err := s.Series()
	require.NoError(t, err)
	metricstest.RunSeries(t, func() metrics.SeriesSource { return series },
		metricstest.SeriesCase{Name: "whole", Series: trace.ErrorRate, Group: "a", Cuts: []time.Time{at(0), at(6), at(20), at(51)}, SilentFrom: at(51), SilentTo: at(90)},
		metricstest.SeriesCase{Name: "gauge", Series: "heap", Group: "b", Cuts: []time.Time{at(0), at(6), at(20), at(51)}, Unknown: "b/3"})
}
