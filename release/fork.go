package release

import (
	"context"
	"fmt"

	"github.com/davit-sdk/davit/release/ledger"
)

// Origin names a release that is over, and the stage at which a fork of it begins.
//
// A fork is a release of its own, under its own ID; the old one stays as it is. The stage runs anew,
// and so does whatever needs it; all else that was done is taken over with its outcome and its values:
// the version, the artifact that was built, an approval that was given for the same deployments. A window
// is waited for once more by what runs behind it, and a gate is asked once more (see ledger.State.Fork). What was not done, or was
// undone, runs as well, with all that needs it. Nothing but values is taken over, so a stage that runs
// anew begins without a checkpoint, under a new [stage.Task.Token]: also one that runs at most once.
// [Runner.Preview] tells beforehand what will run.
//
// What was taken over belongs to the old release: when the fork is undone, only what ran in the fork is
// taken back, and all is as it was when the fork began. Where a stage that is taken over is
// Irreversible, nothing of the fork is undone.
//
// A fork is refused while the old release is not over (ledger.ErrNotOver), since what it did may yet be
// undone; where there is no such release (ErrUnknown) or stage; and where the pipeline has changed so that what
// was done no longer fits: a stage that was done and is gone, or writes other keys; an input of another
// type, or one that the request gives otherwise than a stage which is taken over has read it.
type Origin = ledger.Origin

// first are the events that a release begins with.
func (r *Runner) first(ctx context.Context, p ledger.Pipeline, req Request) ([]ledger.Event, error) {
	at := now()
	body, err := req.requested(p, at)
	if err != nil {
		return nil, err
	}
	body.Host = r.host
	if req.ForkOf == nil {
		events := []ledger.Event{{Seq: 1, Time: at, Body: body}}
		return events, r.admit(events)
	}
	old, err := r.state(ctx, req.ForkOf.Release)
	if err != nil {
		return nil, fmt.Errorf("fork: %w", err)
	}
	events, err := old.Fork(req.ForkOf.Stage, body, at)
	if err != nil {
		return nil, fmt.Errorf("fork: %w", err)
	}
	return events, r.admit(events)
}
