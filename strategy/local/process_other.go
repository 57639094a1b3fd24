//go:build !linux && !darwin

package local

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// A fleet ends whole process groups and tells processes apart over the death of their host. How to
// do that is written for Linux and darwin only; NewFleet refuses elsewhere, and nothing below is
// ever reached.

const (
	pollInterval = time.Second
	sigTerm      = syscall.Signal(15)
	sigKill      = syscall.Signal(9)
)

func supported() error {
	return fmt.Errorf("a fleet of processes on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func bootID() (string, error)                                   { return "", errors.ErrUnsupported }
func startTime(int) (string, error)                             { return "", errors.ErrUnsupported }
func (p processID) check() (bool, error)                        { return false, errors.ErrUnsupported }
func (p processID) reap() string                                { return "" }
func groupMembers(int) ([]int, error)                           { return nil, errors.ErrUnsupported }
func markedProcesses(map[string]bool) (map[string][]int, error) { return nil, errors.ErrUnsupported }
func tryLock(*os.File) (held bool, err error)                   { return false, errors.ErrUnsupported }
func unlock(*os.File) error                                     { return errors.ErrUnsupported }
func spawn(*exec.Cmd) (int, error)                              { return 0, errors.ErrUnsupported }
func signalGroup(int, syscall.Signal) error                     { return errors.ErrUnsupported }
func signalProcess(int, syscall.Signal) error                   { return errors.ErrUnsupported }
func waitChild(int) (string, bool)                              { return "", false }
func cannotStart(error) bool                                    { return true }
func portTaken(error) bool                                      { return false }
