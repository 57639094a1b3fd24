package maturity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Decode reads a model from a JSON object, strictly: a field that a model does not have is an error, and so is whatever follows the object. The model is valid.
func Decode(text []byte) (Model, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var m *Model
	if err := d.Decode(&m); err != nil {
		return Model{}, fmt.Errorf("model: %w", err)
	}
	if m == nil {
		return Model{}, errors.New("model: null is none")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Model{}, fmt.Errorf("model: there is more behind it, at byte %d", d.InputOffset())
	}
	if err := m.Validate(); err != nil {
		return Model{}, fmt.Errorf("model: %w", err)
	}
	return *m, nil
}
