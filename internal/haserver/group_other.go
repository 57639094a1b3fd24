//go:build !linux && !darwin

package haserver

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
)

// HAProxy does not run on these systems. Start refuses, and nothing below is ever reached.

type signal = syscall.Signal

const (
	signalReload = syscall.Signal(12)
	signalStop   = syscall.Signal(15)
	signalKill   = syscall.Signal(9)
	signalFreeze = syscall.Signal(19)
	signalThaw   = syscall.Signal(18)
)

func supported() error { return fmt.Errorf("HAProxy on %s: %w", runtime.GOOS, errors.ErrUnsupported) }

func signalGroup(int, signal) error  { return errors.ErrUnsupported }
func groupLives(int) bool            { return false }
func ownGroup() *syscall.SysProcAttr { return nil }
