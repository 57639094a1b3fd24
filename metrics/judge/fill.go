package judge

import (
	"fmt"
	"math"
	"slices"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/metrics"
)

// measurable checks what the configuration asks of a sample, before anything of it is taken.
func (j *Judge) measurable(s Sample) error {
	var errs *multierror.Error
	bounds := j.bounds(s)
	check := func(field string, w metrics.Window) {
		if bounds != nil && len(w.Latency.Bounds) > 0 && !slices.Equal(w.Latency.Bounds, bounds) {
			errs = multierror.Append(errs, fmt.Errorf("Sample.%s: Latency: its bounds are not those of the other windows", field))
		}
		for i := range j.questions {
			q := &j.questions[i]
			if n := w.Counts[q.of]; q.kind == events && n > maxCount {
				errs = multierror.Append(errs, fmt.Errorf("Sample.%s: Counts[%q]: %d are more than can be judged", field, q.of, n))
			}
			if q.kind == sampled && slices.ContainsFunc(w.Gauges[q.of], func(v float64) bool { return !(math.Abs(v) <= maxGauge) }) {
				errs = multierror.Append(errs, fmt.Errorf("Sample.%s: Gauges[%q]: a value is not a number from %g to %g", field, q.of, -maxGauge, maxGauge))
			}
		}
	}
	check("Candidate", s.Candidate)
	check("Baseline", s.Baseline)
	for i, w := range s.Parts {
		check(fmt.Sprintf("Parts[%d]", i), w)
	}
	return errs.ErrorOrNil()
}

// maxGauge is the largest value of a gauge whose sums cannot overflow.
const maxGauge = 1e200

// bounds are those of the first window of the sample that has a latency.
func (j *Judge) bounds(s Sample) []float64 {
	if !slices.ContainsFunc(j.questions, func(q question) bool { return q.kind == slower }) {
		return nil
	}
	for _, w := range append([]metrics.Window{s.Candidate, s.Baseline}, s.Parts...) {
		if len(w.Latency.Bounds) > 0 {
			return w.Latency.Bounds
		}
	}
	return nil
}

// fill adds a sample to the open block.
func (j *Judge) fill(s Sample) {
	open := &j.state.Open
	open.Covered += s.To.Sub(s.From)
	open.Candidate += s.Candidate.Requests
	open.Baseline += s.Baseline.Requests
	j.latency(s)
	for i := range j.questions {
		q, t := &j.questions[i], &j.state.Tracks[i]
		if q.kind == sampled {
			t.values(q, s.Candidate.Gauges[q.of], s.Baseline.Gauges[q.of])
			continue
		}
		x, y := j.read(q, t, s.Candidate, toDoubt), j.read(q, t, s.Baseline, toDoubt)
		if q.kind == events && q.perShare {
			x.Of, y.Of = j.exposures(q, s)
		}
		c := &t.Cell
		c.Of, c.Base, c.Y = c.Of+x.Of, c.Base+y.Of, c.Y+y.Bad
		for which := range c.X {
			if q.kind == slower {
				x = j.read(q, t, s.Candidate, which)
			}
			c.X[which] += x.Bad
		}
		for p, w := range s.Parts {
			part := j.read(q, t, w, toDoubt)
			if q.perShare && q.measured(w) {
				part.Of = s.To.Sub(s.From).Minutes()
			}
			c.Parts[p%2].Bad += part.Bad
			c.Parts[p%2].Of += part.Of
		}
	}
}

// read is what a window says about a question.
func (j *Judge) read(q *question, t *track, w metrics.Window, which int) counts {
	switch q.kind {
	case proportion:
		return counts{float64(w.Errors), float64(w.Requests)}
	case events:
		if n, ok := w.Counts[q.of]; ok {
			return counts{float64(n), float64(w.Requests)}
		}
	case slower:
		if t.Edge.Set && len(w.Latency.Counts) > 0 {
			at := [...]float64{toFail: t.Edge.Fail, toPass: t.Edge.Pass, toDoubt: t.Edge.At}[which]
			return counts{j.scale.above(w.Latency, at), float64(w.Latency.Count())}
		}
	}
	return counts{}
}

// exposures of an event that is measured per share of the traffic: minutes of all the traffic. An arm
// that was not measured has none: events that nobody counted are not none.
func (j *Judge) exposures(q *question, s Sample) (candidate, baseline float64) {
	share := s.Share
	if j.config.FreshBaseline {
		share = 0.5
	}
	minutes := s.To.Sub(s.From).Minutes()
	if share <= 0 || share >= 1 {
		return 0, 0
	}
	if q.measured(s.Candidate) {
		candidate = share * minutes
	}
	if q.measured(s.Baseline) {
		baseline = (1 - share) * minutes
	}
	return candidate, baseline
}

// latency adds the histograms to the distributions so far. Other bounds than before begin anew: the
// old distributions, and what is in the open block of them, say nothing about the new thresholds.
func (j *Judge) latency(s Sample) {
	bounds := j.bounds(s)
	if bounds == nil {
		return
	}
	st := &j.state
	if j.scale == nil || !slices.Equal(j.scale.bounds, bounds) {
		j.scale = newScale(bounds)
	}
	if l := &st.Latencies; l.Hash != j.scale.hash || !j.scale.fits(l.Candidate) || !j.scale.fits(l.Baseline) {
		st.Latencies = latencies{Hash: j.scale.hash}
		for i := range j.questions {
			if j.questions[i].kind == slower {
				st.Tracks[i].Edge, st.Tracks[i].Cell = edge{}, cell{}
			}
		}
	}
	if st.Open.Stale {
		j.edges()
	}
	lag := &st.Open.Lag
	add := func(w metrics.Window, to *buckets, mean *counts) {
		if len(w.Latency.Counts) == 0 {
			return
		}
		*to = j.scale.add(*to, w.Latency)
		for i, n := range w.Latency.Counts {
			if n > 0 {
				mean.Bad += float64(n) * j.scale.logs[i]
				mean.Of += float64(n)
			}
		}
	}
	add(s.Candidate, &st.Latencies.Candidate, &lag.Candidate)
	add(s.Baseline, &st.Latencies.Baseline, &lag.Baseline)
}
