// Command changelog tells what comes next in a git repository, and why: the next version, the notes of what is not
// released yet, or the whole changelog.
//
//	go run ./examples/changelog
//	go run ./examples/changelog -C DIR -next
//	go run ./examples/changelog -C DIR -full >CHANGELOG.md
//
// It reads the history and the tags of the repository and changes nothing. It exits with status 0 when it has an answer, also
// when there is nothing to release, with 1 when it has none, and with 2 when it was called in a way that it does not
// understand. What went wrong is told on standard error. There are also notes on what may make an answer wrong. A shallow clone, or one without tags, would give a wrong answer, so
// that it gives none.
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
		fmt.Fprintf(told, "changelog: %v\n%s", err, usage)
		return exitUsage
	}
	if err := answer(ctx, o, out, told); err != nil {
		fmt.Fprintln(told, "changelog:", err)
		return exitFail
	}
	return exitAnswer
}
