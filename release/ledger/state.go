package ledger

import (
	"encoding/json"
	"slices"
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
	// Stages are in the order of the pipeline.
	Stages []StageState `json:"stages"`
	// Values are those of the keys: the inputs, and what stages have handed on.
	Values map[string]json.RawMessage `json:"values,omitempty"`
	// Paused is the signal that holds the release, nil where none does.
	Paused *stage.Signal `json:"paused,omitempty"`
	// Aborted is the first signal that aborted all of the release.
	Aborted *stage.Signal `json:"aborted,omitempty"`
	// Interrupted is why the host stopped, nil where it did not.
	Interrupted *Interrupted `json:"interrupted,omitempty"`
	// Ended is when the release was over, Outcome, Reason and By are how. Zero until then.
	Ended   time.Time     `json:"ended,omitzero"`
	Outcome stage.Outcome `json:"outcome,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	By      string        `json:"by,omitempty"`

	index map[string]int      // from a stage's name to its place
	seen  map[string]struct{} // IDs of all signals
}

// StageState is where one stage stands.
type StageState struct {
	Name string `json:"name"`
	// Attempt counts its attempts; 0 before the first.
	Attempt int `json:"attempt,omitempty"`
	// Started is when its first attempt began, Ended when its last one ended.
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Outcome is how it ended; empty while it has not. Reason and By say why.
	Outcome stage.Outcome `json:"outcome,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	By      string        `json:"by,omitempty"`
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

	endSeq uint64 // of its end
}

// Running reports whether an attempt is under way.
func (s *StageState) Running() bool { return s.Attempt > 0 && s.Outcome == "" }

// Begun reports whether the stage has begun and is not over: it runs, or was interrupted.
func (s *StageState) Begun() bool {
	return s.Attempt > 0 && (s.Outcome == "" || s.Outcome == stage.Interrupted)
}

// Over reports whether nothing will happen to the stage any more.
func (s *StageState) Over() bool { return s.Outcome != "" && s.Outcome != stage.Interrupted }

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
// interrupted and no stage runs any more.
func (s *State) Idle() bool {
	if s.Over() {
		return true
	}
	return s.Interrupted != nil && !slices.ContainsFunc(s.Stages, func(st StageState) bool { return st.Running() })
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
