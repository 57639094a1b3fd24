package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
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

// By is who stands behind the event, as far as a person does.
func (e Event) By() string {
	switch b := e.Body.(type) {
	case Requested:
		return b.Release.RequestedBy
	case Ended:
		return b.By
	case Copied:
		return b.By
	case Undoing:
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
	if !empty(e.Body) {
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

func reads[T Body](text []byte) (Body, error) {
	var body T
	if len(text) == 0 {
		if empty(body) {
			return body, nil
		}
		return nil, errors.New("no data")
	}
	err := strict(text, &body)
	return body, err
}

// empty reports whether a body of that type has nothing to say beside its type.
func empty(b Body) bool {
	switch b.(type) {
	case Began, UndoBegan:
		return true
	}
	return false
}

func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something comes behind it")
	}
	return nil
}
