package loadtool

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Load is what a tool does.
type Load struct {
	// URL is what is asked for.
	URL string
	// Connections are how many there are, each with one request under way. Zero: 8.
	Connections int
	// For is how long it takes. Zero: 5 s.
	For time.Duration
	// Fresh says that each request has a connection of its own. Only hey can do that.
	Fresh bool
}

// Report is what a tool has counted.
type Report struct {
	// Requests are those that were answered.
	Requests int
	// Errors are requests that got no answer, or another status than 200. For wrk, each error of a socket is
	// one.
	Errors int
	// Text is what the tool said.
	Text string
}

// Tool is a program that makes load.
type Tool struct {
	name, pkg string
	args      func(Load) []string
	parse     func(string) (Report, error)
}

// Tools are all that there are.
func Tools() []Tool { return []Tool{Wrk(), Hey()} }

// Wrk is Debian's wrk.
func Wrk() Tool {
	return Tool{"wrk", "wrk", func(l Load) []string {
		return []string{"-t1", "-c" + strconv.Itoa(l.Connections), "-d" + strconv.Itoa(l.seconds()) + "s", "--timeout", "10s", l.URL}
	}, parseWrk}
}

// Hey is Debian's hey. It is a Go program, and so it asks by POST, which Go does not repeat in silence once it
// has been sent.
func Hey() Tool {
	return Tool{"hey", "hey", func(l Load) []string {
		args := []string{"-z", strconv.Itoa(l.seconds()) + "s", "-c", strconv.Itoa(l.Connections), "-t", "10", "-m", "POST", "-d", "one tea"}
		if l.Fresh {
			args = append(args, "-disable-keepalive")
		}
		return append(args, l.URL)
	}, parseHey}
}

// Name is the tool's name.
func (t Tool) Name() string { return t.name }

// seconds are those of For, rounded up: the tools know no less.
func (l Load) seconds() int { return max(1, int((l.For+time.Second-1)/time.Second)) }

// Start starts the tool. What is returned waits for its end, and gives what it has counted; when ctx ends the
// tool is told to end before its time, and reports what it has so far. A tool that is missing is an error with
// the name of Debian's package.
func (t Tool) Start(ctx context.Context, l Load) (wait func() (Report, error), err error) {
	if l.Connections == 0 {
		l.Connections = 8
	}
	if l.For == 0 {
		l.For = 5 * time.Second
	}
	path, err := exec.LookPath(t.name)
	if err != nil {
		return nil, fmt.Errorf("%s is not installed: get Debian's package %s: %w", t.name, t.pkg, err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, path, t.args(l)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) } // both tell what they have counted
	cmd.WaitDelay = 15 * time.Second
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return sync.OnceValues(func() (Report, error) {
		if err := cmd.Wait(); err != nil && ctx.Err() == nil {
			return Report{}, fmt.Errorf("%s: %w: %s", t.name, err, out.String())
		}
		report, err := t.parse(out.String())
		if err != nil {
			err = fmt.Errorf("%s: %w: %s", t.name, err, out.String())
		}
		return report, err
	}), nil
}
