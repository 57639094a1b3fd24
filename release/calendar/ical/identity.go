package ical

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/davit-sdk/davit/release/calendar"
	lib "github.com/emersion/go-ical"
)

// identity is which event an event is, and which version of it. It is read first, and of each event: an instance that
// was moved or cancelled is an exception of its master, whatever becomes of itself.
type identity struct {
	component *lib.Component
	uid       string
	cancelled bool
	instance  *when // of which time of its master it is an instance; nil: it is the master
	wrong     error // that cannot be told
	sequence  int
	stamp     string
}

func (r *reader) identify(c *lib.Component) *event {
	i := identity{component: c, uid: textOf(c, lib.PropUID)}
	i.cancelled = strings.EqualFold(textOf(c, lib.PropStatus), "CANCELLED")
	if p := c.Props.Get(lib.PropSequence); p != nil {
		i.sequence, _ = strconv.Atoi(p.Value)
	}
	if p := c.Props.Get(lib.PropDateTimeStamp); p != nil {
		i.stamp = p.Value
	}
	ids := c.Props.Values(lib.PropRecurrenceID)
	switch {
	case len(ids) == 0:
	case len(ids) > 1:
		i.wrong = errors.New("is there more than once")
	case ids[0].Params.Get(lib.ParamRange) != "":
		i.wrong = errors.New("RANGE is not supported")
	default:
		at, err := r.when(&ids[0], ids[0].Value)
		i.instance, i.wrong = &at, err
	}
	return &event{identity: i}
}

// key is the same for all versions of an event, and of an instance; empty: there are none.
func (i identity) key() string {
	switch {
	case i.uid == "" || i.wrong != nil:
		return ""
	case i.instance == nil:
		return i.uid
	case i.instance.date:
		return fmt.Sprintf("%s\x00%s", i.uid, i.instance.local)
	}
	return fmt.Sprintf("%s\x00%d", i.uid, i.instance.moment().Unix())
}

// before reports whether it is an older version than another one (RFC 5546, 2.1.5).
func (i identity) before(o identity) bool {
	if i.sequence != o.sequence {
		return i.sequence < o.sequence
	}
	return i.stamp < o.stamp
}

// latest leaves out the versions of events of which there are later ones.
func latest(events []*event) []*event {
	last := map[string]identity{}
	for _, e := range events {
		if newest, ok := last[e.key()]; !ok || newest.before(e.identity) {
			last[e.key()] = e.identity
		}
	}
	return slices.DeleteFunc(events, func(e *event) bool { return e.key() != "" && e.before(last[e.key()]) })
}

// textOf is a property that is a text; empty where there is none.
func textOf(c *lib.Component, name string) string {
	if p := c.Props.Get(name); p != nil {
		text, _ := p.Text()
		return text
	}
	return ""
}

// endless is a rule without an end that is behind the years of calendars, which Outlook writes for none.
func endless(rule string) string {
	parts := strings.Split(rule, ";")
	parts = slices.DeleteFunc(parts, func(part string) bool {
		until, ok := strings.CutPrefix(strings.ToUpper(part), "UNTIL=")
		if !ok || len(until) < 8 {
			return false
		}
		year, err := strconv.Atoi(until[:4])
		return err == nil && year > calendar.LastYear
	})
	return strings.Join(parts, ";")
}

// age moves an event that began before the years of calendars on to a time within them, by its rule: by whole
// intervals, and to the same day of the week, month or year, so that it comes when it did.
func (e *event) age() error {
	w := e.window
	if w.Rule.IsZero() || w.Rule.Count > 0 {
		return w.Start.Validate()
	}
	from := civil(w.Start)
	far := calendar.FirstYear - 1 - from.Year() // whole years that it need not look at
	years, months, days, n := 0, 0, 0, 0
	switch interval := max(w.Rule.Interval, 1); w.Rule.Freq {
	case calendar.Daily:
		days, n = interval, far*365/interval
	case calendar.Weekly:
		days, n = interval*7, far*52/interval
	case calendar.Monthly:
		months, n = interval, far*12/interval
	default:
		years, n = interval, far/interval
	}
	for ; ; n++ {
		to := from.AddDate(years*n, months*n, days*n)
		if to.Year() > calendar.LastYear {
			return w.Start.Validate()
		}
		if to.Year() < calendar.FirstYear || days == 0 && to.Day() != from.Day() {
			continue
		}
		e.window, e.start.local, e.old = starting(e.window, localOf(to)), localOf(to), true
		return nil
	}
}
