package release

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// Signal tells a release something. It returns when the signal is recorded; what it is for takes it
// in its own time, or when it begins. The release need not be under way in this runner: whoever carries
// it, or will, finds the signal recorded. A signal with the ID of one that was recorded is taken as
// recorded. The error is ErrUnknown for a release that there is not, ledger.ErrTooLate where what it is
// for is over, and ledger.ErrSignal where it makes no sense. Where ctx ends first, its cause is the
// error, and the signal may be recorded nevertheless: give it an ID to be able to send it again.
func (r *Runner) Signal(ctx context.Context, id string, sig stage.Signal) error {
	if sig.ID == "" {
		sig.ID = rand.Text()
	}
	for {
		s, _ := r.session(id)
		if s == nil {
			var err error
			if s, err = r.takeUp(ctx, id); err != nil || s == nil {
				return r.send(ctx, id, sig)
			}
		}
		carried, err := s.signal(ctx, sig)
		if errors.Is(err, ErrLost) {
			return r.post(ctx, id, sig) // whoever has the release now finds it
		}
		if carried {
			return err
		}
		<-s.gone
	}
}

// signal records a signal. carried is false where the session is closed.
func (s *session) signal(ctx context.Context, sig stage.Signal) (carried bool, err error) {
	if ctx.Err() != nil {
		return true, context.Cause(ctx)
	}
	if err := s.mu.lock(ctx); err != nil {
		return true, fmt.Errorf("release %s: the signal was not taken: %w", s.id, err)
	}
	if s.closed {
		s.mu.Unlock()
		return false, nil
	}
	if ctx.Done() == nil {
		defer s.mu.Unlock()
		return true, s.take(sig)
	}
	answer := make(chan error, 1)
	// The write is not cut short by the end of ctx: what is recorded, or not, must be known.
	s.stages.Add(1)
	s.runner.running.Add(1)
	go func() {
		defer s.runner.running.Done()
		defer s.stages.Done()
		defer s.mu.Unlock()
		answer <- s.take(sig)
	}()
	select {
	case err := <-answer:
		return true, err
	case <-ctx.Done():
		return true, fmt.Errorf("release %s: the signal may or may not be recorded: %w", s.id, context.Cause(ctx))
	}
}

// take records a signal. The mutex is held.
func (s *session) take(sig stage.Signal) error {
	if s.lost != nil || s.failure != nil {
		return fmt.Errorf("release %s: %w: it stops in this one", s.id, ErrLost)
	}
	if err := s.read(); err != nil {
		if s.patient(err) {
			return fmt.Errorf("the signal is not recorded: %w", err)
		}
		err = s.fail(err)
		s.settle()
		return err
	}
	known, err := s.state.Accept(sig)
	if err != nil && s.runner.leaser != nil && s.runner.beyond(s.base, s.id, s.state.Seq) {
		// It was judged by what this host knew, and others have written since.
		if err := s.catchUp(); err != nil {
			s.settle()
			return err
		}
		if known, err = s.state.Accept(sig); err != nil || known {
			_ = s.advance() // what others have written is to be acted upon; a failure shows by itself
		}
	}
	if err != nil || known {
		s.settle()
		if err != nil {
			return fmt.Errorf("release %s: %w", s.id, err)
		}
		return nil
	}
	sig.At = s.now()
	return s.advance(s.event(0, "", 0, ledger.Signalled{Signal: sig}))
}

// send records a signal for a release that this runner does not carry, and tells whoever has begun to
// carry it here meanwhile.
func (r *Runner) send(ctx context.Context, id string, sig stage.Signal) error {
	err := r.post(ctx, id, sig)
	if s, _ := r.session(id); err == nil && s != nil {
		s.hear(context.WithoutCancel(ctx))
	}
	return err
}

// post records a signal for a release that this runner does not carry.
func (r *Runner) post(ctx context.Context, id string, sig stage.Signal) error {
	for {
		state, err := r.state(ctx, id)
		if err != nil {
			return err
		}
		known, err := state.Accept(sig)
		if err != nil {
			return fmt.Errorf("release %s: %w", id, err)
		}
		if known {
			return nil
		}
		sig.At = now()
		if sig.At.Before(state.Last) {
			sig.At = state.Last
		}
		err = r.store.Append(ctx, id, state.Seq, ledger.Event{Seq: state.Seq + 1, Time: sig.At, Body: ledger.Signalled{Signal: sig}})
		if errors.Is(err, ErrConflict) {
			continue // somebody else has written: look again
		}
		if err != nil {
			return fmt.Errorf("release %s: the signal may or may not be recorded: %w", id, err)
		}
		return nil
	}
}
