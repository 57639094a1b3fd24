package rollout

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

var (
	// ErrEnded says that a command came after the rollout had ended.
	ErrEnded = errors.New("the rollout has ended")
	// ErrGoingBack says that a command came when the rollout was already on its way back.
	ErrGoingBack = errors.New("the rollout is on its way back already")
	// ErrNotWaiting says that there was nothing to resume.
	ErrNotWaiting = errors.New("the rollout is neither paused nor waiting for an answer")
	// ErrStale says that the target is not in the state that the plan starts from. Nothing was
	// moved: make a new plan.
	ErrStale = errors.New("the target is not in the state that the plan starts from (nothing was moved: make a new plan)")
	// ErrNoGate says that a plan names a gate that the rollout was not given.
	ErrNoGate = errors.New("no such gate")
	// ErrBusy says that another rollout is under way on the target, in this process.
	ErrBusy = errors.New("the target serves another rollout (wait for its end, or abort it)")
	// ErrDark says that instances run and get no traffic: the router has lost its table.
	ErrDark = errors.New("the target runs instances and routes nothing to them (restore the state that it is to be in)")
	// ErrFenced says that the target has seen a later owner than the one on whose behalf it is moved:
	// another host has taken over. Nothing more is moved.
	ErrFenced = errors.New("the target belongs to a later owner")
	// ErrSuperseded says that the target runs a revision which the plan that is to be undone does not
	// know: something was released since. Nothing was moved.
	ErrSuperseded = errors.New("something else was released since")
	// ErrCheckpoint says that the position could not be recorded.
	ErrCheckpoint = errors.New("the checkpoint was not taken")
)

// Error is how a rollout ended that did not promote. It wraps what caused it, and, where the way
// back failed too, that as well.
type Error struct {
	// Outcome is how it ended.
	Outcome Outcome
	// Step is the step of the plan, from 0, at which it went wrong, and Reason that step's.
	Step   int
	Reason string
	// Cause is why the rollout did not go on: a *GateError, *DeadlineError, *CrashError,
	// *StuckError, *ConflictError, *AbortError, or the context's cause. After a Resume on the way back it is the
	// checkpoint's text alone.
	Cause error
	// Rollback is why the way back failed. It is set with RollbackFailed and Frozen only.
	Rollback error
	// Observed is what runs where, as last seen.
	Observed Observation

	unseen bool // the target was never looked at
}

// Error tells the outcome, the step, the cause and, where a person is needed, what runs where.
func (e *Error) Error() string {
	text := fmt.Sprintf("rollout %s at step %d (%s): %v", e.Outcome, e.Step+1, e.Reason, e.Cause)
	switch e.Outcome {
	case RollbackFailed:
		text = fmt.Sprintf("ROLLBACK FAILED: %v; it was under way because of step %d (%s): %v", e.Rollback, e.Step+1, e.Reason, e.Cause)
	case Frozen:
		if e.Rollback != nil {
			text += fmt.Sprintf("; not taken back: %v", e.Rollback)
		}
		text += "; nothing is moved any more, a person has to decide"
	case RolledBack:
		return text
	}
	if e.unseen {
		return text
	}
	return text + "; now: " + e.Observed.String()
}

// Unwrap gives the cause and the rollback's error.
func (e *Error) Unwrap() []error {
	if e.Rollback == nil {
		return []error{e.Cause}
	}
	return []error{e.Cause, e.Rollback}
}

// GateError says that a gate saw harm.
type GateError struct{ Verdict gate.Verdict }

func (e *GateError) Error() string {
	return fmt.Sprintf("gate %q says %s: %s", e.Verdict.Gate, e.Verdict.Outcome, e.Verdict.Reason)
}

// DeadlineError says that a step made no progress for the whole of its progress deadline.
type DeadlineError struct {
	Deadline time.Duration
	// Missing says what was still missing.
	Missing string
	// Failures are instances that failed meanwhile.
	Failures []Failure
	// Stuck are the pools that would not have got there.
	Stuck []StuckError
	// Last is the last error of the target; nil where it answered.
	Last error
}

func (e *DeadlineError) Error() string {
	text := fmt.Sprintf("no progress for %s: %s", e.Deadline, e.Missing)
	if len(e.Failures) > 0 {
		text += "; instances failed: " + failureText(e.Failures)
	}
	for _, s := range e.Stuck {
		text += "; " + s.Error()
	}
	if e.Last != nil {
		text += fmt.Sprintf("; the target's last error: %v", e.Last)
	}
	return text
}

func (e *DeadlineError) Unwrap() error { return e.Last }

// CrashError says that too many instances of the new revision failed.
type CrashError struct{ Failures []Failure }

func (e *CrashError) Error() string {
	return fmt.Sprintf("%d instances of the new revision failed: %s", len(e.Failures), failureText(e.Failures))
}

// StuckError says that a pool will not get there unless somebody mends something.
type StuckError struct {
	Pool strategy.Pool
	// Reason is the target's, for people.
	Reason string
}

func (e *StuckError) Error() string { return fmt.Sprintf("%s is stuck: %s", e.Pool, e.Reason) }

func failureText(failures []Failure) string {
	parts := make([]string, len(failures))
	for i, f := range failures {
		parts[i] = f.ID + ": " + f.Reason
	}
	return strings.Join(parts, "; ")
}

// ConflictError says that somebody else changes the target.
type ConflictError struct {
	// Seen is what was found that the rollout did not ask for.
	Seen string
	// Times is how often that happened within the step.
	Times int
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("somebody else changes the target (%d times in this step): %s", e.Times, e.Seen)
}

// AbortError says that somebody, or the default answer of a pause, wanted the release taken back.
type AbortError struct {
	By  string `json:"by,omitempty"`
	Why string `json:"why,omitempty"`
}

func (e *AbortError) Error() string {
	text := "aborted"
	if e.By != "" {
		text += " by " + e.By
	}
	if e.Why != "" {
		text += ": " + e.Why
	}
	return text
}

// Permanent marks an error of a target as one that trying again will not mend, so that the step
// fails at once instead of at its deadline.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanentError{err}
}

type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

func isPermanent(err error) bool {
	var p permanentError
	return errors.As(err, &p)
}
