package ledger

import (
	"fmt"
	"iter"
	"maps"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// Fold is the state after all of the events.
func Fold(events iter.Seq2[Event, error]) (*State, error) {
	s := new(State)
	for e, err := range events {
		if err != nil {
			return s, err
		}
		if err := s.Apply(e); err != nil {
			return s, err
		}
	}
	return s, nil
}

// Apply takes the state to after the event. An event that cannot come next leaves the state as it was
// and is refused with ErrBroken.
func (s *State) Apply(e Event) error {
	if err := s.apply(e); err != nil {
		return fmt.Errorf("event %d: %w: %w", e.Seq, ErrBroken, err)
	}
	s.Seq = e.Seq
	if e.Time.After(s.Last) {
		s.Last = e.Time
	}
	return nil
}

func (s *State) apply(e Event) error {
	if e.Seq != s.Seq+1 {
		return fmt.Errorf("number %d was expected", s.Seq+1)
	}
	if s.Over() {
		return fmt.Errorf("the release was over with event %d", s.Seq)
	}
	if b, first := e.Body.(Requested); first != (s.Seq == 0) {
		return fmt.Errorf("a release has one request, and it comes first")
	} else if first {
		return s.request(b)
	}
	switch b := e.Body.(type) {
	case Taken:
		return s.take(e, b)
	case Signalled:
		return s.signal(b.Signal, e.Time)
	case Interrupted:
		s.Interrupted = &b
		return nil
	case Undoing:
		if s.Undoing != nil || s.halted() == "" {
			return fmt.Errorf("it is being undone already, or nothing went wrong")
		}
		s.Undoing = &b
		return nil
	case Finished:
		return s.finish(e, b)
	}
	i, ok := s.index[e.Stage]
	if !ok {
		return fmt.Errorf("there is no stage %q", e.Stage)
	}
	if b, ok := e.Body.(Expanded); ok {
		return s.expand(i, b)
	}
	was := s.Stages[i].standing()
	if err := s.stageEvent(i, e); err != nil {
		return err
	}
	switch e.Body.(type) {
	case Saved, Progressed, Judged, Noted, Wrote:
		return nil // nothing is decided by them
	}
	s.enter(i, was)
	return nil
}

func (s *State) request(b Requested) error {
	index, err := b.Pipeline.places()
	if err != nil {
		return err
	}
	stages := make([]StageState, len(b.Pipeline.Stages))
	for i, p := range b.Pipeline.Stages {
		stages[i].Name = p.Name
	}
	*s = State{
		Release: b.Release, Pipeline: b.Pipeline, Host: b.Host, Fence: 1, Forked: b.Forked,
		Stages: stages, Values: maps.Clone(b.Inputs), book: newBook(b.Pipeline, index),
	}
	for i := range stages {
		s.file(i)
	}
	return nil
}

// take gives the release to another host. What ran in the one before is interrupted.
func (s *State) take(e Event, b Taken) error {
	if b.Fence != s.Fence+1 {
		return fmt.Errorf("it is taken with the fence %d after %d", b.Fence, s.Fence)
	}
	reason := "its host was lost"
	if s.Host != "" {
		reason = fmt.Sprintf("its host %s was lost", s.Host)
	}
	s.Host, s.Fence, s.Interrupted = b.Host, b.Fence, nil
	s.running.all(func(i int) bool {
		st := &s.Stages[i]
		was := st.standing()
		if st.Undo.Running() {
			undo := *st.Undo
			undo.Ended, undo.Outcome, undo.Reason = e.Time, stage.Interrupted, reason
			st.Undo = &undo
		} else {
			st.Ended, st.Outcome, st.Reason, st.taken = e.Time, stage.Interrupted, reason, st.Heard
		}
		s.enter(i, was)
		return true
	})
	return nil
}

func (s *State) finish(e Event, b Finished) error {
	if s.open > 0 || s.Busy() {
		return fmt.Errorf("the release ends before all stages")
	}
	if b.Outcome == "" {
		return fmt.Errorf("the release ends without an outcome")
	}
	s.Ended, s.Outcome, s.Reason, s.By = e.Time, b.Outcome, b.Reason, b.By
	return nil
}

func (s *State) stageEvent(i int, e Event) error {
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	switch b := e.Body.(type) {
	case Began:
		return s.begin(i, e)
	case Ended:
		return s.end(i, e, b)
	case Parked:
		if !st.Begun() || st.Running() || b.Reason == "" {
			return fmt.Errorf("stage %s is not one to wait for a person", st.Name)
		}
		st.Parked, st.RetryAt = b.Reason, time.Time{}
		return nil
	case Copied:
		return s.copied(st, e, b)
	case UndoBegan, UndoEnded:
		if s.Undoing == nil || s.begun > 0 {
			return fmt.Errorf("stage %s is not to be undone now", st.Name)
		}
		return st.undo(e)
	case Wrote:
		return s.wrote(st, node, e, b)
	}
	if e.Attempt != st.Attempt || !st.Running() && !st.Undo.Running() {
		return fmt.Errorf("attempt %d of stage %s is not running", e.Attempt, st.Name)
	}
	switch b := e.Body.(type) {
	case Saved:
		if b.Heard < 0 || b.Heard > len(st.Inbox) {
			return fmt.Errorf("stage %s has dealt with %d of %d signals", st.Name, b.Heard, len(st.Inbox))
		}
		st.Checkpoint, st.Heard = b.Checkpoint, b.Heard
	case Progressed:
		st.Progress = b.Progress
	case Judged:
		st.judge(b.Verdict)
	case Noted:
		// A detail is for displays; nothing depends on it.
	default:
		return fmt.Errorf("%T is not known", e.Body)
	}
	return nil
}
