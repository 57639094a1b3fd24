package changelog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// ParsePolicy reads a policy from its JSON and validates it. It is strict: a field that there is not, a field
// that comes twice, and text behind the policy are errors. PropagateBy is not in JSON.
func ParsePolicy(text []byte) (Policy, error) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF")) // some editors begin a file with it
	var p Policy
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	switch err := in.Decode(&p); {
	case errors.Is(err, io.EOF), string(bytes.TrimSpace(text)) == "null":
		return Policy{}, errors.New("policy: it is empty; {} is the one that has all defaults")
	case err != nil:
		return Policy{}, fmt.Errorf("policy: %w", inField(text, err))
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return Policy{}, errors.New("policy: there is text behind it")
	}
	if err := distinct(json.NewDecoder(bytes.NewReader(text)), ""); err != nil {
		return Policy{}, fmt.Errorf("policy: %w", err)
	}
	if err := p.Validate(); err != nil {
		return Policy{}, fmt.Errorf("policy: %w", err)
	}
	return p, nil
}

// inField puts the field before the error of a level or a version that there is not, since encoding/json does not.
func inField(text []byte, err error) error {
	type part struct{ Initial json.RawMessage }
	var p struct {
		Types                  map[string]json.RawMessage `json:"types"`
		Unknown, Free, Initial json.RawMessage
		Components             []part
		Umbrella               part
	}
	if json.NewDecoder(bytes.NewReader(text)).Decode(&p) != nil {
		return err
	}
	levels := map[string]json.RawMessage{"unknown": p.Unknown, "free": p.Free}
	// order: it goes from one map to another.
	for name, raw := range p.Types {
		levels[fmt.Sprintf("types[%q]", name)] = raw
	}
	versions := map[string]json.RawMessage{"initial": p.Initial, "umbrella.initial": p.Umbrella.Initial}
	for i, c := range p.Components {
		versions[fmt.Sprintf("components[%d].initial", i)] = c.Initial
	}
	fails := func(raw json.RawMessage, into any) bool {
		bad := json.Unmarshal(raw, into)
		return len(raw) > 0 && bad != nil && bad.Error() == err.Error()
	}
	for _, field := range slices.Sorted(maps.Keys(levels)) {
		if fails(levels[field], new(Level)) {
			return fmt.Errorf("field %s: %w", field, err)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(versions)) {
		if fails(versions[field], new(semver.Version)) {
			return fmt.Errorf("field %s: %s: %w", field, versions[field], lowered(err))
		}
	}
	return err
}

// distinct fails where an object has a field twice, of which encoding/json would take the last one, or one that is not in
// lower case, which it would take for the one that is. It reads one value.
func distinct(in *json.Decoder, path string) error {
	token, err := in.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		seen := map[string]bool{}
		for in.More() {
			name, err := in.Token()
			if err != nil {
				return err
			}
			field := strings.TrimPrefix(fmt.Sprint(path, ".", name), ".")
			switch {
			case seen[field]:
				return fmt.Errorf("field %q comes twice", field)
			case strings.ToLower(field) != field:
				return fmt.Errorf("field %q: names are in lower case", field)
			}
			seen[field] = true
			if err := distinct(in, field); err != nil {
				return err
			}
		}
		_, err = in.Token()
	case json.Delim('['):
		for i := 0; in.More(); i++ {
			if err := distinct(in, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		_, err = in.Token()
	}
	return err
}
