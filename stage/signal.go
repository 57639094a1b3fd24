package stage

import (
	"slices"
	"time"
)

// Signal is what a person, or a program in a person's name, tells a release that is under way.
type Signal struct {
	// ID tells signals apart: one that is sent twice under the same ID is one signal. Empty: the
	// engine gives it one.
	ID string `json:"id"`
	// Kind is what is asked for.
	Kind SignalKind `json:"kind"`
	// Stage is the stage that it is for. Empty: the whole release, which Pause, Resume and Abort
	// allow.
	Stage string `json:"stage,omitempty"`
	// By is who sends it. It is never empty; that it is true is for the host to make sure.
	By string `json:"by"`
	// Why is the sender's reason.
	Why string `json:"why,omitempty"`
	// At is when the engine recorded it.
	At time.Time `json:"at,omitzero"`
}

// SignalKind is what a signal asks for.
type SignalKind string

const (
	// Approve says yes to a stage that asks.
	Approve SignalKind = "approve"
	// Reject says no to a stage that asks.
	Reject SignalKind = "reject"
	// Withdraw takes back the sender's own earlier Approve.
	Withdraw SignalKind = "withdraw"
	// Pause holds: a stage that listens for it stays where it is; a whole release begins no stage.
	Pause SignalKind = "pause"
	// Resume ends a pause.
	Resume SignalKind = "resume"
	// Promote tells a stage not to wait any longer where it is.
	Promote SignalKind = "promote"
	// Abort stops a stage, or all of the release, and takes back what can be. It reaches a stage
	// as the end of its context, never through Next.
	Abort SignalKind = "abort"
	// SkipStage goes on without a stage. It reaches a running stage as the end of its context, never
	// through Next.
	SkipStage SignalKind = "skip"
	// Retry runs a stage again that waits for a person to say so, or for its next attempt. It never
	// reaches the stage itself.
	Retry SignalKind = "retry"
)

// SignalKinds are all kinds that there are.
func SignalKinds() []SignalKind {
	return []SignalKind{Approve, Reject, Withdraw, Pause, Resume, Promote, Abort, SkipStage, Retry}
}

// Known reports whether there is such a kind.
func (k SignalKind) Known() bool { return slices.Contains(SignalKinds(), k) }

// Heard reports whether signals of the kind are taken by a stage itself, with [Task.Next], and so
// may be named by a [Listener]. The others are the engine's.
func (k SignalKind) Heard() bool {
	switch k {
	case Approve, Reject, Withdraw, Pause, Resume, Promote:
		return true
	}
	return false
}
