package strategy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// ParsePlan reads a plan from JSON as it is written by json.Marshal. It is strict: an unknown
// field, one in capital letters, one that is there twice, anything behind the plan, and a plan that
// Validate refuses are errors, because a plan that was misread is not the one that was approved.
// Verify is up to the caller.
func ParsePlan(text []byte) (Plan, error) {
	var p Plan
	if err := decodeStrictly(text, &p); err != nil {
		return Plan{}, fmt.Errorf("parse plan: %w", err)
	}
	if err := p.Validate(); err != nil {
		return Plan{}, fmt.Errorf("parse plan: %w", err)
	}
	return p, nil
}

// Hash identifies the plan: the SHA-256 of its JSON, as "sha256:" and 64 hexadecimal digits. Two
// plans have the same hash when they say the same, also when one of them was written down and read
// again. A plan that Validate refuses may have none, and the hash is empty then.
func (p Plan) Hash() string {
	text, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// decodeStrictly decodes one JSON value and nothing else. Types with a decoder of their own use it
// too, as the setting is not handed down to them.
func decodeStrictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind it")
	}
	return exactFields(text)
}

// exactFields refuses what encoding/json takes for a known field and a person would not: another
// spelling of it ("MAX_TOTAL"), and a second one, which would override the first. The text has been
// decoded without an unknown field, so that it is JSON, and what is lower case is a field's name.
func exactFields(text []byte) error {
	var objects [][]string // the fields so far of each object around, nil for a list
	start := -1            // of the string that we are in
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case start >= 0 && c == '\\':
			i++
		case start >= 0 && c == '"':
			top := len(objects) - 1
			if top >= 0 && objects[top] != nil && isKey(text[i+1:]) {
				name := string(text[start:i])
				if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
					return fmt.Errorf("unknown field %q: names are lower case", name)
				}
				if slices.Contains(objects[top], name) {
					return fmt.Errorf("field %q is there twice", name)
				}
				objects[top] = append(objects[top], name)
			}
			start = -1
		case start >= 0:
		case c == '"':
			start = i + 1
		case c == '{':
			objects = append(objects, make([]string, 0, 8))
		case c == '[':
			objects = append(objects, nil)
		case c == '}' || c == ']':
			objects = objects[:len(objects)-1]
		}
	}
	return nil
}

// isKey reports whether the text behind a string makes that string the name of a field.
func isKey(behind []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(behind, " \t\r\n"), []byte(":"))
}

// span is a time.Duration that is written for people: "1m30s".
type span time.Duration

// MarshalText writes the duration as time.Duration does.
func (s span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = span(d)
	return err
}

// IsZero leaves zero durations out.
func (s span) IsZero() bool { return s == 0 }

type planJSON struct {
	Strategy string   `json:"strategy"`
	From     *State   `json:"from"` // a pointer: a plan without one does not start from nothing
	To       Revision `json:"to"`
	Steps    []Step   `json:"steps"`
	Limits   Limits   `json:"limits"`
	HoldBack int      `json:"hold_back,omitempty"`
	Goal     *State   `json:"goal,omitempty"`
}

// MarshalJSON writes the plan.
func (p Plan) MarshalJSON() ([]byte, error) {
	return json.Marshal(planJSON{p.Strategy, &p.From, p.To, p.Steps, p.Limits, p.HoldBack, p.Goal})
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses what ParsePlan does.
func (p *Plan) UnmarshalJSON(text []byte) error {
	var j planJSON
	if err := decodeStrictly(text, &j); err != nil {
		return err
	}
	if j.From == nil {
		return errors.New("a plan without a state to start from")
	}
	*p = Plan{j.Strategy, *j.From, j.To, j.Steps, j.Limits, j.HoldBack, j.Goal}
	return nil
}

type stateJSON struct {
	Stable    Group `json:"stable,omitzero"`
	Baseline  Group `json:"baseline,omitzero"`
	Candidate Group `json:"candidate,omitzero"`
	Sticky    bool  `json:"sticky,omitempty"`
	MinReady  span  `json:"min_ready,omitzero"`
}

// MarshalJSON writes the state, its durations for people: "30s".
func (s State) MarshalJSON() ([]byte, error) {
	return json.Marshal(stateJSON{s.Stable, s.Baseline, s.Candidate, s.Sticky, span(s.MinReady)})
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses what ParsePlan does.
func (s *State) UnmarshalJSON(text []byte) error {
	var j stateJSON
	if err := decodeStrictly(text, &j); err != nil {
		return err
	}
	*s = State{j.Stable, j.Baseline, j.Candidate, j.Sticky, time.Duration(j.MinReady)}
	return nil
}

type stepJSON struct {
	Reason       string   `json:"reason"`
	State        *State   `json:"state"` // a pointer: a step without one is not a step to nothing
	Deadline     span     `json:"deadline,omitzero"`
	Bake         span     `json:"bake,omitzero"`
	Gates        []string `json:"gates,omitempty"`
	Pause        *Pause   `json:"pause,omitempty"`
	Irreversible string   `json:"irreversible,omitempty"`
	Native       bool     `json:"native,omitempty"`
}

// MarshalJSON writes the step, its durations for people: "30s".
func (s Step) MarshalJSON() ([]byte, error) {
	return json.Marshal(stepJSON{
		s.Reason, &s.State, span(s.Deadline), span(s.Bake), s.Gates, s.Pause, s.Irreversible, s.Native,
	})
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses what ParsePlan does.
func (s *Step) UnmarshalJSON(text []byte) error {
	var j stepJSON
	if err := decodeStrictly(text, &j); err != nil {
		return err
	}
	if j.State == nil {
		return errors.New("a step without a state")
	}
	*s = Step{
		j.Reason, *j.State, time.Duration(j.Deadline), time.Duration(j.Bake), j.Gates, j.Pause, j.Irreversible, j.Native,
	}
	return nil
}

type pauseJSON struct {
	Reason   string `json:"reason,omitempty"`
	Deadline span   `json:"deadline,omitzero"`
	Default  Answer `json:"default,omitempty"`
}

// MarshalJSON writes the pause, its deadline for people: "30s".
func (p Pause) MarshalJSON() ([]byte, error) {
	return json.Marshal(pauseJSON{p.Reason, span(p.Deadline), p.Default})
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses what ParsePlan does.
func (p *Pause) UnmarshalJSON(text []byte) error {
	var j pauseJSON
	if err := decodeStrictly(text, &j); err != nil {
		return err
	}
	*p = Pause{j.Reason, time.Duration(j.Deadline), j.Default}
	return nil
}
