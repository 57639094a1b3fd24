package release

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-hclog"
)

// session carries one release. Whatever happens to the release is recorded by record, under the
// mutex, by whichever goroutine it happens in; what is to be done next is decided in run alone.
type session struct {
	runner *Runner
	id     string
	does   map[string]stage.Stage
	base   context.Context // for stages and the store: the caller's values, without its end
	logger hclog.Logger
	nudge  chan struct{} // says that there may be something to decide
	gone   chan struct{} // closed when the runner no longer carries the release
	stages sync.WaitGroup

	mu      sync.Mutex
	state   *ledger.State
	failure error // of the store; nothing is recorded after it
	changed chan struct{}
	cancels map[string]context.CancelCauseFunc
	desks   map[string]*desk
}

func newSession(ctx context.Context, r *Runner, id string, p Pipeline) *session {
	s := &session{
		runner: r, id: id, does: make(map[string]stage.Stage, len(p.Stages)),
		base: context.WithoutCancel(ctx), logger: r.logger.With("release", id),
		nudge: make(chan struct{}, 1), gone: make(chan struct{}), state: new(ledger.State), changed: make(chan struct{}),
		cancels: make(map[string]context.CancelCauseFunc), desks: make(map[string]*desk),
	}
	for _, st := range p.Stages {
		s.does[st.Name] = st.Do
	}
	return s
}

// record appends events to the store and folds them. The mutex is held.
func (s *session) record(events ...ledger.Event) error {
	if s.failure != nil {
		return s.failure
	}
	if err := s.runner.store.Append(s.base, s.id, s.state.Seq, events...); err != nil {
		return s.fail(fmt.Errorf("store: %w", err))
	}
	for _, e := range events {
		if err := s.state.Apply(e); err != nil {
			return s.fail(err)
		}
	}
	close(s.changed)
	s.changed = make(chan struct{})
	s.poke()
	return nil
}

// fail ends the release in this host: what cannot be recorded must not happen.
func (s *session) fail(err error) error {
	s.failure = fmt.Errorf("release %s: %w", s.id, err)
	s.logger.Error("cannot record what happens, so everything stops", "error", err)
	s.poke()
	return s.failure
}

func (s *session) poke() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

// event is the next event but n.
func (s *session) event(n int, name string, attempt int, b ledger.Body) ledger.Event {
	return ledger.Event{Seq: s.state.Seq + uint64(n) + 1, Time: now(), Stage: name, Attempt: attempt, Body: b}
}

func (s *session) begin(b ledger.Requested) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record(s.event(0, "", 0, b))
}

func (s *session) signal(ctx context.Context, sig stage.Signal) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if sig.ID == "" {
		sig.ID = rand.Text()
	}
	sig.At = now()
	s.mu.Lock()
	defer s.mu.Unlock()
	known, err := s.state.Accept(sig)
	if err != nil {
		return fmt.Errorf("release %s: %w", s.id, err)
	}
	if known {
		return nil
	}
	return s.record(s.event(0, "", 0, ledger.Signalled{Signal: sig}))
}

// run decides and acts until the release is over or interrupted, and waits for all stages.
func (s *session) run(ctx context.Context) (*ledger.State, error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	soft, hard, done := s.runner.soft, s.runner.hard, ctx.Done()
	for {
		again, idle, wake := s.step()
		if idle {
			break
		}
		if again {
			continue
		}
		var alarm <-chan time.Time
		if !wake.IsZero() {
			timer.Reset(time.Until(wake))
			alarm = timer.C
		}
		select {
		case <-s.nudge:
		case <-alarm:
		case <-soft:
			soft = nil
			s.interrupt("the host is stopping", time.Time{})
		case <-hard:
			hard = nil
			s.interrupt("the host is stopping", now())
		case <-done:
			done = nil
			s.interrupt(context.Cause(ctx).Error(), now())
		}
	}
	s.stages.Wait()
	return s.result()
}

// step takes one decision and carries it out. It tells whether to decide again at once, whether there
// is nothing left to wait for, and when to decide again though nothing happens.
func (s *session) step() (again, idle bool, wake time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		s.cancelAll(&stage.Error{Outcome: stage.Interrupted, Reason: s.failure.Error()})
		return false, true, time.Time{}
	}
	d := ledger.Decide(s.state, now())
	if len(d.Append) > 0 {
		if s.record(d.Append...) != nil {
			return true, false, time.Time{}
		}
	}
	for _, name := range d.Start {
		s.launch(name)
	}
	for _, c := range d.Cancel {
		if cancel := s.cancels[c.Stage]; cancel != nil {
			cancel(c.Cause)
		}
	}
	wake = s.flush(d.Wake)
	return len(d.Append) > 0, s.state.Idle(), wake
}

func (s *session) cancelAll(cause *stage.Error) {
	for _, cancel := range s.cancels {
		cancel(cause)
	}
}

func (s *session) interrupt(reason string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Over() {
		return
	}
	_ = s.record(s.event(0, "", 0, ledger.Interrupted{Reason: reason, Until: until})) // run sees the failure
}

// launch starts a stage whose beginning has been recorded. The mutex is held.
func (s *session) launch(name string) {
	st := s.state.Stage(name)
	node := s.state.Node(name)
	ctx, cancel := context.WithCancelCause(s.base)
	d := &desk{session: s, node: node, attempt: st.Attempt}
	logger := s.logger.With("stage", name)
	task := stage.NewTask(stage.Setup{
		Release: s.state.Release, Stage: name, Environment: node.Environment,
		Attempt: st.Attempt, Started: st.Started, Token: s.id + "/" + name, Logger: logger,
		Checkpoint: st.Checkpoint, Heard: st.Heard,
		Reads: node.Reads, Writes: node.Writes, Listens: node.Listens,
	}, d)
	s.cancels[name], s.desks[name] = cancel, d
	logger.Info("stage begins", "attempt", st.Attempt)
	s.stages.Go(func() {
		var end ledger.Ended
		defer func() {
			end.Heard = task.End()
			cancel(nil)
			d.finish(end)
		}()
		guarded(ctx, &end, func() error { return s.does[name].Run(ctx, task) })
	})
}

// guarded runs the function and tells how it ended. A panic is a failure, and so is a function that
// ends its goroutine, as the FailNow of a test does.
func guarded(ctx context.Context, end *ledger.Ended, run func() error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if value := recover(); value != nil {
			*end = ledger.Panicked(value, debug.Stack())
			return
		}
		*end = ledger.Ended{Outcome: stage.Failed, Reason: "the stage ended its goroutine (runtime.Goexit)"}
	}()
	err := run()
	returned = true
	var cause *stage.Error
	if ctx.Err() != nil {
		cause, _ = context.Cause(ctx).(*stage.Error)
	}
	*end = ledger.EndOf(err, cause)
}

// result is what Run returns when all has ended.
func (s *session) result() (*ledger.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return s.state, s.failure
	}
	outcome, by, reason := s.state.Outcome, s.state.By, s.state.Reason
	switch {
	case outcome == stage.Succeeded || outcome == stage.Skipped:
		s.logger.Info("release is over", "outcome", outcome)
		return s.state, nil
	case outcome == "":
		outcome, reason = stage.Interrupted, s.state.Interrupted.Reason
	}
	s.logger.Warn("release is over", "outcome", outcome, "reason", reason)
	return s.state, &stage.Error{Outcome: outcome, By: by, Reason: reason}
}
