package release

import (
	"errors"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
)

// arm sets the timer of the session. Zero: nothing is to happen by itself. The mutex is held.
func (s *session) arm(at time.Time) {
	if at.Equal(s.alarm) {
		return
	}
	s.disarm()
	if at.IsZero() || s.closed {
		return
	}
	s.alarm = at
	s.stages.Add(1)
	s.runner.running.Add(1)
	var timer *time.Timer
	timer = time.AfterFunc(nap(time.Until(at)), func() {
		defer s.runner.running.Done()
		defer s.stages.Done()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.timer == timer {
			s.timer, s.alarm = nil, time.Time{}
			if time.Until(at) > 0 {
				s.arm(at)
				return
			}
		}
		s.look()
	})
	s.timer = timer
}

// nap is how much of a wait passes until the clock is looked at again: a timer knows nothing of a clock that is set, and stands still with a
// machine that sleeps. So a time comes late by a sixteenth of what was left of the wait at most, or by a minute.
func nap(wait time.Duration) time.Duration { return min(wait, max(wait/16, time.Minute)) }

func (s *session) disarm() {
	if s.timer != nil && s.timer.Stop() {
		s.runner.running.Done()
		s.stages.Done()
	}
	s.timer, s.alarm = nil, time.Time{}
}

// look does what is due. The mutex is held.
func (s *session) look() {
	if s.closed {
		return
	}
	if err := s.read(); err != nil {
		if s.patient(err) {
			s.arm(time.Now().Add(s.runner.lease / 3))
			return
		}
		s.fail(err)
		s.settle()
		return
	}
	_ = s.advance(s.stale()...) // those who wait for the session see the failure
}

// patient reports whether a read that failed can be tried again later, in a store that hosts share and
// that may be away for a while. A write that fails is another matter.
func (s *session) patient(err error) bool {
	if s.runner.leaser == nil || s.stopped != "" || s.failure != nil || s.pen.ctx.Err() != nil || errors.Is(err, ledger.ErrBroken) {
		return false
	}
	s.logger.Warn("cannot read the release, and will try again", "error", err)
	return true
}
