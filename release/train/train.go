package train

import (
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
	"github.com/hashicorp/go-multierror"
)

// Train is a train that leaves again and again.
type Train struct {
	// Name tells it from others.
	Name string `json:"name"`
	// Zone is where its times are local: a zone of the IANA database, or UTC.
	Zone string `json:"zone"`
	// First is the first departure, and Rule says when it leaves again. Zero: it leaves once. Except are departures that are left out.
	First  calendar.Local   `json:"first"`
	Rule   calendar.Rule    `json:"rule,omitzero"`
	Except []calendar.Local `json:"except,omitempty"`
	// Gap and Fold are what becomes of departures at times that do not exist or come twice. Empty: as in package calendar.
	Gap  calendar.Gap  `json:"gap,omitempty"`
	Fold calendar.Fold `json:"fold,omitempty"`
	// CutOff is until when changes may come. Zero: until it is to leave.
	CutOff CutOff `json:"cut_off,omitzero"`
	// Length is how long it is under way, and so how long its windows must be open. In JSON: nanoseconds.
	Length time.Duration `json:"length_ns"`
	// Closed is what becomes of one that cannot leave. Empty: Drops.
	Closed Closed `json:"closed,omitempty"`
	// SideBySide lets it leave while the one before it is under way.
	SideBySide bool `json:"side_by_side,omitempty"`
	// Members are the services that go with it.
	Members []Member `json:"members"`
}

// Closed is what becomes of a train that cannot leave when it is due, since its windows are closed, or will be too soon.
type Closed string

const (
	// Drops: it does not leave, and its changes go with the next one.
	Drops Closed = "drops"
	// Waits: it leaves as soon as it can. Where the next one is due by then, it drops.
	Waits Closed = "waits"
)

// CutOff is until when changes may come, before a departure. It is one of two.
type CutOff struct {
	// Before is how long before, by elapsed time. In JSON: nanoseconds.
	Before time.Duration `json:"before_ns,omitempty"`
	// Clock is a local time of day, "18:00", and Days how many days before that of the departure. A time that does not exist is moved past
	// the change of the clocks, of one that comes twice the first counts.
	Days  int    `json:"days,omitempty"`
	Clock string `json:"clock,omitempty"`
}

// Member is a service that goes with a train.
type Member struct {
	Service string `json:"service"`
	// Plan is the name of its own plan: see package plan. It may be empty.
	Plan string `json:"plan,omitempty"`
	// Required says that the train is not complete without a new version of it.
	Required bool `json:"required,omitempty"`
	// Before are services that must be done before this one begins.
	Before []string `json:"before,omitempty"`
}

// Options are how trains are run.
type Options struct {
	// Zones finds a zone by its name: time.LoadLocation. Nil: there is UTC alone.
	Zones func(name string) (*time.Location, error)
	// Windows are when the trains of a name may be under way. Nil, and a schedule that is nil: always.
	Windows func(train string) *calendar.Schedule
}

// Timetable is when trains leave. Make one with New.
type Timetable struct {
	options Options
	trains  []Train
	planned []*calendar.Schedule // of each train: open for a second when it is to leave
	cutOffs []*calendar.Schedule // of each train: open for a second at its cut-off's time of day; nil where that is none
}

// New makes a timetable, or reports everything that is wrong with the trains. The error is a *multierror.Error.
func New(o Options, trains ...Train) (*Timetable, error) {
	t := &Timetable{options: o, trains: slices.Clone(trains)}
	var errs *multierror.Error
	for i, one := range trains {
		bad := func(format string, args ...any) {
			errs = multierror.Append(errs, fmt.Errorf("train %d (%.100s): %w", i, one.Name, fmt.Errorf(format, args...)))
		}
		if slices.ContainsFunc(trains[:i], func(o Train) bool { return o.Name == one.Name }) {
			bad("Name: another train has it, too")
		}
		one.check(bad)
		s, err := calendar.Compile(calendar.Options{Zones: o.Zones}, one.departures())
		if err != nil {
			bad("First, Rule, Except, Zone: %w", err)
		}
		t.planned, t.cutOffs = append(t.planned, s), append(t.cutOffs, nil)
		if clock, wrong := time.Parse("15:04", one.CutOff.Clock); err == nil && one.CutOff.Clock != "" && wrong == nil && errs == nil {
			if t.cutOffs[i], err = calendar.Compile(calendar.Options{Zones: o.Zones}, one.closing(clock)); err != nil {
				bad("CutOff: %w", err)
			}
		}
	}
	if err := errs.ErrorOrNil(); err != nil {
		return nil, err
	}
	return t, nil
}

// departures are a calendar that is open for a second at each departure.
func (t Train) departures() calendar.Calendar {
	return calendar.Calendar{Name: "departures", Zone: t.Zone, Gap: t.Gap, Fold: t.Fold, Allow: []calendar.Window{{
		Name: "departure", Start: t.First, Length: time.Second, Rule: t.Rule, Except: t.Except,
	}}}
}

// closing is a calendar that is open for a second each day at a time of day, from well before the first cut-off on.
func (t Train) closing(clock time.Time) calendar.Calendar {
	first := time.Date(t.First.Year, t.First.Month, t.First.Day-t.CutOff.Days-7, 0, 0, 0, 0, time.UTC)
	return calendar.Calendar{Name: "cut-offs", Zone: t.Zone, Allow: []calendar.Window{{
		Name: "cut-off", Start: calendar.Clock(first.Year(), first.Month(), first.Day(), clock.Hour(), clock.Minute()), Length: time.Second,
		Rule: calendar.Rule{Freq: calendar.Daily},
	}}}
}

// check reports what is wrong with a train, apart from its departures.
func (t Train) check(bad func(format string, args ...any)) {
	if t.Name == "" {
		bad("Name: it is empty")
	}
	if t.Length <= 0 {
		bad("Length: %s is not above zero", t.Length)
	}
	if t.Closed != "" && t.Closed != Drops && t.Closed != Waits {
		bad("Closed: %q is neither %s nor %s", t.Closed, Drops, Waits)
	}
	c := t.CutOff
	switch clock, err := time.Parse("15:04", c.Clock); {
	case c.Before != 0 && c.Clock != "":
		bad("CutOff: it is both Before and Clock")
	case c.Before < 0:
		bad("CutOff.Before: %s is below zero", c.Before)
	case c.Days < 0 || c.Days > 366:
		bad("CutOff.Days: %d is below zero, or more than a year", c.Days)
	case c.Clock == "" && c.Days != 0:
		bad("CutOff.Clock: it is missing")
	case c.Clock != "" && err != nil:
		bad("CutOff.Clock: %q is no time of day such as 18:00", c.Clock)
	case c.Clock != "" && c.Days == 0 && clock.Hour()*60+clock.Minute() > t.First.Hour*60+t.First.Minute:
		bad("CutOff.Days: it is 0, and %s is behind the departure at %02d:%02d", c.Clock, t.First.Hour, t.First.Minute)
	}
	if len(t.Members) == 0 {
		bad("Members: there is none")
	}
	for i, m := range t.Members {
		if m.Service == "" {
			bad("Members[%d].Service: it is empty", i)
		}
		if slices.ContainsFunc(t.Members[:i], func(o Member) bool { return o.Service == m.Service }) {
			bad("Members[%d].Service: %s is a member already", i, m.Service)
		}
		for _, name := range m.Before {
			if !slices.ContainsFunc(t.Members, func(o Member) bool { return o.Service == name }) {
				bad("Members[%d].Before: %q is no member", i, name)
			}
		}
	}
	if _, ring := t.waves(); len(ring) > 0 {
		bad("Members: they wait for each other: %v", ring)
	}
}

// waves are the members in the order in which they may begin: those of a wave need only those of waves before. ring are those that can never begin.
func (t Train) waves() (waves [][]string, ring []string) {
	done := make(map[string]bool)
	left := slices.Clone(t.Members)
	for len(left) > 0 {
		var wave []string
		var rest []Member
		for _, m := range left {
			if slices.ContainsFunc(m.Before, func(name string) bool { return !done[name] }) {
				rest = append(rest, m)
				continue
			}
			wave = append(wave, m.Service)
		}
		if len(wave) == 0 {
			for _, m := range rest {
				ring = append(ring, m.Service)
			}
			return waves, ring
		}
		for _, name := range wave {
			done[name] = true
		}
		waves, left = append(waves, wave), rest
	}
	return waves, nil
}
