package calendar

import (
	"fmt"
	"time"
)

// The years that a calendar knows: a local time is of one of them, and so is every moment that is asked for.
const (
	FirstYear = 1970
	LastYear  = 2199
)

// Local is what a clock on the wall shows, in whatever zone it hangs. As text it is "2026-03-06T17:00", or
// "2026-03-06T17:00:30" where there are seconds.
type Local struct {
	Year                      int
	Month                     time.Month
	Day, Hour, Minute, Second int
}

// Clock is a local time without seconds.
func Clock(year int, month time.Month, day, hour, minute int) Local {
	return Local{Year: year, Month: month, Day: day, Hour: hour, Minute: minute}
}

// ParseLocal reads the text of a local time: "2026-03-06T17:00", with seconds or without, or a date alone, which
// is its midnight.
func ParseLocal(text string) (Local, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil && len(text) == len(layout) {
			l := localOf(t.Unix())
			return l, l.Validate()
		}
	}
	return Local{}, fmt.Errorf("%.40q is no local time such as 2026-03-06T17:00", text)
}

// String is the text of the local time.
func (l Local) String() string {
	text := fmt.Sprintf("%04d-%02d-%02dT%02d:%02d", l.Year, int(l.Month), l.Day, l.Hour, l.Minute)
	if l.Second != 0 {
		text += fmt.Sprintf(":%02d", l.Second)
	}
	return text
}

// Validate reports a local time that no calendar or no clock shows, and a year that is out of bounds.
func (l Local) Validate() error {
	switch {
	case l == Local{}:
		return fmt.Errorf("is missing")
	case l.Year < FirstYear || l.Year > LastYear:
		return fmt.Errorf("%s: the years go from %d to %d", l, FirstYear, LastYear)
	case localOf(l.seconds()) != l:
		return fmt.Errorf("%s: there is no such day or time", l)
	}
	return nil
}

// MarshalText is String, where the local time is valid.
func (l Local) MarshalText() ([]byte, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	return []byte(l.String()), nil
}

// UnmarshalText is ParseLocal.
func (l *Local) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLocal(string(text))
	return err
}

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

// seconds counts from the beginning of 1970 as if all days had 24 hours.
func (l Local) seconds() int64 {
	return daysOf(l.Year, int(l.Month), l.Day)*day + int64(l.Hour*hour+l.Minute*minute+l.Second)
}

func localOf(seconds int64) Local {
	days := floor(seconds, day)
	y, m, d := dateOf(days)
	s := int(seconds - days*day)
	return Local{Year: y, Month: time.Month(m), Day: d, Hour: s / hour, Minute: s % hour / minute, Second: s % minute}
}

// daysOf counts the days since 1970-01-01. The year begins in March here, so that the leap day is its last one.
// Months and days out of bounds count on.
func daysOf(y, m, d int) int64 {
	y += int(floor(int64(m-1), 12))
	m -= int(floor(int64(m-1), 12)) * 12
	if m <= 2 {
		y--
	}
	era := floor(int64(y), 400)
	ofEra := int64(y) - era*400
	ofYear := int64((153*((m+9)%12)+2)/5 + d - 1)
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

// dateOf is the other way round.
func dateOf(days int64) (y, m, d int) {
	days += 719468
	era := floor(days, 146097)
	ofEra := days - era*146097
	year := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*year + year/4 - year/100)
	month := (5*ofYear + 2) / 153
	y, m, d = int(year+era*400), int(month)+3, int(ofYear-(153*month+2)/5)+1
	if m > 12 {
		y, m = y+1, m-12
	}
	return y, m, d
}

// weekday of a day, Monday 0 to Sunday 6: 1970-01-01 was a Thursday.
func weekday(days int64) int { return int(days + 3 - floor(days+3, 7)*7) }

func monthLength(y, m int) int {
	switch {
	case m != 2:
		return 30 + (m+m/8)&1
	case y%4 == 0 && (y%100 != 0 || y%400 == 0):
		return 29
	}
	return 28
}

// floor divides, rounding down below zero, too.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
