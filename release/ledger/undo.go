package ledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// wantsUndo reports whether what was done is to be undone, and is not yet: either nobody has begun
// to, or it is under way.
func (s *State) wantsUndo() bool {
	if s.Undoing == nil {
		return s.undoCause() != nil && s.undoable() >= 0
	}
	return s.undoable() >= 0 || s.beingUndone()
}

// beingUndone reports whether a stage is being undone at this moment.
func (s *State) beingUndone() bool {
	for i := range s.running.all {
		if s.Stages[i].Undo.Running() {
			return true
		}
	}
	return false
}

// undoCause is why what was done is to be undone; nil where it is not.
func (s *State) undoCause() *Undoing {
	switch {
	case s.Aborted != nil:
		if s.Pipeline.OnAbort == Stop || s.passed != "" {
			return nil
		}
		return &Undoing{Reason: strings.TrimSuffix("the release was aborted: "+s.Aborted.Why, ": "), By: s.Aborted.By}
	case s.undo >= 0 && s.passed == "":
		st := &s.Stages[s.undo]
		return &Undoing{Reason: fmt.Sprintf("stage %s ended as %s", st.Name, st.Outcome), By: st.By}
	}
	return nil
}

// undoable is the stage that is to be undone next: of those that did something and can take it back,
// the one that ended last. A stage stays as it is that one needs which could not be taken back:
// whatever still stands, stands on it. -1: there is none.
func (s *State) undoable() int {
	last := -1
	var kept map[int]bool
	for i := range s.Stages {
		st := &s.Stages[i]
		if !s.reversible(i) || st.Undo.Over() || last >= 0 && st.endSeq < s.Stages[last].endSeq {
			continue
		}
		if kept == nil {
			kept = s.kept()
		}
		if !kept[i] {
			last = i
		}
	}
	return last
}

// reversible reports whether a stage is over, has done something, and can take it back.
func (s *State) reversible(i int) bool {
	st, node := &s.Stages[i], &s.Pipeline.Stages[i]
	return node.CanUndo && !node.Always && st.Attempt > 0 && st.Over() && !st.clean()
}

// clean reports whether the stage has said itself that it has nothing to take back, or that it cannot.
func (s *StageState) clean() bool {
	switch s.Outcome {
	case stage.RolledBack, stage.Stranded:
		return true
	case stage.Skipped:
		return s.By == "" // one that a person passed over may be half done
	}
	return false
}

// kept are the stages that must stay as they are, since one that needs them could not be taken back.
func (s *State) kept() map[int]bool {
	kept := make(map[int]bool)
	var below func(i int)
	below = func(i int) {
		for _, need := range s.Pipeline.Stages[i].Needs {
			j := s.index[need]
			if kept[j] {
				continue
			}
			kept[j] = true
			for k := range s.made(j) {
				kept[k] = true
			}
			below(j)
		}
	}
	for i := range s.Stages {
		if s.Stages[i].stuck() {
			below(i)
		}
	}
	return kept
}

// stuck reports whether the stage could not be completed and could not be taken back either.
func (s *StageState) stuck() bool {
	return s.Outcome == stage.Stranded || s.Undo.Over() && s.Undo.Outcome != stage.Succeeded
}

// undo decides about the next stage to be undone, once all that has begun is over. Stages that run
// always do not hold it up, and are not undone.
func (d *decider) undo() {
	s := d.state
	if s.begun > 0 || s.beingUndone() {
		return
	}
	i := s.undoable()
	st := &s.Stages[i]
	if d.held(i) && (st.Undo == nil || st.Undo.Outcome != stage.Interrupted) {
		return
	}
	if s.Undoing == nil {
		d.append("", 0, *s.undoCause())
		return
	}
	attempt := 1
	if st.Undo != nil {
		attempt = st.Undo.Attempt + 1
		if d.now.Before(st.Undo.RetryAt) {
			d.wake(st.Undo.RetryAt)
			return
		}
	}
	d.append(st.Name, attempt, UndoBegan{})
	d.Undo = append(d.Undo, st.Name)
}

// undo takes the stage to after an event of its undo.
func (s *StageState) undo(e Event) error {
	switch b := e.Body.(type) {
	case UndoBegan:
		attempt, failures := 1, 0
		if s.Undo != nil {
			attempt, failures = s.Undo.Attempt+1, s.Undo.Failures
		}
		if !s.Over() || s.Attempt == 0 || s.Undo.Running() || s.Undo.Over() || e.Attempt != attempt {
			return fmt.Errorf("attempt %d to undo stage %s cannot begin", e.Attempt, s.Name)
		}
		s.Undo = &UndoState{Attempt: attempt, Failures: failures, Began: e.Time}
	case UndoEnded:
		if !s.Undo.Running() || e.Attempt != s.Undo.Attempt {
			return fmt.Errorf("attempt %d to undo stage %s is not under way", e.Attempt, s.Name)
		}
		switch b.Outcome {
		case stage.Succeeded, stage.Failed, stage.Stranded, stage.Interrupted:
		default:
			return fmt.Errorf("an undo of stage %s ends as %q", s.Name, b.Outcome)
		}
		undo := *s.Undo
		undo.Ended, undo.Outcome, undo.Reason, undo.RetryAt = e.Time, b.Outcome, b.Reason, b.RetryAt
		if b.Outcome == stage.Failed {
			undo.Failures++
		}
		s.Undo = &undo
	}
	return nil
}

// EndOfUndo is how an undo ended that returned err after its context had ended by cause (nil: it had
// not). Whatever is not known to be undone, is not.
func EndOfUndo(err error, cause *stage.Error) UndoEnded {
	if err == nil {
		return UndoEnded{Outcome: stage.Succeeded}
	}
	end := EndOf(err, cause)
	e := UndoEnded{Outcome: end.Outcome, Reason: end.Reason}
	switch e.Outcome {
	case stage.Interrupted, stage.Stranded:
	case stage.Skipped: // there was nothing to undo
		e.Outcome = stage.Succeeded
	default:
		e.Outcome = stage.Failed
	}
	if e.Outcome == stage.Interrupted && (cause == nil || cause.Outcome != stage.Interrupted) {
		e.Outcome = stage.Failed
	}
	return e
}

// SettleUndo completes the end of a stage's undo by what the pipeline says: a failure may be tried
// again, as often as one of the stage itself.
func (s *State) SettleUndo(name string, e UndoEnded, at time.Time) UndoEnded {
	st, node := s.Stage(name), s.Node(name)
	if at.Before(s.Last) {
		at = s.Last
	}
	e.Reason, e.Stack = bounded(e.Reason), bounded(e.Stack)
	if e.Outcome == stage.Failed && st.Undo.Failures+1 < node.Retry.Attempts {
		e.RetryAt = at.Add(node.Retry.Wait(st.Undo.Failures+1, s.Release.ID+"/"+name+"/undo"))
	}
	return e
}
