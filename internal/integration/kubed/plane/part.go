package plane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long a part may take to be ready, and to end.
const (
	startPatience = 2 * time.Minute
	// stopPatience is longer than requestTimeout. An API server that is to end answers first what it was asked; one
	// that is making a Service asks itself for an address, refuses itself because it is to end, and tries again for
	// as long as the request may last.
	stopPatience = time.Minute
	// requestTimeout is how long the API server may work on a request.
	requestTimeout = 20 * time.Second
)

// notice names the variable with the descriptor on which a part says that it is ready.
const notice = "KUBED_READY_FD"

// Notify tells the plane that started this process that it is ready. Without one it does nothing.
func Notify() {
	fd, err := strconv.Atoi(os.Getenv(notice))
	if err != nil {
		return
	}
	_ = os.Unsetenv(notice) // it is not for this process's own children
	f := os.NewFile(uintptr(fd), notice)
	_, _ = f.WriteString("ready\n") // whoever wanted to know is gone, and this process with it
	_ = f.Close()
}

// part is one process of the plane. Its methods may be called concurrently.
type part struct {
	name, exe, dir string
	args           []string
	// ready asks once whether the part is ready. Nil: the part says so itself, by Notify.
	ready func(ctx context.Context) error
	// fallen is told that the part ended and nobody had asked it to.
	fallen func(what string)

	turn sync.Mutex // one command at a time

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
	asked  bool
	ended  string
}

func (p *part) log() string { return filepath.Join(p.dir, p.name+".log") }

func (p *part) info() PartInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := PartInfo{Name: p.name, Ended: p.ended}
	if p.cmd != nil {
		i.PID = p.cmd.Process.Pid
		i.RSS = rss(i.PID)
	}
	return i
}

// rss is the resident memory of a process in bytes, 0 where nobody knows.
func rss(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

var errRuns = errors.New("it runs already")

// start starts the part and waits until it is ready.
func (p *part) start(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, fmt.Errorf("not ready within %s", startPatience))
	defer cancel()
	said, err := p.launch()
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	defer said.Close()
	told := make(chan struct{})
	go func() { // ends with the pipe: when the part is ready, when it ends, or when this function does
		if n, _ := said.Read(make([]byte, 1)); n > 0 {
			close(told)
		}
	}()
	for {
		err := errors.New("it has not said that it is ready")
		if p.ready != nil {
			err = p.ready(ctx)
		}
		if err == nil {
			return nil
		}
		select {
		case <-told:
			return nil
		case <-p.exited:
			return fmt.Errorf("start %s: %s\n%s", p.name, p.info().Ended, tail(p.log()))
		case <-ctx.Done():
			return fmt.Errorf("start %s: %w: %w\n%s", p.name, context.Cause(ctx), err, tail(p.log()))
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// tail is the end of what a part has said.
func tail(file string) string {
	text, _ := os.ReadFile(file)
	return string(text[max(0, len(text)-3000):])
}

// launch starts the process. What it reads from the pipe is what the part says by Notify.
func (p *part) launch() (said *os.File, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return nil, errRuns
	}
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	said, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer tell.Close()
	cmd := exec.Command(p.exe, append([]string{p.name}, p.args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles, cmd.Env = []*os.File{tell}, append(os.Environ(), notice+"=3")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, said.Close())
	}
	p.cmd, p.exited, p.asked, p.ended = cmd, make(chan struct{}), false, ""
	exited := p.exited
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		asked := p.asked
		if p.cmd = nil; !asked {
			p.ended = fmt.Sprintf("it ended by itself: %v", manner(err))
		}
		p.mu.Unlock()
		close(exited)
		if !asked {
			p.fallen(p.name + ": " + p.info().Ended)
		}
	}()
	return said, nil
}

// manner is how a process ended, in words.
func manner(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// stop sends a signal and waits for the end; SIGKILL follows where that takes too long.
func (p *part) stop(signal syscall.Signal) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	p.mu.Lock()
	cmd, exited := p.cmd, p.exited
	p.asked = true
	p.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if err := cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-exited:
		return nil
	case <-time.After(stopPatience):
	}
	_ = cmd.Process.Signal(syscall.SIGQUIT) // its log says then what it waits for; it may have ended just now
	select {
	case <-exited:
	case <-time.After(stopPatience):
		_ = cmd.Process.Kill()
		<-exited
	}
	return fmt.Errorf("stop %s: it did not end within %s of %v, and was killed", p.name, stopPatience, signal)
}
