//go:build linux || darwin

package journal

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// lockPatience is how long a lock that is held is tried again. A process that was killed while it started
// another one leaves its locks with that until it runs its own program, which is an instant, but for a
// machine that has no processor to spare.
const lockPatience = time.Second

// lock takes the kernel's lock on a folder, which ends with the process, however that dies.
func lock(f *os.File, shared bool) error {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	deadline := time.Now().Add(lockPatience)
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EWOULDBLOCK):
			if time.Now().After(deadline) {
				return ErrLocked
			}
			time.Sleep(10 * time.Millisecond)
		case !errors.Is(err, syscall.EINTR):
			return err
		}
	}
}

func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

func supported() error { return nil }
