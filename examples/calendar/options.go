package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/davit-sdk/davit/release/calendar"
)

const usage = `calendar tells whether a release may run, why not, and when it may.

usage: calendar [-file FILE] [-load FILE] [-service NAME] [-environment NAME] [-team NAME] [-at TIME] [-length DURATION] [-zone NAME] [-n COUNT] [-json]

  -file FILE         calendars, as JSON (default: those that it comes with)
  -load FILE         how busy the service was, as CSV: time,value (default: what it comes with)
  -service NAME      what is released (default: shop)
  -environment NAME  where (default: production)
  -team NAME         whose it is
  -at TIME           when, such as 2026-11-27T12:00:00Z (default: now)
  -length DURATION   how long it takes, such as 40m (default: 30m)
  -zone NAME         the zone whose clock is shown, and the service's users live by (default: Europe/London)
  -n COUNT           how many slots to tell (default: 3)
  -json              as JSON

Exit status: 0 with an answer, 1 without, 2 for flags that are wrong.
`

// options are what the flags say.
type options struct {
	file, load string
	subject    calendar.Subject
	at         time.Time
	length     time.Duration
	zone       *time.Location
	count      int
	json       bool
}

func parse(args []string, now time.Time) (options, error) {
	o := options{at: now}
	flags := flag.NewFlagSet("calendar", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what it says is said with the usage
	flags.Usage = func() {}
	flags.StringVar(&o.file, "file", "", "")
	flags.StringVar(&o.load, "load", "", "")
	flags.StringVar(&o.subject.Service, "service", "shop", "")
	flags.StringVar(&o.subject.Environment, "environment", "production", "")
	flags.StringVar(&o.subject.Team, "team", "", "")
	at := flags.String("at", "", "")
	zone := flags.String("zone", "Europe/London", "")
	flags.DurationVar(&o.length, "length", 30*time.Minute, "")
	flags.IntVar(&o.count, "n", 3, "")
	flags.BoolVar(&o.json, "json", false, "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	// A variable of a script that is not set is no wish to be told of somebody else's calendars.
	empty := ""
	flags.Visit(func(f *flag.Flag) {
		if f.Value.String() == "" && f.Name != "team" && f.Name != "zone" {
			empty = f.Name
		}
	})
	if empty != "" {
		return o, fmt.Errorf("-%s is empty", empty)
	}
	if *at != "" {
		var err error
		if o.at, err = time.Parse(time.RFC3339, *at); err != nil {
			return o, fmt.Errorf("-at %.40q: is no time such as 2026-11-27T12:00:00Z", *at)
		}
	}
	location, err := time.LoadLocation(*zone)
	o.zone = location
	switch {
	case err != nil || *zone == "" || *zone == "Local":
		return o, fmt.Errorf("-zone %.40q: is no zone such as Europe/London", *zone)
	case flags.NArg() > 0:
		return o, fmt.Errorf("what is %q for?", flags.Arg(0))
	case o.length <= 0 || o.length > 7*24*time.Hour:
		return o, errors.New("-length must be above zero, and at most a week")
	case o.count < 1 || o.count > 1000:
		return o, errors.New("-n must be between 1 and 1000")
	}
	return o, nil
}
