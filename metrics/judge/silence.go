package judge

import (
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// heard is how an arm was measured since judging began.
type heard struct {
	// At is the end of the last sample with a value, since the begin of the first one.
	At time.Duration `json:"t,omitempty"`
	// Covered is the time of all samples with a value.
	Covered time.Duration `json:"c,omitempty"`
}

// measured reports whether a window says anything about the question.
func (q *question) measured(w metrics.Window) bool {
	switch q.kind {
	case events:
		_, ok := w.Counts[q.of]
		return ok
	case slower:
		return w.Latency.Count() > 0
	case sampled:
		return len(w.Gauges[q.of]) > 0
	}
	return w.Requests > 0
}

// hear notes who was measured.
func (j *Judge) hear(i int, s Sample) {
	q, t := &j.questions[i], &j.state.Tracks[i]
	for arm, w := range [...]metrics.Window{s.Candidate, s.Baseline} {
		if q.measured(w) {
			t.Heard[arm] = heard{At: j.state.End.Sub(j.state.Start), Covered: t.Heard[arm].Covered + s.To.Sub(s.From)}
		}
	}
}

// silent says which arm was not heard of for so long that nothing can pass.
func (j *Judge) silent() string {
	st := &j.state
	for i, arm := range j.arms() {
		if quiet := st.End.Sub(later(st.Heard[i], st.First)); quiet >= j.silence(float64(st.Requests[i])) {
			return fmt.Sprintf("nothing was heard of the %s for %s", arm, quiet.Round(time.Second))
		}
	}
	return ""
}

// vanished says in which arm a metric is not measured any more, although it was.
func (j *Judge) vanished(q *question, t *track) string {
	for i, arm := range j.arms() {
		h := t.Heard[i]
		if quiet := j.state.End.Sub(j.state.Start) - h.At; h.Covered > 0 && quiet >= j.silence(float64(h.Covered)/float64(j.config.Look)) {
			return fmt.Sprintf("%s: nothing was measured of the %s for %s", q.name, arm, quiet.Round(time.Second))
		}
	}
	return ""
}

// arms are those that must be heard of.
func (j *Judge) arms() []string {
	if j.deaf {
		return []string{"candidate"}
	}
	return []string{"candidate", "baseline"}
}

// silence is how long an arm may say nothing until that means something: ten times as long as from one
// request, or one look with a value, to the next in the mean, from a minute (or six looks) to MaxBlock.
func (j *Judge) silence(n float64) time.Duration {
	least, gap := max(time.Minute, 6*j.config.Look), j.config.MaxBlock
	if n > 0 {
		gap = time.Duration(10 * float64(j.served()) / n)
	}
	return max(least, min(gap, j.config.MaxBlock))
}
