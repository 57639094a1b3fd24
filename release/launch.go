package release

import (
	"context"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

func causeOf(cancel []ledger.Cancel, name string) *stage.Error {
	for _, c := range cancel {
		if c.Stage == name {
			return c.Cause
		}
	}
	return nil
}

// desk opens a desk for a stage, and the context that it runs with. The mutex is held.
func (s *session) desk(name string) (*desk, context.Context) {
	ctx, cancel := context.WithCancelCause(s.base)
	d := &desk{session: s, node: s.state.Node(name), attempt: s.state.Stage(name).Attempt, cancel: cancel}
	if s.desks == nil {
		s.desks = make(map[string]*desk)
	}
	s.desks[name] = d
	return d, ctx
}

// setup is what a task of the stage knows.
func (s *session) setup(d *desk) stage.Setup {
	st, node := s.state.Stage(d.node.Name), d.node
	logger := s.logger
	if !s.quiet {
		logger = logger.With("stage", node.Name)
	}
	if len(node.Secrets) > 0 {
		logger = masked(logger, &d.secrets)
	}
	return stage.Setup{
		Release: s.state.Release, Stage: node.Name, Environment: node.Environment, Item: node.Item,
		Attempt: st.Attempt, Started: st.Started, Token: s.id + "/" + node.Name, Fence: s.state.Fence, Logger: logger,
		Checkpoint: st.Checkpoint, Heard: st.Heard,
		Reads: node.Reads, Writes: node.Writes, Listens: node.Listens, Secrets: node.Secrets,
	}
}

// doing is what a stage of the pipeline does; one that was made of another does what that does.
func (s *session) doing(node *ledger.Stage) stage.Stage {
	if node.Of != "" {
		return s.does[node.Of]
	}
	return s.does[node.Name]
}

// launch starts a stage whose beginning has been recorded, with a context that has ended already where
// there is a cause. The mutex is held.
func (s *session) launch(name string, cause *stage.Error) {
	d, ctx := s.desk(name)
	if cause != nil {
		s.cancel(name, cause)
	}
	task := stage.NewTask(s.setup(d), d)
	do := s.doing(d.node)
	if !s.quiet {
		s.logger.Info("stage begins", "stage", name, "attempt", d.attempt)
	}
	s.goes(func() (next job) {
		var end ledger.Ended
		exits := true
		defer func() {
			end.Heard = task.End()
			d.cancel(nil)
			next = d.finish(end, exits)
		}()
		guarded(ctx, func(err error, cause *stage.Error) { end = ledger.EndOf(err, cause) },
			func(value any) { end = ledger.Panicked(value, debug.Stack()) },
			func() error { return do.Run(ctx, task) })
		exits = false
		return nil
	})
}

// launchUndo starts the undo of a stage. The mutex is held.
func (s *session) launchUndo(name string) {
	d, ctx := s.desk(name)
	d.undoes = s.state.Stage(name).Undo.Attempt
	setup := s.setup(d)
	setup.Attempt = d.undoes
	setup.Reads, setup.Writes, setup.Listens = slices.Concat(setup.Reads, setup.Writes), nil, nil
	task := stage.NewTask(setup, d)
	undoer, able := stage.As[stage.Undoer](s.doing(d.node))
	s.logger.Info("stage is undone", "stage", name, "attempt", d.undoes)
	s.goes(func() (next job) {
		var end ledger.UndoEnded
		exits := able
		defer func() {
			task.End()
			d.cancel(nil)
			next = d.finishUndo(end, exits)
		}()
		if !able {
			end = ledger.UndoEnded{Outcome: stage.Failed, Reason: "the stage can no longer undo what it did: it has no method Undo any more"}
			return nil
		}
		guarded(ctx, func(err error, cause *stage.Error) { end = ledger.EndOfUndo(err, cause) },
			func(value any) {
				p := ledger.Panicked(value, debug.Stack())
				end = ledger.UndoEnded{Outcome: stage.Failed, Reason: p.Reason, Stack: p.Stack}
			},
			func() error { return undoer.Undo(ctx, task) })
		exits = false
		return nil
	})
}

// job is a stage to be run, and what is to be run after it by the same goroutine.
type job func() (next job)

// goes runs a job in a goroutine that the session and the runner wait for. The goroutine of a stage that
// has just ended takes the first of those that begin upon it, since it would end while another begins.
func (s *session) goes(run job) {
	s.stages.Add(1)
	s.runner.running.Add(1)
	if s.relays && s.relay == nil {
		s.relay = run
		return
	}
	go s.doAll(run)
}

// doAll runs a job, and what is to be run after it.
func (s *session) doAll(run job) {
	for run != nil {
		run = s.do(run)
	}
}

func (s *session) do(run job) (next job) {
	defer s.runner.running.Done()
	defer s.stages.Done()
	return run()
}

// exited is what a stage panics with, in a way, that ends its goroutine, as the FailNow of a test does.
const exited = "the stage ended its goroutine (runtime.Goexit)"

// guarded runs the function and hands on how it ended.
func guarded(ctx context.Context, ended func(error, *stage.Error), panicked func(any), run func() error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if value := recover(); value != nil {
			panicked(value)
			return
		}
		ended(&stage.Error{Outcome: stage.Failed, Reason: exited}, nil)
	}()
	err := run()
	var cause *stage.Error
	if ctx.Err() != nil {
		cause, _ = context.Cause(ctx).(*stage.Error)
	}
	ended(err, cause) // asks the error, which is the stage's code as well
	returned = true
}

// cancel ends the context of a running stage; the first cause counts. The mutex is held.
func (s *session) cancel(name string, cause *stage.Error) {
	d := s.desks[name]
	if d == nil || !d.cancelled.IsZero() {
		return
	}
	d.cancelled, d.patience, s.cancels = time.Now(), firstPatience, true
	s.logger.Info("stage is cancelled", "stage", name, "attempt", d.attempt, "outcome", cause.Outcome, "by", cause.By, "reason", cause.Reason)
	d.cancel(cause)
}

// cancelAll ends the contexts of all running stages, since they are no longer this host's to run.
func (s *session) cancelAll(reason string) {
	for _, name := range slices.Sorted(maps.Keys(s.desks)) {
		s.cancel(name, &stage.Error{Outcome: stage.Interrupted, Reason: reason})
	}
	if len(s.desks) > 0 {
		s.arm(s.overdue(time.Time{}))
	}
}

// firstPatience is how long after its cancel a stage is first said to be still running. From then on
// the time doubles: one that takes back a deployment may rightly need long.
const firstPatience = 10 * time.Second

// overdue names the stages in the log that still run long after their cancel, and returns the earlier of
// wake and the time to look again. The mutex is held.
func (s *session) overdue(wake time.Time) time.Time {
	if !s.cancels {
		return wake
	}
	for _, name := range slices.Sorted(maps.Keys(s.desks)) {
		d := s.desks[name]
		if d.cancelled.IsZero() {
			continue
		}
		if since := time.Since(d.cancelled); since >= d.patience {
			s.logger.Warn("stage still runs after its cancel", "stage", name, "attempt", d.attempt, "since", since.Round(time.Second))
			d.patience *= 2
		}
		if due := d.cancelled.Add(d.patience); wake.IsZero() || due.Before(wake) {
			wake = due
		}
	}
	return wake
}
