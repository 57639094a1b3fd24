package strategy

import (
	"time"
)

// Strategy answers one question: by which states do we walk from what runs now to what shall run?
// Plan is pure and safe for concurrent use. Its error names every field that is wrong.
type Strategy interface {
	Plan(from State, to Revision) (Plan, error)
}

// Plan is the whole way from one state to another, as data: what a person approves is what the
// rollout executes.
type Plan struct {
	// Strategy is the name of the strategy that made the plan, for people.
	Strategy string `json:"strategy"`
	// From is the state that the plan starts from, and the one that its rollback ends in.
	From State `json:"from"`
	// To is the revision that the plan brings.
	To Revision `json:"to"`
	// Steps are walked in order. A plan has at least one.
	Steps []Step `json:"steps"`
	// Limits are what the plan promises to keep at every instant; Verify proves it.
	Limits Limits `json:"limits"`
	// HoldBack is how many instances of the old revision the plan leaves running at its end, on
	// purpose (a rolling partition). Zero: none.
	HoldBack int `json:"hold_back,omitempty"`
}

// Limits bound the number of instances at every instant of a plan, within transitions too.
type Limits struct {
	// MinAvailable is the least number of available instances, over all groups that answer
	// traffic. Zero allows downtime.
	MinAvailable int `json:"min_available"`
	// MaxTotal is the largest number of instances that may exist, ready or not. Zero: no limit.
	MaxTotal int `json:"max_total,omitempty"`
	// Load is the number of instances that all of the traffic needs: a group that answers a share
	// of the traffic must have at least that share of Load available. Zero: not asked for.
	Load int `json:"load,omitempty"`
}

// Step is one desired state of a plan, and what must hold before the next one.
//
// A step is over when its state is reached and verified, Bake has passed, all Gates agree, and,
// where it pauses, somebody has said go.
type Step struct {
	// Reason says for people why the step is there: "10% to the candidate".
	Reason string `json:"reason"`
	// State is what shall run.
	State State `json:"state"`
	// Deadline is the progress deadline: how long the step may go without any progress towards
	// its state before it has failed. Zero: the rollout's default. In JSON: nanoseconds.
	Deadline time.Duration `json:"deadline_ns,omitempty"`
	// Bake is how long the state is held and watched once it is reached. In JSON: nanoseconds.
	Bake time.Duration `json:"bake_ns,omitempty"`
	// Gates are the names of the gates that are asked during the bake and must pass at its end.
	// With no Bake they must pass before the next step.
	Gates []string `json:"gates,omitempty"`
	// Pause stops the plan after the bake until somebody says go. Nil: no pause.
	Pause *Pause `json:"pause,omitempty"`
	// Irreversible says why the step cannot be undone, for example "drops column users.name". From
	// the moment such a step begins there is no automatic way back: on harm the rollout freezes
	// and calls a person. Empty: the step can be undone.
	Irreversible string `json:"irreversible,omitempty"`
}

// Pause waits for a person.
type Pause struct {
	// Reason is what the person is asked.
	Reason string `json:"reason,omitempty"`
	// Deadline is how long the answer may take; then Default is the answer. Zero: no deadline. In
	// JSON: nanoseconds.
	Deadline time.Duration `json:"deadline_ns,omitempty"`
	// Default is the answer when the deadline has passed. Empty: Abort.
	Default Answer `json:"default,omitempty"`
}

// Answer is what is decided at a pause.
type Answer string

const (
	// Abort takes everything back.
	AnswerAbort Answer = "abort"
	// Promote goes on with the next step.
	AnswerPromote Answer = "promote"
)
