package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/strategy"
)

// Rollout walks one plan on one target, once. Run does all the work in the goroutine that calls
// it; Pause, Resume, Promote and Abort may be called from any other.
type Rollout struct {
	target  Target
	plan    strategy.Plan
	o       Options
	log     hclog.Logger
	control *control
	resumed bool
	undo    *undo // nil: it was not wired by Undo

	// What follows belongs to Run.
	at       Checkpoint
	seen     Observation
	looked   bool // at the target, and it answered
	arrived  bool // the target was seen, and is what the plan starts from
	verdicts []gate.Verdict
	failed   map[string]bool // failures that were told already
	told     map[StuckError]bool
	paused   bool
	panics   string // what the target panicked with, as told last
	unkept   bool   // gates remember what no position has that was recorded
}

// Run walks the plan. It returns nil when the plan is done, and an *Error otherwise. When harm is
// seen it takes the release back before it returns, also when ctx is cancelled meanwhile. When ctx
// is cancelled on the way forward it stops moving at once and tells how far it got. It may be
// called once.
func (r *Rollout) Run(ctx context.Context) (Result, error) {
	if !r.control.begin() {
		return Result{}, errors.New("run a rollout: it was run before")
	}
	defer r.control.end()
	started := time.Now()
	release, err := claim(r.target)
	cause := error(nil)
	if err != nil {
		cause = &refusal{err}
	} else {
		defer release()
		cause = r.forward(ctx)
	}
	if late := r.control.turn(); late != nil && r.arrived && !r.at.Back && (cause == nil || givesWay(ctx, cause)) {
		cause = &AbortError{By: late.by, Why: late.why} // accepted, so it is carried out
	}
	result := Result{Outcome: Promoted}
	var failure *Error
	if cause != nil {
		failure = r.finish(ctx, cause)
		result.Outcome = failure.Outcome
	}
	if result.Outcome != Interrupted {
		r.at.Outcome, r.at.Memory = result.Outcome, nil
		if err := r.checkpoint(context.WithoutCancel(ctx)); err != nil {
			r.tell(Event{Kind: CheckpointLost, Text: err.Error()})
		}
	}
	result.Step = min(r.at.Step, len(r.plan.Steps)-1)
	result.Verdicts, result.Observed, result.Checkpoint = r.verdicts, r.seen, r.at
	result.Started, result.Ended = started, time.Now()
	text := string(result.Outcome)
	if failure != nil {
		failure.Observed, failure.unseen = r.seen, !r.looked
		text = failure.Error()
	}
	r.tell(Event{Kind: Ended, Step: result.Step, Text: text, Outcome: result.Outcome})
	if failure != nil && (r.undo == nil || result.Outcome != RolledBack) {
		return result, failure
	}
	return result, nil
}

// givesWay reports whether an abort comes before what ended the way forward: nothing has been taken
// back for it.
func givesWay(ctx context.Context, cause error) bool {
	var conflict *ConflictError
	return errors.As(cause, &conflict) || errors.Is(cause, ErrCheckpoint) || interrupted(ctx, cause)
}

// forward walks the plan from where the checkpoint stands; its error is why it could not.
func (r *Rollout) forward(ctx context.Context) error {
	if err := r.arrive(ctx); err != nil {
		var abort *AbortError
		if !r.resumed && errors.As(err, &abort) {
			return &refusal{err} // nothing was moved, and nobody knows what is there
		}
		return err
	}
	r.arrived = true
	if r.undo != nil {
		if err := r.survey(); err != nil {
			return err
		}
	}
	if r.at.Back {
		if r.at.Abort != nil {
			return r.at.Abort
		}
		return errors.New(r.at.Cause)
	}
	for r.at.Step < len(r.plan.Steps) {
		l := r.leg(r.at.Step)
		if err := r.record(ctx); err != nil {
			return err
		}
		r.tell(l.event(StepStarted, l.step.Reason))
		w := r.watch(l)
		if err := r.reach(ctx, w); err != nil {
			return err
		}
		if r.at.Reached.IsZero() {
			r.at.Reached = time.Now()
		}
		if err := r.record(ctx); err != nil {
			return err
		}
		r.tell(l.event(StepReached, l.step.State.String()))
		if err := r.hold(ctx, w); err != nil {
			return err
		}
		r.tell(l.event(StepDone, l.step.Reason))
		r.at.Step, r.at.Reached, r.at.Asked, r.at.Degraded = r.at.Step+1, time.Time{}, time.Time{}, 0
		r.at.Stopped, r.at.AskedGates, r.at.Waived, r.at.Granted = time.Time{}, false, false, false
	}
	return nil
}

// arrive looks at the target before anything moves. Failures that it knows of from earlier are
// nobody's fault here.
func (r *Rollout) arrive(ctx context.Context) error {
	w := r.watch(r.leg(min(r.at.Step, len(r.plan.Steps)-1)))
	w.leg.back = r.at.Back
	err := r.fence(ctx, w)
	if err == nil {
		w.begin()
		err = r.look(ctx, w)
	}
	if err != nil {
		var late *DeadlineError
		if !r.resumed && (errors.As(err, &late) || final(err)) {
			return &refusal{err}
		}
		return err
	}
	for _, status := range r.seen.Pools {
		for _, f := range status.Failures {
			r.failed[f.ID] = true
		}
	}
	if r.resumed {
		return nil
	}
	from := r.plan.From
	if err := r.seen.stale(from); err != nil {
		return &refusal{err}
	}
	old := strategy.Pool{Revision: r.plan.Leaves()}
	_, g, _ := from.Find(old)
	status := r.seen.Pool(old)
	r.at.Short = max(0, status.want(g.Replicas)-status.Available)
	return nil
}

// stale reports that the target is not in the state that a plan starts from, missing instances aside.
func (o Observation) stale(from strategy.State) error {
	problem := o.missingTraffic(from)
	for _, status := range o.Pools {
		if _, g, _ := from.Find(status.Pool); status.Running > g.Replicas && !status.autoscaled(g.Replicas) {
			problem = fmt.Sprintf("%s runs %d instances, the plan starts from %d", status.Pool, status.Running, g.Replicas)
		}
	}
	if problem != "" {
		return fmt.Errorf("%w: %s", ErrStale, problem)
	}
	return nil
}

// refusal ends a rollout that has not moved anything, and has nothing to take back.
type refusal struct{ error }

func (e *refusal) Unwrap() error { return e.error }
