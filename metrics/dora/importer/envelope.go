package importer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/davit-sdk/davit/metrics/dora/internal/keys"
)

// cdevent is an event as it is told. Fields that say nothing here are passed over, as CDEvents is open for those of others.
type cdevent struct {
	Context struct {
		ID        string    `json:"id"`
		Source    string    `json:"source"`
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Chain     string    `json:"chainId"`
		Links     []link    `json:"links"`
	} `json:"context"`
	Subject struct {
		ID      string `json:"id"`
		Content struct {
			Environment reference `json:"environment"`
			Service     reference `json:"service"`
			Repository  reference `json:"repository"`
			Artifact    string    `json:"artifactId"`
			Pipeline    string    `json:"pipelineName"`
			Outcome     string    `json:"outcome"`
			Milestone   string    `json:"milestone"`
		} `json:"content"`
	} `json:"subject"`

	line int
	kind string // service.deployed
}

// link leads from an event to another one; the spelling of its fields differs between versions.
type link struct {
	Target, From struct {
		ID string `json:"contextId"`
	}
}

// reference names something, by an object with an id or by that id.
type reference string

func (r *reference) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '{' {
		var object struct {
			ID string `json:"id"`
		}
		err := json.Unmarshal(text, &object)
		*r = reference(object.ID)
		return err
	}
	return json.Unmarshal(text, (*string)(r))
}

// envelopes gives each event of the input with its line.
func envelopes(r io.Reader, o Options, take func(line int, text []byte)) error {
	fed := &limited{in: unmarked(r), left: o.maxRecord()}
	ahead := bufio.NewReader(fed)
	in := json.NewDecoder(ahead)
	batch := begins(ahead, '[')
	if batch {
		_, _ = in.Token()
	}
	for {
		fed.left = o.maxRecord() + 4096 // with what is between two of them
		var raw json.RawMessage
		var err error
		if batch && !in.More() {
			if _, err = in.Token(); err == nil {
				batch = false
				continue
			}
		} else {
			err = in.Decode(&raw)
		}
		switch {
		case err == nil:
			each(fed.lines(in.InputOffset()-int64(len(raw))), raw, take)
		case errors.Is(fed.err, ErrTooLong):
			return &LineError{fed.lines(in.InputOffset()), fmt.Errorf("%w: more than %d bytes", ErrTooLong, o.maxRecord())}
		case fed.err != nil:
			return fed.err
		case err == io.EOF && !batch:
			return nil
		default:
			return broken(err, fed)
		}
	}
}

// begins says whether the first of an input that is no blank is that one.
func begins(in *bufio.Reader, with byte) bool {
	for n := 1; n <= 4096; n++ {
		text, err := in.Peek(n)
		if err != nil {
			return false
		}
		switch text[n-1] {
		case ' ', '\t', '\r', '\n':
		default:
			return text[n-1] == with
		}
	}
	return false
}

// each gives the events of an array, or the one that is there.
func each(line int, raw []byte, take func(line int, text []byte)) {
	var all []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &all) != nil {
		take(line, raw)
		return
	}
	for _, one := range all {
		take(line, one)
	}
}

// broken says in which line no JSON is.
func broken(err error, fed *limited) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && !errors.Is(err, io.ErrUnexpectedEOF) {
		return &LineError{fed.lines(syntax.Offset - 1), fmt.Errorf("it is no JSON: %w", err)}
	}
	return &LineError{fed.lines(fed.read), errors.New("the JSON breaks off")}
}

// unwrapped is the event in an envelope of CloudEvents, or the text itself.
func unwrapped(text []byte) ([]byte, error) {
	var envelope struct {
		Context json.RawMessage `json:"context"`
		Data    json.RawMessage `json:"data"`
		Base64  []byte          `json:"data_base64"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return nil, inWords(err)
	}
	switch {
	case envelope.Context != nil:
		return text, nil
	case envelope.Base64 != nil:
		return envelope.Base64, nil
	case len(envelope.Data) > 0 && envelope.Data[0] == '"':
		var inner string
		err := json.Unmarshal(envelope.Data, &inner)
		return []byte(inner), err
	case envelope.Data != nil:
		return envelope.Data, nil
	}
	return text, nil
}

// inWords says what is wrong with an event in words that do not name what it is read into.
func inWords(err error) error {
	if is, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if is.Field == "" {
			return fmt.Errorf("a JSON %s is no event", is.Value)
		}
		return fmt.Errorf("%s cannot be a JSON %s", is.Field, is.Value)
	}
	if is, ok := errors.AsType[*time.ParseError](err); ok {
		return fmt.Errorf("%s is no time such as 2025-01-31T00:00:00Z", strconv.Quote(strings.Trim(is.Value, `"`)))
	}
	return err
}

// read makes an event of its text, and says what it lacks.
func read(line int, text []byte) (cdevent, error) {
	e := cdevent{line: line}
	if !utf8.Valid(text) {
		return e, ErrEncoding
	}
	inner, err := unwrapped(text)
	if err != nil {
		return e, err
	}
	if !utf8.Valid(inner) { // in base64, there can be anything
		return e, ErrEncoding
	}
	var outer struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(text, &outer)
	e.Context.Type = outer.Type // for what has no context at all
	if err := json.Unmarshal(inner, &e); err != nil {
		return e, inWords(err)
	}
	if !e.known() {
		if slices.Contains(own, outer.Type) && e.Context.ID == "" {
			return e, fmt.Errorf("a %s of package dora is no CDEvent", outer.Type)
		}
		return e, nil
	}
	for _, object := range [][]byte{text, inner} { // the envelope, too: of two events in it one would be lost
		if name, twice := keys.Twice(object, false); twice {
			return e, fmt.Errorf("%q is %w", name, ErrDuplicate)
		}
	}
	var missing []string
	for _, field := range []struct {
		name string
		none bool
	}{
		{"context.id", e.Context.ID == ""}, {"context.timestamp", e.Context.Timestamp.IsZero()}, {"subject.id", e.Subject.ID == ""},
		{"subject.content.environment.id", strings.HasPrefix(e.kind, "service.") && e.Subject.Content.Environment == ""},
	} {
		if field.none {
			missing = append(missing, field.name)
		}
	}
	if missing != nil {
		return e, fmt.Errorf("there is no %s", strings.Join(missing, ", no "))
	}
	return e, nil
}

// own are the types of events that Lines reads.
var own = []string{"deployment", "change", "incident", "work", "outage", "survey"}

// kinds are those that say something about delivery.
var kinds = []string{
	"change.merged", "service.deployed", "service.upgraded", "service.rolledback", "service.removed", "incident.detected", "incident.reported",
	"incident.resolved", "pipelinerun.finished", "ticket.created", "ticket.updated", "ticket.closed",
}

// known finds the kind of an event of a version that is known: dev.cdevents.service.deployed.0.3.0.
func (e *cdevent) known() bool {
	words := strings.SplitN(strings.TrimPrefix(e.Context.Type, "dev.cdevents."), ".", 3)
	if !strings.HasPrefix(e.Context.Type, "dev.cdevents.") || len(words) < 3 || !strings.HasPrefix(words[2], "0.") {
		return false
	}
	kind := words[0] + "." + words[1]
	if !slices.Contains(kinds, kind) {
		return false
	}
	e.kind = kind
	return true
}
