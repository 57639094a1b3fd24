package strategy

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// whole is how many millionths make all of the traffic.
const whole = 1_000_000

// Share is a part of the traffic, from none of it (the zero value) to all of it.
//
// It counts whole millionths, so that shares add up exactly, and it is a struct, so that neither a
// percentage nor a router's weight can be mistaken for one: write Percent(5), not 5. A constructor
// accepts any number; what is outside of 0 to 100 % is reported by Valid and, with the name of the
// field, by the Validate of whatever holds the share.
type Share struct{ millionths int32 }

// All is the whole of the traffic.
func All() Share { return Share{whole} }

// Percent is p hundredths of the traffic, rounded to the nearest millionth.
func Percent(p float64) Share { return fromFloat(p * (whole / 100)) }

// Millionths is n millionths of the traffic.
func Millionths(n int) Share {
	return Share{int32(min(max(n, math.MinInt32), math.MaxInt32))}
}

// Ratio is part/total of the traffic, rounded down to a whole millionth. A total of zero or less
// gives an invalid share.
func Ratio(part, total int) Share {
	if total <= 0 {
		return Share{math.MinInt32}
	}
	return Millionths(int(int64(part) * whole / int64(total)))
}

func fromFloat(millionths float64) Share {
	r := math.Round(millionths)
	if math.IsNaN(r) || r < math.MinInt32 || r > math.MaxInt32 {
		return Share{math.MinInt32}
	}
	return Share{int32(r)}
}

// Valid reports whether the share lies between none and all of the traffic.
func (s Share) Valid() error {
	switch {
	case s.millionths < 0:
		return fmt.Errorf("a share of %s is below none of the traffic", s)
	case s.millionths > whole:
		return fmt.Errorf("a share of %s is above all of the traffic", s)
	}
	return nil
}

// Millionths is the share as a count of millionths.
func (s Share) Millionths() int { return int(s.millionths) }

// Fraction is the share as a number from 0 to 1.
func (s Share) Fraction() float64 { return float64(s.millionths) / whole }

// IsZero reports whether the share is none of the traffic.
func (s Share) IsZero() bool { return s.millionths == 0 }

// Plus is the sum of both shares.
func (s Share) Plus(o Share) Share { return Millionths(int(s.millionths) + int(o.millionths)) }

// Minus is what is left of s without o.
func (s Share) Minus(o Share) Share { return Millionths(int(s.millionths) - int(o.millionths)) }

// Rest is what is left of all of the traffic without s.
func (s Share) Rest() Share { return All().Minus(s) }

// Compare is negative when s is the smaller share, zero when both are equal, positive otherwise.
func (s Share) Compare(o Share) int { return int(s.millionths) - int(o.millionths) }

// Of is how many of n instances the share stands for, rounded up.
func (s Share) Of(n int) int {
	return int((int64(s.millionths)*int64(n) + whole - 1) / whole)
}

// String is the share in percent with as many digits as it needs: "5%", "33.3333%".
func (s Share) String() string {
	if s.millionths == math.MinInt32 {
		return "not-a-number%"
	}
	return strconv.FormatFloat(float64(s.millionths)/(whole/100), 'f', -1, 64) + "%"
}

// ParseShare reads what String writes: a number of percent with its sign, as in "12.5%".
func ParseShare(text string) (Share, error) {
	digits, ok := strings.CutSuffix(text, "%")
	if !ok {
		return Share{}, fmt.Errorf("share %q: want a number of percent with its sign, as in \"12.5%%\"", text)
	}
	p, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return Share{}, fmt.Errorf("share %q: %q is not a number", text, digits)
	}
	s := Percent(p)
	if err := s.Valid(); err != nil {
		return Share{}, fmt.Errorf("share %q: must lie between 0%% and 100%%", text)
	}
	return s, nil
}

// MarshalText writes the share as String does.
func (s Share) MarshalText() ([]byte, error) {
	if err := s.Valid(); err != nil {
		return nil, err
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (s *Share) UnmarshalText(text []byte) error {
	parsed, err := ParseShare(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
