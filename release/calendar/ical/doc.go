// Package ical (PURE) reads calendars of package release/calendar from iCalendar (RFC 5545), as Google, Outlook and others
// export it, and writes them.
//
//	reading, err := ical.Read(data, ical.Options{Name: "company", Zone: "Europe/Berlin", Zones: time.LoadLocation})
//	schedule, err := calendar.Compile(calendar.Options{Zones: time.LoadLocation}, reading.Calendar)
//
// The file is read and written by github.com/emersion/go-ical; what repeats is left to release/calendar, since that says
// what becomes of local times that do not exist or come twice.
//
// # What an event becomes
//
// An event is a freeze, or an allow window where one of its CATEGORIES is ALLOW; Options.Kind decides otherwise. Its SUMMARY is the
// window's name, its DESCRIPTION the text. An all-day event is from midnight to midnight, in the zone of the options, as is one whose
// time has no zone. What is cancelled does not take place. An instance that was moved (RECURRENCE-ID) is an exception, whatever becomes
// of itself, and a window of its own; so is each RDATE, and a first instance that the rule does not hold on. Of several versions of an
// event the one of the highest SEQUENCE counts, and of equal ones that of the latest DTSTAMP (RFC 5546). What began before 1970 and comes
// again is moved on by its rule, and an UNTIL beyond 2199 is none. Alarms, attendees and TRANSP mean nothing to a window.
//
// A TZID is a name of the IANA database, also behind a prefix or in X-LIC-LOCATION, or one of Windows, as CLDR lists them. Any other has to be told in
// Options.Names: the rules in VTIMEZONE are not read.
//
// # What cannot be expressed
//
// is never dropped without a word: Read fails with a *LossError that lists it, unless Options.Partial is set, and then the list is in the
// Reading. Each entry says whether the event was left out as a whole. An allow window of which nobody can tell which instance was changed
// is left out, while a freeze stays as it is.
//
// # Errors
//
// A file that is no iCalendar, or larger than MaxSize, is an error.
package ical
