package dora

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/davit-sdk/davit/metrics/dora/internal/keys"
)

// ErrUnknownType is the error of Decode where "type" is missing, or is none that it knows.
var ErrUnknownType = errors.New("unknown type of event")

var (
	// ErrDuplicate is the error of Decode where a key is twice in one object: what one of them says would be lost.
	ErrDuplicate = errors.New("twice in one object")
	// ErrEncoding is the error of Decode for a text that is no UTF-8: ids that differ could become the same.
	ErrEncoding = errors.New("no UTF-8")
)

// Decode reads one event from a JSON object, strictly: its "type" must be deployment, change, incident,
// work, outage or survey, a field that the type does not have is an error, and so is one that is there twice, be it in
// another case, and whatever follows the object. Times are RFC 3339. The count of a survey answer is 1 where it is absent.
//
// The event is valid: History.Add takes it.
func Decode(line []byte) (Event, error) {
	if e, ok := plainly(line); ok {
		return e, nil
	}
	if !utf8.Valid(line) {
		return nil, ErrEncoding
	}
	e, err := decoded(line)
	if err != nil {
		return nil, err
	}
	if name, twice := keys.Twice(line, true); twice {
		return nil, fmt.Errorf("%q is %w", name, ErrDuplicate)
	}
	return e, nil
}

// decoded is the event by package encoding/json.
func decoded(line []byte) (Event, error) {
	var head struct {
		Type *string `json:"type"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, err
	}
	if head.Type == nil {
		return nil, fmt.Errorf("%w: the field type is missing", ErrUnknownType)
	}
	switch *head.Type {
	case "deployment":
		return decode[Deployment](line, "deployment")
	case "change":
		return decode[Change](line, "change")
	case "incident":
		return decode[Incident](line, "incident")
	case "work":
		return decode[Work](line, "work")
	case "outage":
		return decode[Outage](line, "outage")
	case "survey":
		return decodeAnswer(line)
	}
	return nil, fmt.Errorf("%w %q", ErrUnknownType, *head.Type)
}

// plain is an event without its methods, so that encoding/json looks at its fields.
type (
	plainDeployment Deployment
	plainChange     Change
	plainIncident   Incident
	plainWork       Work
	plainOutage     Outage
	plainAnswer     Answer
)

func decode[E Event](line []byte, kind string) (Event, error) {
	var e E
	var into any
	switch p := any(&e).(type) {
	case *Deployment:
		into = &struct {
			Type string `json:"type"`
			*plainDeployment
		}{plainDeployment: (*plainDeployment)(p)}
	case *Change:
		into = &struct {
			Type string `json:"type"`
			*plainChange
		}{plainChange: (*plainChange)(p)}
	case *Incident:
		into = &struct {
			Type string `json:"type"`
			*plainIncident
		}{plainIncident: (*plainIncident)(p)}
	case *Work:
		into = &struct {
			Type string `json:"type"`
			*plainWork
		}{plainWork: (*plainWork)(p)}
	case *Outage:
		into = &struct {
			Type string `json:"type"`
			*plainOutage
			Severity *severity `json:"severity"`
		}{plainOutage: (*plainOutage)(p), Severity: (*severity)(&p.Severity)}
	}
	if err := strictly(line, into); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	if err := e.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	return e, nil
}

func decodeAnswer(line []byte) (Event, error) {
	in := struct {
		Type string `json:"type"`
		*plainAnswer
		Score *float64 `json:"score"`
		Count *int     `json:"count"`
	}{plainAnswer: &plainAnswer{}}
	if err := strictly(line, &in); err != nil {
		return nil, fmt.Errorf("survey: %w", err)
	}
	if in.Score == nil {
		return nil, errors.New("survey: score: there is none")
	}
	a := Answer(*in.plainAnswer)
	a.Score, a.Count = *in.Score, 1
	if in.Count != nil {
		a.Count = *in.Count
	}
	if err := a.validate(); err != nil {
		return nil, fmt.Errorf("survey: %w", err)
	}
	return a, nil
}

func strictly(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return inWords(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the object")
	}
	return nil
}

// inWords says what is wrong with an event in words that do not name what it is read into.
func inWords(err error) error {
	if is, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := is.Field
		if inner, name, ok := strings.Cut(field, "."); ok && strings.HasPrefix(inner, "plain") {
			field = name
		}
		if field == "" {
			return fmt.Errorf("a JSON %s is no event", is.Value)
		}
		return fmt.Errorf("%s cannot be a JSON %s", field, is.Value)
	}
	if is, ok := errors.AsType[*time.ParseError](err); ok {
		return fmt.Errorf("%s is no time such as 2025-01-31T00:00:00Z", strconv.Quote(strings.Trim(is.Value, `"`)))
	}
	return err
}

// severity is read from a string or a number, which monitoring systems use for it alike.
type severity string

// UnmarshalJSON takes a string as it is, and a number as it is written.
func (s *severity) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, (*string)(s))
	}
	var n json.Number
	if err := json.Unmarshal(text, &n); err != nil {
		return fmt.Errorf("severity: neither a string nor a number")
	}
	*s = severity(n)
	return nil
}

// MarshalJSON writes what Decode reads.
func (d Deployment) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type string `json:"type"`
		plainDeployment
	}{"deployment", plainDeployment(d)})
}

// MarshalJSON writes what Decode reads.
func (c Change) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type string `json:"type"`
		plainChange
	}{"change", plainChange(c)})
}

// MarshalJSON writes what Decode reads.
func (i Incident) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type string `json:"type"`
		plainIncident
	}{"incident", plainIncident(i)})
}

// MarshalJSON writes what Decode reads.
func (w Work) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type string `json:"type"`
		plainWork
	}{"work", plainWork(w)})
}

// MarshalJSON writes what Decode reads.
func (o Outage) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type string `json:"type"`
		plainOutage
	}{"outage", plainOutage(o)})
}

// MarshalJSON writes what Decode reads.
func (a Answer) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type string `json:"type"`
		plainAnswer
	}{"survey", plainAnswer(a)})
}
