package process

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// T is what a process needs of the *testing.T for which it runs.
type T interface {
	Helper()
	Fatal(args ...any)
	Cleanup(func())
}

// Process is a process of its own that plays a role. It is used by one goroutine at a time, but for Line,
// which another one may call, and Offer and Said, which many may.
type Process struct {
	t      T
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	said   Words
	ended  bool
	result error
}

// Start starts this test program again, in another role. It is dead when the test is over.
func Start(t T, role string, task any) *Process {
	t.Helper()
	text, err := json.Marshal(task)
	must(t, err)
	program, err := os.Executable()
	must(t, err)
	p := &Process{t: t, cmd: exec.Command(program)}
	p.cmd.Env = append(os.Environ(), roleVariable+"="+role, taskVariable+"="+string(text))
	p.cmd.Stderr = &p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.in, err = p.cmd.StdinPipe()
	must(t, err)
	out, err := p.cmd.StdoutPipe()
	must(t, err)
	p.out = bufio.NewScanner(out)
	must(t, p.cmd.Start())
	t.Cleanup(p.Kill)
	return p
}

func must(t T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Tell writes a line to the process.
func (p *Process) Tell(line string) {
	p.t.Helper()
	must(p.t, p.Offer(line))
}

// Offer writes a line to the process, which may be dead, or die of it.
func (p *Process) Offer(line string) error {
	_, err := fmt.Fprintln(p.in, line)
	return err
}

// Line is the next line that the process writes, "" when it writes no more.
func (p *Process) Line() string {
	if !p.out.Scan() {
		return ""
	}
	return p.out.Text()
}

// Said is what the process has said so far of errors.
func (p *Process) Said() string { return p.said.String() }

// Stop stops the process where it is, and Wake lets it go on. Neither waits.
func (p *Process) Stop() { p.signal(syscall.SIGSTOP) }

// Wake ends a Stop.
func (p *Process) Wake() { p.signal(syscall.SIGCONT) }

// Shoot kills the process without waiting for its end, so that what it has said can still be read.
func (p *Process) Shoot() { p.signal(syscall.SIGKILL) }

func (p *Process) signal(s os.Signal) {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(s))
}

// Kill ends the process at once, and waits for it. What it has said and nobody has read is lost.
func (p *Process) Kill() {
	if !p.ended {
		_ = p.cmd.Process.Kill()
		p.Wait()
	}
}

// Wait waits for the end of the process. The error has what it said.
func (p *Process) Wait() error {
	if !p.ended {
		p.ended = true
		_ = p.in.Close()
		if p.result = p.cmd.Wait(); p.result != nil {
			p.result = fmt.Errorf("%w: %s", p.result, p.said.String())
		}
	}
	return p.result
}
