package calendar

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-multierror"
)

// DefaultHorizon is how far ahead a schedule looks.
const DefaultHorizon = 366 * 24 * time.Hour

// Options are how calendars are compiled. The zero Options do for calendars in UTC.
type Options struct {
	// Zones finds a zone by its name: time.LoadLocation. Nil: there is UTC alone. It is called by Compile, once
	// for each zone, and never after.
	Zones func(name string) (*time.Location, error)
	// Subject is what is to be released: calendars whose Scope does not cover it are left out. Zero: all are in.
	Subject Subject
	// Overrides lift freezes.
	Overrides []Override
	// Horizon is how far ahead to look for an opening or a closing. Zero: DefaultHorizon.
	Horizon time.Duration
}

// Schedule is what several calendars say together: it is open while all of them are. With no calendar at all it is
// always open. It never changes, and may be used by any number of goroutines.
type Schedule struct {
	calendars []Calendar
	courses   []course
	overrides []Override
	horizon   time.Duration
}

// Compile checks calendars and makes them ready to be asked. Also those are checked, with what they lift, that do
// not cover the subject. All that is wrong is told at once, by a *multierror.Error.
func Compile(o Options, calendars ...Calendar) (*Schedule, error) {
	var errs *multierror.Error
	s := &Schedule{horizon: o.Horizon}
	if s.horizon == 0 {
		s.horizon = DefaultHorizon
	}
	if s.horizon < 0 || s.horizon > 100*DefaultHorizon {
		errs = multierror.Append(errs, fmt.Errorf("Options.Horizon: %s is below zero, or above 100 years", o.Horizon))
	}
	zones := NewAtlas(o.Zones).zones
	for i, c := range calendars {
		out := !c.Scope.Covers(o.Subject)
		courses, wrong := zones.courses(c)
		if slices.ContainsFunc(calendars[:i], func(other Calendar) bool { return other.Name == c.Name && c.Name != "" }) {
			wrong = append(wrong, errors.New("Name: another calendar has it, too"))
		}
		if err := c.Scope.misspells(o.Subject); err != nil {
			wrong = append(wrong, err)
		}
		for _, err := range wrong {
			errs = multierror.Append(errs, fmt.Errorf("calendar %d (%.100s): %w", i, c.Name, err))
		}
		if out {
			continue
		}
		for j := range courses {
			courses[j].calendar = int32(len(s.calendars))
		}
		s.calendars, s.courses = append(s.calendars, c), append(s.courses, courses...)
	}
	for i, v := range o.Overrides {
		wrong := v.problems()
		for _, err := range append(wrong, v.unknown(calendars)...) {
			errs = multierror.Append(errs, fmt.Errorf("Options.Overrides[%d]: %w", i, err))
		}
		if len(wrong) == 0 {
			s.lift(v)
			s.overrides = append(s.overrides, v)
		}
	}
	for i := range s.courses {
		s.courses[i].lifts = merged(s.courses[i].lifts)
	}
	if errs.ErrorOrNil() != nil {
		return nil, errs
	}
	return s, nil
}

// Calendars are the names of those that the schedule is made of.
func (s *Schedule) Calendars() []string {
	var names []string
	for _, c := range s.calendars {
		names = append(names, c.Name)
	}
	return names
}
