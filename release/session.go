package release

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
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
	nudge  chan struct{}   // says that there may be something to decide
	asks   chan asked      // signals on their way to run
	over   chan struct{}   // closed when run takes no more of them
	gone   chan struct{}   // closed when the runner no longer carries the release
	cut    context.Context // done when what runs is to be cancelled
	stages sync.WaitGroup

	mu      mutex
	state   *ledger.State
	failure error // of the store; nothing is recorded after it
	changed chan struct{}
	desks   map[string]*desk
}

// mutex is a lock made of a channel of one place: other than with a sync.Mutex, the clock of a bubble of
// testing/synctest goes on while somebody waits for it, as they do while a store is slow.
type mutex chan struct{}

func (m mutex) Lock()   { m <- struct{}{} }
func (m mutex) Unlock() { <-m }

// asked is a signal whose sender waits for the answer.
type asked struct {
	signal stage.Signal
	answer chan error // has room for it
}

// writeGrace is what a write to the store has at most once what runs is to be cancelled, so that a store
// that hangs does not keep a host from stopping.
const writeGrace = 5 * time.Second

var errSlow = errors.New("the store did not answer in time")

// newSession makes a session, and what ends its ties to ctx and to the runner.
func newSession(ctx context.Context, r *Runner, id string, p Pipeline) (s *session, unhook func()) {
	cut, end := context.WithCancel(context.WithoutCancel(ctx))
	byCaller, byRunner := context.AfterFunc(ctx, end), context.AfterFunc(r.hard, end)
	unhook = func() {
		byCaller()
		byRunner()
		end()
	}
	s = &session{
		runner: r, id: id, does: make(map[string]stage.Stage, len(p.Stages)),
		base: context.WithoutCancel(ctx), logger: r.logger.With("release", id),
		nudge: make(chan struct{}, 1), mu: make(mutex, 1), asks: make(chan asked), over: make(chan struct{}), cut: cut, gone: make(chan struct{}), state: new(ledger.State), changed: make(chan struct{}),
		desks: make(map[string]*desk),
	}
	for _, st := range p.Stages {
		s.does[st.Name] = st.Do
	}
	return s, unhook
}

// record appends events to the store and folds them. The mutex is held.
func (s *session) record(events ...ledger.Event) error {
	if s.failure != nil {
		return s.failure
	}
	if err := s.write(events); err != nil {
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

// write appends events to the store, within the time that a write has.
func (s *session) write(events []ledger.Event) error {
	ctx, cancel := context.WithCancelCause(s.base)
	defer cancel(nil)
	slow := time.AfterFunc(s.runner.patience, func() { cancel(errSlow) })
	defer slow.Stop()
	hurry := context.AfterFunc(s.cut, func() { slow.Reset(min(writeGrace, s.runner.patience)) })
	defer hurry()
	err := s.runner.store.Append(ctx, s.id, s.state.Seq, events...)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
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
	err := s.record(s.event(0, "", 0, b))
	if err != nil {
		close(s.over) // run will take no signal
	}
	return err
}

// signal hands a signal to run, which records it, and waits for the answer. carried is false where run
// takes none any more: what it has returned by then is not changed.
func (s *session) signal(ctx context.Context, sig stage.Signal) (carried bool, err error) {
	if ctx.Err() != nil {
		return true, context.Cause(ctx)
	}
	ask := asked{sig, make(chan error, 1)}
	select {
	case s.asks <- ask:
	case <-s.over:
		return false, nil
	case <-ctx.Done():
		return true, fmt.Errorf("release %s: the signal was not taken: %w", s.id, context.Cause(ctx))
	}
	select {
	case err := <-ask.answer:
		return true, err
	case <-ctx.Done():
		return true, fmt.Errorf("release %s: the signal may or may not be recorded: %w", s.id, context.Cause(ctx))
	}
}

func (s *session) take(sig stage.Signal) error {
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
	soft, hard, done := s.runner.soft, s.runner.hard.Done(), ctx.Done()
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
		case ask := <-s.asks:
			ask.answer <- s.take(ask.signal)
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
	close(s.over)
	s.stages.Wait()
	return s.result()
}

// step takes one decision and carries it out. It tells whether to decide again at once, whether there
// is nothing left to wait for, and when to decide again though nothing happens.
func (s *session) step() (again, idle bool, wake time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		for _, name := range slices.Sorted(maps.Keys(s.desks)) {
			s.cancel(name, &stage.Error{Outcome: stage.Interrupted, Reason: s.failure.Error()})
		}
		return false, len(s.desks) == 0, s.overdue(time.Time{})
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
		s.cancel(c.Stage, c.Cause)
	}
	wake = s.overdue(s.flush(d.Wake))
	return len(d.Append) > 0, s.state.Idle(), wake
}

// cancel ends the context of a running stage; the first cause counts. The mutex is held.
func (s *session) cancel(name string, cause *stage.Error) {
	d := s.desks[name]
	if d == nil || !d.cancelled.IsZero() {
		return
	}
	d.cancelled, d.patience = time.Now(), firstPatience
	s.logger.Info("stage is cancelled", "stage", name, "attempt", d.attempt, "outcome", cause.Outcome, "by", cause.By, "reason", cause.Reason)
	d.cancel(cause)
}

// firstPatience is how long after its cancel a stage is first said to be still running. From then on
// the time doubles: one that takes back a deployment may rightly need long.
const firstPatience = 10 * time.Second

// overdue names the stages in the log that still run long after their cancel, and returns the earlier of
// wake and the time to look again. The mutex is held.
func (s *session) overdue(wake time.Time) time.Time {
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
	d.cancel = cancel
	s.desks[name] = d
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
