package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
)

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
		case err == nil && s.late(next):
			err = s.lost
		case err == nil:
			s.act(next)
			s.settle()
			return late
		case s.lost != nil:
			err = s.lost
		case errors.Is(err, ErrConflict) && next.known == 0:
			s.failure = fmt.Errorf("release %s: the ID is taken: %w", s.id, err)
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

// late reports that the lease has run out while something was recorded, and gives up what runs, and what was
// about to: another host may run the same by now.
func (s *session) late(next planned) bool {
	lapsed := s.runner.leased()
	if lapsed == nil || len(next.start)+len(next.undo)+len(s.desks) == 0 {
		return false
	}
	_ = s.lose(lapsed)
	return true
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
