package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics/dora"
)

const (
	noFigure = "-"
	minute   = 60.0
	hour     = 60 * minute
	day      = 24 * hour
)

// duration shows seconds by the two largest units that say something: "3d 4h", "1h 5m", "40s". Nothing is cut: the smaller unit
// is rounded.
func duration(f dora.Figure) string {
	s, ok := f.Get()
	if !ok {
		return noFigure
	}
	sign := ""
	if s < 0 {
		sign, s = "-", -s
	}
	switch {
	case s >= 100*day-30*minute:
		return sign + decimal(math.Round(s/day)) + "d"
	case s >= day-30*minute:
		return sign + units(math.Round(s/hour), 24, "d", "h")
	case s >= hour-30:
		return sign + units(math.Round(s/minute), 60, "h", "m")
	case s >= minute-0.5:
		return sign + units(math.Round(s), 60, "m", "s")
	case s >= 10 || s == 0:
		return sign + decimal(math.Round(s)) + "s"
	}
	return sign + decimal(s) + "s"
}

// units shows a whole number of small units, so many of which are a large one.
func units(n, many float64, large, small string) string {
	text := decimal(math.Floor(n/many)) + large
	if rest := math.Mod(n, many); rest > 0 {
		text += " " + decimal(rest) + small
	}
	return text
}

// decimal shows a number by three digits or more, without zeros at its end.
func decimal(v float64) string {
	digits := 2
	switch size := math.Abs(v); {
	case size >= 100 || size == 0:
		digits = 0
	case size >= 10:
		digits = 1
	case size < 0.1:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func number(f dora.Figure) string {
	if v, ok := f.Get(); ok {
		return decimal(v)
	}
	return noFigure
}

// percent shows a share.
func percent(f dora.Figure) string {
	v, ok := f.Get()
	if !ok {
		return noFigure
	}
	return share(v, 1)
}

// share shows a share by a number of digits, or more where nothing else would be left of it.
func share(v float64, digits int) string {
	v *= 100
	if v > 0 && v < math.Pow(10, -float64(digits)) {
		return strconv.FormatFloat(v, 'g', 2, 64) + " %"
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + " %"
}

// uptime shows a share that is close to 1 by what it lacks: what is below 1 is never shown as 1.
func uptime(v float64) string {
	for digits := 2; digits < 8; digits++ {
		if text := strconv.FormatFloat(v*100, 'f', digits, 64); v >= 1 || !strings.HasPrefix(text, "100") {
			return text + " %"
		}
	}
	return "almost 100 %"
}

// interval shows both ends, or that there are too few for one.
func interval(low, high dora.Figure, n int, show func(dora.Figure) string) string {
	switch {
	case !low.IsZero() && !high.IsZero():
		return show(low) + " .. " + show(high)
	case n > 0:
		return "too few"
	}
	return noFigure
}

// frequency shows a number a day by the span in which there is one at least.
func frequency(perDay dora.Figure) string {
	v, ok := perDay.Get()
	switch {
	case !ok:
		return noFigure
	case v == 0:
		return "none"
	case v >= 1:
		return decimal(v) + " a day"
	case v*7 >= 1:
		return decimal(v*7) + " a week"
	}
	return decimal(v*30) + " in 30 days"
}

// instant shows a time by its date, and by its clock where it is not midnight.
func instant(t time.Time) string {
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0 {
		return t.Format(time.DateOnly)
	}
	if t.Second() == 0 && t.Nanosecond() == 0 {
		return t.Format("2006-01-02 15:04")
	}
	return t.Format("2006-01-02 15:04:05.999999999")
}

// several is a number, which need not be whole, with its noun.
func several(f dora.Figure, noun string) string {
	if f == dora.Known(1) {
		return "1 " + noun
	}
	return number(f) + " " + noun + "s"
}

// count is a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
