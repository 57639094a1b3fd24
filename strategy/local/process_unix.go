//go:build linux || darwin

package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// tryLock takes the lock on the file, or reports that somebody holds it.
func tryLock(f *os.File) (held bool, err error) {
	err = flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

func unlock(f *os.File) error { return flock(f, syscall.LOCK_UN) }

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// spawn starts the command in a session of its own, and so in a process group of its own whose
// number is the process's: signals of the host's terminal do not reach it, and the whole group
// can be ended at once. Nobody waits for the process but reap.
func spawn(cmd *exec.Cmd) (pid int, err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	pid = cmd.Process.Pid
	return pid, cmd.Process.Release()
}

const (
	sigTerm = syscall.SIGTERM
	sigKill = syscall.SIGKILL
)

// signalGroup sends the signal to all processes of the group. A group that is gone is no error.
func signalGroup(group int, sig syscall.Signal) error { return signalProcess(-group, sig) }

// signalProcess sends the signal to a process. A process that is gone is no error.
func signalProcess(pid int, sig syscall.Signal) error {
	if err := syscall.Kill(pid, sig); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// waitChild asks how a child that has ended did so, and lets the system forget it. The answer is empty
// where that cannot be told: the process is no child of this one, or somebody else waited for it.
func waitChild(pid int) (ending string, ended bool) {
	for {
		var status syscall.WaitStatus
		got, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil || got != pid:
			return "", false
		}
		return describeStatus(status), true
	}
}

// cannotStart reports whether an error of starting a program will be the same at the next try.
func cannotStart(err error) bool {
	for _, e := range []error{
		fs.ErrNotExist, fs.ErrPermission, fs.ErrInvalid, exec.ErrNotFound, exec.ErrDot, syscall.ENOEXEC,
		syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, syscall.E2BIG, syscall.EINVAL, syscall.ENAMETOOLONG,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func portTaken(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

func describeStatus(status syscall.WaitStatus) string {
	switch {
	case status.Signaled() && status.CoreDump():
		return fmt.Sprintf("signal: %s (core dumped)", status.Signal())
	case status.Signaled():
		return fmt.Sprintf("signal: %s", status.Signal())
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}
