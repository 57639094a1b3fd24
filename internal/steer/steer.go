package steer

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/davit-sdk/davit/stage"
)

// Rollout is what signals steer. Its methods may be called from any goroutine.
type Rollout interface {
	Pause(by, why string) error
	Resume(by, why string) error
	Answer(by, why string) error
	Promote(by, why string) error
	Abort(by, why string) error
}

// Signals are those that steer a rollout. Approve is the answer to a pause of the plan, and so is Resume;
// Reject takes the release back.
func Signals() []stage.SignalKind {
	return []stage.SignalKind{stage.Pause, stage.Resume, stage.Promote, stage.Approve, stage.Reject}
}

// Run runs a rollout beside a listener for signals, and waits for both. The context of the rollout lives on
// when the stage is cancelled for its work to be taken back; run returns when the rollout has ended. The
// errors of both are joined; a rollout that ended well did so. The keeper looks at the schedule before the rollout runs, and holds
// it while that is closed.
func Run(ctx context.Context, t *stage.Task, r Rollout, k *Keeper, run func(context.Context) error) error {
	running, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	var group errgroup.Group
	group.Go(func() error { return listen(ctx, running, t, r, k, stop) })
	again := k.begin(running, t, r)
	group.Go(func() error { k.keep(running, t, r, again); return nil })
	err := run(running)
	stop(nil)
	steered := group.Wait()
	if err == nil {
		return nil
	}
	return errors.Join(err, steered)
}

// listen hands signals on to the rollout until it ends. The end of the stage's context means two things: a
// person aborts, which takes the release back; or the host stops, which leaves everything as it is for a
// later run.
func listen(ctx, running context.Context, t *stage.Task, r Rollout, k *Keeper, stop context.CancelCauseFunc) error {
	listening, hush := context.WithCancel(running)
	defer hush()
	unhook := context.AfterFunc(ctx, hush)
	defer unhook()
	for {
		s, err := t.Next(listening)
		switch {
		case running.Err() != nil:
			return nil
		case ctx.Err() != nil:
			cause := context.Cause(ctx)
			if e, undo := TakesBack(cause); undo {
				// One that goes back already, or has ended, needs no further word.
				_ = r.Abort(Sender(e), e.Reason)
				return nil
			}
			stop(cause)
			return nil
		case err != nil:
			// Without signals nobody could stop the rollout any more: it is not left alone.
			stop(fmt.Errorf("listen for signals: %w", err))
			return err
		}
		k.hear(running, t, s, r)
	}
}

func obey(r Rollout, s stage.Signal) error {
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

// TakesBack tells a cancel that wants the work taken back (a person's abort or skip, a time that is up)
// from a host that stops.
func TakesBack(cause error) (*stage.Error, bool) {
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

// Sender is who a cancel comes from, in the words of the rollout.
func Sender(cause *stage.Error) string {
	if cause.By == "" {
		return "the stage's timeout"
	}
	return cause.By
}
