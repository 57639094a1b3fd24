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

var _ gate.Gate = Flagger{}

// Check takes the looks of the ticks that have passed. The first tick of a step comes one interval after
// the step was reached.
func (f Flagger) Check(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
	if err := f.Validate(); err != nil {
		return gate.Verdict{}, err
	}
	label, err := labelOf(s, gate.Candidate)
	if err != nil {
		return gate.Verdict{}, err
	}
	m, lost := recall[FlaggerRun](s, "Flagger", f.settings(), func(m memory[FlaggerRun]) error {
		if m.Since.Equal(s.Since) && m.Run.At.Before(s.Since) {
			return fmt.Errorf("it is of %s, before the bake began", m.Run.At)
		}
		return nil
	})
	if !m.Since.Equal(s.Since) {
		m.Since = s.Since
		m.Run = FlaggerRun{FailedChecks: m.Run.FailedChecks, Failed: m.Run.Failed, Unseen: m.Run.Unseen, Lacked: m.Run.Lacked, At: s.Since}
	}
	for at := m.Run.At.Add(f.interval()); !at.After(s.Now) && !m.Run.Failed; at = m.Run.At.Add(f.interval()) {
		down := false
		m.Run = f.Tick(m.Run, at, func(metric int) (float64, error) {
			from := at.Add(-cmp.Or(f.Metrics[metric].Interval, time.Minute))
			v, err := measure(ctx, f.Source, f.Metrics[metric].value(), label, from, at)
			down = down || err != nil && !errors.Is(err, metrics.ErrNoData)
			return v, err
		})
		if ctx.Err() != nil {
			return gate.Verdict{}, context.Cause(ctx)
		}
		if down {
			m.Run.At = s.Now // nobody can tell how it was at the ticks before
		}
	}
	return remember(f.verdict(m.Run, label), m, lost)
}

func (f Flagger) verdict(r FlaggerRun, label string) gate.Verdict {
	v := gate.Verdict{Evidence: []gate.Evidence{{
		What: "failed checks of " + label, Value: float64(r.FailedChecks), Rule: "<", Limit: float64(f.threshold()), Samples: uint64(r.FailedChecks),
	}}}
	failed := fmt.Sprintf("%d checks of %s have failed (fewer than %d may)", r.FailedChecks, label, f.threshold())
	lacks := r.Missing
	switch {
	case r.Failed:
		v.Outcome, v.Reason = gate.Fail, failed
		if lacks = ""; r.FailedChecks-r.Unseen < f.threshold() {
			lacks = r.Lacked // by what was seen alone it would not have failed
		}
	case r.Passed:
		v.Outcome, v.Reason = gate.Pass, "the last check of "+label+" passed; "+failed
	case r.Halted != "":
		v.Outcome, v.Reason = gate.Continue, fmt.Sprintf("%s has no value or is out of its range; %s", r.Halted, failed)
	default:
		v.Outcome, v.Reason, v.NoData = gate.Continue, fmt.Sprintf("%s is checked for the first time after %s", label, f.interval()), true
	}
	for i, value := range r.Values {
		m := f.Metrics[i]
		e := gate.Evidence{What: m.value().Name + " of " + label, Value: value, Rule: "<="}
		limits := m.limits()
		switch {
		case limits.Max != nil:
			e.Limit = finite(*limits.Max)
		case limits.Min != nil:
			e.Rule, e.Limit = ">=", finite(*limits.Min)
		}
		v.Evidence = append(v.Evidence, e)
	}
	return told(v, lacks)
}
