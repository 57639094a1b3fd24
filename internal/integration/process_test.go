package integration_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A role is what a process of a test does: it has a task, is told lines, and tells lines. An error is
// the last thing that it says.
type role func(k task, in *bufio.Scanner, out io.Writer) error

const roleVariable, taskVariable = "DAVIT_TEST_ROLE", "DAVIT_TEST_TASK"

// roles are what processes can do, by name.
func roles() map[string]role {
	return map[string]role{"writer": writer, "opener": opener, "leaser": leaser, "carrier": carrier}
}

// playRole does what this process was started for, if it was started by a test.
func playRole() bool {
	name := os.Getenv(roleVariable)
	if name == "" {
		return false
	}
	play, ok := roles()[name]
	if !ok {
		fmt.Fprintln(os.Stderr, "no role", name)
		os.Exit(2)
	}
	var k task
	err := json.Unmarshal([]byte(os.Getenv(taskVariable)), &k)
	if err == nil {
		err = play(k, bufio.NewScanner(os.Stdin), os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
	return true
}

// process is a process of its own that plays a role. It can be stopped, woken and killed.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	said   said
	ended  bool
	result error
}

// said is what a process has said so far of errors.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(text)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// start starts this test program again, in another role. It is dead when the test is over.
func start(t *testing.T, name string, k task) *process {
	t.Helper()
	text, err := json.Marshal(k)
	require.NoError(t, err)
	program, err := os.Executable()
	require.NoError(t, err)
	p := &process{t: t, cmd: exec.Command(program)}
	p.cmd.Env = append(os.Environ(), roleVariable+"="+name, taskVariable+"="+string(text))
	p.cmd.Stderr = &p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.in, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.out = bufio.NewScanner(out)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.kill)
	return p
}

// tell writes a line to the process.
func (p *process) tell(line string) {
	p.t.Helper()
	_, err := fmt.Fprintln(p.in, line)
	require.NoError(p.t, err)
}

// line is the next line that the process writes, "" when it writes no more.
func (p *process) line() string {
	if !p.out.Scan() {
		return ""
	}
	return p.out.Text()
}

// stop stops the process where it is, and wake lets it go on. Neither waits.
func (p *process) stop() { p.signal(syscall.SIGSTOP) }
func (p *process) wake() { p.signal(syscall.SIGCONT) }

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// kill ends the process at once.
func (p *process) kill() {
	if !p.ended {
		_ = p.cmd.Process.Kill()
		p.wait()
	}
}

// wait waits for the end of the process. The error has what it said.
func (p *process) wait() error {
	if !p.ended {
		p.ended = true
		_ = p.in.Close()
		if p.result = p.cmd.Wait(); p.result != nil {
			p.result = fmt.Errorf("%w: %s", p.result, p.said.String())
		}
	}
	return p.result
}
