package dora

import (
	"encoding/json"
	"math"
	"strconv"
)

// Figure is a number that may be absent: the zero Figure is no data, which is not 0. JSON leaves it out.
type Figure struct {
	// bits are those of the number, turned so that zero bits are those of a NaN: a report has very many figures.
	bits uint64
}

// absent are the bits of the NaN that stands for no number.
const absent = 0x7ff8_0000_0000_0000

// Known is the figure with that value; NaN is none.
func Known(value float64) Figure {
	if value != value {
		return Figure{}
	}
	return Figure{math.Float64bits(value) ^ absent}
}

// float is the value; NaN where there is none.
func (f Figure) float() float64 { return math.Float64frombits(f.bits ^ absent) }

// Get answers the value, and whether there is one; else 0.
func (f Figure) Get() (value float64, known bool) {
	if f.bits == 0 {
		return 0, false
	}
	return f.float(), true
}

// Or is the value, or another one where there is none.
func (f Figure) Or(other float64) float64 {
	if f.bits == 0 {
		return other
	}
	return f.float()
}

// IsZero says whether there is no value.
func (f Figure) IsZero() bool { return f.bits == 0 }

// String is the number, or "-".
func (f Figure) String() string {
	if f.bits == 0 {
		return "-"
	}
	return strconv.FormatFloat(f.float(), 'g', -1, 64)
}

// GoString is as String, so that figures in a failed test can be read.
func (f Figure) GoString() string { return f.String() }

// MarshalJSON writes the number, or null.
func (f Figure) MarshalJSON() ([]byte, error) {
	if f.bits == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(f.float())
}

// UnmarshalJSON reads a number, or null.
func (f *Figure) UnmarshalJSON(text []byte) error {
	*f = Figure{}
	if string(text) == "null" {
		return nil
	}
	var v float64
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	*f = Known(v)
	return nil
}
