// Command haproxy releases two versions of a service behind an HAProxy, as canaries, while customers ask for it
// all the time. The first version is good and is promoted. The second one fails a part of its requests: HAProxy
// itself measures that, and the release is taken back. HAProxy is reloaded in the middle of both.
//
//	go run ./examples/haproxy [-config]
//
// Everything is real: an HAProxy of its own, on free ports of this machine, services that are processes behind
// it, and customers that count what they get. With -config it prints what was added to HAProxy's configuration,
// and does nothing else. It needs HAProxy (Debian's package haproxy, or Homebrew's) and Go, on Linux or macOS, and
// no network beyond loopback. It exits with status 0 only when the good release was promoted, the bad one taken
// back, and no request lost, and with status 3 where there is no HAProxy.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/davit-sdk/davit/internal/haserver"
	"github.com/davit-sdk/davit/internal/traffic"
)

const noHAProxy = 3 // the exit status where HAProxy is missing

const usage = `haproxy releases two versions of a service behind an HAProxy of its own, as canaries, while customers ask for it.

usage: haproxy [-config]

  -config  print what HAProxy has to be configured with, and do nothing else

Exit status: 0 when the good release was promoted, the bad one taken back, and no request lost; 3 where there is no HAProxy.
`

func main() {
	if played, err := traffic.Play(); played { // this process is a service
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Usage = func() { fmt.Fprint(flag.CommandLine.Output(), usage) }
	config := flag.Bool("config", false, "print what HAProxy has to be configured with, and do nothing else")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "haproxy: unknown argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()
	// Who pipes the output to head ends its reader. Unless somebody wants to hear of that, it would end
	// this process on the spot, and nobody would look after what it has started.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	err := run(ctx, *config)
	if missing, ok := errors.AsType[*haserver.MissingError](err); ok {
		fmt.Fprintf(os.Stderr, "haproxy: this example starts an HAProxy of its own, and %v\n", missing)
		os.Exit(noHAProxy)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nhaproxy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, config bool) (err error) {
	if config {
		return printConfiguration(os.Stdout)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer func() {
		if ctx.Err() != nil {
			err = fmt.Errorf("interrupted: %w", context.Cause(ctx)) // whatever failed, failed for that
		}
	}()
	s, err := open(ctx)
	if err != nil {
		return err
	}
	p := &play{shop: s, out: os.Stdout, gone: stop}
	return errors.Join(p.play(ctx), s.close())
}
