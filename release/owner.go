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
