package release

import (
	"context"
	"fmt"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
)

// wait waits until the session is closed and nothing of it runs any more, and says how the release
// ended. Where ctx ends before, the release is interrupted.
func (s *session) wait(ctx context.Context) (*ledger.State, error) {
	select {
	case <-s.done:
	case <-ctx.Done():
		s.interrupt(context.Cause(ctx).Error(), now())
		<-s.done
	}
	s.stages.Wait()
	<-s.gone
	state, err := s.result()
	return own(state), err
}

// result is how the release ended in this host.
func (s *session) result() (*ledger.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.state
	if s.failure != nil || state == nil {
		// What was about to be recorded is in the state, too: only the store knows what was.
		ctx, cancel := context.WithTimeout(s.base, min(writeGrace, s.runner.patience))
		defer cancel()
		var err error
		if state, err = s.runner.state(ctx, s.id); err != nil && s.failure == nil {
			return nil, err
		}
	}
	if s.failure != nil {
		return state, s.failure
	}
	if s.stopped != "" && !state.Over() && state.Busy() && state.Host != s.runner.host {
		return state, fmt.Errorf("release %s: %w: host %s", s.id, ErrElsewhere, state.Host)
	}
	return state, ending(state, s.stopped)
}

// verdict is how the release ended in this host, by the state that was recorded last.
func (s *session) verdict(state *ledger.State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return s.failure
	}
	return ending(state, s.stopped)
}

// ending is the error of a release that ended so; nil where it went well.
func ending(state *ledger.State, stopped string) error {
	outcome, by, reason := state.Outcome, state.By, state.Reason
	switch outcome {
	case stage.Succeeded, stage.Skipped:
		return nil
	case "":
		outcome, reason = stage.Interrupted, stopped
		if stop := state.Interrupted; stop != nil {
			reason = stop.Reason
		}
	}
	return &stage.Error{Outcome: outcome, By: by, Reason: reason}
}
