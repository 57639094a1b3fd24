package gate

import (
	"context"
	"time"
)

// Gate decides whether a release may go on.
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

// Subject is what is judged, and when. The time comes from the caller, so that a gate needs no
// clock.
type Subject struct {
	// Step says where the release is, for people.
	Step string
	// Stable, Baseline and Candidate are the labels under which the groups are measured; a group
	// that the step does not have is empty.
	Stable, Baseline, Candidate string
	// Since is when the bake of this step began, Now is the time of asking.
	Since, Now time.Time
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
	// At is the time that the verdict was asked for.
	At time.Time `json:"at,omitzero"`
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
}
