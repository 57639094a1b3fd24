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

var _ gate.Gate = ArgoRollouts{}

// Check takes the measurements that are due, and answers by the run's phase. A run that goes on until
// it is stopped passes with the end of the bake.
func (a ArgoRollouts) Check(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
	if err := a.Validate(); err != nil {
		return gate.Verdict{}, err
	}
	m, lost := recall[ArgoRun](s, "ArgoRollouts", a.settings(), func(m memory[ArgoRun]) error {
		if m.Run.Phase != "" && len(m.Run.Results) != len(a.Metrics) {
			return fmt.Errorf("it has %d metrics, and there are %d", len(m.Run.Results), len(a.Metrics))
		}
		return nil
	})
	if m.Run.Phase == "" || !a.Background && !m.Since.Equal(s.Since) {
		m.Run = a.Start(s.Since)
	}
	m.Since = s.Since
	for {
		at, due := a.due(m.Run, s.Now)
		if len(due) == 0 {
			break
		}
		measured, err := a.measure(ctx, s, at, due)
		if err != nil {
			return gate.Verdict{}, err
		}
		var answered, down []Measurement
		for _, one := range measured {
			if one.Err != nil && !errors.Is(one.Err, metrics.ErrNoData) {
				down = append(down, one)
			} else {
				answered = append(answered, one)
			}
		}
		m.Run = a.Step(m.Run, at, answered...)
		m.Run = a.Step(m.Run, s.Now, down...) // the source is down now; how it was then, nobody can tell
	}
	return remember(a.verdict(m.Run, s), m, lost)
}

// due is the next time at which metrics are to be measured, and which; none where that is later than now.
func (a ArgoRollouts) due(r ArgoRun, now time.Time) (time.Time, []int) {
	var at time.Time
	var due []int
	for i := range a.Metrics {
		next, ok := a.Next(r, i)
		if !ok || next.After(now) {
			continue
		}
		switch {
		case len(due) == 0 || next.Before(at):
			at, due = next, []int{i}
		case next.Equal(at):
			due = append(due, i)
		}
	}
	return at, due
}

// measure measures the metrics that are due. Only a question that is given up is no measurement.
func (a ArgoRollouts) measure(ctx context.Context, s gate.Subject, at time.Time, due []int) ([]Measurement, error) {
	measured := make([]Measurement, len(due))
	for k, i := range due {
		q := a.Metrics[i].Query
		label, err := labelOf(s, q.Of)
		if err != nil {
			return nil, err
		}
		v, err := measure(ctx, a.Source, q.Value, label, at.Add(-cmp.Or(q.Range, time.Minute)), at)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		measured[k] = Measurement{Metric: i, Value: v, Err: err}
	}
	return measured, nil
}

func (a ArgoRollouts) verdict(r ArgoRun, s gate.Subject) gate.Verdict {
	v := gate.Verdict{Outcome: gate.Continue, Reason: "the analysis is running", NoData: true}
	switch r.Phase {
	case PhaseSuccessful:
		v.Outcome, v.Reason = gate.Pass, "the analysis is successful"
	case PhaseFailed, PhaseErrored:
		v.Outcome, v.Reason = gate.Fail, fmt.Sprintf("the analysis ended as %s", r.Phase)
	case PhaseInconclusive:
		v.Outcome, v.Reason = gate.Inconclusive, "the analysis is inconclusive"
	case PhaseRunning:
		if s.End && a.Endless(r) {
			v.Outcome, v.Reason = gate.Pass, "the analysis has found nothing until the end of the bake"
		}
	}
	var lacks []Missing
	seen := false
	for i, result := range r.Results {
		m := a.Metrics[i]
		if v.NoData = v.NoData && result.Count == 0; v.Outcome != gate.Fail {
			lacks = append(lacks, result.Missing)
		} else if !m.DryRun && (result.Phase == PhaseFailed || result.Phase == PhaseErrored) {
			lacks, seen = append(lacks, result.Lacked), seen || m.saw(result)
		}
		v.Evidence = append(v.Evidence, gate.Evidence{
			What:  fmt.Sprintf("failed measurements of %s (the last: %s, %s of %.6g)", m.Name, cmp.Or(result.As, PhasePending), m.Query.Value.Name, result.Value),
			Value: float64(result.Failed), Rule: "<=", Limit: float64(max(m.FailureLimit, 0)), Samples: uint64(result.Count),
		})
		if r.Phase.ended() && result.Phase == r.Phase && r.Phase != PhaseSuccessful {
			v.Reason += fmt.Sprintf(": %s failed %d times, was inconclusive %d times, and an error %d times in a row",
				m.Name, result.Failed, result.Inconclusive, result.ConsecutiveError)
			if m.DryRun {
				v.Reason += " (dry run)"
			}
		}
	}
	if seen {
		v.NoData, lacks = false, nil
	}
	return told(v, lacks...)
}
