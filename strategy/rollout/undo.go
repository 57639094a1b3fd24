package rollout

import (
	"fmt"

	"github.com/davit-sdk/davit/strategy"
)

// Undo wires the way back of a plan that was walked before, to its end or a part of it: Run then takes
// the target back to the state that the plan starts from, within the plan's limits, as after harm, and
// nothing on the way bakes, asks gates or pauses. c is the last position of that walk or, after a crash,
// of an earlier Undo, which goes on from there.
//
// Other than the way back of a rollout that did harm, this one is the whole errand: Run returns nil when
// it is done, stops where it is when its context ends or a position cannot be recorded, and is then
// Interrupted. Where the new revision is gone already nothing is moved. Where another revision runs than
// the plan knows it is Refused with ErrSuperseded: what was released since is nobody's to destroy. The
// error is a *strategy.IrreversibleError where a step that cannot be undone was begun.
func Undo(target Target, plan strategy.Plan, c Checkpoint, why string, o Options) (*Rollout, error) {
	if hash := plan.Hash(); c.Plan != hash {
		return nil, fmt.Errorf("undo: the checkpoint belongs to plan %.12s, not to plan %.12s", c.Plan, hash)
	}
	promoted := c.Outcome == Promoted && !c.Back
	c.Step, c.Outcome, c.Memory = min(c.Step, len(plan.Steps)-1), "", nil
	c.pause(nil)
	if !c.Back {
		c = Checkpoint{Plan: c.Plan, Step: c.Step, Short: c.Short, Back: true, Cause: why}
	}
	if err := c.fits(plan); err != nil {
		return nil, fmt.Errorf("undo: %w", err)
	}
	r, err := wire(target, plan, c, o)
	if err != nil {
		return nil, err
	}
	r.resumed, r.undo = true, &undo{promoted: promoted}
	return r, nil
}

// undo is what a rollout knows that was wired by Undo.
type undo struct {
	promoted bool // the plan was walked to its end, and no step of the way back was begun
	done     bool // there is nothing to take back any more
}

// survey decides, before anything moves, whether there is something to take back, and whether it may be.
func (r *Rollout) survey() error {
	from, final := r.plan.From, r.plan.Final()
	known := []strategy.State{from, final}
	for i := range r.plan.Steps {
		known = append(known, r.plan.Steps[i].State)
	}
	if pools := r.seen.foreign(known...); len(pools) > 0 {
		return &refusal{fmt.Errorf("%w: %s runs, which this release knows nothing of (%s)", ErrSuperseded, pools[0], r.seen)}
	}
	if r.seen.Missing(from) == "" {
		r.undo.done = true
		return nil
	}
	new, old := 0, 0
	for _, p := range r.seen.Pools {
		if p.Pool.Revision == r.plan.To {
			new += p.Running
		} else if !r.seen.TrafficOf(p.Pool).none() {
			old += p.Running
		}
	}
	if !r.undo.promoted || new > 0 || from.On(r.plan.To) != (strategy.Share{}) {
		return nil
	}
	if old > 0 {
		r.undo.done = true // somebody has taken it back, and to whatever number it was
		return nil
	}
	way, err := strategy.Abort(r.plan, r.at.Step)
	if err != nil {
		return err
	}
	r.at.BackStep = len(way.Steps) - 1 // nothing of it runs: there is only the old to be started
	return nil
}
