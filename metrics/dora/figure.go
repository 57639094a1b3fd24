package dora

import (
	"encoding/json"
	"strconv"
)

// Figure is a number that may be absent: the zero Figure is no data, which is not 0. JSON leaves it out.
type Figure struct {
	value float64
	known bool
}

// Known is the figure with that value.
func Known(value float64) Figure { return Figure{value, true} }

// Get answers the value, and whether there is one.
func (f Figure) Get() (value float64, known bool) { return f.value, f.known }

// Or is the value, or another one where there is none.
func (f Figure) Or(other float64) float64 {
	if f.known {
		return f.value
	}
	return other
}

// IsZero says whether there is no value.
func (f Figure) IsZero() bool { return !f.known }

// String is the number, or "-".
func (f Figure) String() string {
	if !f.known {
		return "-"
	}
	return strconv.FormatFloat(f.value, 'g', -1, 64)
}

// MarshalJSON writes the number, or null.
func (f Figure) MarshalJSON() ([]byte, error) {
	if !f.known {
		return []byte("null"), nil
	}
	return json.Marshal(f.value)
}

// UnmarshalJSON reads a number, or null.
func (f *Figure) UnmarshalJSON(text []byte) error {
	*f = Figure{}
	if string(text) == "null" {
		return nil
	}
	err := json.Unmarshal(text, &f.value)
	f.known = err == nil
	return err
}
