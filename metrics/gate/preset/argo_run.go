package preset

import (
	"cmp"
	"math"
	"slices"
	"time"
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
		result.Phase = a.Metrics[m.Metric].assess(*result)
	}
	if r.Phase == PhaseRunning {
		r.Phase = a.assess(r)
	}
	return r
}

// outcome is how a measurement ends, by the metric's conditions.
func (a ArgoRollouts) outcome(m Measurement) Phase {
	if m.Err != nil || a.Strict && math.IsNaN(m.Value) {
		return PhaseErrored
	}
	conditions, err := a.Metrics[m.Metric].conditions()
	if err != nil {
		return PhaseErrored
	}
	success, failure := conditions[0], conditions[1]
	switch {
	case success == nil && failure == nil:
		return PhaseSuccessful
	case failure == nil && !success(m.Value), failure != nil && failure(m.Value):
		return PhaseFailed
	case failure != nil && success != nil && !success(m.Value):
		return PhaseInconclusive
	}
	return PhaseSuccessful
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

func (m ArgoMetric) consecutiveErrorLimit() int {
	if m.ConsecutiveErrorLimit == nil {
		return 4
	}
	return *m.ConsecutiveErrorLimit
}

// assess is the phase that the counts of a metric amount to. Where several limits are passed, the later
// ones here outdo the earlier: an error hides a failure.
func (m ArgoMetric) assess(r ArgoResult) Phase {
	phase := PhaseRunning
	if m.FailureLimit >= 0 && r.Failed > m.FailureLimit {
		phase = PhaseFailed
	}
	if r.Inconclusive > m.InconclusiveLimit {
		phase = PhaseInconclusive
	}
	if r.ConsecutiveError > m.consecutiveErrorLimit() {
		phase = PhaseErrored
	}
	wanted := m.ConsecutiveSuccessLimit > 0
	count := m.Count
	if count == 0 && m.Interval == 0 {
		count = 1
	}
	switch {
	case phase != PhaseRunning:
		return phase
	case wanted && r.ConsecutiveSuccess >= m.ConsecutiveSuccessLimit:
		return PhaseSuccessful
	case count == 0 || r.Count < count:
		return PhaseRunning
	case wanted && m.FailureLimit >= 0:
		return PhaseInconclusive
	case wanted:
		return PhaseFailed
	}
	return PhaseSuccessful
}

// assess is the phase of the run: the first metric that ends badly ends it, and the others count as
// successful then, if they have not ended themselves. Metrics of a dry run do not count.
func (a ArgoRollouts) assess(r ArgoRun) Phase {
	worst, running := PhaseSuccessful, false
	for i, result := range r.Results {
		switch {
		case !result.Phase.ended():
			running = true
		case !a.Metrics[i].DryRun:
			worst = worse(worst, result.Phase)
		}
	}
	if worst == PhaseSuccessful && running {
		return PhaseRunning
	}
	return worst
}

// Endless reports whether all that the run still waits for goes on until it is stopped: stopped at the
// end of a bake, such a run is successful.
func (a ArgoRollouts) Endless(r ArgoRun) bool {
	for i, result := range r.Results {
		m := a.Metrics[i]
		if !result.Phase.ended() && !(m.Count == 0 && m.Interval > 0) {
			return false
		}
		if a.Strict && result.Count == 0 && !m.DryRun {
			return false
		}
	}
	return r.Phase == PhaseRunning
}
