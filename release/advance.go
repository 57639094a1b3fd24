package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
)

// ErrLost says that a release is no longer this host's: another one has taken it, or the lease of this
// one has run out.
var ErrLost = errors.New("another host carries the release")

// advance records events and all that is decided upon them, in one write, and then does what was
// decided. A stage that ends and the next one that begins are one write. The mutex is held, and the
// state is there; what runs is cancelled where the error is not nil.
func (s *session) advance(events ...ledger.Event) error {
	var late error
	for {
		if err := s.refused(); err != nil {
			s.arm(s.overdue(time.Time{}))
			s.settle()
			return err
		}
		next, err := s.plan(events)
		if err == nil && len(next.batch) > 0 {
			err = s.write(next.known, next.batch)
		}
		switch {
		case err == nil:
			s.act(next)
			s.settle()
			return late
		case s.lost != nil:
			err = s.lost
		case errors.Is(err, ErrConflict) && next.known == 0:
			s.failure = fmt.Errorf("release %s: %w", s.id, err) // the ID is taken
			err = s.failure
		case errors.Is(err, ErrConflict):
			// Somebody has recorded a signal, or another host has taken the release: what was
			// about to be recorded is weighed again behind that.
			if err = s.catchUp(); err == nil {
				events, late = s.weigh(events, late)
				continue
			}
			if s.lost == nil {
				err = s.fail(err)
			}
		default:
			err = s.fail(err)
		}
		s.settle()
		return err
	}
}

// refused says why nothing can be recorded.
func (s *session) refused() error {
	switch {
	case s.failure != nil:
		return s.failure
	case s.lost != nil:
		return s.lost
	case s.closed:
		return fmt.Errorf("release %s: %w", s.id, ErrStopped)
	}
	lapsed := s.runner.leased()
	switch {
	case lapsed == nil:
		return nil
	case len(s.desks) > 0:
		return s.lose(lapsed)
	}
	// Nothing runs that another host may run by now: with a new lease, the release goes on.
	if err := s.pen.bounded(s.runner.liven); err != nil {
		return s.fail(err)
	}
	return nil
}

// weigh leaves out signals that make no sense any more behind what others have recorded: the same
// signal may have come through another host, too.
func (s *session) weigh(events []ledger.Event, late error) ([]ledger.Event, error) {
	var left []ledger.Event
	for _, e := range events {
		if b, ok := e.Body.(ledger.Signalled); ok {
			known, err := s.state.Accept(b.Signal)
			if err != nil {
				late = fmt.Errorf("release %s: %w", s.id, err)
			}
			if known || err != nil {
				continue
			}
		}
		left = append(left, e)
	}
	return left, late
}

// planned is what is to be recorded and then done.
type planned struct {
	known       uint64 // events before the batch
	batch       []ledger.Event
	start, undo []string
	cancel      []ledger.Cancel
	wake        time.Time
}

// plan folds the events, and decides until there is nothing left to decide.
func (s *session) plan(events []ledger.Event) (planned, error) {
	next := planned{known: s.state.Seq, batch: make([]ledger.Event, 0, len(events)+2)}
	add := func(list []ledger.Event) error {
		for _, e := range list {
			e.Seq = s.state.Seq + 1
			if e.Time.Before(s.state.Last) {
				e.Time = s.state.Last
			}
			if err := s.state.Apply(e); err != nil {
				return err
			}
			next.batch = append(next.batch, e)
		}
		return nil
	}
	if !s.owned {
		taken, err := s.takeOver(len(events) > 0)
		if err != nil || !taken {
			return next, err
		}
		if err := add([]ledger.Event{s.event(0, "", 0, ledger.Taken{Host: s.runner.host, Fence: s.state.Fence + 1})}); err != nil {
			return next, err
		}
	}
	if err := add(events); err != nil {
		return next, err
	}
	for at := s.now(); ; {
		d := ledger.Decide(s.state, at)
		next.start, next.undo = append(next.start, d.Start...), append(next.undo, d.Undo...)
		next.cancel, next.wake = d.Cancel, d.Wake
		if len(d.Append) == 0 {
			return next, nil
		}
		if err := add(d.Append); err != nil {
			return next, err
		}
	}
}

// takeOver reports whether this host is to take the release: it must have something to record, and
// whoever carries the release must be dead, or have left it at rest.
func (s *session) takeOver(more bool) (bool, error) {
	if s.state.Over() {
		return false, nil
	}
	if s.state.Busy() {
		alive, err := s.lives(s.state.Host)
		if err != nil {
			return false, err
		}
		if alive {
			return false, s.lose(fmt.Errorf("release %s: %w: host %s", s.id, ErrLost, s.state.Host))
		}
		return true, nil
	}
	if more || s.state.Interrupted != nil {
		return true, nil
	}
	d := ledger.Decide(s.state, s.now())
	if len(d.Append) == 0 {
		s.arm(s.local(d.Wake))
		return false, nil
	}
	// What somebody has said is for whoever finds it first. What was only waited for is for the host
	// that had the release last, as long as that lives and is not late.
	if s.spared == s.state.Seq || len(ledger.Decide(s.state, s.state.Last).Append) > 0 {
		return true, nil
	}
	alive, err := s.lives(s.state.Host)
	if err != nil || !alive {
		return true, err
	}
	s.spared = s.state.Seq
	s.arm(time.Now().Add(s.runner.lease / 3))
	return false, nil
}

// lives asks the store whether another host is alive.
func (s *session) lives(host string) (alive bool, err error) {
	err = s.pen.bounded(func(ctx context.Context) error {
		alive, err = s.runner.alive(ctx, host)
		return err
	})
	return alive, err
}

// write appends events to the store, within the time that a write has.
func (s *session) write(known uint64, events []ledger.Event) error {
	err := s.pen.bounded(func(ctx context.Context) error {
		return s.runner.store.Append(ctx, s.id, known, events...)
	})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// catchUp reads the state anew, after somebody else has recorded something. The error says that the
// release is no longer this host's, or that it cannot be read: then all is as before.
func (s *session) catchUp() error {
	mine, was := s.owned, s.state
	s.state = nil
	if err := s.read(); err != nil {
		s.state = was
		return err
	}
	state := s.state
	s.stir()
	if mine && !s.owned || state.Over() {
		s.logger.Warn("another host carries the release", "host", state.Host)
		return s.lose(fmt.Errorf("release %s: %w: host %s", s.id, ErrLost, state.Host))
	}
	return nil
}

// lose gives the release up: what runs is cancelled, as another host does it. The mutex is held.
func (s *session) lose(err error) error {
	s.lost = err
	s.stir()
	s.cancelAll(err.Error())
	return err
}

// act does what was decided, now that it is recorded. The mutex is held.
func (s *session) act(next planned) {
	if len(next.batch) > 0 {
		s.owned = true
		s.stir()
	}
	for _, name := range next.start {
		s.launch(name, causeOf(next.cancel, name))
	}
	for _, name := range next.undo {
		s.launchUndo(name)
	}
	for _, c := range next.cancel {
		s.cancel(c.Stage, c.Cause)
	}
	if s.owned {
		s.arm(s.overdue(s.flush(s.local(next.wake))))
	}
	if s.state.Over() {
		log := s.logger.Info
		if ending(s.state, "") != nil {
			log = s.logger.Warn
		}
		log("release is over", "outcome", s.state.Outcome, "reason", s.state.Reason)
	}
}
