package httpjson

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/metrics/trace"
)

// kindOf is what a value is, without what it says.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case string:
		return "a text"
	case []any:
		return "a list"
	}
	return "an object"
}

// digits are the text of a number, which may be written as one.
func digits(v any) (string, bool) {
	switch v := v.(type) {
	case json.Number:
		return v.String(), true
	case string:
		return strings.TrimSpace(v), true
	}
	return "", false
}

// decimal is strconv.ParseFloat for what JSON and people call a number: 0x1p1 and 1_0 are none.
func decimal(text string) (float64, error) {
	if strings.ContainsAny(text, "_xX") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}

// count is a whole number, not below zero.
func count(v any) (uint64, error) {
	text, ok := digits(v)
	if !ok {
		return 0, fmt.Errorf("is %s, and not a number", kindOf(v))
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, nil
	}
	f, err := decimal(text)
	if err != nil || !(f >= 0 && f < 1<<64) || f != math.Trunc(f) {
		return 0, fmt.Errorf("is %s, and not a count: a whole number from 0 up", kindOf(v))
	}
	return uint64(f), nil
}

// number is any number; NaN and infinities only as texts, as JSON has none.
func number(v any) (float64, error) {
	text, ok := digits(v)
	if !ok {
		return 0, fmt.Errorf("is %s, and not a number", kindOf(v))
	}
	f, err := decimal(text)
	if err != nil {
		return 0, fmt.Errorf("is %s, and not a number", kindOf(v))
	}
	return f, nil
}

// finite are the values of a gauge: one, or a list.
func finite(v any) ([]float64, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	values := make([]float64, len(list))
	for i, entry := range list {
		f, err := number(entry)
		if err != nil {
			return nil, err
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("is not a finite number")
		}
		values[i] = f
	}
	return values, nil
}

// moment is a time as in RFC 3339, or units since 1970.
func moment(v any, unit time.Duration) (time.Time, error) {
	if text, ok := v.(string); ok {
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return t.UTC(), nil
		}
	}
	f, err := number(v)
	if err != nil {
		return time.Time{}, fmt.Errorf("is %s, and no time: neither as in RFC 3339 nor a number", kindOf(v))
	}
	whole, fraction := math.Modf(f * float64(unit) / float64(time.Second))
	if !(math.Abs(whole) < 1<<37) { // some four thousand years
		return time.Time{}, fmt.Errorf("is no time within four thousand years from 1970: is it in another unit?")
	}
	// A number of seconds of this century is exact to a microsecond, not to a nanosecond.
	return time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000).UTC(), nil
}

// latency is a list of cumulative buckets, as package trace has it.
func latency(v any) (metrics.Histogram, error) {
	list, err := json.Marshal(map[string]any{"t": 0, "group": "-", "latency": v})
	if err != nil {
		return metrics.Histogram{}, err
	}
	line, _, err := trace.Parse(list)
	if err != nil {
		// The error there quotes the document.
		return metrics.Histogram{}, fmt.Errorf(`is no latency: a list of {"le":seconds,"count":n}, where le ascends up to "+Inf", and counts are cumulative`)
	}
	return line.Latency, nil
}
