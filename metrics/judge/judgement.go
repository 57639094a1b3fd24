package judge

import (
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// Cause says, for programs, why a judgement is what it is.
type Cause string

const (
	// CauseHarm was shown: Fail.
	CauseHarm Cause = "harm"
	// CauseHarmless: every metric was shown to be within its margin. Pass.
	CauseHarmless Cause = "harmless"
	// CauseMoreData is needed. Continue, or Inconclusive after MaxTime.
	CauseMoreData Cause = "more data"
	// CauseWarmingUp: the candidate may still be warming up, or has not served for MinBake. Continue.
	CauseWarmingUp Cause = "warming up"
	// CauseDoubt: what is seen is within the margins, and looks like some harm all the same. Continue, until
	// DoubtBake.
	CauseDoubt Cause = "doubt"
	// CauseNoData: the candidate does not get its share, or nothing is heard of an arm or a metric. Continue, or
	// Inconclusive once it is sure.
	CauseNoData Cause = "no data"
	// CauseUnhealthy: the baseline itself fails so often that it is no measure. Continue, or Inconclusive once
	// it is sure.
	CauseUnhealthy Cause = "unhealthy baseline"
)

// Judgement is what the judge thinks after a sample.
type Judgement struct {
	// Outcome is Pass, Fail, Continue or Inconclusive. Fail is final. The others are not: a judge that
	// goes on being fed can fail what it let pass.
	Outcome gate.Outcome `json:"outcome"`
	// Cause is why, for programs; Reason is one sentence, for people.
	Cause  Cause  `json:"cause"`
	Reason string `json:"reason"`
	// At is the end of the last sample; Served is how long the candidate has been serving.
	At     time.Time     `json:"at,omitzero"`
	Served time.Duration `json:"served"`
	// Odds are the odds of harm in all metrics together; Limit is where they are taken for shown. In at
	// most one of N releases that are harmless do odds of N:1 or more ever appear.
	Odds  float64 `json:"odds"`
	Limit float64 `json:"limit"`
	// MaxShare is the largest share of the traffic that the evidence so far allows the candidate.
	MaxShare float64 `json:"maxShare"`
	// Need is what it takes to a pass, if the candidate is as good as the baseline.
	Need Need `json:"need,omitzero"`
	// Evidence is what is known of each metric, in the order of the configuration.
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Need says how much more data shows a harmless candidate to be harmless, at the traffic seen so far.
type Need struct {
	// Requests is how many more requests the candidate must serve. Zero: nobody can tell, or nothing is
	// needed.
	Requests uint64 `json:"requests"`
	// Time is how long that takes at the rate of the last minutes.
	Time time.Duration `json:"time"`
}

// Evidence is what is known of one metric, or of one threshold of a latency.
type Evidence struct {
	// Metric names it: "errors", "latency p99", "restarts".
	Metric string `json:"metric"`
	// Candidate and Baseline are what was counted in both arms since judging began.
	Candidate Tally `json:"candidate"`
	Baseline  Tally `json:"baseline"`
	// Threshold is above which latency a request counted as slow in the last stretch, in seconds.
	Threshold float64 `json:"threshold,omitempty"`
	// Limit is the candidate's rate up to which nothing is harm, at the baseline's rate so far.
	Limit float64 `json:"limit"`
	// Tolerance is what is no harm, and Margin what passes, in words.
	Tolerance string `json:"tolerance"`
	Margin    string `json:"margin"`
	// Odds are N:1 against "no worse than the tolerance".
	Odds float64 `json:"odds"`
	// PassOdds are N:1 against "worse by the margin or more", no more than some twenty times PassLimit, so
	// that what is long ago does not outweigh what is now; PassLimit is where the metric passes, and
	// Passed says that it has.
	PassOdds  float64 `json:"passOdds"`
	PassLimit float64 `json:"passLimit"`
	Passed    bool    `json:"passed"`
	// Doubt are N:1 against "no worse at all".
	Doubt float64 `json:"doubt"`
	// Best is the alternative that fits best so far, in words: "3x as many".
	Best string `json:"best,omitempty"`
	// Noise is by how much the parts of the baseline differ more than chance allows: odds are damped by
	// it. At least 1.
	Noise float64 `json:"noise"`
	// Low and High enclose the ratio of the candidate's rate to the baseline's, in 95 of 100 releases
	// at all times, approximately. Both zero: too little is known.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Need is what it takes until this metric passes, if the candidate is as good as the baseline.
	Need Need `json:"need,omitzero"`
}

// Tally is what was counted of one arm.
type Tally struct {
	// Bad of Of is how many requests were bad (failed, slow), or how many events there were in so many
	// requests; of a gauge: how many stretches of the compared ones were worse.
	Bad float64 `json:"bad"`
	Of  float64 `json:"of"`
	// Value is the quantile of a latency in seconds, or the mean of a gauge. Zero for others.
	Value float64 `json:"value,omitempty"`
}

// Rate is Bad/Of; zero where Of is.
func (t Tally) Rate() float64 {
	if t.Of == 0 {
		return 0
	}
	return t.Bad / t.Of
}
