// Command dora tells how delivery is going: how often is deployed, how long changes take, how many deployments fail, how soon that is
// repaired, and how much of the work is repair.
//
//	go run ./examples/dora
//	go run ./examples/dora -C DIR -html delivery.html
//	go run ./examples/dora -events FILE -from 2025-01-01T00:00:00Z -to 2025-04-01T00:00:00Z -compare dora-2024,fourkeys
//
// Without a source, it tells of a sample: half a year in a shop with three services. It exits with status 0 when it has an
// answer, with 1 when it has none, and with 2 when it was called in a way that it does not understand. What went wrong is told on
// standard error, and so is what may make an answer wrong. A file with a line that is no event has no answer: what was dropped
// would be missing from each figure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// The statuses that it exits with.
const (
	exitAnswer = 0
	exitFail   = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the whole program.
func run(ctx context.Context, args []string, out, told io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, usage)
		return exitAnswer
	}
	if err != nil {
		fmt.Fprintf(told, "dora: %v\n%s", err, usage)
		return exitUsage
	}
	if err := answer(ctx, o, out, told); err != nil {
		fmt.Fprintln(told, "dora:", err)
		return exitFail
	}
	return exitAnswer
}
