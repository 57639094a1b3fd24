package ical

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	lib "github.com/emersion/go-ical"
)

// MaxSize is the largest file that is read, in bytes.
const MaxSize = 32 << 20

// Kind is what an event means to a calendar.
type Kind string

const (
	// Freeze: releases may not run. The default.
	Freeze Kind = "freeze"
	// Allow: releases may run.
	Allow Kind = "allow"
	// Nothing: the event is left out, and not listed.
	Nothing Kind = "nothing"
)

// Options are how a file is read.
type Options struct {
	// Name is the calendar's name. Empty: what the file says (X-WR-CALNAME).
	Name string
	// Zone is the calendar's zone, of all-day events and times without a zone. Empty: what the file says
	// (X-WR-TIMEZONE).
	Zone string
	// Zones finds a zone by its name: time.LoadLocation. Nil: there is UTC alone.
	Zones func(name string) (*time.Location, error)
	// Names say what a TZID means that is no name of the IANA database.
	Names map[string]string
	// Kind says what an event means, by its summary and categories. Nil: it is a freeze, unless it has the category
	// ALLOW.
	Kind func(summary string, categories []string) Kind
	// Partial returns what can be expressed, with a list of the rest. Where no allow window is left of those in the file,
	// it is an error all the same: without any, the calendar would be open.
	Partial bool
}

// Left is something that could not be expressed.
type Left struct {
	// UID and Summary are those of the event, as far as it has them.
	UID     string `json:"uid,omitempty"`
	Summary string `json:"summary,omitempty"`
	// Property is what it is about: "RRULE".
	Property string `json:"property,omitempty"`
	Reason   string `json:"reason"`
	// Whole says that the event was left out as a whole.
	Whole bool `json:"whole"`
}

// String is the entry in one line.
func (l Left) String() string {
	text := fmt.Sprintf("%q: ", l.Summary)
	if l.Property != "" {
		text += l.Property + ": "
	}
	return text + l.Reason
}

// LossError says what a file has that a calendar cannot express.
type LossError struct{ Left []Left }

// Error lists it.
func (e *LossError) Error() string {
	text := fmt.Sprintf("%d parts of the calendar cannot be expressed:", len(e.Left))
	for _, l := range e.Left {
		text += "\n\t* " + l.String()
	}
	return text
}

// Reading is what a file says.
type Reading struct {
	Calendar calendar.Calendar
	// Left is what it says and the calendar does not.
	Left []Left
}

// Read reads a file of one VCALENDAR. Where a part of it cannot be expressed, the error is a *LossError, unless
// Options.Partial is set.
func Read(data []byte, o Options) (*Reading, error) {
	file, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("read iCalendar: %w", err)
	}
	r := &reader{options: o, zones: zones{options: o, located: map[string]string{}, found: map[string]place{}}, atlas: calendar.NewAtlas(o.Zones), names: map[string]int{}}
	if err := r.head(file); err != nil {
		return nil, fmt.Errorf("read iCalendar: %w", err)
	}
	for _, c := range file.Children {
		if c.Name == lib.CompTimezone {
			r.zones.learn(c)
		}
	}
	var events []*event
	for _, c := range file.Children {
		switch c.Name {
		case lib.CompTimezone:
		case lib.CompEvent:
			events = append(events, r.identify(c))
		default:
			r.leave(c, "", "a "+c.Name+" is no event", true)
		}
	}
	events = latest(events)
	r.add(events)
	reading := &Reading{Calendar: r.calendar, Left: r.left}
	if len(r.left) > 0 && !o.Partial {
		return nil, &LossError{Left: r.left}
	}
	if len(r.calendar.Allow) == 0 && slices.ContainsFunc(events, func(e *event) bool { return e.kind == Allow }) {
		return nil, errors.New("read iCalendar: no allow window is left of those in the file, and a calendar without any would be open")
	}
	if err := r.calendar.Validate(); err != nil {
		return nil, fmt.Errorf("read iCalendar: %w", err)
	}
	return reading, nil
}

// decode has the library read the file. Its panics, of which it has some for what nobody should write, are errors.
func decode(data []byte) (file *lib.Calendar, err error) {
	defer func() {
		if p := recover(); p != nil {
			file, err = nil, fmt.Errorf("not well-formed: %v", p)
		}
	}()
	if len(data) > MaxSize {
		return nil, fmt.Errorf("more than %d bytes", MaxSize)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	in := lib.NewDecoder(bytes.NewReader(data))
	if file, err = in.Decode(); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("there is no VCALENDAR")
		}
		return nil, err
	}
	if _, err := in.Decode(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one VCALENDAR, or text after it")
	}
	return file, nil
}

// reader turns events into windows.
type reader struct {
	options  Options
	zones    zones
	atlas    *calendar.Atlas
	home     *time.Location
	calendar calendar.Calendar
	names    map[string]int // how many windows wanted a name, about
	left     []Left
}

// head reads what the file says of the calendar as a whole.
func (r *reader) head(file *lib.Calendar) error {
	if own := file.Props.Get(propCalendar); own != nil {
		if len(file.Props.Values(propCalendar)) > 1 {
			return fmt.Errorf("%s: is there more than once", propCalendar)
		}
		text, err := own.Text()
		if err != nil {
			return fmt.Errorf("%s: %w", propCalendar, err)
		}
		said, err := calendar.Decode([]byte(text))
		if err != nil {
			return fmt.Errorf("%s: %w", propCalendar, err)
		}
		if len(said) != 1 || len(said[0].Allow)+len(said[0].Freeze) > 0 {
			return fmt.Errorf("%s: is not one calendar without its windows", propCalendar)
		}
		r.calendar = said[0]
	}
	said := func(option, name string, into *string) {
		if p := file.Props.Get(name); p != nil && *into == "" {
			*into, _ = p.Text()
		}
		if option != "" {
			*into = option
		}
	}
	said(r.options.Name, "X-WR-CALNAME", &r.calendar.Name)
	said(r.options.Zone, "X-WR-TIMEZONE", &r.calendar.Zone)
	if r.calendar.Name = tidy(r.calendar.Name); r.calendar.Name == "" {
		return errors.New("the calendar has no name: say it in Options.Name")
	}
	if r.calendar.Zone == "" {
		return errors.New("the calendar has no zone: say it in Options.Zone")
	}
	var err error
	r.calendar.Zone, r.home, err = r.zones.find(r.calendar.Zone)
	return err
}

func (r *reader) leave(c *lib.Component, property, reason string, whole bool) {
	l := Left{Property: property, Reason: reason, Whole: whole}
	if p := c.Props.Get(lib.PropUID); p != nil {
		l.UID = p.Value
	}
	if p := c.Props.Get(lib.PropSummary); p != nil {
		l.Summary, _ = p.Text()
	}
	r.left = append(r.left, l)
}

// kind is what an event means.
func (r *reader) kind(summary string, categories []string) Kind {
	if r.options.Kind != nil {
		return r.options.Kind(summary, categories)
	}
	if slices.ContainsFunc(categories, func(c string) bool { return strings.EqualFold(c, "ALLOW") }) {
		return Allow
	}
	return Freeze
}
