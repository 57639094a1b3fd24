package rollout

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
)

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
			if !c.Back && o.Gates[name] == nil { // nobody asks them on the way back
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
