package strategy

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Amount is a number of instances: a count, or a percentage of all of them. The zero value is
// unset, and each field says what that means; Count(0) is not unset.
//
// A percentage is kept in whole millionths, as a Share is, so that 10 % of 30 instances are three
// in both directions of rounding. The constructors accept any number; Valid reports what cannot be.
type Amount struct {
	kind  amountKind
	value int // instances, or millionths of them all
}

type amountKind uint8

const (
	unset amountKind = iota
	counted
	percentage
	notANumber
)

// Count is n instances.
func Count(n int) Amount { return Amount{counted, n} }

// PercentOf is p hundredths of all instances; which all, the field says.
func PercentOf(p float64) Amount {
	s := Percent(p)
	if s.millionths == math.MinInt32 {
		return Amount{kind: notANumber}
	}
	return Amount{percentage, s.Millionths()}
}

// IsZero reports whether the amount is unset.
func (a Amount) IsZero() bool { return a.kind == unset }

// none reports whether the amount is set, and is no instance of however many.
func (a Amount) none() bool { return !a.IsZero() && a.Up(maxReplicas) == 0 }

// Up is how many of n instances the amount is, a percentage rounded up. An unset amount is none.
func (a Amount) Up(n int) int { return a.of(n, whole-1) }

// Down is how many of n instances the amount is, a percentage rounded down.
func (a Amount) Down(n int) int { return a.of(n, 0) }

func (a Amount) of(n, round int) int {
	switch a.kind {
	case counted:
		return a.value
	case percentage:
		return int((int64(a.value)*int64(n) + int64(round)) / whole)
	}
	return 0
}

// Valid reports an amount below zero, above 100 %, or of no number at all.
func (a Amount) Valid() error {
	switch {
	case a.kind == notANumber:
		return fmt.Errorf("the percentage is not a number")
	case a.value < 0:
		return fmt.Errorf("%s is below zero", a)
	case a.kind == percentage && a.value > whole:
		return fmt.Errorf("%s is above 100%%", a)
	case a.kind == counted && a.value > maxReplicas:
		return fmt.Errorf("%s is above a million instances", a)
	}
	return nil
}

// String is the amount as people write it: "3", "25%", or "unset".
func (a Amount) String() string {
	switch a.kind {
	case counted:
		return strconv.Itoa(a.value)
	case percentage:
		return Millionths(a.value).String()
	case notANumber:
		return "not-a-number%"
	}
	return "unset"
}

// ParseAmount reads what String writes, "unset" aside: "3" or "25%".
func ParseAmount(text string) (Amount, error) {
	digits, percent := strings.CutSuffix(text, "%")
	if !percent {
		n, err := strconv.Atoi(text)
		if err != nil {
			return Amount{}, fmt.Errorf("amount %q: want a count or a percentage, as in \"3\" or \"25%%\"", text)
		}
		return validAmount(text, Count(n))
	}
	p, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return Amount{}, fmt.Errorf("amount %q: %q is not a number", text, digits)
	}
	return validAmount(text, PercentOf(p))
}

func validAmount(text string, a Amount) (Amount, error) {
	if err := a.Valid(); err != nil {
		return Amount{}, fmt.Errorf("amount %q: %w", text, err)
	}
	return a, nil
}

// MarshalText writes the amount as String does, and nothing for an unset one.
func (a Amount) MarshalText() ([]byte, error) {
	if err := a.Valid(); err != nil {
		return nil, err
	}
	if a.IsZero() {
		return nil, nil
	}
	return []byte(a.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (a *Amount) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Amount{}
		return nil
	}
	parsed, err := ParseAmount(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// MarshalJSON writes a count as a number, a percentage as a string, and null for an unset amount.
func (a Amount) MarshalJSON() ([]byte, error) {
	text, err := a.MarshalText()
	switch {
	case err != nil:
		return nil, err
	case a.kind == unset:
		return []byte("null"), nil
	case a.kind == percentage:
		return []byte(strconv.Quote(string(text))), nil
	}
	return text, nil
}

// UnmarshalJSON reads what MarshalJSON writes, and a count within quotation marks too.
func (a *Amount) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*a = Amount{}
		return nil
	}
	inner, quoted := bytes.CutPrefix(text, []byte(`"`))
	if quoted {
		inner = bytes.TrimSuffix(inner, []byte(`"`))
	}
	parsed, err := ParseAmount(string(inner))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
