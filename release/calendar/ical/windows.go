package ical

import (
	"fmt"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/release/calendar"
	lib "github.com/emersion/go-ical"
)

// add turns events into windows. Instances that were moved or cancelled are exceptions of their masters first.
func (r *reader) add(events []*event) {
	masters := map[string][]*event{}
	for _, e := range events {
		if r.read(e); e.instance == nil && e.wrong == nil && e.uid != "" {
			masters[e.uid] = append(masters[e.uid], e)
		}
	}
	for _, e := range events {
		if e.instance == nil && e.wrong == nil {
			continue
		}
		for _, master := range masters[e.uid] {
			r.except(master, e)
			e.out = e.out || master.cancelled && e.before(master.identity)
		}
		if e.cancelled && e.wrong == nil && e.kind != Nothing && masters[e.uid] == nil {
			r.leave(e.component, lib.PropRecurrenceID, "it cancels an instance of an event that is not in the file", true)
		}
	}
	for _, e := range events {
		if !e.out {
			r.windows(e)
		}
	}
}

// except makes an instance an exception of its master. Where nobody knows which one it is, a freeze stays as it is,
// while an allow window, of which a time may not hold any more, does not.
func (r *reader) except(master, instance *event) {
	switch {
	case instance.wrong == nil:
		master.except = append(master.except, *instance.instance)
	case master.kind == Allow && !master.out:
		master.out = true
		r.leave(master.component, lib.PropRecurrenceID, "it cannot be told which of its instances was changed", true)
	}
}

// windows adds the windows of an event.
func (r *reader) windows(e *event) {
	w := e.window
	first, err := r.first(w)
	if err != nil {
		r.leave(e.component, "", strings.ReplaceAll(err.Error(), "\n", " "), true)
		return
	}
	holds := first == w.Start || e.old
	if !holds && w.Rule.Count > 0 {
		r.leave(e.component, lib.PropRecurrenceRule, "it counts from a first time on which it does not hold", true)
		return
	}
	w = starting(w, first)
	var single []calendar.Local
	if !holds {
		single = append(single, e.start.local)
	}
	for _, at := range e.more {
		if l := at.in(e.start); !slices.Contains(single, l) && !r.begins(w, l) {
			single = append(single, l)
		}
	}
	for _, at := range e.except {
		l := at.in(e.start)
		if e.old && l.Year < calendar.FirstYear {
			continue
		}
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
		one := starting(w, l)
		one.Rule, one.Except = calendar.Rule{}, nil
		r.put(e, one)
	}
}

// first is when a window begins first.
func (r *reader) first(w calendar.Window) (calendar.Local, error) {
	w.Name = "w"
	return r.atlas.First(calendar.Calendar{Name: "c", Zone: r.calendar.Zone}, w)
}

// begins reports whether an occurrence of a window begins at a local time.
func (r *reader) begins(w calendar.Window, l calendar.Local) bool {
	w.Except = []calendar.Local{l}
	_, err := r.first(w)
	return err == nil
}

// starting is a window that starts on another day, and lasts as long by the clock.
func starting(w calendar.Window, start calendar.Local) calendar.Window {
	if w.Length == 0 {
		w.End = localOf(civil(start).Add(civil(w.End).Sub(civil(w.Start))))
	}
	w.Start = start
	return w
}

// put adds a window, where it is one.
func (r *reader) put(e *event, w calendar.Window) {
	if _, err := r.first(w); err != nil {
		r.leave(e.component, "", strings.ReplaceAll(err.Error(), "\n", " "), true)
		return
	}
	w.Name = r.name(e.summary)
	if e.kind == Allow {
		r.calendar.Allow = append(r.calendar.Allow, w)
		return
	}
	r.calendar.Freeze = append(r.calendar.Freeze, w)
}
