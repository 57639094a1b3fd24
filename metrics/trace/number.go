package trace

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// decimal is strconv.ParseFloat for what JSON and people call a number: 0x1p1 and 1_0 are none.
func decimal(text string) (float64, error) {
	if strings.ContainsAny(text, "_xX") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}

// whole is a count as it is written: 100, 100.0 or 1e2.
func whole(text string) (uint64, error) {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, nil
	}
	if units, zeros, ok := strings.Cut(text, "."); ok && zeros != "" && strings.Trim(zeros, "0") == "" {
		if n, err := strconv.ParseUint(units, 10, 64); err == nil {
			return n, nil // exact, where a float64 is not
		}
	}
	f, err := decimal(text)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(f):
		return 0, fmt.Errorf("%q is no count", text)
	case f < 0:
		return 0, fmt.Errorf("%s is below zero", text)
	case f >= 1<<64:
		return 0, fmt.Errorf("%s is more than can be counted", text)
	case f != math.Trunc(f):
		return 0, fmt.Errorf("%s is not a whole number", text)
	}
	return uint64(f), nil
}

// finite is a finite number.
func finite(text string) (float64, error) {
	f, err := decimal(text)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("%q is not a finite number", text)
	}
	return f, nil
}

// bound is the upper bound of a bucket, which may be +Inf.
func bound(text string) (float64, error) {
	f, err := decimal(text)
	switch {
	case err != nil || math.IsNaN(f):
		return 0, fmt.Errorf("le: %q is no number of seconds, and not +Inf", text)
	case f < 0:
		return 0, fmt.Errorf("le: %s seconds is below zero", text)
	}
	return f + 0, nil
}

// The years that a time may be of.
const minYear, maxYear = 1970, 9999

// moment is a time as in RFC 3339, in UTC.
func moment(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("at: %q is no time as in RFC 3339", text)
	}
	if at = at.UTC(); at.Year() < minYear || at.Year() > maxYear {
		return time.Time{}, fmt.Errorf("at: %s is not a time from %d to %d", text, minYear, maxYear)
	}
	return at, nil
}

const digits = 9 // of a second that a time.Duration can tell

// seconds is a number of seconds, to the nanosecond. Without an exponent it is exact, which a float64
// is not for times of this century.
func seconds(text string) (time.Duration, error) {
	f, err := decimal(text)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(f):
		return 0, fmt.Errorf("t: %q is no number of seconds", text)
	case f < 0:
		return 0, fmt.Errorf("t: %s is before the start", text)
	case f >= float64(math.MaxInt64/int64(time.Second)):
		return 0, fmt.Errorf("t: %s seconds are more than %d years; are they of another unit?", text, math.MaxInt64/int64(time.Hour)/24/365)
	}
	units, fraction, _ := strings.Cut(strings.TrimLeft(text, "+-"), ".")
	if strings.ContainsFunc(units+fraction, func(r rune) bool { return r < '0' || r > '9' }) {
		return time.Duration(math.Round(f * float64(time.Second))), nil
	}
	up := time.Duration(0)
	if len(fraction) > digits {
		if fraction[digits] >= '5' {
			up = 1
		}
		fraction = fraction[:digits]
	}
	ns, err := strconv.ParseInt(strings.TrimLeft(units, "0")+fraction+strings.Repeat("0", digits-len(fraction)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("t: %q is no number of seconds", text)
	}
	return time.Duration(ns) + up, nil
}

// appendSeconds writes a duration so that seconds reads the same.
func appendSeconds(b []byte, d time.Duration) []byte {
	b = strconv.AppendInt(b, int64(d/time.Second), 10)
	fraction := strings.TrimRight(fmt.Sprintf("%09d", int64(d%time.Second)), "0")
	if fraction == "" {
		fraction = "0"
	}
	return append(append(b, '.'), fraction...)
}

// appendNumber writes a finite number in the shortest way that reads the same.
func appendNumber(b []byte, f float64) []byte {
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 64)
}
