package judge

import (
	"fmt"
	"math"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// served is how long the candidate has been serving.
func (j *Judge) served() time.Duration {
	if j.state.First.IsZero() {
		return 0
	}
	return j.state.End.Sub(j.state.First)
}

// patience is how many times MaxWarmUp a candidate that is clearly getting faster is excused.
const patience = 3

// cold reports whether slowness may still be a cold start.
func (j *Judge) cold() bool {
	served := j.served()
	return !j.state.Warm || served < j.config.MaxWarmUp || served < patience*j.config.MaxWarmUp && j.state.Life.falling()
}

// warm ends the warm-up when it is time to.
func (j *Judge) warm() {
	served := j.served()
	if j.state.Warm || served < j.config.WarmUp {
		return
	}
	j.state.Warm = served >= j.config.MaxWarmUp || !j.state.Life.falling()
}

// convict decides on harm after a block. Who may still be warming up is not failed for being slow: the
// evidence is thrown away, and gathered anew.
func (j *Judge) convict() {
	st := &j.state
	if !st.Failed.IsZero() || j.harm(true) < j.harmLimit() {
		return
	}
	if j.cold() && j.harm(false) < j.harmLimit() {
		st.Suspended++
		st.Trend = trend{}
		st.Last = st.End
		for i := range j.questions {
			if q := &j.questions[i]; q.cold {
				st.Tracks[i].renew(q)
			}
		}
		return
	}
	st.Failed = st.End
}

// decide is the outcome, its cause, and a sentence.
func (j *Judge) decide() (gate.Outcome, Cause, string) {
	st := &j.state
	switch {
	case !st.Failed.IsZero():
		return gate.Fail, CauseHarm, ""
	case st.Ratio.log() >= math.Log(surely):
		return gate.Inconclusive, CauseNoData, fmt.Sprintf("the candidate does not get its share of the traffic (odds %s, limit %d:1)", odds(st.Ratio.log()), surely)
	case st.Sick.log() >= math.Log(surely):
		return gate.Inconclusive, CauseUnhealthy, fmt.Sprintf("more than %s of the baseline's requests fail: it is no measure of the candidate (odds %s, limit %d:1)",
			percent(j.config.Unhealthy), odds(st.Sick.log()), surely)
	}
	cause, why := j.hindrance()
	if cause == "" {
		return gate.Pass, CauseHarmless, "every metric is shown to be within its margin"
	}
	if !st.End.IsZero() && st.End.Sub(st.Start) >= j.config.MaxTime {
		return gate.Inconclusive, cause, fmt.Sprintf("no answer after %s: %s", j.config.MaxTime, why)
	}
	return gate.Continue, cause, why
}

// hindrance is what is in the way of a pass; nothing, if the cause is empty.
func (j *Judge) hindrance() (Cause, string) {
	st, served := &j.state, j.served()
	if st.First.IsZero() {
		return CauseNoData, "the candidate has not served a request yet"
	}
	if why := j.silent(); why != "" {
		return CauseNoData, why
	}
	if st.Got.missing() {
		return CauseNoData, fmt.Sprintf("the candidate gets only %s of the requests that it is meant to get", percent(st.Got.Of/st.Got.Meant))
	}
	if b := st.Ramp.Baseline; b.Of > 0 && b.mean() >= j.config.Unhealthy {
		return CauseUnhealthy, fmt.Sprintf("%s of the baseline's requests failed of late: it is no measure of the candidate", percent(b.mean()))
	}
	for i := range j.questions {
		q, t := &j.questions[i], &st.Tracks[i]
		if q.failOnly {
			continue
		}
		if why := j.vanished(q, t); why != "" {
			return CauseNoData, why
		}
		if q.suspected(t) {
			return CauseDoubt, fmt.Sprintf("%s: the candidate is worse (odds %s), which does not fail a release unless Gauge.Fails is set", q.name, odds(t.harm(q)))
		}
		if !t.Passed {
			return j.unproven(q, t)
		}
	}
	if served < j.config.MinBake {
		return CauseWarmingUp, fmt.Sprintf("it has served for %s, and must for %s", served, j.config.MinBake)
	}
	if o := j.harm(true); o >= math.Log(suspicious) {
		return CauseDoubt, fmt.Sprintf("every metric is within its margin, but the odds of harm are %s", odds(o))
	}
	for i := range j.questions {
		q, t := &j.questions[i], &st.Tracks[i]
		if !q.failOnly && t.contradicts(q) {
			return CauseDoubt, fmt.Sprintf("%s is within its margin of late, but not over all that was seen", q.name)
		}
	}
	if served < j.config.DoubtBake {
		for i := range j.questions {
			q, t := &j.questions[i], &st.Tracks[i]
			if q.doubts() && !q.failOnly && (t.Doubt.log() >= math.Log(doubtful) || q.kind == slower && st.Trend.worrying()) {
				return CauseDoubt, fmt.Sprintf("%s is within its margin, but looks worse than the baseline's: it is watched until it has served for %s", q.name, j.config.DoubtBake)
			}
		}
	}
	return "", ""
}

// contradicts reports whether all that was seen of a question, however long ago, says that the candidate
// is beyond the margin. A pass is shown by the wealth, which forgets a time that was bad and is over; who
// passes in spite of it would have to be explained to somebody. Latencies are not counted beyond their
// margin, and gauges not at all.
func (t *track) contradicts(q *question) bool {
	if q.kind == sampled || q.kind == slower || !(t.Total.Of > 0 && t.Total.Base > 0) {
		return false
	}
	low, _ := t.Total.interval(t.Guard.factor())
	base := t.Total.Y / t.Total.Base
	return low > 0 && low*base > max(q.passLine(t).at(base), q.floor)
}

// doubtful are odds of any difference at which a pass waits for the DoubtBake.
const doubtful = 5

// unproven says why a metric has not passed.
func (j *Judge) unproven(q *question, t *track) (Cause, string) {
	switch {
	case t.Total.Of == 0 && q.cold && !j.state.Warm:
		return CauseWarmingUp, fmt.Sprintf("%s: the candidate may be warming up", q.name)
	case t.Total.Of == 0 || t.Total.Base == 0 && q.kind != sampled:
		return CauseNoData, fmt.Sprintf("%s: too little was measured in both arms to compare them", q.name)
	}
	if t.Edge.Blind {
		return CauseMoreData, fmt.Sprintf("%s: the buckets cannot tell %s: too wide near %s", q.name, q.marginText(), seconds(t.Edge.At))
	}
	text := fmt.Sprintf("%s: not yet shown to be within the margin (odds %s, limit %s)", q.name, odds(t.passing(q)), odds(j.passLimit()))
	if n := j.need(q, t); n.Requests > 0 {
		text += "; " + n.String()
	}
	return CauseMoreData, text
}
