package release

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/hashicorp/go-hclog"
)

// session carries one release. Whatever happens to it is recorded by advance, under the mutex, by
// whichever goroutine it happens in: a stage that has ended, a person who signals, a timer. Between
// two such events a release of which nothing runs is at rest: then the session holds no goroutine, nor its state,
// unless it goes on by itself soon, and reads the state back when something happens.
type session struct {
	runner *Runner
	id     string
	does   wiring
	base   context.Context // for stages: the caller's values, without its end
	logger hclog.Logger
	quiet  bool // the logger shows nothing

	pen pen

	done   chan struct{}  // closed when the session is
	gone   chan struct{}  // closed when the runner no longer carries the release
	stages sync.WaitGroup // goroutines of stages, and timers that are set

	mu      mutex
	closed  bool
	owned   bool          // the last host that the events name is this one
	stopped string        // why nothing is begun any more in this host; empty: it is
	state   *ledger.State // nil: at rest for long, or with another host
	seq     uint64        // of the last event known, for one at rest
	spared  uint64        // the last event when another host was left to do what is due
	ahead   time.Duration // how far the release's time is ahead of this host's clock
	failure error         // of the store; nothing is recorded after it
	lost    error         // why the release is no longer this host's, until its stages have ended
	changed chan struct{} // closed when something is recorded; nil: nobody asks
	desks   map[string]*desk
	cancels bool // a stage was cancelled
	relays  bool // a goroutine asks for the next job
	relay   job
	timer   *time.Timer
	alarm   time.Time // when timer fires; zero: it is not set
}

// mutex is a lock made of a channel of one place: other than with a sync.Mutex, the clock of a bubble of
// testing/synctest goes on while somebody waits for it, as they do while a store is slow.
type mutex chan struct{}

func (m mutex) Lock()   { m <- struct{}{} }
func (m mutex) Unlock() { <-m }

// lock takes the mutex, unless ctx ends before.
func (m mutex) lock(ctx context.Context) error {
	select {
	case m <- struct{}{}:
		return nil
	default:
	}
	select {
	case m <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func newSession(ctx context.Context, r *Runner, id string, does wiring) *session {
	s := &session{
		runner: r, id: id, does: does, base: context.WithoutCancel(ctx), logger: r.logger,
		quiet: !r.logger.IsError(), done: make(chan struct{}), gone: make(chan struct{}), mu: make(mutex, 1),
	}
	if !s.quiet {
		s.logger = r.logger.With("release", id)
	}
	s.pen.open(s.base, r.patience)
	return s
}

// now is the time as it is recorded: never before that of the last event, as hosts' clocks differ. Where
// that is in the future of this host's clock, the release's time goes on from there, since a time
// that stood still until this clock has caught up would hold all that waits.
func (s *session) now() time.Time {
	t := time.Now().UTC().Round(0).Add(s.ahead)
	if s.state != nil && t.Before(s.state.Last) {
		s.ahead += s.state.Last.Sub(t)
		return s.state.Last
	}
	return t
}

// local is when a time of the release is by this host's clock.
func (s *session) local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-s.ahead)
}

// event is the next event but n.
func (s *session) event(n int, name string, attempt int, b ledger.Body) ledger.Event {
	var seq uint64
	if s.state != nil {
		seq = s.state.Seq
	}
	return ledger.Event{Seq: seq + uint64(n) + 1, Time: s.now(), Stage: name, Attempt: attempt, Body: b}
}

// read reads the state back where the release is at rest. The mutex is held.
func (s *session) read() error {
	if s.state != nil {
		return nil
	}
	return s.pen.bounded(func(ctx context.Context) error {
		state, err := s.runner.state(ctx, s.id)
		if err != nil {
			return err
		}
		s.state, s.owned = state, s.owned && state.Host == s.runner.host
		return nil
	})
}

// settle ends what is left of the session where it is over, and puts it to rest where nothing runs.
// The mutex is held, and nothing is left to be decided.
func (s *session) settle() {
	switch {
	case s.closed || len(s.desks) > 0:
	case s.failure != nil, s.stopped != "", s.state != nil && s.state.Over():
		s.close()
	case s.lost != nil:
		// It waits for the release's end, or for that of the host that has it.
		if s.state != nil {
			s.seq = s.state.Seq
		}
		s.lost, s.state, s.owned = nil, nil, false
		s.arm(time.Now().Add(s.runner.lease / 3))
	case s.state == nil:
		s.close()
	case !s.state.Busy():
		s.seq, s.desks = s.state.Seq, nil
		if !s.owned || s.alarm.IsZero() || time.Until(s.alarm) > shortRest {
			s.state = nil
		}
	}
}

// shortRest is how soon a release at rest goes on at the latest that keeps its state: one that looks at something
// again and again would else read all that it has recorded for each look.
const shortRest = time.Minute

// close ends the session. The mutex is held.
func (s *session) close() {
	s.closed = true
	s.disarm()
	s.stir()
	close(s.done)
	s.runner.leave(s)
}

// stir wakes those who wait for something to change. The mutex is held.
func (s *session) stir() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// watched is closed when something of the release changes. The mutex is held.
func (s *session) watched() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// interrupt stops the release in this host: nothing is begun any more, and what runs is cancelled at
// until; zero: not yet.
func (s *session) interrupt(reason string, until time.Time) {
	if !until.IsZero() {
		s.pen.hurry()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.stopped != "" && until.IsZero() {
		return
	}
	s.stopped = reason
	if len(s.desks) == 0 {
		s.state = nil // others may have gone on with a release at rest
	}
	if len(s.desks) == 0 || s.failure != nil || s.lost != nil {
		s.settle()
		return
	}
	_ = s.advance(s.event(0, "", 0, ledger.Interrupted{Reason: reason, Until: until}))
}

// fail ends the release in this host: what cannot be recorded must not happen. The mutex is held.
func (s *session) fail(err error) error {
	if s.failure == nil {
		s.failure = fmt.Errorf("release %s: %w", s.id, err)
		s.logger.Error("cannot record what happens, so everything stops", "error", err)
	}
	s.stir()
	s.cancelAll(s.failure.Error())
	return s.failure
}
