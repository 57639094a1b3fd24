package deploy

import (
	"context"
	"errors"

	"github.com/davit-sdk/davit/internal/steer"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// walk is one run of a rollout in a stage.
type walk struct {
	steer.Recorder
	at   position
	undo bool // it is a way back, with a position of its own
	keep *steer.Keeper
}

func (s Stage) walk(ctx context.Context, t *stage.Task, at position, undo bool) *walk {
	return &walk{
		Recorder: steer.Recorder{Task: t, Context: context.WithoutCancel(ctx), Notify: s.Options.Notify},
		at:       at, undo: undo, keep: steer.NewKeeper(s.Hours, at.Hold, at.Rollout.Paused),
	}
}

// run runs the rollout beside a listener for signals, and waits for both.
func (w *walk) run(ctx context.Context, r *rollout.Rollout) error {
	var result rollout.Result
	err := steer.Run(ctx, w.Task, r, w.keep, func(ctx context.Context) (err error) {
		result, err = r.Run(ctx)
		return err
	})
	if err == nil {
		return w.Lost
	}
	return w.failure(ctx, result, err)
}

// failure is a rollout's end in the words of a stage.
func (w *walk) failure(ctx context.Context, result rollout.Result, err error) error {
	var abort *rollout.AbortError
	errors.As(err, &abort) // there is none otherwise
	failed := steer.Failure(ctx, result.Outcome, abort, err)
	for _, v := range result.Verdicts {
		if v.Outcome != "" {
			failed.Evidence = append(failed.Evidence, v)
		}
	}
	return failed
}

func (w *walk) checkpoint(ctx context.Context, c rollout.Checkpoint) error {
	w.at.Hold = w.keep.Said()
	if w.undo {
		w.at.Undo = &c
	} else {
		w.at.Rollout = c
	}
	return w.Task.Checkpoint(ctx, w.at)
}

// tell records what happens, and counts the steps that are done. The way back is another way: it has no
// number in this one.
func (w *walk) tell(e rollout.Event) {
	p := stage.Progress{Text: steer.Text(e)}
	if !e.Back && (e.Kind != rollout.Ended || e.Outcome == rollout.Promoted) {
		p.Done, p.Total = float64(e.Step), float64(e.Steps)
		if e.Kind == rollout.StepDone || e.Outcome == rollout.Promoted {
			p.Done++
		}
	}
	w.Tell(e, p)
}
