package rollout

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/strategy"
)

// finish ends a rollout that could not go forward: it takes the release back, unless nothing may
// be moved any more.
func (r *Rollout) finish(ctx context.Context, cause error) *Error {
	failure := &Error{Step: min(r.at.Step, len(r.plan.Steps)-1), Cause: cause}
	failure.Reason = r.plan.Steps[failure.Step].Reason
	var conflict *ConflictError
	var stale *staleError
	switch {
	case r.at.Back: // resumed on its way back
	case errors.As(cause, &conflict):
		failure.Outcome = Frozen
		return failure
	case errors.As(cause, &stale):
		failure.Outcome, failure.Cause = Refused, stale.error
		return failure
	case errors.Is(cause, ErrCheckpoint), ctx.Err() != nil && errors.Is(cause, context.Cause(ctx)):
		failure.Outcome = Interrupted
		return failure
	}
	r.control.goBack()
	way, err := strategy.Abort(r.plan, failure.Step)
	if err != nil {
		failure.Outcome, failure.Rollback = Frozen, err
		return failure
	}
	r.at.Back, r.at.Step, r.at.Cause = true, failure.Step, cause.Error()
	r.tell(Event{Kind: GoingBack, Back: true, Step: r.at.BackStep, Steps: len(way.Steps), Text: cause.Error(), State: way.Final()})
	if err := r.walkBack(ctx, way); err != nil {
		failure.Outcome, failure.Rollback = RollbackFailed, err
		return failure
	}
	failure.Outcome = RolledBack
	return failure
}

// walkBack has a time of its own: what cancelled the rollout must not cancel its remedy.
func (r *Rollout) walkBack(ctx context.Context, way strategy.Plan) error {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), r.o.RollbackTimeout,
		fmt.Errorf("the way back took longer than %s", r.o.RollbackTimeout))
	defer cancel()
	for ; r.at.BackStep < len(way.Steps); r.at.BackStep++ {
		i := r.at.BackStep
		l := leg{
			step: way.Steps[i], index: i, count: len(way.Steps), back: true,
			known: []strategy.State{way.StateBefore(i), way.Steps[i].State, r.plan.StateBefore(r.at.Step), r.plan.Steps[r.at.Step].State, r.plan.From, r.plan.Final()},
		}
		if err := r.checkpoint(ctx); err != nil {
			r.tell(l.event(CheckpointLost, err.Error()))
		}
		r.tell(l.event(StepStarted, l.step.Reason))
		if err := r.reach(ctx, l); err != nil {
			return err
		}
		r.tell(l.event(StepReached, l.step.State.String()))
	}
	return r.settle(ctx, r.watch(leg{step: strategy.Step{Reason: "verify", State: r.plan.From}, index: len(way.Steps) - 1, count: len(way.Steps), back: true, known: []strategy.State{r.plan.From}}), r.plan.From)
}

// Restore brings a target to a state that nobody needs to judge, and waits until it shows it: what
// a host does after a restart with the last state that it knows, or to take something away
// altogether. It starts, routes, drains and stops in the same order as a rollout, and uses the
// Poll, Deadline and Logger of the options.
func Restore(ctx context.Context, target Target, s strategy.State, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := s.Validate(); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	step := strategy.Step{Reason: "restore", State: s}
	r := &Rollout{
		target: target, o: o, log: o.Logger.Named("rollout"), control: newControl(), failed: map[string]bool{},
		plan: strategy.Plan{Steps: []strategy.Step{step}},
	}
	return r.settle(ctx, r.watch(leg{step: step, count: 1, back: true, known: []strategy.State{s}}), s)
}
