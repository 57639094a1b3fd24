package load

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Program is a load generator that runs: wrk or hey, of Debian's packages of these names.
type Program struct {
	cmd   *exec.Cmd
	out   lines
	read  func(text string) (requests, lost int, err error)
	began time.Time
	ended chan error
}

// lines takes what a program says, from its two streams.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Wrk starts wrk with so many connections. It goes as fast as it gets answers, until Stop.
func Wrk(o Options) (*Program, error) {
	return start(readWrk, "wrk", "-t", "1", "-c", strconv.Itoa(max(o.Workers, 1)), "-d", "1h", "-H", "Host: "+o.Host, o.URL)
}

// Hey starts hey with so many connections and that rate, until Stop.
func Hey(o Options) (*Program, error) {
	args := []string{"-z", "1h", "-c", strconv.Itoa(max(o.Workers, 1)), "-host", o.Host}
	if o.Rate > 0 {
		args = append(args, "-q", strconv.Itoa(max(1, o.Rate/max(o.Workers, 1))))
	}
	return start(readHey, "hey", append(args, o.URL)...)
}

func start(read func(string) (int, int, error), name string, args ...string) (*Program, error) {
	p := &Program{cmd: exec.Command(name, args...), read: read, began: time.Now(), ended: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: install Debian's package %s", err, name)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	return p, nil
}

// Stop ends the program, as Ctrl-C does, and reads its report.
func (p *Program) Stop() (Report, error) {
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return Report{}, fmt.Errorf("%s has ended: %w: %s", p.cmd.Path, err, p.out.b.String())
	}
	select {
	case <-p.ended: // how it ends says nothing: it was interrupted
	case <-time.After(time.Minute):
		return Report{}, errors.Join(errors.New("it does not end on SIGINT"), p.cmd.Process.Kill())
	}
	requests, lost, err := p.read(p.out.b.String())
	if err != nil {
		return Report{}, fmt.Errorf("%s: %w: %s", p.cmd.Path, err, p.out.b.String())
	}
	return Report{Requests: requests, Lost: lost, Lasted: time.Since(p.began)}, nil
}

var (
	wrkRequests = regexp.MustCompile(`(?m)^\s*(\d+) requests in `)
	wrkSockets  = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
	wrkStatus   = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
	heyStatus   = regexp.MustCompile(`(?m)^\s*\[(\d+)\]\s+(\d+) responses`)
	heyErrors   = regexp.MustCompile(`(?m)^\s*\[(\d+)\]\s+\S+.*$`)
)

// sum adds up what an expression finds.
func sum(numbers []string) (n int) {
	for _, text := range numbers {
		one, _ := strconv.Atoi(text)
		n += one
	}
	return n
}

// readWrk reads the report of wrk.
func readWrk(text string) (requests, lost int, err error) {
	all := wrkRequests.FindStringSubmatch(text)
	if all == nil {
		return 0, 0, errors.New("no report")
	}
	requests = sum(all[1:])
	if m := wrkSockets.FindStringSubmatch(text); m != nil {
		lost += sum(m[1:])
	}
	if m := wrkStatus.FindStringSubmatch(text); m != nil {
		lost += sum(m[1:])
	}
	return requests, lost, nil
}

// readHey reads the report of hey.
func readHey(text string) (requests, lost int, err error) {
	status, failed, _ := cut(text)
	for _, m := range heyStatus.FindAllStringSubmatch(status, -1) {
		n := sum(m[2:])
		if requests += n; m[1] >= "500" {
			lost += n
		}
	}
	for _, m := range heyErrors.FindAllStringSubmatch(failed, -1) {
		n := sum(m[1:2])
		requests, lost = requests+n, lost+n
	}
	if requests == 0 {
		return 0, 0, errors.New("no report")
	}
	return requests, lost, nil
}

// cut parts the report of hey where its errors begin.
func cut(text string) (status, failed string, found bool) {
	at := regexp.MustCompile(`(?m)^Error distribution:`).FindStringIndex(text)
	if at == nil {
		return text, "", false
	}
	return text[:at[0]], text[at[1]:], true
}
