package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"time"
)

const usage = `plan says of the plan of a release what a good release manager would.

usage: plan [-file PLAN] [-calendars FILE] [-length DURATION] [-markdown | -json] [OTHERPLAN...]

  -file PLAN        the plan, as JSON (default: the one that it comes with)
  -calendars FILE   when releases may run, as JSON (default: those that it comes with)
  -length DURATION  how long the release takes in 95 of 100 times, such as 50m (default: 50m)
  -markdown         the plan as a document, and what was found
  -json             both as JSON
  OTHERPLAN         other plans, with which it shares resources and people

Exit status: 0 when nothing is wrong, 1 when something is or there is no answer, 2 for flags that are wrong.
`

// options are what the flags say.
type options struct {
	file, calendars string
	others          []string
	length          time.Duration
	markdown, json  bool
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("plan", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what it says is said with the usage
	flags.Usage = func() {}
	flags.StringVar(&o.file, "file", "", "")
	flags.StringVar(&o.calendars, "calendars", "", "")
	flags.DurationVar(&o.length, "length", 50*time.Minute, "")
	flags.BoolVar(&o.markdown, "markdown", false, "")
	flags.BoolVar(&o.json, "json", false, "")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.others = flags.Args()
	// A variable of a script that is not set is no wish to hear of the plan that the program comes with.
	empty := ""
	flags.Visit(func(f *flag.Flag) {
		if f.Value.String() == "" {
			empty = "-" + f.Name
		}
	})
	if slices.Contains(o.others, "") {
		empty = "the name of another plan"
	}
	switch {
	case empty != "":
		return o, fmt.Errorf("%s is empty", empty)
	case o.length <= 0:
		return o, fmt.Errorf("-length %s: it is not above zero", o.length)
	case o.markdown && o.json:
		return o, errors.New("-markdown and -json do not go together")
	}
	return o, nil
}
