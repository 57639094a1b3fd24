package stage

import (
	"errors"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// Outcome is how a stage ended, and how a release did.
type Outcome string

const (
	// Succeeded: all was done.
	Succeeded Outcome = "succeeded"
	// Skipped: there was nothing to do, or a person said to go on without it.
	Skipped Outcome = "skipped"
	// Failed: it did not work out. What it had begun may be half done.
	Failed Outcome = "failed"
	// Rejected: a person, or a deadline that stands in for one, said no.
	Rejected Outcome = "rejected"
	// Aborted: a person stopped it under way.
	Aborted Outcome = "aborted"
	// RolledBack: it did harm or could not be completed, and has taken back what it had changed. All
	// is as it was before.
	RolledBack Outcome = "rolled-back"
	// Stranded: it could not be completed and could not be taken back either. A person has to look
	// at once.
	Stranded Outcome = "stranded"
	// Interrupted: the host stopped while it ran. A later run goes on from the last checkpoint.
	Interrupted Outcome = "interrupted"
	// Waiting: there is nothing to do before a signal comes or a time is reached. Then the stage is
	// run again. See Wait.
	Waiting Outcome = "waiting"
)

// Outcomes are all outcomes that there are.
func Outcomes() []Outcome {
	return []Outcome{Succeeded, Skipped, Failed, Rejected, Aborted, RolledBack, Stranded, Interrupted, Waiting}
}

// Error says how a stage ended, where it did not succeed. A stage returns one to end otherwise than
// failed; the engine cancels a stage with one as the context's cause.
type Error struct {
	// Outcome is how it ended. Anything that no stage can end in counts as Failed.
	Outcome Outcome
	// Reason is one sentence for people.
	Reason string
	// By is the person behind it, if there is one.
	By string
	// Evidence are the verdicts that led to it.
	Evidence []gate.Verdict
	// Err is the cause, if there is one.
	Err error
	// Final says of a failure that a further attempt would not help: no retry is made.
	Final bool
	// Until is when a stage that waits is run again, whether or not a signal has come by then. Zero:
	// only a signal wakes it.
	Until time.Time
}

// Error is the outcome, who stands behind it, the reason and the cause, as far as they are there:
// "rejected by ada: not on a Friday".
func (e *Error) Error() string {
	if e == nil {
		return string(Failed) + ": a nil *stage.Error was returned as an error"
	}
	text := string(e.Outcome)
	if text == "" {
		text = string(Failed)
	}
	if e.By != "" {
		text += " by " + e.By
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap is the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Skip is what a stage returns when there is nothing to do: the stage is skipped, and so is whatever
// needs it. The reason is one sentence for people: "no commit since 1.4.0 asks for a release".
func Skip(reason string) error { return &Error{Outcome: Skipped, Reason: reason} }

// Wait is what a stage returns when there is nothing to do before a signal comes for it, or before
// until; zero: only a signal wakes it. Its Run is then called again, as a further attempt, with its
// checkpoint, and with the signals as told at [Task.Next]. A release in which all stages wait costs
// next to nothing, and the wait outlives the host. The reason is for people: "1 of 2 approvals".
//
// A stage that waits is not ended over its head: where it is aborted or skipped, its time is up, or the
// release goes no further, Run is called once more with a context that has ended, so that it can clear
// up. One that waits without having taken the signals that were there when it began is not woken by them
// again.
func Wait(until time.Time, reason string) error {
	return &Error{Outcome: Waiting, Reason: reason, Until: until}
}

// OutcomeOf is the outcome that an error stands for: nil is success, an Error says it itself, and
// all others are failures.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Succeeded
	}
	var e *Error
	if !errors.As(err, &e) || e == nil {
		return Failed
	}
	switch e.Outcome {
	case Skipped, Rejected, Aborted, RolledBack, Stranded, Interrupted, Waiting:
		return e.Outcome
	}
	return Failed
}
