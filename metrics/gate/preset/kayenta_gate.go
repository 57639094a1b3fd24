package preset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/gate"
)

var _ gate.Gate = Kayenta{}

// Check makes the judgements whose time has come. Each step of the plan begins an analysis of its own.
func (k Kayenta) Check(ctx context.Context, s gate.Subject) (gate.Verdict, error) {
	if err := k.Validate(); err != nil {
		return gate.Verdict{}, err
	}
	m, lost := recall[KayentaRun](s, "Kayenta", k.settings(), func(memory[KayentaRun]) error { return nil })
	if !m.Since.Equal(s.Since) {
		m.Since, m.Run = s.Since, KayentaRun{}
	}
	begin := s.Since.Add(k.BeginAfter)
	for !m.Run.Passed && !m.Run.Failed {
		to := begin.Add(time.Duration(m.Run.Judged+1) * k.interval())
		if to.After(s.Now) {
			break
		}
		from := begin
		if k.Lookback > 0 {
			from = to.Add(-k.Lookback)
		}
		series, err := k.read(ctx, s, from, to)
		if err != nil {
			return gate.Verdict{}, err
		}
		m.Run = k.Judge(m.Run, series)
	}
	return remember(k.verdict(m.Run, s), m, lost)
}

// read reads one value a step of each metric, of the candidate and of the control. Each stretch is read
// once for all metrics.
func (k Kayenta) read(ctx context.Context, s gate.Subject, from, to time.Time) ([]Series, error) {
	series := make([]Series, len(k.Metrics))
	for _, group := range []gate.Group{gate.Candidate, cmp.Or(k.Control, gate.Baseline)} {
		label, err := labelOf(s, group)
		if err != nil {
			return nil, err
		}
		for at := from; at.Before(to); at = at.Add(k.step()) {
			end := at.Add(k.step())
			if end.After(to) {
				end = to
			}
			w, err := k.window(ctx, label, at, end)
			if err != nil {
				return nil, err
			}
			for i, m := range k.Metrics {
				v := math.NaN()
				if w != nil {
					v = m.Value.Of(*w)
				}
				if math.IsInf(v, 0) {
					return nil, fmt.Errorf("%s of %s is infinite, and cannot be ranked", m.Value.Name, label)
				}
				if group == gate.Candidate {
					series[i].Candidate = append(series[i].Candidate, v)
				} else {
					series[i].Control = append(series[i].Control, v)
				}
			}
		}
	}
	return series, nil
}

// window is what was measured; nil where the source has nothing.
func (k Kayenta) window(ctx context.Context, label string, from, to time.Time) (*metrics.Window, error) {
	w, err := k.Source.Read(ctx, metrics.Query{Group: label, From: from, To: to})
	switch {
	case errors.Is(err, metrics.ErrNoData):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the metrics of %s: %w", label, err)
	case w.Errors > w.Requests:
		return nil, fmt.Errorf("the metrics of %s count %d errors in %d requests", label, w.Errors, w.Requests)
	}
	if err := w.Latency.Validate(); err != nil {
		return nil, fmt.Errorf("the latency of %s cannot be read: %w", label, err)
	}
	return &w, nil
}

func (k Kayenta) verdict(r KayentaRun, s gate.Subject) gate.Verdict {
	v := gate.Verdict{Evidence: []gate.Evidence{{
		What: "canary score of " + s.Candidate, Value: r.Score, Rule: ">=", Limit: k.Pass, Samples: uint64(r.Judged),
	}}}
	said := fmt.Sprintf("judgement %d of %d: score %g (pass %g, marginal %g), %s", r.Judged, k.judgements(), r.Score, k.Pass, k.Marginal, r.Reason)
	if len(r.Classes) > 0 {
		said += "; " + strings.Join(r.Classes, "; ")
	}
	switch {
	case r.Failed:
		v.Outcome, v.Reason = gate.Fail, said
	case r.Passed:
		v.Outcome, v.Reason = gate.Pass, said
	case r.Judged > 0:
		v.Outcome, v.Reason = gate.Continue, said
	default:
		v.Outcome, v.NoData = gate.Continue, true
		v.Reason = fmt.Sprintf("the first of %d judgements comes after %s", k.judgements(), k.BeginAfter+k.interval())
	}
	return told(v, r.Missing)
}
