// Command judge replays a recorded canary through the judge of package metrics/judge, and prints what it
// would have said at each step, with its evidence.
//
//	go run ./examples/judge
//	go run ./examples/judge -trace FILE [-json] [-alpha A] [-error-margin M] [-latency-margin M] [-svg FILE]
//
// Without a trace it replays three recordings of its own: a harmless candidate, a harmful one, and an
// incident that hits both versions. With one, it reads lines as package metrics/trace tells them, of the
// groups "candidate" (or "canary") and "baseline" (or "stable", or "control"):
//
//	{"t":12.0,"group":"baseline","requests":100,"errors":1,"latency":[{"le":0.1,"count":90},{"le":0.5,"count":99},{"le":"+Inf","count":100}]}
//
// It exits with status 0 when it has come to a verdict, whichever that is, and with 2 when it could not:
// flags that are wrong, a file or a line that cannot be read. With -exit-code the verdict decides: 0 is pass,
// 1 fail, 3 inconclusive.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// The statuses that it exits with.
const (
	exitPass         = 0
	exitFail         = 1
	exitUsage        = 2
	exitInconclusive = 3
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the whole program.
func run(args []string, in io.Reader, out, told io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, usage)
		return exitPass
	}
	if err == nil && o.trace == "" {
		err = demonstrate(o, out, told)
	} else if err == nil {
		var v verdict
		if v, err = replayFile(o, in, out, told); err == nil && o.exitCode {
			return v.status()
		}
	}
	if err != nil {
		fmt.Fprintln(told, "judge:", err)
		return exitUsage
	}
	return exitPass
}

// replayFile replays the trace of the options.
func replayFile(o options, in io.Reader, out, told io.Writer) (verdict, error) {
	if o.trace != "-" {
		file, err := os.Open(o.trace)
		if err != nil {
			return verdict{}, fmt.Errorf("-trace: %w", err)
		}
		defer file.Close()
		in = file
	}
	var t teller = &textTeller{out: out}
	if o.json {
		t = &jsonTeller{out: out}
	}
	v, c, err := replay(o, in, t, told)
	if err != nil {
		return v, fmt.Errorf("-trace %s: %w", o.trace, err)
	}
	if o.svg == "" {
		return v, nil
	}
	if err := os.WriteFile(o.svg, []byte(c.svg(v)), 0o666); err != nil {
		return v, fmt.Errorf("-svg: %w", err)
	}
	return v, nil
}
