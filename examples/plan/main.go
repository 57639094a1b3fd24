// Command plan says of the plan of a release what a good release manager would: what is missing, what cannot be, who sleeps when they are asked, what
// is booked twice, and whether there is time enough.
//
//	go run ./examples/plan
//	go run ./examples/plan -file PLAN -calendars FILE -length 50m OTHERPLAN...
//	go run ./examples/plan -markdown >plan.md
//
// Without -file it looks at the plan that it comes with (plan.json), against the calendars that it comes with (calendars.json) and another plan
// (blog.json). A plan is JSON as plan.Parse reads it.
//
// It exits with status 0 when nothing is wrong, though something may be doubtful, with 1 when something is, or there is no answer, and with 2 when it was called in
// a way that it does not understand. What went wrong with the program itself is told on standard error.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	_ "time/tzdata" // for machines without a database of zones
)

// The statuses that it exits with.
const (
	exitGood  = 0
	exitBad   = 1
	exitUsage = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program.
func run(args []string, out, told io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, usage)
		return exitGood
	}
	if err != nil {
		fmt.Fprintf(told, "plan: %v\n%s", err, usage)
		return exitUsage
	}
	a, err := o.answer()
	if err == nil {
		err = o.write(a, out)
	}
	if err != nil {
		fmt.Fprintln(told, "plan:", err)
		return exitBad
	}
	if a.Findings.Err() != nil {
		return exitBad
	}
	return exitGood
}
