package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// signal keeps a signal where it belongs: with the release, with the stage that is to end by it, or
// in the inboxes of the stages that take it.
func (s *State) signal(sig stage.Signal, at time.Time) error {
	if _, twice := s.seen[sig.ID]; twice {
		return fmt.Errorf("signal %s comes twice", sig.ID)
	}
	to, known := s.index[sig.Stage]
	if sig.Stage != "" && !known {
		return fmt.Errorf("signal %s is for stage %q, which there is not", sig.ID, sig.Stage)
	}
	if s.seen == nil {
		s.seen = make(map[string]struct{})
	}
	s.seen[sig.ID] = struct{}{}
	if known {
		s.tell(to, sig, at)
		return nil
	}
	switch sig.Kind {
	case stage.Pause:
		s.Paused = &sig
	case stage.Resume:
		s.Paused = nil
	case stage.Abort:
		s.Paused = nil // what runs always gets to run, and what was done to be undone
		if s.Aborted == nil {
			s.Aborted = &sig
		}
	}
	for i := range s.Stages {
		st := &s.Stages[i]
		switch {
		case !st.Begun():
			continue
		case sig.Kind == stage.Abort:
			st.told(&sig)
		case slices.Contains(s.Pipeline.Stages[i].Listens, sig.Kind):
			st.Inbox = append(st.Inbox, sig)
		}
		s.file(i)
	}
	return nil
}

// tell gives a signal to a stage; where others were made of it, to those of them that are not over.
func (s *State) tell(i int, sig stage.Signal, at time.Time) {
	st := &s.Stages[i]
	was := st.standing()
	if st.Expanded {
		for j := range s.made(i) {
			if st := &s.Stages[j]; !st.Over() || st.Undo != nil {
				s.tell(j, sig, at)
			}
		}
		return
	}
	switch {
	case sig.Kind.Heard() && !st.Over():
		st.Inbox = append(st.Inbox, sig)
	case sig.Kind == stage.Retry && st.Undo != nil && !st.Undo.RetryAt.IsZero():
		undo := *st.Undo
		undo.RetryAt = at
		st.Undo = &undo
	case st.Over():
	case sig.Kind == stage.Retry && (st.Parked != "" || !st.RetryAt.IsZero()):
		st.Parked, st.RetryAt, st.Failures, st.again = "", at, 0, true
	case sig.Kind != stage.Retry:
		st.told(&sig)
	}
	s.enter(i, was)
}

// told keeps what a person told about the stage as a whole: the first word counts, but an abort counts
// more than a skip.
func (s *StageState) told(sig *stage.Signal) {
	if s.Told == nil || s.Told.Kind == stage.SkipStage && sig.Kind == stage.Abort {
		s.Told = sig
	}
}
