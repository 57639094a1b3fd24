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
	var refused *refusal
	switch {
	case errors.As(cause, &refused):
		failure.Outcome, failure.Cause = Refused, refused.error
		if r.resumed && !errors.Is(cause, ErrSuperseded) {
			failure.Outcome = Interrupted // what an earlier process has moved is not moved on, nor forgotten
		}
		return failure
	case errors.Is(cause, ErrFenced):
		failure.Outcome = Interrupted // whoever has it now goes on with it
		return failure
	case r.undo != nil && r.undo.done:
		failure.Outcome = RolledBack
		return failure
	case r.undo != nil && !r.arrived:
		failure.Outcome, failure.Rollback = RollbackFailed, cause
		if interrupted(ctx, cause) {
			failure.Outcome, failure.Rollback = Interrupted, nil
		}
		return failure
	case r.at.Back: // resumed on its way back
	case errors.As(cause, &conflict):
		failure.Outcome = Frozen
		return failure
	case errors.Is(cause, ErrCheckpoint), interrupted(ctx, cause):
		failure.Outcome = Interrupted
		return failure
	}
	way, err := strategy.Abort(r.plan, failure.Step)
	if err != nil {
		failure.Outcome, failure.Rollback = Frozen, err
		return failure
	}
	r.at.Back, r.at.Step, r.at.Cause, r.at.Abort, r.at.Memory = true, failure.Step, cause.Error(), nil, nil
	var abort *AbortError
	if errors.As(cause, &abort) {
		r.at.Abort = abort
	}
	r.tell(Event{Kind: GoingBack, Back: true, Step: r.at.BackStep, Steps: len(way.Steps), Text: cause.Error(), State: way.Final()})
	if err := r.walkBack(ctx, way); err != nil {
		failure.Outcome, failure.Rollback = RollbackFailed, err
		if errors.Is(err, ErrFenced) || r.undo != nil && (errors.Is(err, ErrCheckpoint) || interrupted(ctx, err)) {
			failure.Outcome = Interrupted
		}
		return failure
	}
	failure.Outcome = RolledBack
	return failure
}

func interrupted(ctx context.Context, cause error) bool {
	return ctx.Err() != nil && errors.Is(cause, context.Cause(ctx))
}

// walkBack has a time of its own: what cancelled the rollout must not cancel its remedy. An undo is not
// the remedy of anything that was cancelled: it ends with its context.
func (r *Rollout) walkBack(ctx context.Context, way strategy.Plan) error {
	if r.undo == nil {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.o.RollbackTimeout,
		fmt.Errorf("the way back took longer than %s", r.o.RollbackTimeout))
	defer cancel()
	known := []strategy.State{r.plan.StateBefore(r.at.Step), r.plan.Steps[r.at.Step].State, r.plan.From, r.plan.Final()}
	for ; r.at.BackStep < len(way.Steps); r.at.BackStep++ {
		i := r.at.BackStep
		l := leg{
			step: way.Steps[i], index: i, count: len(way.Steps), back: true, limits: way.Limits,
			known: append([]strategy.State{way.StateBefore(i), way.Steps[i].State}, known...),
		}
		if err := r.record(ctx); err != nil {
			if r.undo != nil {
				return err
			}
			r.tell(l.event(CheckpointLost, err.Error()))
		}
		r.tell(l.event(StepStarted, l.step.Reason))
		if err := r.reach(ctx, r.watch(l)); err != nil {
			return err
		}
		r.tell(l.event(StepReached, l.step.State.String()))
	}
	end := strategy.Step{Reason: "verify", State: r.plan.From, Native: way.Steps[len(way.Steps)-1].Native}
	last := leg{step: end, index: len(way.Steps) - 1, count: len(way.Steps), back: true, exact: true, limits: way.Limits, known: known}
	return r.settle(ctx, r.watch(last), aim{state: r.plan.From, need: r.need(last)})
}

// relieve makes a state of the way back one that the broken revision cannot hold up: its failed
// instances are not replaced, and where it has nobody to answer, the old revision answers for it.
func (r *Rollout) relieve(s strategy.State) strategy.State {
	old := r.plan.Leaves()
	heir := strategy.Role("")
	for role, g := range s.Groups() {
		if g.Revision == old && role != strategy.Baseline && r.seen.Pool(s.Pool(role)).Available > 0 {
			heir = role
		}
	}
	relieved := s
	for role, g := range s.Groups() {
		if g.Revision == old {
			continue
		}
		status := r.seen.Pool(s.Pool(role))
		if g.Routed() && heir != "" && (r.at.Relieved || status.Available == 0) {
			r.at.Relieved = true // for good: it gets nothing again because it twitches
			h := relieved.Group(heir)
			h.Share = h.Share.Plus(g.Share)
			relieved.Set(heir, h)
			g.Share, g.Match, g.Mirror = strategy.Share{}, nil, strategy.Share{}
		}
		if g.Replicas = min(g.Replicas, status.Running); g.Replicas == 0 && g.Routed() {
			g.Replicas = 1 // nobody else can answer: one more try
		}
		if g.Replicas == 0 {
			g = strategy.Group{}
		}
		relieved.Set(role, g)
	}
	return relieved
}
