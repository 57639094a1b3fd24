package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Undo brings the target back to what it ran before the deployment, within the limits of its plan and
// without holds, through the same rollout: from a revision that was promoted, or from wherever the
// deployment was left. Before a first deployment nothing ran, and so Undo leaves nothing. It goes on
// from its own last position after a crash, does nothing where nothing was changed or all is undone
// already, and leaves everything as it is when its context ends.
//
// The error is a stage.Error. Its outcome is Stranded where the deployment cannot be taken back, and a
// person has to look: a step of it cannot be undone (*strategy.IrreversibleError), something else was
// released since (rollout.ErrSuperseded), the old revision cannot be started any more, or the time is up.
// In the last two cases a further Undo goes on.
func (s Stage) Undo(ctx context.Context, t *stage.Task) error {
	if err := s.Validate(); err != nil {
		return err
	}
	var at position
	if found, err := t.Restore(&at); err != nil || !found {
		return err
	}
	if at.undone() {
		last := at.Rollout
		if at.Undo != nil {
			last = *at.Undo
		}
		return s.light(ctx, t, at, last)
	}
	plan, err := s.plan(at)
	if err != nil {
		return err
	}
	from := at.Rollout
	if at.Undo != nil && at.Undo.Outcome != rollout.Refused {
		from = *at.Undo
	}
	w := &walk{task: t, at: at, ctx: context.WithoutCancel(ctx), notify: s.Options.Notify, undo: true}
	r, err := rollout.Undo(s.Target, plan, from, "the release is undone", s.options(w))
	var never *strategy.IrreversibleError
	if errors.As(err, &never) {
		return &stage.Error{Outcome: stage.Stranded, Final: true, Reason: fmt.Sprintf("%s stays where it is", at.To), Err: err}
	}
	if err != nil {
		return err
	}
	if err := s.recall(ctx, at); err != nil {
		return err
	}
	result, err := r.Run(ctx)
	if err == nil {
		return w.lost
	}
	return stuck(ctx, result, err)
}

// undone reports whether nothing is left to be taken back.
func (p position) undone() bool {
	switch p.Rollout.Outcome {
	case rollout.RolledBack, rollout.Refused: // refused: nothing was moved
		return true
	}
	return p.Undo != nil && p.Undo.Outcome == rollout.RolledBack
}

// stuck is the end of a way back that did not lead back, in the words of a stage.
func stuck(ctx context.Context, result rollout.Result, err error) error {
	failed := &stage.Error{Outcome: stage.Stranded, Err: err}
	switch result.Outcome {
	case rollout.Refused:
		failed.Final = true
	case rollout.Interrupted:
		failed.Outcome = interruption(err)
		if e, late := takesBack(context.Cause(ctx)); late {
			failed.Outcome, failed.By, failed.Reason = stage.Stranded, e.By, "it was not taken back in time: "+e.Reason
		} else if cause := context.Cause(ctx); cause != nil {
			failed.Outcome, failed.Err = stage.Interrupted, errors.Join(err, cause)
		}
	}
	return failed
}

// interruption is the outcome of a rollout that stopped where it was. A later run goes on with it,
// unless it was never begun because another one of this process has the target.
func interruption(err error) stage.Outcome {
	if errors.Is(err, rollout.ErrBusy) {
		return stage.Failed
	}
	return stage.Interrupted
}
