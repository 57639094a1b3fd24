package ical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/release/calendar"
	lib "github.com/emersion/go-ical"
)

// add turns events into windows: masters first, since instances that were moved are exceptions of theirs.
func (r *reader) add(events []*event) {
	masters := map[string]*event{}
	for _, e := range events {
		if e.instance == nil {
			masters[e.uid] = e
		}
	}
	for _, e := range events {
		if e.instance == nil {
			continue
		}
		if master := masters[e.uid]; master != nil && e.uid != "" {
			master.except = append(master.except, *e.instance)
		} else if e.cancelled {
			r.leave(e.component, lib.PropRecurrenceID, "it cancels an instance of an event that is not in the file", true)
		}
	}
	for _, e := range events {
		if !e.cancelled {
			r.windows(e)
		}
	}
}

// windows adds the windows of an event.
func (r *reader) windows(e *event) {
	w := e.window
	first, holds := e.start.local, true
	if !w.Rule.IsZero() {
		holds = r.begins(w, first)
		if !holds && w.Rule.Count > 0 {
			r.leave(e.component, lib.PropRecurrenceRule, "it counts from a first time on which it does not hold", true)
			return
		}
	}
	var single []calendar.Local
	if !holds {
		single = append(single, first)
	}
	for _, at := range e.more {
		if l := at.in(e.start); !slices.Contains(single, l) && !r.begins(w, l) {
			single = append(single, l)
		}
	}
	for _, at := range e.except {
		l := at.in(e.start)
		switch i := slices.Index(single, l); {
		case i >= 0:
			single = slices.Delete(single, i, i+1)
		case slices.Contains(w.Except, l):
		case r.begins(w, l):
			w.Except = append(w.Except, l)
		default:
			r.leave(e.component, lib.PropExceptionDates, fmt.Sprintf("none begins at %s", l), false)
		}
	}
	if !w.Rule.IsZero() || len(w.Except) == 0 {
		r.put(e, w)
	}
	for _, l := range single {
		one := w
		one.Rule, one.Except, one.Start = calendar.Rule{}, nil, l
		if w.Length == 0 {
			one.End = localOf(civil(l).Add(civil(w.End).Sub(civil(w.Start))))
		}
		r.put(e, one)
	}
}

// begins reports whether an occurrence of a window begins at a local time.
func (r *reader) begins(w calendar.Window, l calendar.Local) bool {
	w.Name, w.Except, w.Gap, w.Fold = "w", []calendar.Local{l}, "", ""
	_, err := calendar.Compile(calendar.Options{Zones: r.options.Zones}, calendar.Calendar{Name: "c", Zone: r.calendar.Zone, Freeze: []calendar.Window{w}})
	return err == nil
}

// put adds a window, where it is one.
func (r *reader) put(e *event, w calendar.Window) {
	w.Name = r.name(e.summary)
	alone := calendar.Calendar{Name: "c", Zone: r.calendar.Zone, Freeze: []calendar.Window{w}}
	if _, err := calendar.Compile(calendar.Options{Zones: r.options.Zones}, alone); err != nil {
		r.leave(e.component, "", strings.ReplaceAll(err.Error(), "\n", " "), true)
		return
	}
	if e.kind == Allow {
		r.calendar.Allow = append(r.calendar.Allow, w)
		return
	}
	r.calendar.Freeze = append(r.calendar.Freeze, w)
}
