package preset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

var _ gate.Gate = PipeCD{}

// Check takes the looks whose time has come. Each step of the plan begins a stage of its own.
func (p PipeCD) Check(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
	if err := p.Validate(); err != nil {
		return gate.Verdict{}, err
	}
	m, lost := recall[PipeCDRun](s, "PipeCD", p.settings(), func(m memory[PipeCDRun]) error {
		for _, r := range m.Run.Results {
			if m.Since.Equal(s.Since) && !r.At.IsZero() && r.At.Before(s.Since) {
				return fmt.Errorf("it is of %s, before the bake began", r.At)
			}
		}
		return nil
	})
	if !m.Since.Equal(s.Since) || len(m.Run.Results) != len(p.Metrics) {
		m.Since, m.Run = s.Since, PipeCDRun{Results: make([]PipeCDResult, len(p.Metrics))}
	}
	for i := range p.Metrics {
		var err error
		if m.Run, err = p.look(ctx, s, m.Run, i); err != nil {
			return gate.Verdict{}, err
		}
	}
	return remember(p.verdict(m.Run, s), m, lost)
}

// look takes the looks at one metric that are due.
func (p PipeCD) look(ctx context.Context, s gate.Subject, r PipeCDRun, i int) (PipeCDRun, error) {
	m := p.Metrics[i]
	if m.strategy() == Previous && m.LastStart.IsZero() {
		r.Results[i].Unseen = true
		return r, nil
	}
	end := s.Now
	if stage := s.Since.Add(p.Duration); p.Duration > 0 && stage.Before(end) {
		end = stage
	}
	last := r.Results[i].At
	if last.IsZero() {
		last = s.Since
	}
	for at := last.Add(m.Interval); !at.After(end) && !r.Results[i].Failed; at = at.Add(m.Interval) {
		points, err := p.points(ctx, s, m, at)
		if err != nil {
			return r, err
		}
		if points.Err != nil {
			at = s.Now // the source is down now; how it was then, nobody can tell
		}
		r = p.Look(r, at, i, points)
	}
	return r, nil
}

// points reads what one look finds. Its error is that the question is given up, or cannot be asked.
func (p PipeCD) points(ctx context.Context, s gate.Subject, m PipeCDMetric, at time.Time) (Points, error) {
	experiment, control := m.Of, gate.Group("")
	switch m.strategy() {
	case CanaryBaseline:
		experiment, control = gate.Candidate, gate.Baseline
	case CanaryPrimary:
		experiment, control = gate.Candidate, gate.Stable
	}
	label, err := labelOf(s, experiment)
	if err != nil {
		return Points{}, err
	}
	var points Points
	points.Experiment, points.Err = p.series(ctx, m, label, at)
	switch {
	case points.Err != nil:
	case control != "":
		if label, err = labelOf(s, control); err != nil {
			return Points{}, err
		}
		points.Control, points.Err = p.series(ctx, m, label, at)
	case m.strategy() == Previous:
		points.Control, points.Err = p.series(ctx, m, cmp.Or(m.LastGroup, label), m.LastStart.Add(at.Sub(s.Since)))
	}
	if ctx.Err() != nil {
		return Points{}, context.Cause(ctx)
	}
	return points, nil
}

// series reads the values of the interval before a look: one at its beginning and one after each step,
// each over the step before it. A stretch of which the source has nothing has no value.
func (p PipeCD) series(ctx context.Context, m PipeCDMetric, label string, to time.Time) ([]float64, error) {
	var values []float64
	for at := to.Add(-m.Interval); !at.After(to); at = at.Add(m.step()) {
		v, err := measure(ctx, p.Source, m.Value, label, at.Add(-m.step()), at)
		switch {
		case errors.Is(err, metrics.ErrNoData):
			continue
		case err != nil:
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

func (p PipeCD) verdict(r PipeCDRun, s gate.Subject) gate.Verdict {
	v := gate.Verdict{Outcome: gate.Continue, Reason: "the analysis is running", NoData: p.Blind(r)}
	over := s.End && p.Duration == 0 || p.Duration > 0 && !s.Now.Before(s.Since.Add(p.Duration))
	switch {
	case p.Failed(r):
		v.Outcome, v.Reason, v.NoData = gate.Fail, "the analysis failed", false
	case over && p.Strict && p.Blind(r):
		v.Reason = "the analysis is over, and a metric has never been measured"
	case over:
		v.Outcome, v.Reason = gate.Pass, "the analysis is over"
	}
	var lacks []Missing
	seen := false // it would have failed by what was seen alone
	for i, result := range r.Results {
		m := p.Metrics[i]
		if v.Outcome != gate.Fail {
			lacks = append(lacks, result.Missing)
		} else if result.Failed {
			lacks, seen = append(lacks, result.Lacked), seen || result.Failures-result.Blank > m.FailureLimit
		}
		v.Reason += fmt.Sprintf("; %s: %d of %d looks failed (%d may), %d had values", m.Name, result.Failures, result.Looks, m.FailureLimit, result.Seen)
		v.Evidence = append(v.Evidence, gate.Evidence{
			What: "failed looks at " + m.Name, Value: float64(result.Failures), Rule: "<=", Limit: float64(m.FailureLimit), Samples: uint64(result.Seen),
		})
	}
	if seen {
		lacks = nil
	}
	return told(v, lacks...)
}
