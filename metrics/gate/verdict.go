package gate

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Gate decides whether a release may go on. Whoever asks one calls Ask, which takes nothing for an
// answer that is none.
//
// Check is called again and again while a step bakes, one call at a time per rollout, but a gate
// that serves several rollouts is called by all of them at once. It must return soon after ctx is
// done. An error means that there is no verdict (a source was down, say); it is never a pass, and
// the caller asks again until its patience ends.
type Gate interface {
	Check(ctx context.Context, s Subject) (Verdict, error)
}

// Func is a function as a Gate.
type Func func(ctx context.Context, s Subject) (Verdict, error)

var _ Gate = Func(nil)

// Check calls f.
func (f Func) Check(ctx context.Context, s Subject) (Verdict, error) { return f(ctx, s) }

// Validate reports a nil function.
func (f Func) Validate() error {
	if f == nil {
		return errors.New("the function is nil")
	}
	return nil
}

// Subject is what is judged, and when. The time comes from the caller, so that a gate needs no
// clock.
type Subject struct {
	// Step says where the release is, for people.
	Step string
	// Stable, Baseline and Candidate are the labels under which the groups are measured; a group
	// that the step does not have is empty.
	Stable, Baseline, Candidate string
	// Replaced is the label of the revision that the candidate replaces, also in a step in which none of it is
	// left: nothing may be measured under it then. Empty: there is none, or nobody knows.
	Replaced string
	// Since is when the bake of this step began, Now is the time of asking.
	Since, Now time.Time
	// Share is the part of the traffic that the candidate is meant to get, from 0 to 1. Zero: none, or
	// nobody knows.
	Share float64
	// Next is the part of the traffic that the candidate is to get in the next step, if this one passes,
	// from 0 to 1. A gate may let a small exposure become a larger one by less evidence than it asks
	// for before the candidate gets everything. Zero: nobody knows.
	Next float64
	// Memory is what the gate put into its last Verdict, in this step or an earlier one of the same
	// release; nil where there is none. So a gate that gathers evidence holds no state of its own,
	// serves any number of releases, and goes on where it was in a process that takes over. What it
	// is given may be older than its last verdict, by as much as the caller did not record: a gate
	// remembers up to when it has read, and reads on from there.
	Memory json.RawMessage
	// End says that the bake is over with this check, so that a gate which could still wait for
	// more data knows that it is asked for its last word.
	End bool
}

// Outcome is a gate's answer.
type Outcome string

const (
	// Pass lets the release go on.
	Pass Outcome = "pass"
	// Fail says that harm was seen: take the release back.
	Fail Outcome = "fail"
	// Continue says that all looks well so far, but that there is too little evidence yet.
	Continue Outcome = "continue"
	// Inconclusive says that more data of this kind will not help: ask a person.
	Inconclusive Outcome = "inconclusive"
)

// Verdict is an outcome with its evidence.
type Verdict struct {
	// Gate is the name of the gate, as the plan says it. The rollout fills it in.
	Gate string `json:"gate,omitempty"`
	// Outcome is the answer.
	Outcome Outcome `json:"outcome"`
	// Reason is one sentence for people: what was seen against what was asked.
	Reason string `json:"reason"`
	// Evidence are the measurements behind the outcome.
	Evidence []Evidence `json:"evidence,omitempty"`
	// NoData says that the source works, and has nothing yet on which the gate could judge.
	NoData bool `json:"no_data,omitempty"`
	// Down says that there was nobody to ask: a source is down, a number is none, the gate is broken.
	Down bool `json:"down,omitempty"`
	// Extend asks the caller not to count the time until its next question: neither as a part of the
	// bake nor against its patience. It goes with Continue.
	Extend bool `json:"extend,omitempty"`
	// Late says that a deadline made this answer of one that was open: nobody saw what it says. A fail that
	// is late is one, and Not makes no pass of it.
	Late bool `json:"late,omitempty"`
	// Muted is what a gate says that does not decide: see Muted. Its Outcome is a pass.
	Muted Outcome `json:"muted,omitempty"`
	// Looks are the last measurements, the latest one last, where a Schedule keeps them.
	Looks []Look `json:"looks,omitempty"`
	// At is the time that the verdict was asked for.
	At time.Time `json:"at,omitzero"`
	// Memory is what the gate wants to be given with the next question: JSON of at most MaxMemory
	// bytes. Nil forgets. It belongs to no report, and is no part of a verdict's JSON.
	Memory json.RawMessage `json:"-"`
}

// The largest memory and the largest verdict that Ask takes, in bytes of JSON.
const (
	MaxMemory  = 128 << 10
	MaxVerdict = 32 << 10
)

// Look is one measurement of the past.
type Look struct {
	At time.Time `json:"at"`
	// Gate names the gate within a combination; empty where there is one only.
	Gate    string  `json:"gate,omitempty"`
	Outcome Outcome `json:"outcome"`
	// Value is that of the first piece of evidence, Measured whether there was one.
	Value    float64 `json:"value,omitempty"`
	Measured bool    `json:"measured,omitempty"`
}

// Evidence is one measurement and what it was held against.
type Evidence struct {
	// What names the measurement: "error rate of 1.1.0@9f86d081884c".
	What string `json:"what"`
	// Value was measured, Limit is what it was held against by Rule ("<=", ">=").
	Value float64 `json:"value"`
	Rule  string  `json:"rule"`
	Limit float64 `json:"limit"`
	// Samples is how much data stands behind Value.
	Samples uint64 `json:"samples"`
	// Against names where the limit comes from, if it is no fixed number: "stable 1.0.0".
	Against string `json:"against,omitempty"`
	// Odds says how sure it is: how many to one the evidence speaks against the harmless case. In at
	// most one of N harmless releases do odds of N or more ever appear. Zero: the rule gives none.
	Odds float64 `json:"odds,omitempty"`
}
