package ical

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	lib "github.com/emersion/go-ical"
)

// The properties of our own: what a calendar has and iCalendar has not.
const (
	propCalendar = "X-DAVIT-CALENDAR" // JSON of the calendar without its windows
	propGap      = "X-DAVIT-GAP"
	propFold     = "X-DAVIT-FOLD"
)

// years is how far ahead the changes of a zone are written.
const years = 10

// Write writes a calendar, such that Read reads it as the same one; but a window on whose Start its Rule does not hold starts
// on the first day on which it does, since to other programs it would begin on that day, too (DTSTART counts). Zones finds a zone by its name; stamp is when the file
// was made (DTSTAMP), since a PURE package does not know.
//
// The rules of the zones are written for the years from the first event on, and ten years beyond the last that begins.
// Programs that know the IANA database go by the name.
func Write(c calendar.Calendar, zones func(name string) (*time.Location, error), stamp time.Time) ([]byte, error) {
	if _, err := calendar.Compile(calendar.Options{Zones: zones}, c); err != nil {
		return nil, fmt.Errorf("write iCalendar: %w", err)
	}
	file := lib.NewCalendar()
	set := func(to lib.Props, name, value string) {
		if value != "" {
			to.SetText(name, value)
		}
	}
	set(file.Props, lib.PropVersion, "2.0")
	set(file.Props, lib.PropProductID, "-//davit//release calendar//EN")
	set(file.Props, "X-WR-CALNAME", c.Name)
	set(file.Props, "X-WR-TIMEZONE", c.Zone)
	head := c
	head.Allow, head.Freeze = nil, nil
	data, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("write iCalendar: %w", err)
	}
	set(file.Props, propCalendar, string(data))
	atlas := calendar.NewAtlas(zones)
	if err := timezones(file, c, zones); err != nil {
		return nil, fmt.Errorf("write iCalendar: %w", err)
	}
	for kind, windows := range [][]calendar.Window{c.Allow, c.Freeze} {
		for _, w := range windows {
			first, err := atlas.First(c, w)
			if err != nil {
				return nil, fmt.Errorf("write iCalendar: %w", err)
			}
			w = starting(w, first)
			e := eventOf(c, w, stamp)
			set(e.Props, lib.PropSummary, w.Name)
			set(e.Props, lib.PropDescription, w.Text)
			set(e.Props, lib.PropCategories, []string{"ALLOW", "FREEZE"}[kind])
			set(e.Props, propGap, string(w.Gap))
			set(e.Props, propFold, string(w.Fold))
			file.Children = append(file.Children, e)
		}
	}
	if len(c.Allow)+len(c.Freeze) == 0 {
		return nil, fmt.Errorf("write iCalendar: the calendar %s has no windows, and RFC 5545 knows no empty file", c.Name)
	}
	var out bytes.Buffer
	if err := lib.NewEncoder(&out).Encode(file); err != nil {
		return nil, fmt.Errorf("write iCalendar: %w", err)
	}
	return out.Bytes(), nil
}

func eventOf(c calendar.Calendar, w calendar.Window, stamp time.Time) *lib.Component {
	e := lib.NewComponent(lib.CompEvent)
	zone := w.Zone
	if zone == "" {
		zone = c.Zone
	}
	put := func(name, value string) *lib.Prop {
		p := lib.NewProp(name)
		p.Value = value
		e.Props.Add(p)
		return p
	}
	timed := func(name string, l calendar.Local) {
		value := civil(l).Format("20060102T150405")
		if zone == "UTC" {
			put(name, value+"Z")
			return
		}
		put(name, value).Params.Set(lib.ParamTimezoneID, zone)
	}
	e.Props.SetText(lib.PropUID, w.Name+"@"+c.Name)
	put(lib.PropDateTimeStamp, stamp.UTC().Format("20060102T150405Z"))
	timed(lib.PropDateTimeStart, w.Start)
	if w.Length > 0 {
		put(lib.PropDuration, fmt.Sprintf("PT%dS", int64(w.Length/time.Second)))
	} else {
		timed(lib.PropDateTimeEnd, w.End)
	}
	if !w.Rule.IsZero() {
		put(lib.PropRecurrenceRule, w.Rule.String())
	}
	for _, l := range w.Except {
		timed(lib.PropExceptionDates, l)
	}
	return e
}

// timezones adds what the zones of a calendar do.
func timezones(file *lib.Calendar, c calendar.Calendar, zones func(string) (*time.Location, error)) error {
	first, last, names := calendar.LastYear, calendar.FirstYear, []string{c.Zone}
	for _, w := range slices.Concat(c.Allow, c.Freeze) {
		first, last = min(first, w.Start.Year), max(last, w.Start.Year)
		if w.Zone != "" {
			names = append(names, w.Zone)
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name == "UTC" {
			continue
		}
		location, err := zones(name)
		if err != nil {
			return err
		}
		zone := lib.NewComponent(lib.CompTimezone)
		zone.Props.SetText(lib.PropTimezoneID, name)
		from, to := time.Date(first-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(last+years, 12, 31, 0, 0, 0, 0, time.UTC)
		zone.Children = observances(location, from, to)
		file.Children = append(file.Children, zone)
	}
	return nil
}

// observances are what holds at the first moment, and from each change of the clock on.
func observances(location *time.Location, at, to time.Time) (all []*lib.Component) {
	_, before := at.In(location).Zone()
	all = append(all, observance(at.In(location), before, before))
	for {
		_, next := at.In(location).ZoneBounds()
		if next.IsZero() || !next.Before(to) {
			return all
		}
		if !next.After(at) { // on the last day of a leap year, it does not get ahead
			next = at.Add(time.Hour)
		}
		at = next
		if _, after := at.In(location).Zone(); after != before {
			all = append(all, observance(at.In(location), before, after))
			before = after
		}
	}
}

// observance is what holds from a change of the clock on.
func observance(t time.Time, before, after int) *lib.Component {
	short, _ := t.Zone()
	kind := lib.CompTimezoneStandard
	if t.IsDST() {
		kind = lib.CompTimezoneDaylight
	}
	o := lib.NewComponent(kind)
	put := func(name, value string) {
		p := lib.NewProp(name)
		p.Value = value
		o.Props.Set(p)
	}
	put(lib.PropDateTimeStart, t.UTC().Add(time.Duration(before)*time.Second).Format("20060102T150405"))
	put(lib.PropTimezoneOffsetFrom, offsetOf(before))
	put(lib.PropTimezoneOffsetTo, offsetOf(after))
	put(lib.PropTimezoneName, short)
	return o
}

func offsetOf(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	text := fmt.Sprintf("%s%02d%02d", sign, seconds/3600, seconds/60%60)
	if s := seconds % 60; s != 0 {
		text += fmt.Sprintf("%02d", s)
	}
	return text
}
