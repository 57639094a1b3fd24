// Command calendar tells whether a release may run, why not, and when it may: by calendars of a company and its teams, and by
// how busy the service is at which time of the week.
//
//	go run ./examples/calendar
//	go run ./examples/calendar -at 2026-11-27T12:00:00Z -length 40m
//	go run ./examples/calendar -file FILE -load FILE -service shop -environment production -json
//
// Without -file and -load it asks the calendars and the load that it comes with (calendars.json, load.csv), for a shop.
//
// It exits with status 0 when it has an answer, also when that is no, with 1 when it has none, and with 2 when it was called in a
// way that it does not understand. What went wrong is told on standard error.
//
// # Files
//
// -file is a list of calendars as JSON, which calendar.Decode reads: calendars.json is one to begin with. -load is CSV: a
// heading, and then a time (RFC 3339, or without seconds) and a number in each line, of some weeks.
//
// # JSON
//
// What -json writes is one object.
//
//	subject     what was asked about: team, service, environment
//	calendars   the names of the calendars that count
//	runway      calendar.Runway: open, why, next_opening, next_closing, fits, start; need is the length that was asked for
//	slots       the next spans that are open and long enough: from, to
//	quietest    of all times that long, within two weeks, those with the least load: from, to, load, peak, weeks
//	unknown     why there are none of the latter, where there are not
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
	_ "time/tzdata" // for machines without a database of zones
)

// The statuses that it exits with.
const (
	exitAnswer = 0
	exitFail   = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], time.Now(), os.Stdout, os.Stderr)) }

// run is the whole program.
func run(args []string, now time.Time, out, told io.Writer) int {
	o, err := parse(args, now)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, usage)
		return exitAnswer
	}
	if err != nil {
		fmt.Fprintf(told, "calendar: %v\n%s", err, usage)
		return exitUsage
	}
	a, err := o.answer()
	if err == nil {
		err = o.write(a, out)
	}
	if err != nil {
		fmt.Fprintln(told, "calendar:", err)
		return exitFail
	}
	return exitAnswer
}
