//go:build linux || darwin

package journal

import (
	"errors"
	"os"
	"syscall"
)

// lock takes the kernel's lock on a file, which ends with the process, however that dies.
func lock(f *os.File, shared bool) error {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EWOULDBLOCK):
			return ErrLocked
		case !errors.Is(err, syscall.EINTR):
			return err
		}
	}
}

func supported() error { return nil }
