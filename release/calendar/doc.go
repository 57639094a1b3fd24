// Package calendar (PURE) says when releases may run: allow windows and freezes, once or recurring, in the zones of
// those who look after them, and from one or many calendars.
//
// A host, a stage that waits (package stage/window), a plan, or whoever sends messages and wants to let people sleep
// imports it:
//
//	company := calendar.Calendar{
//		Name: "company", Zone: "Europe/London",
//		Freeze: []calendar.Window{{
//			Name: "weekend", Start: calendar.Clock(2026, time.January, 2, 17, 0), End: calendar.Clock(2026, time.January, 5, 8, 0),
//			Rule: calendar.Rule{Freq: calendar.Weekly},
//		}},
//	}
//	schedule, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation}, company)
//	...
//	status := schedule.At(time.Now()) // open or closed, why, and until when
//
// # Which calendar counts
//
// A calendar is closed while any of its freezes is active. One that has allow windows is also closed while none of
// them is active. A Schedule is open while all of its calendars are. Which calendars it is made of is told by the
// Scope of each, and by the Subject that it is compiled for: what does not cover the subject is left out. What is
// not known of the subject counts as covered, so that nothing runs for the lack of a word.
//
// # Clocks that change
//
// Times are local, and clocks are put forward and back. Of a local time that does not exist, or comes twice, RFC 5545
// says two things that contradict each other, and time.Date does what the zone's history suggests. Here it is a Gap and
// a Fold, of a calendar or of a single window, and Window says what they do to ends.
//
// A day, by a rule, is one of the local calendar; a Length is exact. Where a zone leaves out a whole day, as Samoa did
// with 2011-12-30, that day is a gap of 24 hours.
//
// # Zones
//
// The package loads no zones itself, since they lie on the machine: Options.Zones does, as a rule time.LoadLocation.
// Where the machine has none, the program imports time/tzdata. Two machines with different data give different answers.
//
// # How far it looks
//
// An opening or a closing is looked for up to a horizon, of a year by default. A calendar knows the years from
// FirstYear to LastYear: a schedule is closed in all others.
//
// # What it costs
//
// Compile reads all changes of each zone once. Schedule.At looks at each window once, by arithmetic and not by walking
// through its past, and then goes from change to change until the next opening. A rule that has ended costs next to
// nothing. BENCHMARKS.md has figures.
//
// # Errors
//
// Validate and Compile report all that is wrong at once, with the calendar and the field; of a rule, a *RuleError says
// which part and, where it was read from text, at which byte. What would be passed over is an error: a part of RFC 5545
// that is not supported, a rule that never holds, an exception that meets no occurrence, an override of something that
// is not there.
//
// # Concurrency
//
// A Schedule never changes and may be used by any number of goroutines.
package calendar
