package ledger

import (
	"encoding/json"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
)

// Body is what happened. It is one of the types below.
type Body interface {
	// Type is the name of the body's type in JSON.
	Type() string
	sealed()
}

// What happens to a release as a whole.
type (
	// Requested is the first event of each release.
	Requested struct {
		Release  stage.Release `json:"release"`
		Pipeline Pipeline      `json:"pipeline"`
		// Inputs are the values of the keys that the pipeline takes from outside.
		Inputs map[string]json.RawMessage `json:"inputs,omitempty"`
		// Host is the host that carries the release first.
		Host string `json:"host,omitempty"`
		// Forked is the release and the stage that this one was forked from.
		Forked *Origin `json:"forked,omitempty"`
	}
	// Taken says that another host carries the release from now on. What ran in the one before is
	// taken as interrupted.
	Taken struct {
		Host string `json:"host"`
		// Fence is higher than that of any host before by one. The first host has 1.
		Fence uint64 `json:"fence"`
	}
	// Signalled is what a person said.
	Signalled struct {
		Signal stage.Signal `json:"signal"`
	}
	// Interrupted says that the host is stopping: no further stage begins, and those that run are
	// cancelled at Until. Zero: they may go on until a further Interrupted says otherwise. It holds
	// until a host takes the release again.
	Interrupted struct {
		Reason string    `json:"reason,omitempty"`
		Until  time.Time `json:"until,omitzero"`
	}
	// Undoing says that what was done is undone from now on.
	Undoing struct {
		Reason string `json:"reason,omitempty"`
		By     string `json:"by,omitempty"`
	}
	// Finished is the last event of a release.
	Finished struct {
		Outcome stage.Outcome `json:"outcome"`
		Reason  string        `json:"reason,omitempty"`
		By      string        `json:"by,omitempty"`
	}
)

// What happens to a stage.
type (
	// Began says that an attempt of a stage begins. It is recorded before the stage runs.
	Began struct{}
	// Ended says that an attempt of a stage ended, or, with attempt 0, that it will not run.
	Ended struct {
		Outcome stage.Outcome `json:"outcome"`
		// Reason and By say why, and on whose word.
		Reason string `json:"reason,omitempty"`
		By     string `json:"by,omitempty"`
		// Evidence are the verdicts that led to the outcome.
		Evidence []gate.Verdict `json:"evidence,omitempty"`
		// Stack is where a panic came from.
		Stack string `json:"stack,omitempty"`
		// Heard is how many of its signals the stage has dealt with.
		Heard int `json:"heard,omitempty"`
		// Final says of a failure that a further attempt would not help.
		Final bool `json:"final,omitempty"`
		// RetryAt is when the next attempt begins. Zero: there is none.
		RetryAt time.Time `json:"retry_at,omitzero"`
		// Parked says why the stage is not over, but waits for a person. Empty: it does not.
		Parked string `json:"parked,omitempty"`
		// Until is when a stage that waits is run again though no signal has come. Zero: never.
		Until time.Time `json:"until,omitzero"`
	}
	// Parked says that a stage waits for a person, who says whether to retry, skip or abort it.
	Parked struct {
		Reason string `json:"reason"`
	}
	// Expanded says which items the stage is made for, one stage for each.
	Expanded struct {
		Items []stage.Item `json:"items"`
	}
	// Copied says that a stage is not run, as it was done in the release that this one was forked
	// from.
	Copied struct {
		Outcome stage.Outcome              `json:"outcome"`
		Reason  string                     `json:"reason,omitempty"`
		By      string                     `json:"by,omitempty"`
		Values  map[string]json.RawMessage `json:"values,omitempty"`
	}
	// Wrote is a value that a stage hands on. It is recorded together with the stage's end.
	Wrote struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	}
	// Saved is a checkpoint.
	Saved struct {
		Checkpoint json.RawMessage `json:"checkpoint"`
		// Heard is how many signals the stage had dealt with by then.
		Heard int `json:"heard,omitempty"`
	}
	// Progressed is how far a stage is.
	Progressed struct {
		stage.Progress
	}
	// Judged is the verdict of a gate.
	Judged struct {
		Verdict gate.Verdict `json:"verdict"`
	}
	// Noted is a detail that a stage shows of itself.
	Noted struct {
		Name string          `json:"name"`
		Data json.RawMessage `json:"data"`
	}
	// UndoBegan says that a stage begins to take back what it did. It is recorded before it does.
	UndoBegan struct{}
	// UndoEnded says how that ended: succeeded, failed, stranded, or interrupted.
	UndoEnded struct {
		Outcome stage.Outcome `json:"outcome"`
		Reason  string        `json:"reason,omitempty"`
		Stack   string        `json:"stack,omitempty"`
		// RetryAt is when it is tried again. Zero: it is not.
		RetryAt time.Time `json:"retry_at,omitzero"`
	}
)

func (Requested) Type() string   { return "release.requested" }
func (Taken) Type() string       { return "release.taken" }
func (Signalled) Type() string   { return "signal.received" }
func (Interrupted) Type() string { return "release.interrupted" }
func (Undoing) Type() string     { return "release.undoing" }
func (Finished) Type() string    { return "release.finished" }
func (Began) Type() string       { return "stage.began" }
func (Ended) Type() string       { return "stage.ended" }
func (Parked) Type() string      { return "stage.parked" }
func (Expanded) Type() string    { return "stage.expanded" }
func (Copied) Type() string      { return "stage.copied" }
func (Wrote) Type() string       { return "value.written" }
func (Saved) Type() string       { return "checkpoint.saved" }
func (Progressed) Type() string  { return "stage.progressed" }
func (Judged) Type() string      { return "gate.judged" }
func (Noted) Type() string       { return "detail.noted" }
func (UndoBegan) Type() string   { return "undo.began" }
func (UndoEnded) Type() string   { return "undo.ended" }

func (Requested) sealed()   {}
func (Taken) sealed()       {}
func (Signalled) sealed()   {}
func (Interrupted) sealed() {}
func (Undoing) sealed()     {}
func (Finished) sealed()    {}
func (Began) sealed()       {}
func (Ended) sealed()       {}
func (Parked) sealed()      {}
func (Expanded) sealed()    {}
func (Copied) sealed()      {}
func (Wrote) sealed()       {}
func (Saved) sealed()       {}
func (Progressed) sealed()  {}
func (Judged) sealed()      {}
func (Noted) sealed()       {}
func (UndoBegan) sealed()   {}
func (UndoEnded) sealed()   {}

var bodies = map[string]func([]byte) (Body, error){
	Requested{}.Type():   reads[Requested],
	Taken{}.Type():       reads[Taken],
	Signalled{}.Type():   reads[Signalled],
	Interrupted{}.Type(): reads[Interrupted],
	Undoing{}.Type():     reads[Undoing],
	Finished{}.Type():    reads[Finished],
	Began{}.Type():       reads[Began],
	Ended{}.Type():       reads[Ended],
	Parked{}.Type():      reads[Parked],
	Expanded{}.Type():    reads[Expanded],
	Copied{}.Type():      reads[Copied],
	Wrote{}.Type():       reads[Wrote],
	Saved{}.Type():       reads[Saved],
	Progressed{}.Type():  reads[Progressed],
	Judged{}.Type():      reads[Judged],
	Noted{}.Type():       reads[Noted],
	UndoBegan{}.Type():   reads[UndoBegan],
	UndoEnded{}.Type():   reads[UndoEnded],
}
