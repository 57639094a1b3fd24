package main

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/release/calendar"
	"github.com/davit-sdk/davit/release/calendar/load"
)

//go:embed calendars.json
var shippedCalendars []byte

//go:embed load.csv
var shippedLoad []byte

// answer is what there is to say.
type answer struct {
	Subject   calendar.Subject `json:"subject"`
	Calendars []string         `json:"calendars"`
	Runway    runway           `json:"runway"`
	Slots     []calendar.Span  `json:"slots"`
	Quietest  []load.Time      `json:"quietest"`
	Unknown   string           `json:"unknown,omitempty"`
}

type runway struct {
	calendar.Runway
	Need string `json:"need"`
}

func (o options) answer() (answer, error) {
	data, err := read(o.file, shippedCalendars)
	if err != nil {
		return answer{}, err
	}
	calendars, err := calendar.Decode(data)
	if err != nil {
		return answer{}, err
	}
	schedule, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation, Subject: o.subject}, calendars...)
	if err != nil {
		return answer{}, err
	}
	a := answer{Subject: o.subject, Calendars: append([]string{}, schedule.Calendars()...), Runway: runway{schedule.Fits(o.at, o.length), o.length.String()}, Slots: []calendar.Span{}, Quietest: []load.Time{}}
	for span := range schedule.Spans(o.at, a.Runway.Horizon) {
		if span.Length() < o.length {
			continue
		}
		if a.Slots = append(a.Slots, span); len(a.Slots) == o.count {
			break
		}
	}
	points, err := o.points()
	if err != nil {
		return answer{}, err
	}
	if len(a.Slots) == 0 {
		a.Unknown = "there is no slot"
		return a, nil
	}
	times, err := quietest(points, schedule, o)
	var little *load.TooLittleError
	if errors.As(err, &little) || errors.Is(err, load.ErrNowhere) {
		a.Unknown = err.Error()
		return a, nil
	}
	a.Quietest = append(a.Quietest, times...)
	return a, err
}

func quietest(points []metrics.Point, schedule *calendar.Schedule, o options) ([]load.Time, error) {
	profile, err := load.Learn(points, load.Options{Location: o.zone, Slot: time.Hour})
	if err != nil {
		return nil, err
	}
	return profile.Quietest(load.Question{Schedule: schedule, From: o.at, Length: o.length, Count: o.count})
}

func read(name string, shipped []byte) ([]byte, error) {
	if name == "" {
		return shipped, nil
	}
	return os.ReadFile(name)
}

// points are the lines of the load file.
func (o options) points() (all []metrics.Point, err error) {
	data, err := read(o.load, shippedLoad)
	if err != nil {
		return nil, err
	}
	lines := csv.NewReader(bytes.NewReader(data))
	lines.FieldsPerRecord = 2
	for n := 1; ; n++ {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
		if n == 1 {
			continue // the heading
		}
		at, err := time.Parse("2006-01-02T15:04Z07:00", line[0])
		if err != nil {
			at, err = time.Parse(time.RFC3339, line[0])
		}
		value, wrong := strconv.ParseFloat(line[1], 64)
		if err := errors.Join(err, wrong); err != nil {
			return nil, fmt.Errorf("load: line %d: %w", n, err)
		}
		all = append(all, metrics.Point{At: at, Value: value})
	}
}

// write writes an answer.
func (o options) write(a answer, out io.Writer) error {
	if o.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(a)
	}
	_, err := io.WriteString(out, o.text(a))
	return err
}

// text is an answer for people.
func (o options) text(a answer) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	by := "by no calendar"
	if len(a.Calendars) > 0 {
		by = "by the calendars " + strings.Join(a.Calendars, ", ")
	}
	line("%s in %s, %s, %s", a.Subject.Service, a.Subject.Environment, o.clock(a.Runway.At), by)
	word := "closed"
	if a.Runway.Open {
		word = "open"
	}
	line("\n%s", word)
	for _, r := range a.Runway.Why {
		line("  %s", o.reason(r))
	}
	line("  next opening  %s", o.clock(a.Runway.NextOpening))
	line("  next closing  %s", o.clock(a.Runway.NextClosing))
	switch {
	case a.Runway.Fits:
		line("\n%s: may begin now", o.length)
	case a.Runway.Start.IsZero():
		line("\n%s: fits nowhere before %s", o.length, o.clock(a.Runway.Horizon))
	default:
		line("\n%s: may begin at the earliest %s", o.length, o.clock(a.Runway.Start))
	}
	line("\nnext slots")
	for _, s := range a.Slots {
		line("  %s to %s (%s)", o.clock(s.From), o.clock(s.To), s.Length())
	}
	line("\nquietest within two weeks")
	for _, t := range a.Quietest {
		line("  %s  load %.0f, up to %.0f, by %d weeks", o.clock(t.From), t.Load, t.Peak, t.Weeks)
	}
	if a.Unknown != "" {
		line("  %s", a.Unknown)
	}
	return b.String()
}

// reason is a reason by the clock of the zone.
func (o options) reason(r calendar.Reason) string {
	text := map[calendar.Cause]string{
		calendar.Frozen:    fmt.Sprintf("frozen by %s/%s until %s", r.Calendar, r.Window, o.clock(r.Until)),
		calendar.Outside:   fmt.Sprintf("outside the windows of %s, the next of which begins %s", r.Calendar, o.clock(r.Until)),
		calendar.Allowed:   fmt.Sprintf("allowed by %s/%s until %s", r.Calendar, r.Window, o.clock(r.Until)),
		calendar.OutOfTime: r.String(),
	}[r.Cause]
	if r.Text != "" {
		text += ": " + r.Text
	}
	return text
}

func (o options) clock(t time.Time) string {
	if t.IsZero() {
		return "not within a year"
	}
	return t.In(o.zone).Format("Mon 2006-01-02 15:04 MST")
}
