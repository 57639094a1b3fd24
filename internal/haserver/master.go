package haserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// master is a process of HAProxy that runs workers, with which it makes a process group.
type master struct {
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // is set before exited is closed
}

func startMaster(dir string, log *os.File, program string, args ...string) (*master, error) {
	if err := supported(); err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.SysProcAttr = ownGroup()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	m := &master{cmd: cmd, exited: make(chan struct{})}
	go func() {
		m.err = cmd.Wait()
		close(m.exited)
	}()
	return m, nil
}

func (m *master) pid() int { return m.cmd.Process.Pid }

func (m *master) over() bool {
	select {
	case <-m.exited:
		return true
	default:
		return false
	}
}

// ending says how a master that is over has ended.
func (m *master) ending() string {
	if m.err == nil {
		return "exit status 0"
	}
	return m.err.Error()
}

func (m *master) signal(sig signal) error { return m.cmd.Process.Signal(sig) }

// signalAll sends a signal to the master and its workers. That none is left is no error.
func (m *master) signalAll(sig signal) error { return signalGroup(m.pid(), sig) }

// end ends the master and its workers, and waits for it. Those that do not end by the signal are killed.
func (m *master) end(sig signal, patience time.Duration) error {
	if sig == signalKill {
		if err := m.signalAll(signalKill); err != nil {
			return err
		}
	} else if err := errors.Join(m.signal(sig), m.signalAll(signalThaw)); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if m.gone(patience) {
		return nil
	}
	if err := m.signalAll(signalKill); err != nil {
		return err
	}
	if m.gone(patience) {
		return fmt.Errorf("HAProxy (process %d) did not end by %v, and was killed", m.pid(), sig)
	}
	return fmt.Errorf("HAProxy (process %d) cannot be ended", m.pid())
}

// gone waits until no process of the group is left.
func (m *master) gone(patience time.Duration) bool {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if m.over() && !groupLives(m.pid()) {
			return true
		}
		select {
		case <-tick.C:
		case <-timeout.C:
			return false
		}
	}
}
