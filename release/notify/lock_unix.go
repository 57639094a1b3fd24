//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package notify

import (
	"errors"
	"os"
	"syscall"
)

// lock opens a file and takes the kernel's lock on it, which ends when it is closed, and with the process.
func lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		file.Close() // what is wrong is known
		return nil, err
	}
	return file, nil
}
