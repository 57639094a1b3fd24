package notify

import (
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/stage"
)

// Kind is what happened, in the words that rules use.
type Kind string

// The kinds of what happens to a release as a whole. How it ended is "release." and the outcome.
const (
	ReleaseRequested   Kind = "release.requested"
	ReleaseTaken       Kind = "release.taken" // over by another host
	ReleasePaused      Kind = "release.paused"
	ReleaseResumed     Kind = "release.resumed"
	ReleaseAborting    Kind = "release.aborting" // a person said so; it has not ended yet
	ReleaseInterrupted Kind = "release.interrupted"
	ReleaseUndoing     Kind = "release.undoing"
	ReleaseSucceeded   Kind = "release.succeeded"
	ReleaseSkipped     Kind = "release.skipped"
	ReleaseFailed      Kind = "release.failed"
	ReleaseRejected    Kind = "release.rejected"
	ReleaseAborted     Kind = "release.aborted"
	ReleaseRolledBack  Kind = "release.rolled-back"
	ReleaseStranded    Kind = "release.stranded"
)

// The kinds of what happens to a stage. How it ended is "stage." and the outcome.
const (
	StageBegan      Kind = "stage.began"
	StageWaiting    Kind = "stage.waiting"   // for a time, or for a signal that is no approval
	StageRetrying   Kind = "stage.retrying"  // an attempt failed, and another one follows
	StageParked     Kind = "stage.parked"    // it waits for a person to say retry, skip or abort
	StageSignalled  Kind = "stage.signalled" // a person said something that is no answer
	StageSucceeded  Kind = "stage.succeeded"
	StageSkipped    Kind = "stage.skipped"
	StageFailed     Kind = "stage.failed"
	StageRejected   Kind = "stage.rejected"
	StageAborted    Kind = "stage.aborted"
	StageRolledBack Kind = "stage.rolled-back"
	StageStranded   Kind = "stage.stranded"
	StageUndone     Kind = "stage.undone"
	StageNotUndone  Kind = "stage.not-undone"
)

// The kinds of what is asked, measured and moved.
const (
	ApprovalAsked     Kind = "approval.asked"
	ApprovalAnswered  Kind = "approval.answered"  // by approve, reject or withdraw, or by a default
	ApprovalEscalated Kind = "approval.escalated" // nobody has answered; also for a stage that is parked
	GatePassed        Kind = "gate.passed"        // told when the answer of the gate changes
	GateFailed        Kind = "gate.failed"
	GateInconclusive  Kind = "gate.inconclusive"
	RolloutReached    Kind = "rollout.reached" // a step of a rollout was reached and verified
	RolloutGoingBack  Kind = "rollout.going-back"
	RolloutStuck      Kind = "rollout.stuck"
	RolloutDegraded   Kind = "rollout.degraded"
	RolloutDrifted    Kind = "rollout.drifted"
	// Digest is several messages in one, and Alarm is about the notifications themselves. Neither is for rules.
	Digest Kind = "notify.digest"
	Alarm  Kind = "notify.alarm"
)

// Kinds are all kinds that rules can name, in the order of a release's life.
func Kinds() []Kind {
	return []Kind{
		ReleaseRequested, ReleaseTaken, ReleasePaused, ReleaseResumed, ReleaseAborting, ReleaseInterrupted, ReleaseUndoing, ReleaseSucceeded,
		ReleaseSkipped, ReleaseFailed, ReleaseRejected, ReleaseAborted, ReleaseRolledBack, ReleaseStranded,
		StageBegan, StageWaiting, StageRetrying, StageParked, StageSignalled, StageSucceeded, StageSkipped, StageFailed, StageRejected,
		StageAborted, StageRolledBack, StageStranded, StageUndone, StageNotUndone,
		ApprovalAsked, ApprovalAnswered, ApprovalEscalated, GatePassed, GateFailed, GateInconclusive,
		RolloutReached, RolloutGoingBack, RolloutStuck, RolloutDegraded, RolloutDrifted,
	}
}

// Asks reports whether a person has to answer: only of these, something escalates.
func (k Kind) Asks() bool { return k == ApprovalAsked || k == StageParked }

// ended is the kind of an end, "release" or "stage".
func ended(of string, o stage.Outcome) Kind { return Kind(of + "." + string(o)) }

// Severity is how much something matters.
type Severity int

const (
	// Info is what goes as it should.
	Info Severity = iota
	// Warning is what went wrong and is contained, and what waits for a person.
	Warning
	// Urgent is what a person has to look at now.
	Urgent
)

var severities = []string{"info", "warning", "urgent"}

// String is the name of the severity.
func (s Severity) String() string {
	if !s.valid() {
		return fmt.Sprintf("severity(%d)", int(s))
	}
	return severities[s]
}

func (s Severity) valid() bool { return s >= Info && s <= Urgent }

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) {
	if !s.valid() {
		return nil, fmt.Errorf("%s is none", s)
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads a name.
func (s *Severity) UnmarshalText(text []byte) error {
	i := slices.Index(severities, string(text))
	if i < 0 {
		return fmt.Errorf("%q is no severity", text)
	}
	*s = Severity(i)
	return nil
}

// Severity is the severity of the kind, where Options.Severity says nothing else.
func (k Kind) Severity() Severity {
	switch k {
	case ReleaseStranded, StageStranded, StageParked, StageNotUndone, ApprovalEscalated, Alarm:
		return Urgent
	case ReleaseAborting, ReleaseUndoing, ReleaseFailed, ReleaseRejected, ReleaseAborted, ReleaseRolledBack, StageFailed, StageRejected,
		StageAborted, StageRolledBack, ApprovalAsked, GateFailed, GateInconclusive, RolloutGoingBack, RolloutStuck, RolloutDegraded, RolloutDrifted:
		return Warning
	}
	return Info
}
