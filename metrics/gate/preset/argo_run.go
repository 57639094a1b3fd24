package preset

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Phase is how far an analysis run of Argo Rollouts, or one of its metrics, has come.
type Phase string

// The phases, by what is worse: a run is as bad as the worst of its metrics.
const (
	PhasePending      Phase = "Pending"
	PhaseRunning      Phase = "Running"
	PhaseSuccessful   Phase = "Successful"
	PhaseInconclusive Phase = "Inconclusive"
	PhaseErrored      Phase = "Error"
	PhaseFailed       Phase = "Failed"
)

// badness orders the phases in which a metric can end.
var badness = []Phase{PhaseSuccessful, PhaseInconclusive, PhaseErrored, PhaseFailed}

// ended reports whether a phase is one that lasts.
func (p Phase) ended() bool { return slices.Contains(badness, p) }

// worse is the worse of two phases that last; "" is none.
func worse(a, b Phase) Phase {
	if slices.Index(badness, b) > slices.Index(badness, a) {
		return b
	}
	return a
}

// ArgoRun is the state of an analysis run.
type ArgoRun struct {
	// Started is when it began.
	Started time.Time `json:"started"`
	// Phase is how far it has come.
	Phase Phase `json:"phase"`
	// Results are those of the metrics, in their order.
	Results []ArgoResult `json:"results"`
}

// ArgoResult is what has been counted of one metric.
type ArgoResult struct {
	Phase Phase `json:"phase"`
	// Count is how many measurements there were, errors not counted.
	Count int `json:"count"`
	// Successful, Failed, Inconclusive and Error count the measurements that ended so.
	Successful   int `json:"successful"`
	Failed       int `json:"failed"`
	Inconclusive int `json:"inconclusive"`
	Error        int `json:"error"`
	// ConsecutiveError and ConsecutiveSuccess count what has not been interrupted.
	ConsecutiveError   int `json:"consecutiveError"`
	ConsecutiveSuccess int `json:"consecutiveSuccess"`
	// At, As and Value are the last measurement: when, how it ended, and the number (0 for none).
	At    time.Time `json:"at,omitzero"`
	As    Phase     `json:"as,omitempty"`
	Value float64   `json:"value,omitempty"`
	// Missing says why the last measurement had no number.
	Missing Missing `json:"missing,omitempty"`
	// Unseen counts the measurements that failed for want of a number, and Lacked says why the last one that
	// did not succeed had none.
	Unseen int     `json:"unseen,omitempty"`
	Lacked Missing `json:"lacked,omitempty"`
	// Blank counts those that succeeded without a number, as a condition says.
	Blank int `json:"blank,omitempty"`
}

// Measurement is what one measurement of a metric gave: a number or an error.
type Measurement struct {
	// Metric is the number of the metric, from 0.
	Metric int
	Value  float64
	Err    error
}

// Start begins a run.
func (a ArgoRollouts) Start(at time.Time) ArgoRun {
	r := ArgoRun{Started: at, Phase: PhaseRunning, Results: make([]ArgoResult, len(a.Metrics))}
	for i := range r.Results {
		r.Results[i].Phase = PhasePending
	}
	return r
}

// Next is when a metric is to be measured next; false when it never is again.
func (a ArgoRollouts) Next(r ArgoRun, metric int) (time.Time, bool) {
	m, result := a.Metrics[metric], r.Results[metric]
	switch {
	case r.Phase != PhaseRunning || result.Phase.ended():
		return time.Time{}, false
	case result.At.IsZero():
		return r.Started.Add(m.InitialDelay), true
	case result.As == PhaseErrored || m.Interval == 0:
		return result.At.Add(argoErrorRetry), true
	}
	return result.At.Add(m.Interval), true
}

// Step counts the measurements that were taken at one moment, and says what follows. The run that is
// given is not changed.
func (a ArgoRollouts) Step(r ArgoRun, at time.Time, measurements ...Measurement) ArgoRun {
	r.Results = slices.Clone(r.Results)
	for _, m := range measurements {
		result := &r.Results[m.Metric]
		if r.Phase != PhaseRunning || result.Phase.ended() {
			continue
		}
		result.At, result.Value, result.Missing = at, finite(m.Value), missing(m.Err)
		as := a.outcome(m)
		if as != PhaseSuccessful && (m.Err != nil || math.IsNaN(m.Value)) {
			result.Lacked = cmp.Or(result.Missing, MissingData)
			if as == PhaseFailed {
				result.Unseen++
			}
		}
		result.count(as)
		if as == PhaseSuccessful && m.Err != nil {
			if result.Blank++; result.Blank < result.Count {
				result.Missing = "" // there was a number before
			}
		}
		result.Phase = a.Metrics[m.Metric].assess(*result)
	}
	if r.Phase == PhaseRunning {
		r.Phase = a.assess(r)
	}
	return r
}

// outcome is how a measurement ends, by the metric's conditions. Where there is no number, that is an error,
// unless a condition decides without it: len(result) == 0, default(result, 0).
func (a ArgoRollouts) outcome(m Measurement) Phase {
	none := errors.Is(m.Err, metrics.ErrNoData)
	if m.Err != nil && (!none || a.Strict) || a.Strict && math.IsNaN(m.Value) {
		return PhaseErrored
	}
	conditions, err := a.Metrics[m.Metric].conditions()
	success, failure := conditions[0], conditions[1]
	if err != nil || none && success == nil && failure == nil {
		return PhaseErrored
	}
	x := &measured{value: m.Value, none: none}
	phase := PhaseSuccessful
	switch {
	case success == nil && failure == nil:
	case failure == nil && !success(x), failure != nil && failure(x):
		phase = PhaseFailed
	case failure != nil && success != nil && !success(x):
		phase = PhaseInconclusive
	}
	if x.asked {
		return PhaseErrored
	}
	return phase
}

func (r *ArgoResult) count(as Phase) {
	r.As = as
	if as == PhaseErrored {
		r.Error++
		r.ConsecutiveError++
		r.ConsecutiveSuccess = 0
		return
	}
	r.Count++
	r.ConsecutiveError = 0
	switch as {
	case PhaseSuccessful:
		r.Successful++
		r.ConsecutiveSuccess++
		return
	case PhaseFailed:
		r.Failed++
	case PhaseInconclusive:
		r.Inconclusive++
	}
	r.ConsecutiveSuccess = 0
}

// saw reports whether a metric failed by what was seen, and would have without what was not.
func (m ArgoMetric) saw(r ArgoResult) bool {
	return r.Phase == PhaseFailed && !m.DryRun && (r.Lacked == "" || m.FailureLimit >= 0 && r.Failed-r.Unseen > m.FailureLimit)
}
