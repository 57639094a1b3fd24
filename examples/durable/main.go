// Command durable shows what happens to a release when its host dies. It starts hosts, each a process of
// its own, on one folder with a journal, and kills them one after the other: while a release waits for a
// person, in the middle of a rollout, in the middle of work that must not be done twice, and on the way
// back of a bad release. Each time the next host takes the release up.
//
//	go run ./examples/durable
//
// Everything is real: the hosts and the shops are processes, SIGKILL ends them, the journal is on disk, and
// what the stages ask for is counted outside of the hosts. It needs Go on Linux or macOS, nothing else, and no
// network beyond loopback. It exits with status 0 only when both releases ended as they should, and nothing
// was done twice.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/davit-sdk/davit/strategy/local"
)

// envRole tells a process of this program which part it plays: that of a host, or that of a shop. The one
// that a person starts has none, and directs the others.
const envRole = "DAVIT_DURABLE_ROLE"

const usage = `durable shows what happens to a release when its host dies: five hosts on one folder, four of which are killed.

usage: durable

It takes no arguments, and less than a minute. Exit status: 0 when both releases ended as they should, and nothing was done twice.
`

func main() {
	if code, played := role(); played {
		os.Exit(code)
	}
	flag.Usage = func() { fmt.Fprint(flag.CommandLine.Output(), usage) }
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "durable: unknown argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()
	// Who pipes the output to head ends its reader. Unless somebody wants to hear of that, it would end
	// this process on the spot, and nobody would look after what it has started.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "\ndurable:", err)
		os.Exit(1)
	}
}

// role plays the part that the environment asks for, and reports whether it asks for one.
func role() (code int, played bool) {
	var err error
	switch os.Getenv(envRole) {
	case "host":
		err = beHost(os.Args[1], os.Args[2], os.Stdin, os.Stdout)
	case "shop":
		err = beShop(os.Args[1], os.Args[2])
	default:
		return 0, false
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return 0, true
}

// run plays it all in a folder of its own, and leaves nothing behind.
func run(ctx context.Context, out io.Writer) (err error) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		return fmt.Errorf("this example needs Linux or macOS: %w", errors.ErrUnsupported)
	}
	dir, err := os.MkdirTemp("", "davit-durable-")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w, err := openWorld()
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	p := &play{dir: dir, world: w, out: out, gone: stop}
	err = p.play(ctx)
	if ctx.Err() != nil {
		err = fmt.Errorf("interrupted: %w", context.Cause(ctx)) // whatever failed, failed for that
	}
	return errors.Join(err, p.leave(), w.close(), sweep(dir), os.RemoveAll(dir))
}

// sweep ends the shops that a host has left behind: whoever opens their folder owns them.
func sweep(dir string) error {
	fleet, err := local.NewFleet(fleetOptions(filepath.Join(dir, "production"), nil))
	if err != nil {
		return err
	}
	return fleet.StopAll(context.Background())
}
