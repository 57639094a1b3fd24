package preset

import (
	"errors"
	"math"
	"slices"
	"time"
)

// PipeCDRun is the state of an analysis stage.
type PipeCDRun struct {
	// Results are those of the metrics, in their order.
	Results []PipeCDResult `json:"results"`
}

// PipeCDResult is what has been counted of one metric.
type PipeCDResult struct {
	// Looks is how many looks there were, Seen how many of them had values.
	Looks int `json:"looks"`
	Seen  int `json:"seen"`
	// Failures is how many failed, Failed that these are too many.
	Failures int  `json:"failures"`
	Failed   bool `json:"failed"`
	// Unseen says that the metric passed without a look, as there was no deployment before.
	Unseen bool `json:"unseen,omitempty"`
	// At is the last look, P what its test said (0 for none).
	At time.Time `json:"at,omitzero"`
	P  float64   `json:"p,omitempty"`
	// Missing says why the last look had no values, where it had none.
	Missing Missing `json:"missing,omitempty"`
	// Blank counts the looks that failed for want of values, and Lacked says why the last one did.
	Blank  int     `json:"blank,omitempty"`
	Lacked Missing `json:"lacked,omitempty"`
}

// Points are what one look at a metric found: the values of the candidate's side and, in a comparison,
// those that they are compared with. An error of the source fails the look.
type Points struct {
	Experiment, Control []float64
	Err                 error
}

// errMissing says that a value of a look is NaN.
var errMissing = errors.New("a value is not a number")

// Look counts one look at a metric. The run that is given is not changed.
func (p PipeCD) Look(r PipeCDRun, at time.Time, metric int, points Points) PipeCDRun {
	if len(r.Results) < len(p.Metrics) {
		r.Results = make([]PipeCDResult, len(p.Metrics))
	}
	r.Results = slices.Clone(r.Results)
	m, result := p.Metrics[metric], &r.Results[metric]
	if result.Failed || result.Unseen {
		return r
	}
	result.At = at
	result.Looks++
	if slices.ContainsFunc(slices.Concat(points.Experiment, points.Control), math.IsNaN) && points.Err == nil {
		points.Err = errMissing
	}
	if len(points.Experiment)+len(points.Control) > 0 && points.Err == nil {
		result.Seen++
	}
	if result.Missing = missing(points.Err); points.empty() {
		result.Missing = MissingData
	}
	passed, chance := m.passed(points)
	result.P = chance
	if !passed && !(m.SkipOnNoData && errors.Is(points.Err, errMissing)) {
		result.Failures++
		result.Failed = result.Failures > m.FailureLimit
		if lacked := points.lacked(m.strategy()); lacked != "" {
			result.Blank, result.Lacked = result.Blank+1, lacked
		}
	}
	return r
}

// empty reports whether there is no value at all, on either side.
func (p Points) empty() bool { return p.Err == nil && len(p.Experiment)+len(p.Control) == 0 }

// lacked is why a look has nothing to hold against what was expected; empty, if it has.
func (p Points) lacked(strategy AnalysisStrategy) Missing {
	if p.Err == nil && (len(p.Experiment) == 0 || strategy != Threshold && len(p.Control) == 0) {
		return MissingData
	}
	return missing(p.Err)
}

// passed reports whether a look is what was expected, and how likely a difference as large would be by chance.
func (m PipeCDMetric) passed(points Points) (bool, float64) {
	if points.Err != nil {
		return false, 0
	}
	if m.strategy() == Threshold {
		return !slices.ContainsFunc(points.Experiment, m.Expected.out), 0
	}
	switch {
	case points.empty():
		return true, 0
	case len(points.Experiment) == 0 || len(points.Control) == 0:
		return false, 0
	}
	chance, ok := mannWhitney(points.Experiment, points.Control, m.Deviation)
	return !ok || chance > 0.05, chance
}

// Failed reports whether the stage has failed.
func (p PipeCD) Failed(r PipeCDRun) bool {
	return slices.ContainsFunc(r.Results, func(r PipeCDResult) bool { return r.Failed })
}

// Blind reports whether there is a metric that no look has had a value of.
func (p PipeCD) Blind(r PipeCDRun) bool {
	return len(r.Results) == 0 || slices.ContainsFunc(r.Results, func(r PipeCDResult) bool { return r.Seen == 0 })
}
