package preset

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// KayentaRun is the state of a canary analysis.
type KayentaRun struct {
	// Judged is how many judgements there were, Score the last one's score from 0 to 100.
	Judged int     `json:"judged"`
	Score  float64 `json:"score"`
	// Passed and Failed say how the analysis ended; while it goes on both are false.
	Passed bool `json:"passed"`
	Failed bool `json:"failed"`
	// Reason is one sentence for people about the last judgement.
	Reason string `json:"reason,omitempty"`
	// Classes are those of the metrics in the last judgement, for people.
	Classes []string `json:"classes,omitempty"`
	// Missing says that a metric had no data in it.
	Missing Missing `json:"missing,omitempty"`
}

// Series are the values of one metric, one a step, NaN where one is missing.
type Series struct {
	Candidate, Control []float64
}

// Judge makes the next judgement, by one pair of series for each metric.
func (k Kayenta) Judge(r KayentaRun, series []Series) KayentaRun {
	if r.Passed || r.Failed {
		return r
	}
	classes := make([]Classification, len(k.Metrics))
	r.Classes, r.Missing = nil, ""
	for i, m := range k.Metrics {
		classes[i] = m.Classify(series[i].Candidate, series[i].Control)
		if c := classes[i].Class; c == ClassNodata || c == ClassNodataFail {
			r.Missing = MissingData
		}
		r.Classes = append(r.Classes, m.Name+": "+classes[i].String())
	}
	r.Judged++
	r.Score, r.Reason = k.Score(classes)
	switch last := r.Judged >= k.judgements(); {
	case k.Strict && k.unmeasured(classes):
		r.Failed, r.Reason = true, "a metric has no data, or cannot be computed"
	case r.Score <= k.Marginal:
		r.Failed = true
	case last && r.Score < k.Pass:
		r.Failed = true
	case last:
		r.Passed = true
	}
	if r.Failed && slices.ContainsFunc(classes, func(c Classification) bool { return c.Class == ClassError }) {
		r.Missing = MissingData // what cannot be computed was not seen
	}
	return r
}

func (k Kayenta) unmeasured(classes []Classification) bool {
	for i, c := range classes {
		if !k.Metrics[i].Muted && (c.Class == ClassNodata || c.Class == ClassError) {
			return true
		}
	}
	return false
}

// Score is the score from 0 to 100 that the metrics' classes amount to, and why it is that.
//
// A group's score is the part of its metrics that passed, among those that could be compared; a group
// without any counts as 100. The groups are added up by their weights. The score is zero where a
// critical metric is no pass, or half of the metrics or more have no data. Muted metrics do not count.
func (k Kayenta) Score(classes []Classification) (float64, string) {
	var all, nodata int
	type tally struct{ passed, compared int }
	groups := map[string]tally{}
	for i, c := range classes {
		m := k.Metrics[i]
		if m.Muted {
			continue
		}
		if c.Critical && c.Class != ClassPass {
			return 0, fmt.Sprintf("%s is critical, and %s", m.Name, c.Class)
		}
		all++
		if c.Class == ClassNodata {
			nodata++
		}
		for _, name := range m.Groups {
			t := groups[name]
			switch c.Class {
			case ClassPass:
				t.passed++
				t.compared++
			case ClassHigh, ClassLow, ClassNodataFail:
				t.compared++
			}
			groups[name] = t
		}
	}
	if all > 0 && 2*nodata >= all {
		return 0, fmt.Sprintf("%d of %d metrics have no data", nodata, all)
	}
	score, bad := 0.0, 0
	share := k.unnamedShare(slices.Sorted(maps.Keys(groups)))
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		t, weight := groups[name], share
		if w, ok := k.GroupWeights[name]; ok {
			weight = w
		}
		of := 100.0
		if t.compared > 0 {
			of = 100 * float64(t.passed) / float64(t.compared)
		}
		score += of * weight / 100
		bad += t.compared - t.passed
	}
	return math.Round(score*100) / 100, fmt.Sprintf("%d of %d metrics are bad", bad, all)
}

// unnamedShare is the weight of each group that has none given.
func (k Kayenta) unnamedShare(groups []string) float64 {
	left, unnamed := 100.0, 0
	for _, name := range slices.Sorted(maps.Keys(k.GroupWeights)) {
		left -= k.GroupWeights[name]
	}
	for _, name := range groups {
		if _, ok := k.GroupWeights[name]; !ok {
			unnamed++
		}
	}
	if unnamed == 0 {
		return 0
	}
	return left / float64(unnamed)
}
