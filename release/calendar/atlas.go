package calendar

import (
	"fmt"
	"time"
)

// Atlas says of single windows what Compile would, and opens each zone once, however many windows it is asked about:
// for those who read calendars from elsewhere. It is not safe for concurrent use.
type Atlas struct{ zones atlas }

// NewAtlas finds zones as Options.Zones does.
func NewAtlas(zones func(name string) (*time.Location, error)) *Atlas {
	return &Atlas{atlas{load: zones, known: map[string]*zone{}, broken: map[string]error{}}}
}

// First is the first day on which the rule of a window of a calendar holds, at the time of its Start: the Start itself,
// where the rule holds there. A window that starts there has the same occurrences. What is excepted counts. The error is all that
// is wrong with the window, as Compile tells it; the other windows of the calendar are not looked at.
func (a *Atlas) First(c Calendar, w Window) (Local, error) {
	c.Allow, c.Freeze = nil, []Window{w}
	courses, wrong := a.zones.courses(c)
	if len(wrong) > 0 {
		return Local{}, together(wrong)
	}
	k := &courses[0]
	d, ok := k.recur.next(k.recur.start, never)
	if !ok {
		return Local{}, fmt.Errorf("Rule: %q never holds from %s on", w.Rule.String(), w.Start)
	}
	return localOf(d*day + k.time), nil
}

// atlas opens each zone once.
type atlas struct {
	load   func(string) (*time.Location, error)
	known  map[string]*zone
	broken map[string]error
}

func (a atlas) open(name string) (*zone, error) {
	if a.known[name] == nil && a.broken[name] == nil {
		a.known[name], a.broken[name] = openZone(name, a.load)
	}
	return a.known[name], a.broken[name]
}

// courses are the windows of a calendar, and all that is wrong with it.
func (a atlas) courses(c Calendar) (all []course, wrong []error) {
	wrong = c.problems()
	home, err := a.open(c.Zone)
	if err != nil {
		wrong = append(wrong, fmt.Errorf("Zone: %w", err))
	}
	c.each(func(field string, w Window, freeze bool) {
		z := home
		if w.Zone != "" {
			var err error
			if z, err = a.open(w.Zone); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: Zone: %w", field, err))
			}
		}
		if z == nil || len(w.problems()) > 0 {
			return
		}
		k, problems := newCourse(c, w, z)
		for _, err := range problems {
			wrong = append(wrong, fmt.Errorf("%s: %w", field, err))
		}
		k.freeze = freeze
		all = append(all, k)
	})
	return all, wrong
}
