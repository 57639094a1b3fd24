package steer

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Ended is how an earlier attempt ended that had no time to say so, and why. What was taken back is not tried
// again by itself. Nil: it is to go on, or has done it all, or nothing was moved.
func Ended(ctx context.Context, outcome rollout.Outcome, cause string, abort *rollout.AbortError) *stage.Error {
	failed := &stage.Error{Outcome: stage.Stranded, Reason: fmt.Sprintf("an earlier attempt was %s: %s", outcome, cause)}
	switch outcome {
	case "", rollout.Promoted, rollout.Refused:
		return nil
	case rollout.Stopped:
		failed.Outcome, failed.Final = stage.Failed, true
	case rollout.RolledBack:
		failed.Outcome = stage.RolledBack
		if abort != nil {
			Blame(ctx, abort, failed)
		}
	}
	return failed
}

// Failure is the end of a rollout, and the error that it ended with, in the words of a stage. The abort is that
// of a person, or nil.
func Failure(ctx context.Context, outcome rollout.Outcome, abort *rollout.AbortError, err error) *stage.Error {
	failed := &stage.Error{Err: err, Outcome: stage.Failed}
	switch outcome {
	case rollout.RolledBack:
		failed.Outcome = stage.RolledBack
		if abort != nil {
			Blame(ctx, abort, failed)
		}
	case rollout.Refused:
		if abort != nil { // before anything was moved
			Blame(ctx, abort, failed)
		}
	case rollout.RollbackFailed, rollout.Frozen:
		failed.Outcome = stage.Stranded
	case rollout.Interrupted:
		failed.Outcome = Interruption(err)
		if cause := context.Cause(ctx); cause != nil {
			failed.Err = errors.Join(err, cause)
		}
	}
	return failed
}

// Blame says on whose word a rollout was taken back, where that was no harm it did. A person's abort
// makes it aborted. One that ran out of time, or that a person wants to go on without, is rolled back:
// for the engine this is what it asked for, and it goes on from there. After a restart the engine asks
// again, in the same words.
func Blame(ctx context.Context, abort *rollout.AbortError, failed *stage.Error) {
	cut, undo := TakesBack(context.Cause(ctx))
	switch {
	case !undo || cut.Outcome == stage.Aborted || abort.By != Sender(cut) || abort.Why != cut.Reason:
		failed.Outcome, failed.By = stage.Aborted, abort.By
	case cut.Outcome == stage.Failed:
		failed.Reason = cut.Reason
	}
}

// Interruption is the outcome of a rollout that stopped where it was. A later run goes on with it,
// unless it was never begun because another one of this process has the target.
func Interruption(err error) stage.Outcome {
	if errors.Is(err, rollout.ErrBusy) {
		return stage.Failed
	}
	return stage.Interrupted
}

// Stuck is the end of a way back that did not lead back, in the words of a stage.
func Stuck(ctx context.Context, outcome rollout.Outcome, err error) error {
	failed := &stage.Error{Outcome: stage.Stranded, Err: err}
	switch outcome {
	case rollout.Refused:
		failed.Final = true
	case rollout.Interrupted:
		failed.Outcome = Interruption(err)
		if e, late := TakesBack(context.Cause(ctx)); late {
			failed.Outcome, failed.By, failed.Reason = stage.Stranded, e.By, "it was not taken back in time: "+e.Reason
		} else if cause := context.Cause(ctx); cause != nil {
			failed.Outcome, failed.Err = stage.Interrupted, errors.Join(err, cause)
		}
	}
	return failed
}
