package ledger

import (
	"encoding/json"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
)

// State is where a release stands: the fold of its events.
type State struct {
	// Seq is the number of the last event; 0 before the first.
	Seq      uint64        `json:"seq"`
	Release  stage.Release `json:"release"`
	Pipeline Pipeline      `json:"pipeline"`
	// Host carries the release, and Fence rises with each further one that does.
	Host  string `json:"host,omitempty"`
	Fence uint64 `json:"fence"`
	// Forked is where the release was forked from, nil where it was not.
	Forked *Origin `json:"forked,omitempty"`
	// Stages are in the order of the pipeline; those that were made on the way come last.
	Stages []StageState `json:"stages"`
	// Values are those of the keys: the inputs, and what stages have handed on.
	Values map[string]json.RawMessage `json:"values,omitempty"`
	// Paused is the signal that holds the release, nil where none does.
	Paused *stage.Signal `json:"paused,omitempty"`
	// Aborted is the first signal that aborted all of the release.
	Aborted *stage.Signal `json:"aborted,omitempty"`
	// Interrupted is why the host stopped, nil where it did not.
	Interrupted *Interrupted `json:"interrupted,omitempty"`
	// Undoing is why what was done is undone, nil where it is not.
	Undoing *Undoing `json:"undoing,omitempty"`
	// Last is the latest time of an event.
	Last time.Time `json:"last,omitzero"`
	// Ended is when the release was over, Outcome, Reason and By are how. Zero until then.
	Ended   time.Time     `json:"ended,omitzero"`
	Outcome stage.Outcome `json:"outcome,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	By      string        `json:"by,omitempty"`

	seen map[string]struct{} // IDs of all signals
	book
}

// StageState is where one stage stands.
type StageState struct {
	Name string `json:"name"`
	// Attempt counts its attempts; 0 before the first.
	Attempt int `json:"attempt,omitempty"`
	// Started is when its first attempt began, or the first after a person said retry; Ended is when
	// its last one ended.
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Began is when its last attempt began.
	Began time.Time `json:"began,omitzero"`
	// Outcome is how its last attempt ended; empty while it has not. Reason and By say why. See Over.
	Outcome stage.Outcome `json:"outcome,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	By      string        `json:"by,omitempty"`
	// Failures are the failed attempts that count for its Retry. RetryAt is when the next attempt
	// begins, zero where none is waited for.
	Failures int       `json:"failures,omitempty"`
	RetryAt  time.Time `json:"retry_at,omitzero"`
	// Parked says why a person has to say what becomes of it; empty where none has to.
	Parked string `json:"parked,omitempty"`
	// Until is when a stage that waits is run again at the latest; zero: when a signal comes.
	Until time.Time `json:"until,omitzero"`
	// Copied says that it was done in the release that this one was forked from.
	Copied bool `json:"copied,omitempty"`
	// Expanded says that stages were made of it, and Left how many of them are not over.
	Expanded bool `json:"expanded,omitempty"`
	Left     int  `json:"left,omitempty"`
	// Undo is how far it is undone; nil where nobody has begun to.
	Undo *UndoState `json:"undo,omitempty"`
	// Progress is how far it said to be.
	Progress stage.Progress `json:"progress,omitzero"`
	// Evidence holds the latest verdict of each gate, in the order in which they were first asked.
	Evidence []gate.Verdict `json:"evidence,omitempty"`
	// Checkpoint is the last one, Heard how many signals had been dealt with by then.
	Checkpoint json.RawMessage `json:"checkpoint,omitempty"`
	Heard      int             `json:"heard,omitempty"`
	// Inbox are the signals that the stage gets, in order.
	Inbox []stage.Signal `json:"inbox,omitempty"`
	// Told is what a person told about the stage as a whole: to abort it, or to go on without it.
	Told *stage.Signal `json:"told,omitempty"`

	endSeq uint64                     // of its end
	seen   int                        // how many signals were there when its last attempt began
	taken  int                        // how many signals its last attempt took
	known  int                        // a signal beyond so many ends its wait
	again  bool                       // a person said retry
	iced   bool                       // the release is frozen until it ends otherwise
	cut    string                     // why it is to end though it said that it waits
	values map[string]json.RawMessage // of one that was made of another
}

// UndoState is how far a stage is undone.
type UndoState struct {
	// Attempt counts the attempts to undo it, from 1, and Failures those that failed. Began is when the
	// last one did.
	Attempt  int       `json:"attempt"`
	Failures int       `json:"failures,omitempty"`
	Began    time.Time `json:"began,omitzero"`
	// Ended is when it ended, and Outcome how: succeeded, failed, stranded or interrupted. Empty: it
	// is under way.
	Ended   time.Time     `json:"ended,omitzero"`
	Outcome stage.Outcome `json:"outcome,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	// RetryAt is when it is tried again; zero where it is not.
	RetryAt time.Time `json:"retry_at,omitzero"`
}

// Over reports whether nothing will happen any more.
func (u *UndoState) Over() bool {
	return u != nil && u.Outcome != "" && u.Outcome != stage.Interrupted && u.RetryAt.IsZero()
}

// Running reports whether an attempt is under way.
func (u *UndoState) Running() bool { return u != nil && u.Outcome == "" }

// Running reports whether an attempt is under way.
func (s *StageState) Running() bool { return s.Attempt > 0 && s.Outcome == "" }

// Begun reports whether the stage has begun and is not over: it runs, or waits for something.
func (s *StageState) Begun() bool { return s.Attempt > 0 && !s.Over() }

// Over reports whether the stage will not run any more, though it may be undone.
func (s *StageState) Over() bool {
	return s.Outcome != "" && s.Outcome != stage.Interrupted && s.Outcome != stage.Waiting &&
		s.RetryAt.IsZero() && s.Parked == ""
}

// interrupted reports whether the stage was under way when its host stopped or died, and goes on by
// itself.
func (s *StageState) interrupted() bool {
	return s.Outcome == stage.Interrupted && s.Parked == "" && s.RetryAt.IsZero()
}

// Undone reports whether what the stage did was taken back by its Undo.
func (s *StageState) Undone() bool { return s.Undo.Over() && s.Undo.Outcome == stage.Succeeded }

// Took is how long the stage took, from its first attempt; 0 where it did not run or still does.
func (s *StageState) Took() time.Duration {
	if s.Started.IsZero() || s.Ended.IsZero() {
		return 0
	}
	return s.Ended.Sub(s.Started)
}

// Over reports whether the release is over.
func (s *State) Over() bool { return s.Outcome != "" }

// Idle reports whether there is nothing to wait for in this host: the release is over, or it was
// interrupted and nothing of it runs any more.
func (s *State) Idle() bool { return s.Over() || s.Interrupted != nil && !s.Busy() }

// Busy reports whether a stage runs, or is being undone at this moment.
func (s *State) Busy() bool { return s.running.n > 0 }

// Value is what is recorded under a key; false where nothing is.
func (s *State) Value(name string) (json.RawMessage, bool) {
	raw, ok := s.Values[name]
	return raw, ok
}

// ValueFor is what is recorded under a key, as a stage sees it: one that was made for an item sees
// what it has written itself.
func (s *State) ValueFor(name, key string) (json.RawMessage, bool) {
	if st := s.Stage(name); st != nil {
		if raw, ok := st.values[key]; ok {
			return raw, true
		}
	}
	return s.Value(key)
}

// Stage is where the named stage stands; nil where there is no such stage.
func (s *State) Stage(name string) *StageState {
	i, ok := s.index[name]
	if !ok {
		return nil
	}
	return &s.Stages[i]
}

// Node is the named stage as the pipeline has it; nil where there is no such stage.
func (s *State) Node(name string) *Stage {
	i, ok := s.index[name]
	if !ok {
		return nil
	}
	return &s.Pipeline.Stages[i]
}
