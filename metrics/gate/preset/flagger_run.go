package preset

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// FlaggerRun is the state of a canary analysis.
type FlaggerRun struct {
	// FailedChecks counts the looks that failed since the beginning of the release.
	FailedChecks int `json:"failedChecks"`
	// At is the last tick, Passed whether its look did not fail.
	At     time.Time `json:"at,omitzero"`
	Passed bool      `json:"passed"`
	// Failed says that the release is taken back.
	Failed bool `json:"failed"`
	// Values are those of the last look, up to the first that was out of its range (0 for none), and
	// Halted names that metric.
	Values []float64 `json:"values,omitempty"`
	Halted string    `json:"halted,omitempty"`
	// Missing says why that metric had no value, where it had none.
	Missing Missing `json:"missing,omitempty"`
	// Unseen counts the failed looks that failed for want of a value, and Lacked says why the last one did.
	Unseen int     `json:"unseen,omitempty"`
	Lacked Missing `json:"lacked,omitempty"`
}

// Tick is one tick: is the threshold reached? If not, one look at the metrics, which are asked one after
// another, by their number, up to the first that is out of its range.
func (f Flagger) Tick(r FlaggerRun, at time.Time, measured func(metric int) (float64, error)) FlaggerRun {
	if r.Failed {
		return r
	}
	r.At, r.Passed, r.Halted = at, false, ""
	if r.FailedChecks >= f.threshold() {
		r.Failed = true
		return r
	}
	r.Values, r.Missing = nil, ""
	for i, m := range f.Metrics {
		v, err := measured(i)
		r.Values = append(r.Values, finite(v))
		if err != nil || math.IsNaN(v) || m.limits().out(v) {
			r.FailedChecks++
			r.Halted = m.Name
			if r.Missing = missing(err); err == nil && math.IsNaN(v) {
				r.Missing = MissingData
			}
			if r.Missing != "" {
				r.Unseen, r.Lacked = r.Unseen+1, r.Missing
			}
			return r
		}
	}
	r.Passed = true
	return r
}

// Advance is what follows a look that passed at a weight in per cent: the next weight, or that the
// candidate is promoted. With no step set, the weight stays for ever, as it does with the tool.
func (f Flagger) Advance(weight int) (next int, promote bool) {
	most, step := cmp.Or(f.MaxWeight, 100), f.StepWeight
	if n := len(f.StepWeights); n > 0 {
		most = f.StepWeights[n-1]
		if step == 0 {
			step = f.stepFrom(weight)
		}
	}
	switch {
	case step == 0:
		return weight, false
	case weight >= most:
		return weight, true
	}
	return min(weight+step, 100), false
}

// stepFrom is how far it is from a weight to the one that follows it in the list: the first for none,
// and all the way for a weight that is not in the list.
func (f Flagger) stepFrom(weight int) int {
	if weight == 0 {
		return f.StepWeights[0]
	}
	last := len(f.StepWeights) - 1
	if i := slices.Index(f.StepWeights[:last], weight); i >= 0 {
		return f.StepWeights[i+1] - weight
	}
	return max(100-weight, 1)
}
