//go:build linux || darwin

package haserver

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

type signal = syscall.Signal

const (
	signalReload = syscall.SIGUSR2
	signalStop   = syscall.SIGTERM
	signalKill   = syscall.SIGKILL
	signalFreeze = syscall.SIGSTOP
	signalThaw   = syscall.SIGCONT
)

func supported() error { return nil }

// signalGroup sends a signal to a process group. That nobody is left there is no error.
func signalGroup(group int, sig signal) error {
	if err := syscall.Kill(-group, sig); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// groupLives reports whether a process of the group still runs. One that has ended and nobody has waited
// for yet does not.
func groupLives(group int) bool {
	if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
		return false
	}
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return true
	}
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		// Behind the name, in parentheses: the state, the parent, the group.
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		if len(fields) > 2 && string(fields[2]) == strconv.Itoa(group) && string(fields[0]) != "Z" {
			return true
		}
	}
	return false
}
