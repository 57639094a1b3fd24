package ical

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	lib "github.com/emersion/go-ical"
)

// event is an event on its way to a window.
type event struct {
	identity
	kind    Kind
	summary string
	window  calendar.Window
	start   when
	old     bool   // it began before the years of calendars, and was moved on by its rule
	more    []when // RDATE
	except  []when
	out     bool // it becomes no window
}

// when is a time of an event.
type when struct {
	local    calendar.Local
	zone     string // of the IANA database
	location *time.Location
	date     bool // a day, without a time
}

// read reads an event; it is out where it is no window, or cannot be one.
func (r *reader) read(e *event) {
	c := e.component
	e.out, e.summary = true, textOf(c, lib.PropSummary)
	var categories []string
	for _, p := range c.Props.Values(lib.PropCategories) {
		list, _ := p.TextList()
		categories = append(categories, list...)
	}
	switch e.kind = r.kind(e.summary, categories); e.kind {
	case Nothing:
		return
	case Freeze, Allow:
	default:
		r.leave(c, lib.PropCategories, fmt.Sprintf("%q is no kind of window", e.kind), true)
		return
	}
	if e.wrong != nil {
		r.leave(c, lib.PropRecurrenceID, e.wrong.Error(), true)
		return
	}
	if e.cancelled {
		return
	}
	if property, err := r.fill(e); err != nil {
		r.leave(c, property, err.Error(), true)
		return
	}
	e.out = false
	// A text that is not UTF-8, or has a CR, could not be written as it is.
	e.window.Text = strings.ReplaceAll(strings.ToValidUTF8(textOf(c, lib.PropDescription), "\uFFFD"), "\r", "")
	if len(e.window.Text) > 2000 {
		e.window.Text = strings.ToValidUTF8(e.window.Text[:1990], "") + "…"
		r.leave(c, lib.PropDescription, "is longer than 2000 bytes, the rest of it is left out", false)
	}
	e.window.Gap, e.window.Fold = calendar.Gap(textOf(c, propGap)), calendar.Fold(textOf(c, propFold))
}

// fill reads all that has to do with time. The error is about the property.
func (r *reader) fill(e *event) (property string, err error) {
	props := e.component.Props
	for _, once := range []string{lib.PropDateTimeStart, lib.PropDateTimeEnd, lib.PropDuration, lib.PropRecurrenceRule} {
		if len(props.Values(once)) > 1 {
			return once, errors.New("is there more than once")
		}
	}
	start := props.Get(lib.PropDateTimeStart)
	if start == nil {
		return lib.PropDateTimeStart, errors.New("is missing")
	}
	if e.start, err = r.when(start, start.Value); err != nil {
		return lib.PropDateTimeStart, err
	}
	e.window.Start = e.start.local
	if e.start.zone != r.calendar.Zone {
		e.window.Zone = e.start.zone
	}
	if property, err = r.ends(e); err != nil {
		return property, err
	}
	if rule := props.Get(lib.PropRecurrenceRule); rule != nil {
		if e.window.Rule, err = calendar.ParseRule(endless(rule.Value)); err != nil {
			return lib.PropRecurrenceRule, err
		}
	}
	if e.window.Start.Year < calendar.FirstYear {
		if err := e.age(); err != nil {
			return lib.PropDateTimeStart, err
		}
	}
	if len(props.Values("EXRULE")) > 0 {
		return "EXRULE", errors.New("is not supported")
	}
	if e.more, err = r.times(e, lib.PropRecurrenceDates); err != nil {
		return lib.PropRecurrenceDates, err
	}
	if e.except, err = r.times(e, lib.PropExceptionDates); err != nil {
		return lib.PropExceptionDates, err
	}
	return "", nil
}

// times are all that properties of a name list.
func (r *reader) times(e *event, name string) (all []when, err error) {
	for _, p := range e.component.Props.Values(name) {
		for value := range strings.SplitSeq(p.Value, ",") {
			at, err := r.when(&p, value)
			if err != nil {
				return nil, err
			}
			if e.old && at.local.Year < calendar.FirstYear {
				continue
			}
			if err := at.local.Validate(); err != nil {
				return nil, err
			}
			all = append(all, at)
		}
	}
	return all, nil
}

var duration = regexp.MustCompile(`^\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?$`)

// ends reads how long an event is.
func (r *reader) ends(e *event) (property string, err error) {
	props := e.component.Props
	end, length := props.Get(lib.PropDateTimeEnd), props.Get(lib.PropDuration)
	switch {
	case end != nil && length != nil:
		return lib.PropDuration, errors.New("does not go with DTEND")
	case end != nil:
		at, err := r.when(end, end.Value)
		if err != nil {
			return lib.PropDateTimeEnd, err
		}
		if at.date != e.start.date {
			return lib.PropDateTimeEnd, errors.New("one of DTSTART and DTEND is a day, the other one a time")
		}
		if at.zone != e.start.zone {
			return lib.PropDateTimeEnd, fmt.Errorf("it begins in the zone %s and ends in %s", e.start.zone, at.zone)
		}
		e.window.End = at.local
	case length != nil:
		m := duration.FindStringSubmatch(length.Value)
		if m == nil {
			return lib.PropDuration, fmt.Errorf("%.40q is no duration above zero", length.Value)
		}
		var n [7]int
		for _, i := range []int{1, 2, 4, 5, 6} {
			n[i], _ = strconv.Atoi(m[i])
		}
		days, exact := n[1]*7+n[2], time.Duration(n[4])*time.Hour+time.Duration(n[5])*time.Minute+time.Duration(n[6])*time.Second
		switch {
		case days > 0 && exact > 0:
			return lib.PropDuration, errors.New("days by the clock and an exact time are not one length")
		case days > 0:
			e.window.End = later(e.window.Start, days)
		default:
			e.window.Length = exact
		}
	case e.start.date:
		e.window.End = later(e.window.Start, 1)
	}
	if e.window.Length == 0 && !civil(e.window.Start).Before(civil(e.window.End)) {
		return lib.PropDateTimeEnd, errors.New("it ends before it begins, or lasts no time")
	}
	return "", nil
}

// civil is a local time as if in UTC.
func civil(l calendar.Local) time.Time {
	return time.Date(l.Year, l.Month, l.Day, l.Hour, l.Minute, l.Second, 0, time.UTC)
}

func localOf(t time.Time) calendar.Local {
	return calendar.Local{Year: t.Year(), Month: t.Month(), Day: t.Day(), Hour: t.Hour(), Minute: t.Minute(), Second: t.Second()}
}

func later(l calendar.Local, days int) calendar.Local { return localOf(civil(l).AddDate(0, 0, days)) }

// when reads one time of a property.
func (r *reader) when(p *lib.Prop, value string) (when, error) {
	if p.Params.Get(lib.ParamValue) == "PERIOD" || strings.Contains(value, "/") {
		return when{}, errors.New("a PERIOD is not supported")
	}
	w := when{zone: r.calendar.Zone, location: r.home}
	bare, utc := strings.CutSuffix(value, "Z")
	layout := "20060102T150405"
	if w.date = len(bare) == 8; w.date {
		layout = "20060102"
	}
	t, err := time.Parse(layout, bare)
	if err != nil || utc && w.date {
		return when{}, fmt.Errorf("%.40q is no day and no time", value)
	}
	w.local = localOf(t)
	if id := p.Params.Get(lib.ParamTimezoneID); utc {
		w.zone, w.location = "UTC", time.UTC
	} else if id != "" && !w.date {
		if w.zone, w.location, err = r.zones.find(id); err != nil {
			return when{}, err
		}
	}
	return w, nil
}

// in is the local time in the zone of another one; of a day, at the time of that.
func (w when) in(other when) calendar.Local {
	switch {
	case w.date && !other.date:
		l := other.local
		l.Year, l.Month, l.Day = w.local.Year, w.local.Month, w.local.Day
		return l
	case w.zone == other.zone || w.date:
		return w.local
	}
	return localOf(w.moment().In(other.location))
}

// moment is when it is.
func (w when) moment() time.Time {
	l := w.local
	return time.Date(l.Year, l.Month, l.Day, l.Hour, l.Minute, l.Second, 0, w.location)
}
