package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/stage"
)

// ErrBroken says that events do not make up the history of a release.
var ErrBroken = errors.New("broken history")

// Event is one thing that happened to a release. Its JSON form is stable.
type Event struct {
	// Seq numbers the events of a release from 1, without a gap.
	Seq uint64
	// Time is when it was recorded, in UTC. It never decides the order: Seq does.
	Time time.Time
	// Stage is the stage that it happened to; empty for the whole release.
	Stage string
	// Attempt is the attempt of the stage, from 1; 0 where it never ran.
	Attempt int
	// Body says what happened. It is one of the types below.
	Body Body
}

// Body is what happened: one of Requested, Began, Ended, Wrote, Saved, Progressed, Judged, Noted,
// Signalled, Interrupted and Finished.
type Body interface {
	// Type is the name of the body's type in JSON.
	Type() string
	sealed()
}

type (
	// Requested is the first event of each release.
	Requested struct {
		Release  stage.Release `json:"release"`
		Pipeline Pipeline      `json:"pipeline"`
		// Inputs are the values of the keys that the pipeline takes from outside.
		Inputs map[string]json.RawMessage `json:"inputs,omitempty"`
	}
	// Began says that an attempt of a stage begins. It is recorded before the stage runs.
	Began struct{}
	// Ended says that a stage ended, or, with attempt 0, that it will not run.
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
	// Signalled is what a person said.
	Signalled struct {
		Signal stage.Signal `json:"signal"`
	}
	// Interrupted says that the host is stopping: no further stage begins, and those that run are
	// cancelled at Until. Zero: they may go on until a further Interrupted says otherwise.
	Interrupted struct {
		Reason string    `json:"reason,omitempty"`
		Until  time.Time `json:"until,omitzero"`
	}
	// Finished is the last event of a release.
	Finished struct {
		Outcome stage.Outcome `json:"outcome"`
		Reason  string        `json:"reason,omitempty"`
		By      string        `json:"by,omitempty"`
	}
)

func (Requested) Type() string   { return "release.requested" }
func (Began) Type() string       { return "stage.began" }
func (Ended) Type() string       { return "stage.ended" }
func (Wrote) Type() string       { return "value.written" }
func (Saved) Type() string       { return "checkpoint.saved" }
func (Progressed) Type() string  { return "stage.progressed" }
func (Judged) Type() string      { return "gate.judged" }
func (Noted) Type() string       { return "detail.noted" }
func (Signalled) Type() string   { return "signal.received" }
func (Interrupted) Type() string { return "release.interrupted" }
func (Finished) Type() string    { return "release.finished" }

func (Requested) sealed()   {}
func (Began) sealed()       {}
func (Ended) sealed()       {}
func (Wrote) sealed()       {}
func (Saved) sealed()       {}
func (Progressed) sealed()  {}
func (Judged) sealed()      {}
func (Noted) sealed()       {}
func (Signalled) sealed()   {}
func (Interrupted) sealed() {}
func (Finished) sealed()    {}

// By is who stands behind the event, as far as a person does.
func (e Event) By() string {
	switch b := e.Body.(type) {
	case Requested:
		return b.Release.RequestedBy
	case Ended:
		return b.By
	case Signalled:
		return b.Signal.By
	case Finished:
		return b.By
	}
	return ""
}

// wire is the JSON form of an Event.
type wire struct {
	Seq     uint64          `json:"seq"`
	Time    time.Time       `json:"time"`
	Type    string          `json:"type"`
	Stage   string          `json:"stage,omitempty"`
	Attempt int             `json:"attempt,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// MarshalJSON writes the event as one flat object with its type, and its body under "data".
func (e Event) MarshalJSON() ([]byte, error) {
	if e.Body == nil {
		return nil, fmt.Errorf("event %d: %w: no body", e.Seq, ErrBroken)
	}
	w := wire{Seq: e.Seq, Time: e.Time, Type: e.Body.Type(), Stage: e.Stage, Attempt: e.Attempt}
	if _, empty := e.Body.(Began); !empty {
		data, err := json.Marshal(e.Body)
		if err != nil {
			return nil, fmt.Errorf("event %d (%s): %w", e.Seq, w.Type, err)
		}
		w.Data = data
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON writes. A type or a field that it does not know is an error: a
// part of the history that is not understood must not be passed over.
func (e *Event) UnmarshalJSON(text []byte) error {
	var w wire
	if err := strict(text, &w); err != nil {
		return fmt.Errorf("event: %w: %w", ErrBroken, err)
	}
	read, known := bodies[w.Type]
	if !known {
		return fmt.Errorf("event %d: %w: type %q is not known", w.Seq, ErrBroken, w.Type)
	}
	body, err := read(w.Data)
	if err != nil {
		return fmt.Errorf("event %d (%s): %w: %w", w.Seq, w.Type, ErrBroken, err)
	}
	*e = Event{Seq: w.Seq, Time: w.Time, Stage: w.Stage, Attempt: w.Attempt, Body: body}
	return nil
}

var bodies = map[string]func([]byte) (Body, error){
	Requested{}.Type():   reads[Requested],
	Began{}.Type():       reads[Began],
	Ended{}.Type():       reads[Ended],
	Wrote{}.Type():       reads[Wrote],
	Saved{}.Type():       reads[Saved],
	Progressed{}.Type():  reads[Progressed],
	Judged{}.Type():      reads[Judged],
	Noted{}.Type():       reads[Noted],
	Signalled{}.Type():   reads[Signalled],
	Interrupted{}.Type(): reads[Interrupted],
	Finished{}.Type():    reads[Finished],
}

func reads[T Body](text []byte) (Body, error) {
	var body T
	if len(text) == 0 {
		if _, empty := any(body).(Began); empty {
			return body, nil
		}
		return nil, errors.New("no data")
	}
	err := strict(text, &body)
	return body, err
}

func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
