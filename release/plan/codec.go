package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxJSON is the largest plan that Parse reads, in bytes.
const MaxJSON = 1 << 20

// ErrForm says that a text is no plan.
var ErrForm = errors.New("not a plan")

// Parse reads a plan from JSON, as Encode and encoding/json write it. What it does not know is an error, and so is a field that comes twice,
// a mode that there is not, and what comes behind it; that the plan makes sense is for Check to say, and "{}" is an empty one. The error wraps
// ErrForm.
func Parse(text []byte) (Plan, error) {
	if len(text) > MaxJSON {
		return Plan{}, fmt.Errorf("%w: %d bytes, at most %d are read", ErrForm, len(text), MaxJSON)
	}
	if !utf8.Valid(text) {
		return Plan{}, fmt.Errorf("%w: it is not UTF-8", ErrForm)
	}
	if err := exact(text); err != nil {
		return Plan{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var p *Plan
	if err := d.Decode(&p); err != nil {
		return Plan{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Plan{}, fmt.Errorf("%w: something comes behind it", ErrForm)
	}
	if p == nil {
		return Plan{}, fmt.Errorf("%w: it is null", ErrForm)
	}
	for _, m := range append([]Moved{{To: p.Stands()}}, p.Moves...) {
		if !slices.Contains([]Mode{Draft, Approved, Execution, Completed}, m.To) {
			return Plan{}, fmt.Errorf("%w: there is no mode %q", ErrForm, m.To)
		}
	}
	return *p, nil
}

// exact reports names that encoding/json would take for others, since it does not look at their case, and names that come twice in an object,
// of which it would take the last.
func exact(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var open []map[string]bool // the names in each object that is open; nil for a list
	name := false              // whether the next text is a name
	for {
		token, err := d.Token()
		if err != nil {
			return nil // how it ends, and what is no JSON, is for the reader to say
		}
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
		case string:
			if name {
				if strings.Trim(t, "abcdefghijklmnopqrstuvwxyz_") != "" {
					return fmt.Errorf("%q is no field", t)
				}
				within := open[len(open)-1]
				if within[t] {
					return fmt.Errorf("field %q comes twice", t)
				}
				within[t], name = true, false
				continue
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// Encode writes the plan as indented JSON. The error says that a time in it is of a year that JSON does not have.
func (p Plan) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", p.Name, err)
	}
	return append(text, '\n'), nil
}
