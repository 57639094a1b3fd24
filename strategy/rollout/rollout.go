package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"

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
	unkept   bool // gates remember what no position has that was recorded
}

// New wires a plan to a target. It fails before anything moves when the plan is not safe within
// its own limits, names a gate that is not in the options, or needs an ability that the target
// lacks; all such problems are reported at once. It fails with ErrNoGroup where a step names a gate that needs a
// group which the step does not have: see gate.Fits.
func New(target Target, plan strategy.Plan, o Options) (*Rollout, error) {
	hash := plan.Hash()
	r, err := wire(target, plan, Checkpoint{Plan: hash}, o)
	if err != nil {
		return nil, err
	}
	if err := unfit(plan, r.o); err != nil { // on a Resume it is too late to refuse
		return nil, fmt.Errorf("wire a rollout: %w", err)
	}
	return r, nil
}

// Resume wires a plan to go on from a checkpoint, on a target in whatever state it is.
func Resume(target Target, plan strategy.Plan, c Checkpoint, o Options) (*Rollout, error) {
	if hash := plan.Hash(); c.Plan != hash {
		return nil, fmt.Errorf("resume: the checkpoint belongs to plan %.12s, not to plan %.12s", c.Plan, hash)
	}
	if c.Outcome != "" {
		return nil, fmt.Errorf("resume: %w: %s", ErrEnded, c.Outcome)
	}
	if err := c.fits(plan); err != nil {
		return nil, fmt.Errorf("resume: %w", err)
	}
	r, err := wire(target, plan, c, o)
	if err != nil {
		return nil, err
	}
	r.resumed = true
	return r, nil
}

// fits reports whether the position is one of the plan.
func (c Checkpoint) fits(plan strategy.Plan) error {
	if c.Step < 0 || c.Step >= len(plan.Steps) {
		return fmt.Errorf("Checkpoint.Step: there is no step %d among %d", c.Step+1, len(plan.Steps))
	}
	if c.Degraded < 0 || c.Short < 0 {
		return fmt.Errorf("Checkpoint: Degraded (%s) and Short (%d) are not below zero", c.Degraded, c.Short)
	}
	if err := c.remembered(); err != nil {
		return err
	}
	if !c.Back {
		return nil
	}
	way, err := strategy.Abort(plan, c.Step)
	if err != nil {
		return fmt.Errorf("Checkpoint.Back: %w", err)
	}
	if c.BackStep < 0 || c.BackStep > len(way.Steps) {
		return fmt.Errorf("Checkpoint.BackStep: there is no step %d among %d on the way back", c.BackStep+1, len(way.Steps))
	}
	return nil
}

func wire(target Target, plan strategy.Plan, c Checkpoint, o Options) (*Rollout, error) {
	var errs *multierror.Error
	o, err := o.withDefaults()
	if err != nil {
		errs = multierror.Append(errs, err)
	}
	if target == nil {
		errs = multierror.Append(errs, errors.New("the target is nil"))
	} else if err := checkAbilities(target, plan.Needs()); err != nil {
		errs = multierror.Append(errs, err)
	}
	if err := plan.Validate(); err != nil {
		errs = multierror.Append(errs, err)
	} else if err := plan.Verify(); err != nil {
		errs = multierror.Append(errs, err)
	}
	if target != nil {
		if err := checkGrain(target, plan); err != nil {
			errs = multierror.Append(errs, err)
		}
		if err := checkSteps(target, plan); err != nil {
			errs = multierror.Append(errs, err)
		}
	}
	for i, step := range plan.Steps {
		if d := (leg{step: step}).deadline(o); d <= step.State.MinReady {
			errs = multierror.Append(errs, fmt.Errorf("Plan.Steps[%d].Deadline: %s leaves no time for a MinReady of %s", i, d, step.State.MinReady))
		}
		for _, name := range step.Gates {
			if o.Gates[name] == nil {
				errs = multierror.Append(errs, fmt.Errorf("Plan.Steps[%d].Gates: %w: %q", i, ErrNoGate, name))
			}
		}
	}
	if err := errs.ErrorOrNil(); err != nil {
		return nil, fmt.Errorf("wire a rollout: %w", err)
	}
	if c.Back {
		c.Memory = nil // nobody asks gates on the way back
	}
	r := &Rollout{
		target: target, plan: plan, o: o, log: o.Logger.Named("rollout"),
		control: newControl(), at: c, failed: map[string]bool{}, told: map[StuckError]bool{},
	}
	r.control.back, r.control.waiting = c.Back, !c.Asked.IsZero() // an answer may come before it is asked again
	if c.Abort != nil {
		r.control.aborted = &command{c.Abort.By, c.Abort.Why}
	}
	if c.Promoting {
		r.control.promoted = &command{"checkpoint", "promoted before"}
	}
	if c.Paused {
		by := pauser(c.PausedBy, c.PausedWhy)
		r.control.paused = &by
	}
	return r, nil
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

// record hands out the position, or says why it could not.
func (r *Rollout) record(ctx context.Context) error {
	if err := r.checkpoint(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return nil
}

func (r *Rollout) checkpoint(ctx context.Context) error {
	if r.o.Checkpoint == nil {
		return nil
	}
	at := r.at
	defer r.control.hold(&at)()
	err := r.o.Checkpoint(ctx, at)
	r.unkept = r.unkept && err != nil
	return err
}

// leg is one step on the way forward or back, or all of a Restore.
type leg struct {
	step    strategy.Step
	index   int
	count   int
	back    bool
	restore bool
	limits  strategy.Limits  // what a target that walks by itself is to keep
	exact   bool             // the end of the way back: nothing may be missing of what was there
	known   []strategy.State // the states whose pools may be met on the leg, nearest first
}

func (r *Rollout) leg(i int) leg {
	return leg{
		step: r.plan.Steps[i], index: i, count: len(r.plan.Steps), limits: r.plan.Limits,
		known: []strategy.State{r.plan.StateBefore(i), r.plan.Steps[i].State, r.plan.From, r.plan.Final()},
	}
}

// forward reports whether commands are taken, and harm is looked for.
func (l leg) forward() bool { return !l.back && !l.restore }

func (l leg) event(kind EventKind, text string) Event {
	return Event{Kind: kind, Back: l.back, Step: l.index, Steps: l.count, Text: text, State: l.step.State}
}

func (l leg) deadline(o Options) time.Duration {
	if l.step.Deadline > 0 {
		return l.step.Deadline
	}
	return o.Deadline
}

// tell notifies and logs.
func (r *Rollout) tell(e Event) {
	e.At = time.Now()
	if e.Steps == 0 {
		e.Steps = len(r.plan.Steps)
	}
	seen := r.seen
	e.Observed = &seen
	if r.o.Notify != nil {
		r.o.Notify(e)
	}
	args := []any{"step", e.Step + 1, "of", e.Steps}
	if e.By != "" {
		args = append(args, "by", e.By)
	}
	if e.Back {
		args = append(args, "back", true)
	}
	level := hclog.Info
	if slices.Contains([]EventKind{InstanceFailed, Stuck, Degraded, Drifted, GoingBack, CheckpointLost}, e.Kind) {
		level = hclog.Warn
	}
	if e.Outcome == RollbackFailed || e.Outcome == Frozen {
		level = hclog.Error
	}
	r.log.Log(level, string(e.Kind)+": "+e.Text, args...)
}
