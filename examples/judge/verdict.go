package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/metrics/judge"
)

// verdict is the last word on a recording.
type verdict struct {
	outcome             gate.Outcome
	at                  time.Duration
	reason              string
	last                *judge.Judgement // nil: nothing could be judged
	candidate, baseline *arm
}

// status is what it exits with.
func (v verdict) status() int {
	switch v.outcome {
	case gate.Pass:
		return exitPass
	case gate.Fail:
		return exitFail
	}
	return exitInconclusive
}

// finish comes to the verdict.
func (p *replaying) finish() error {
	v := &p.verdict
	end := p.since(p.latest)
	switch {
	case v.outcome == gate.Fail:
	case p.passed != nil:
		*v = verdict{outcome: gate.Pass, at: *p.passed, reason: p.last.Reason}
	default:
		*v = verdict{outcome: gate.Inconclusive, at: end, reason: p.undecided(end)}
	}
	v.last = p.last
	if p.cutter != nil {
		v.candidate, v.baseline = p.cutter.candidate, p.cutter.baseline
	}
	return p.end(*v, p.course)
}

// undecided says why there is no verdict, and what it would take.
func (p *replaying) undecided(end time.Duration) string {
	var missing []string
	if p.cutter == nil || p.cutter.candidate.name == "" {
		missing = append(missing, "no line is of the candidate: no group is called "+strings.Join(candidateNames, " or "))
	}
	if p.cutter == nil || p.cutter.baseline.name == "" {
		missing = append(missing, "no line is of the baseline: no group is called "+strings.Join(baselineNames, " or "))
	}
	switch {
	case len(missing) > 0:
		return strings.Join(missing, "; ")
	case p.last == nil:
		return "the recording has no length: all of its lines are at the same time"
	case p.last.Outcome == gate.Inconclusive:
		return p.last.Reason
	}
	reason := fmt.Sprintf("the recording ends at %s without an answer: %s", end, p.last.Reason)
	if p.last.Need.Requests > 0 && (p.last.Cause == judge.CauseWarmingUp || p.last.Cause == judge.CauseDoubt) {
		reason += "; " + p.last.Need.String()
	}
	return reason
}
