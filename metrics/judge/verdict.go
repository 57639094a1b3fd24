package judge

import (
	"fmt"
	"math"

	"github.com/davit-sdk/davit/metrics/gate"
)

// Verdict is the judgement as gates tell theirs. The names are those of the two arms; empty ones are
// "candidate" and "baseline". Memory is left to the caller.
func (g Judgement) Verdict(candidate, baseline string) gate.Verdict {
	if candidate == "" {
		candidate = "candidate"
	}
	if baseline == "" {
		baseline = "baseline"
	}
	v := gate.Verdict{Outcome: g.Outcome, Reason: g.Reason, NoData: g.Cause == CauseNoData, At: g.At}
	if g.Need.Requests > 0 && g.Outcome == gate.Inconclusive {
		v.Reason += "; " + g.Need.String()
	}
	for _, e := range g.Evidence {
		v.Evidence = append(v.Evidence, e.verdict(candidate, baseline))
	}
	return v
}

func (e Evidence) verdict(candidate, baseline string) gate.Evidence {
	limit := e.Limit
	if e.Threshold > 0 {
		return gate.Evidence{
			What:  fmt.Sprintf("part of %s slower than %s, %s of the baseline", candidate, seconds(e.Threshold), e.Metric),
			Value: e.Candidate.Rate(), Rule: "<=", Limit: limit, Samples: uint64(e.Candidate.Of),
			Against: fmt.Sprintf("%s, %s", baseline, e.Tolerance), Odds: finite(e.Odds),
		}
	}
	return gate.Evidence{
		What: fmt.Sprintf("%s of %s", e.Metric, candidate), Value: e.Candidate.Rate(), Rule: "<=", Limit: limit,
		Samples: uint64(e.Candidate.Of), Against: fmt.Sprintf("%s, %s", baseline, e.Tolerance), Odds: finite(e.Odds),
	}
}

// finite are odds that a program can read.
func finite(odds float64) float64 { return min(odds, math.MaxFloat64) }
