package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// walk is one run of a rollout in a stage.
type walk struct {
	task   *stage.Task
	at     position
	ctx    context.Context // lives on when the stage is cancelled, since the way back is recorded too
	notify func(rollout.Event)
	undo   bool  // it is a way back, with a position of its own
	lost   error // the first record that was not kept

}

// run runs the rollout beside a listener for signals, and waits for both.
func (w *walk) run(ctx context.Context, r *rollout.Rollout) error {
	running, stop := context.WithCancelCause(w.ctx)
	var group errgroup.Group
	group.Go(func() error { return w.steer(ctx, running, r, stop) })
	result, err := r.Run(running)
	stop(nil)
	steered := group.Wait()
	if err == nil {
		return w.lost
	}
	return w.failure(ctx, result, errors.Join(err, steered))
}

// steer hands signals on to the rollout until it ends. The end of the stage's context means two
// things: a person aborts, which takes the release back; or the host stops, which leaves everything
// as it is for a later run.
func (w *walk) steer(ctx, running context.Context, r *rollout.Rollout, stop context.CancelCauseFunc) error {
	listening, hush := context.WithCancel(running)
	defer hush()
	unhook := context.AfterFunc(ctx, hush)
	defer unhook()
	for {
		s, err := w.task.Next(listening)
		switch {
		case running.Err() != nil:
			return nil
		case ctx.Err() != nil:
			cause := context.Cause(ctx)
			if e, undo := takesBack(cause); undo {
				// One that goes back already, or has ended, needs no further word.
				_ = r.Abort(sender(e), e.Reason)
				return nil
			}
			stop(cause)
			return nil
		case err != nil:
			// Without signals nobody could stop the rollout any more: it is not left alone.
			stop(fmt.Errorf("listen for signals: %w", err))
			return err
		}
		if err := steer(r, s); err != nil {
			w.task.Logger().Warn("signal came too late or too early", "kind", s.Kind, "by", s.By, "error", err)
		}
	}
}

func steer(r *rollout.Rollout, s stage.Signal) error {
	switch s.Kind {
	case stage.Pause:
		return r.Pause(s.By, s.Why)
	case stage.Resume, stage.Approve:
		return r.Resume(s.By, s.Why)
	case stage.Promote:
		return r.Promote(s.By, s.Why)
	case stage.Reject:
		return r.Abort(s.By, s.Why)
	}
	return fmt.Errorf("unknown signal %q", s.Kind)
}

// takesBack tells a cancel that wants the work taken back (a person's abort or skip, a time that is up)
// from a host that stops.
func takesBack(cause error) (*stage.Error, bool) {
	var e *stage.Error
	if !errors.As(cause, &e) {
		return nil, false
	}
	switch e.Outcome {
	case stage.Aborted, stage.Skipped, stage.Failed:
		return e, true
	}
	return nil, false
}

// sender is who a cancel comes from, in the words of the rollout.
func sender(cause *stage.Error) string {
	if cause.By == "" {
		return "the stage's timeout"
	}
	return cause.By
}

// failure is a rollout's end in the words of a stage.
func (w *walk) failure(ctx context.Context, result rollout.Result, err error) error {
	failed := &stage.Error{Err: err, Outcome: stage.Failed}
	for _, v := range result.Verdicts {
		if v.Outcome != "" {
			failed.Evidence = append(failed.Evidence, v)
		}
	}
	switch result.Outcome {
	case rollout.RolledBack:
		failed.Outcome = stage.RolledBack
		var abort *rollout.AbortError
		if errors.As(failed.Err, &abort) {
			blame(ctx, abort, failed)
		}
	case rollout.RollbackFailed, rollout.Frozen:
		failed.Outcome = stage.Stranded
	case rollout.Interrupted:
		failed.Outcome = interruption(err)
		if cause := context.Cause(ctx); cause != nil {
			failed.Err = errors.Join(err, cause)
		}
	}
	return failed
}

// blame says on whose word a rollout was taken back, where that was no harm it did. A person's abort
// makes it aborted. One that ran out of time, or that a person wants to go on without, is rolled back:
// for the engine this is what it asked for, and it goes on from there. After a restart the engine asks
// again, in the same words.
func blame(ctx context.Context, abort *rollout.AbortError, failed *stage.Error) {
	cut, undo := takesBack(context.Cause(ctx))
	switch {
	case !undo || cut.Outcome == stage.Aborted || abort.By != sender(cut) || abort.Why != cut.Reason:
		failed.Outcome, failed.By = stage.Aborted, abort.By
	case cut.Outcome == stage.Failed:
		failed.Reason = cut.Reason
	}
}

func (w *walk) checkpoint(ctx context.Context, c rollout.Checkpoint) error {
	if w.undo {
		w.at.Undo = &c
	} else {
		w.at.Rollout = c
	}
	return w.task.Checkpoint(ctx, w.at)
}

// tell records what happens for whoever looks on. A record that is lost does not steer the
// rollout, which has its checkpoints for that; it is reported at the end.
func (w *walk) tell(e rollout.Event) {
	if w.notify != nil {
		w.notify(e)
	}
	if e.Observed != nil {
		seen := *e.Observed
		seen.Pools = nil
		for _, p := range e.Observed.Pools {
			p.Failures = nil
			seen.Pools = append(seen.Pools, p)
		}
		e.Observed = &seen
	}
	err := w.task.Detail(w.ctx, DetailEvent, e)
	if e.Verdict != nil {
		err = errors.Join(err, w.task.Evidence(w.ctx, *e.Verdict))
	}
	err = errors.Join(err, w.task.Progress(w.ctx, progress(e)))
	if err != nil && w.lost == nil {
		w.lost = err
		w.task.Logger().Error("what happened could not be recorded", "error", err)
	}
}

// progress counts the steps that are done. The way back is another way: it has no number in this one.
func progress(e rollout.Event) stage.Progress {
	p := stage.Progress{Text: short(e)}
	if e.Back || e.Kind == rollout.Ended && e.Outcome != rollout.Promoted {
		return p
	}
	p.Done, p.Total = float64(e.Step), float64(e.Steps)
	if e.Kind == rollout.StepDone || e.Outcome == rollout.Promoted {
		p.Done++
	}
	return p
}

func short(e rollout.Event) string {
	const most = 500
	text := string(e.Kind) + ": " + e.Text
	if e.Back {
		text = "way back: " + text
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
