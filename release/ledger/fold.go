package ledger

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
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
	case Signalled:
		return s.signal(b.Signal)
	case Interrupted:
		s.Interrupted = &b
		return nil
	case Finished:
		return s.finish(e, b)
	}
	return s.stageEvent(e)
}

func (s *State) request(b Requested) error {
	if err := b.Pipeline.Validate(); err != nil {
		return err
	}
	stages := make([]StageState, len(b.Pipeline.Stages))
	index := make(map[string]int, len(stages))
	for i, p := range b.Pipeline.Stages {
		stages[i].Name = p.Name
		index[p.Name] = i
	}
	*s = State{Release: b.Release, Pipeline: b.Pipeline, Stages: stages, Values: maps.Clone(b.Inputs), index: index}
	return nil
}

func (s *State) finish(e Event, b Finished) error {
	for i := range s.Stages {
		if !s.Stages[i].Over() {
			return fmt.Errorf("the release ends before stage %s", s.Stages[i].Name)
		}
	}
	if b.Outcome == "" {
		return fmt.Errorf("the release ends without an outcome")
	}
	s.Ended, s.Outcome, s.Reason, s.By = e.Time, b.Outcome, b.Reason, b.By
	return nil
}

// signal keeps a signal where it belongs: with the release, with the stage that is to end by it, or
// in the inboxes of the stages that take it.
func (s *State) signal(sig stage.Signal) error {
	if _, twice := s.seen[sig.ID]; twice {
		return fmt.Errorf("signal %s comes twice", sig.ID)
	}
	to := s.Stage(sig.Stage)
	if sig.Stage != "" && to == nil {
		return fmt.Errorf("signal %s is for stage %q, which there is not", sig.ID, sig.Stage)
	}
	if s.seen == nil {
		s.seen = make(map[string]struct{})
	}
	s.seen[sig.ID] = struct{}{}
	if to != nil {
		if sig.Kind.Heard() {
			to.Inbox = append(to.Inbox, sig)
		} else {
			to.Told = &sig
		}
		return nil
	}
	switch sig.Kind {
	case stage.Pause:
		s.Paused = &sig
	case stage.Resume:
		s.Paused = nil
	case stage.Abort:
		if s.Aborted == nil {
			s.Aborted = &sig
		}
	}
	for i := range s.Stages {
		st := &s.Stages[i]
		switch {
		case !st.Begun():
		case sig.Kind == stage.Abort:
			st.Told = &sig
		case slices.Contains(s.Pipeline.Stages[i].Listens, sig.Kind):
			st.Inbox = append(st.Inbox, sig)
		}
	}
	return nil
}

func (s *State) stageEvent(e Event) error {
	st := s.Stage(e.Stage)
	if st == nil {
		return fmt.Errorf("there is no stage %q", e.Stage)
	}
	switch b := e.Body.(type) {
	case Began:
		return st.begin(e)
	case Ended:
		return st.end(e, b)
	}
	if !st.Running() || e.Attempt != st.Attempt {
		return fmt.Errorf("attempt %d of stage %s is not running", e.Attempt, st.Name)
	}
	switch b := e.Body.(type) {
	case Wrote:
		declared := func(r stage.Ref) bool { return r.Name == b.Key }
		if !slices.ContainsFunc(s.Pipeline.Stages[s.index[st.Name]].Writes, declared) {
			return fmt.Errorf("stage %s does not write key %s", st.Name, b.Key)
		}
		if s.Values == nil {
			s.Values = make(map[string]json.RawMessage)
		}
		s.Values[b.Key] = b.Value
	case Saved:
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

func (s *StageState) begin(e Event) error {
	if s.Running() || s.Over() {
		return fmt.Errorf("stage %s begins again", s.Name)
	}
	if e.Attempt != s.Attempt+1 {
		return fmt.Errorf("stage %s begins attempt %d after %d", s.Name, e.Attempt, s.Attempt)
	}
	if s.Started.IsZero() {
		s.Started = e.Time
	}
	s.Attempt, s.Ended, s.Outcome, s.Reason, s.By = e.Attempt, time.Time{}, "", "", ""
	return nil
}

func (s *StageState) end(e Event, b Ended) error {
	if s.Over() || e.Attempt != s.Attempt || (e.Attempt > 0 && !s.Running()) {
		return fmt.Errorf("attempt %d of stage %s is not running", e.Attempt, s.Name)
	}
	if !slices.Contains(stage.Outcomes(), b.Outcome) {
		return fmt.Errorf("stage %s ends as %q, which is no outcome", s.Name, b.Outcome)
	}
	if e.Attempt == 0 && b.Outcome != stage.Skipped && b.Outcome != stage.Aborted {
		return fmt.Errorf("stage %s ends as %s and has never run", s.Name, b.Outcome)
	}
	s.Ended, s.Outcome, s.Reason, s.By, s.endSeq = e.Time, b.Outcome, b.Reason, b.By, e.Seq
	for _, v := range b.Evidence {
		s.judge(v)
	}
	return nil
}

// judge keeps a verdict in place of the former one of its gate.
func (s *StageState) judge(v gate.Verdict) {
	i := slices.IndexFunc(s.Evidence, func(old gate.Verdict) bool { return old.Gate == v.Gate })
	if i < 0 {
		s.Evidence = append(s.Evidence, v)
		return
	}
	s.Evidence[i] = v
}
