package trace_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
	"github.com/davit-sdk/davit/metrics/trace"
)

// A judge reads a trace in its own stretches, also where these are longer than its looks.
func TestAJudgeReadsATrace(t *testing.T) {
	for _, seconds := range []int{1, 5, 20, 60} {
		var lines []trace.Line
		for end := seconds; end <= 1800; end += seconds {
			for _, group := range []string{"new", "old/1", "old/2"} {
				l := trace.Line{T: time.Duration(end) * time.Second, Group: group, Requests: uint64(200 * seconds)}
				l.Latency = metrics.NewHistogram([]float64{0.1, 0.2, 0.5, 1})
				l.Latency.Counts[1] = l.Requests
				if end > 900 && group == "new" {
					l.Errors = l.Requests / 10
				}
				lines = append(lines, l)
			}
		}
		source, err := trace.NewSource(start, trace.Lines(lines...))
		require.NoError(t, err)
		g := judge.Gate{Source: source, Config: judge.Config{Metrics: []judge.Metric{judge.Errors{}}}}
		subject := gate.Subject{Candidate: "new", Stable: "old", Since: start, Now: at(900), Share: 0.3}
		v, err := g.Check(t.Context(), subject)
		require.NoError(t, err)
		assert.Equal(t, gate.Pass, v.Outcome, "lines of %d s: %s", seconds, v.Reason)
		subject.Memory, subject.Now = v.Memory, at(1800)
		v, err = g.Check(t.Context(), subject)
		require.NoError(t, err)
		assert.Equal(t, gate.Fail, v.Outcome, "lines of %d s: %s", seconds, v.Reason)
		assert.EqualValues(t, 1800*200, v.Evidence[0].Samples, "each request of the candidate counts once")
	}
}
