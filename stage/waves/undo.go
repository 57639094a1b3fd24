package waves

import (
	"context"
	"fmt"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Undo brings all regions back to what they ran before the deployment, the latest wave first, each within
// the limits of its plan and without holds: from a revision that was promoted, or from wherever its
// deployment was left. It goes on from its own last position after a crash, does nothing where nothing was
// changed or all is undone already, and leaves everything as it is when its context ends.
//
// The error is a stage.Error. Its outcome is Stranded where a region cannot be taken back, and a person has
// to look: a step of it cannot be undone (*strategy.IrreversibleError; then no region is touched), something
// else was released there since (rollout.ErrSuperseded), the old revision cannot be started any more, or the
// time is up. A region that cannot be taken back holds up none of the others, and a further Undo goes on.
func (s Stage) Undo(ctx context.Context, t *stage.Task) error {
	if err := s.Validate(); err != nil {
		return err
	}
	var at position
	if found, err := t.Restore(&at); err != nil || !found {
		return err
	}
	switch at.Waves.Outcome {
	case rollout.RolledBack, rollout.Refused: // refused: nothing was moved
		return s.light(ctx, t, at)
	}
	plan, err := s.begun(at)
	if err != nil {
		return steer.Halfway(at.To, "be taken back", err)
	}
	at.Undo = true
	w := s.walk(ctx, t, at, plan)
	waves, err := rollout.UndoWaves(s.Targets, plan, at.Waves, "the release is undone", s.options(w))
	return steer.Back{To: at.To, Made: err, Recall: func() error { return s.recall(ctx, at) }, Run: func(ctx context.Context) (rollout.Outcome, error) {
		result, err := waves.Run(ctx)
		return result.Outcome, err
	}}.Walk(ctx, &w.Recorder)
}

// ended is how an earlier attempt ended that had no time to say so: see steer.Ended.
func ended(ctx context.Context, c rollout.WaveCheckpoint) error {
	failed := steer.Ended(ctx, c.Outcome, cause(c), c.Abort)
	if failed == nil {
		return nil
	}
	if c.Outcome == rollout.Stopped {
		failed.Reason += "; " + differ(c)
	}
	return failed
}

// cause is why the waves did not go on, for people.
func cause(c rollout.WaveCheckpoint) string {
	switch {
	case c.Abort != nil:
		return c.Abort.Error()
	case c.Stopped != nil && c.Stopped.Region != "":
		return fmt.Sprintf("region %s: %s", c.Stopped.Region, c.Stopped.Cause)
	case c.Stopped != nil:
		return c.Stopped.Cause
	}
	return "nobody knows why"
}

// light gives the traffic back to what waves have left that ended in an earlier attempt: see steer.Light.
func (s Stage) light(ctx context.Context, t *stage.Task, at position) error {
	plan, err := s.begun(at)
	if err != nil {
		return err
	}
	o := s.Options.Each
	if o.Fence = t.Fence(); o.Logger == nil {
		o.Logger = t.Logger()
	}
	return s.each(func(region string) error {
		state, known := rests(at, plan, region)
		if !known {
			return nil
		}
		if err := steer.Light(ctx, s.Targets[region], state, o); err != nil {
			return fmt.Errorf("region %s: %w", region, err)
		}
		return nil
	})
}

// rests is the state in which ended waves have left a region; false where nobody knows.
func rests(at position, plan strategy.WavePlan, region string) (strategy.State, bool) {
	r, planned := plan.Region(region)
	p, begun := at.Waves.Regions[region]
	switch o := p.Rollout.Outcome; {
	case !planned || !begun || o == rollout.RolledBack || o == rollout.Refused:
		return at.From[region], true
	case p.Undo != nil:
		return at.From[region], p.Undo.Outcome == rollout.RolledBack
	case o == rollout.Promoted:
		return r.Plan.Final(), true
	}
	return strategy.State{}, false
}
