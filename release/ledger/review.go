package ledger

import (
	"encoding/json"
	"iter"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
)

// Review is the whole story of a release for people: the state that it came to, and what was said,
// measured and shown on the way, each in the order in which it happened. It holds what was recorded
// and nothing else.
type Review struct {
	State *State `json:"state"`
	// Began is when the release was recorded, Last the time of its last event.
	Began time.Time `json:"began"`
	Last  time.Time `json:"last"`
	// Hosts are those that carried the release, in order, if it is known which.
	Hosts []Carrier `json:"hosts,omitempty"`
	// Attempts are the attempts to run a stage, or to undo it, that were not its last.
	Attempts []Attempt `json:"attempts,omitempty"`
	// Signals are what people said.
	Signals []stage.Signal `json:"signals,omitempty"`
	// Unheard are the signals that a stage had not taken when it ended.
	Unheard []stage.Signal `json:"unheard,omitempty"`
	// Verdicts are all verdicts, with the stage that asked for them.
	Verdicts []StageVerdict `json:"verdicts,omitempty"`
	// Details are what stages showed of themselves.
	Details []Detail `json:"details,omitempty"`

	verdicts map[string]bool // those in Verdicts, as JSON
}

// Carrier is a host that carried a release.
type Carrier struct {
	Host string `json:"host"`
	// Since is when it began to.
	Since time.Time `json:"since"`
	// Lost are the stages that ran in the host before, and were interrupted as it was lost.
	Lost []string `json:"lost,omitempty"`
}

// Attempt is one attempt to run a stage, or to undo it.
type Attempt struct {
	Stage   string        `json:"stage"`
	Attempt int           `json:"attempt"`
	Undo    bool          `json:"undo,omitempty"`
	Began   time.Time     `json:"began"`
	Ended   time.Time     `json:"ended"`
	Outcome stage.Outcome `json:"outcome"`
	Reason  string        `json:"reason,omitempty"`
}

// StageVerdict is a verdict that a stage recorded.
type StageVerdict struct {
	Stage   string       `json:"stage"`
	Verdict gate.Verdict `json:"verdict"`
}

// Detail is what a stage showed of itself.
type Detail struct {
	Stage string          `json:"stage"`
	Time  time.Time       `json:"time"`
	Name  string          `json:"name"`
	Data  json.RawMessage `json:"data"`
}

// NewReview tells the story of a release from its events. A release that is still under way can be
// reviewed, too.
func NewReview(events iter.Seq2[Event, error]) (*Review, error) {
	r := &Review{State: new(State), verdicts: make(map[string]bool)}
	for e, err := range events {
		if err != nil {
			return nil, err
		}
		var lost []string
		if _, taken := e.Body.(Taken); taken {
			for i := range r.State.running.all {
				lost = append(lost, r.State.Stages[i].Name)
			}
		}
		if err := r.State.Apply(e); err != nil {
			return nil, err
		}
		r.add(e, lost)
	}
	return r, nil
}

func (r *Review) add(e Event, lost []string) {
	if e.Seq == 1 {
		r.Began = e.Time
	}
	r.Last = e.Time
	switch b := e.Body.(type) {
	case Requested:
		if b.Host != "" {
			r.Hosts = append(r.Hosts, Carrier{Host: b.Host, Since: e.Time})
		}
	case Taken:
		r.Hosts = append(r.Hosts, Carrier{Host: b.Host, Since: e.Time, Lost: lost})
		for _, name := range lost {
			r.attempt(e, name)
		}
	case Signalled:
		r.Signals = append(r.Signals, b.Signal)
	case Judged:
		r.judge(e.Stage, b.Verdict)
	case Noted:
		r.Details = append(r.Details, Detail{e.Stage, e.Time, b.Name, b.Data})
	case UndoEnded:
		r.attempt(e, e.Stage)
	case Ended:
		for _, v := range b.Evidence {
			r.judge(e.Stage, v)
		}
		r.attempt(e, e.Stage)
		r.unheard(r.State.Stage(e.Stage), b.Heard)
	}
}

// attempt adds an attempt that has ended and was not the last one. One that ended as it waits is none of
// those.
func (r *Review) attempt(e Event, name string) {
	st := r.State.Stage(name)
	switch {
	case st.Undo != nil && !st.Undo.Over():
		r.Attempts = append(r.Attempts, Attempt{name, st.Undo.Attempt, true, st.Undo.Began, e.Time, st.Undo.Outcome, st.Undo.Reason})
	case st.Undo == nil && st.Attempt > 0 && !st.Over() && st.Outcome != stage.Waiting:
		last := len(r.Attempts) - 1
		if last >= 0 && r.Attempts[last].Stage == name && r.Attempts[last].Attempt == st.Attempt {
			return // it failed before, and has now been parked
		}
		r.Attempts = append(r.Attempts, Attempt{name, st.Attempt, false, st.Began, e.Time, st.Outcome, st.Reason})
	}
}

// unheard keeps the signals that a stage which is over has not dealt with. One of which others were made
// has handed on its own.
func (r *Review) unheard(st *StageState, heard int) {
	if !st.Over() || st.Expanded {
		return
	}
	for _, sig := range st.Inbox[heard:] {
		if !slices.ContainsFunc(r.Unheard, func(known stage.Signal) bool { return known.ID == sig.ID }) {
			r.Unheard = append(r.Unheard, sig)
		}
	}
}

// judge adds a verdict, unless the stage has recorded the very same before: one that led to its end is
// often recorded when it is given, and again with the end.
func (r *Review) judge(name string, v gate.Verdict) {
	text, err := json.Marshal(v)
	if key := name + " " + string(text); err != nil || !r.verdicts[key] {
		r.verdicts[key] = true
		r.Verdicts = append(r.Verdicts, StageVerdict{name, v})
	}
}

// Outcome is how the release ended; Interrupted where it was left unfinished, and empty while it is
// under way.
func (r *Review) Outcome() stage.Outcome {
	if !r.State.Over() && r.State.Idle() {
		return stage.Interrupted
	}
	return r.State.Outcome
}
