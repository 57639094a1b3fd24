package steer

import (
	"context"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Back is a way back, as Undo of a stage walks it.
type Back struct {
	// To is the revision that is taken back.
	To strategy.Revision
	// Made is the error that the way back was made with; nothing is done then.
	Made error
	// Recall makes sure that what ran before can be started again.
	Recall func() error
	// Run walks it.
	Run func(ctx context.Context) (rollout.Outcome, error)
}

// Walk walks it, and says how it ended in the words of a stage. What could not be recorded is told where nothing
// worse is.
func (b Back) Walk(ctx context.Context, r *Recorder) error {
	var never *strategy.IrreversibleError
	if errors.As(b.Made, &never) {
		return &stage.Error{Outcome: stage.Stranded, Final: true, Reason: fmt.Sprintf("%s stays where it is", b.To), Err: b.Made}
	}
	if b.Made != nil {
		return Halfway(b.To, "be taken back", b.Made)
	}
	if err := b.Recall(); err != nil {
		return err
	}
	outcome, err := b.Run(ctx)
	if err == nil {
		return r.Lost
	}
	return Stuck(ctx, outcome, err)
}

// Undone is the end of a stage that is to deploy what was taken back.
func Undone(to strategy.Revision) error {
	return &stage.Error{Outcome: stage.Failed, Final: true, Reason: fmt.Sprintf("the deployment of %s was undone, or is to be", to)}
}

// Former are the revisions that run in a state and are not the one that comes, each once: what must be there to be
// started again.
func Former(from strategy.State, to strategy.Revision) []strategy.Revision {
	var all []strategy.Revision
	for _, g := range from.Groups() {
		if n := len(all); g.Revision.IsZero() || g.Revision == to || n > 0 && all[n-1] == g.Revision { // stable and baseline run the same
			continue
		}
		all = append(all, g.Revision)
	}
	return all
}
