package deploy

import (
	"context"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/stage"
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
	plan, err := s.begun(at)
	if err != nil {
		return steer.Halfway(at.To, "be taken back", err)
	}
	from := at.Rollout
	if at.Undo != nil && at.Undo.Outcome != rollout.Refused {
		from = *at.Undo
	}
	w := s.walk(ctx, t, at, true)
	r, err := rollout.Undo(s.Target, plan, from, "the release is undone", s.options(w))
	return steer.Back{To: at.To, Made: err, Recall: func() error { return s.recall(ctx, at) }, Run: func(ctx context.Context) (rollout.Outcome, error) {
		result, err := r.Run(ctx)
		return result.Outcome, err
	}}.Walk(ctx, &w.Recorder)
}

// undone reports whether nothing is left to be taken back.
func (p position) undone() bool {
	switch p.Rollout.Outcome {
	case rollout.RolledBack, rollout.Refused: // refused: nothing was moved
		return true
	}
	return p.Undo != nil && p.Undo.Outcome == rollout.RolledBack
}
