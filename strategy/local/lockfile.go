package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrLocked is wrapped by the error of NewFleet when another fleet, in this process or in another
// one, owns the state folder.
var ErrLocked = errors.New("the state folder belongs to another fleet")

// lockPatience is how long a held lock is tried again. A host that was killed while it started an
// instance leaves the lock with that instance until it runs its own program, which is an instant, but for a machine
// that has no processor to spare.
const lockPatience = 2 * time.Second

// dirLock is the sign that a fleet owns its state folder. The system takes it away when its owner
// dies, however that happens.
type dirLock struct{ file *os.File }

func lockDir(dir string) (*dirLock, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(lockPatience)
	for {
		held, err := tryLock(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
		}
		if !held {
			break
		}
		if time.Now().After(deadline) {
			holder, err := io.ReadAll(io.LimitReader(f, 256))
			who := strings.TrimSpace(string(holder))
			if err != nil || who == "" {
				who = "a process that has not said who it is"
			}
			return nil, errors.Join(fmt.Errorf("%s: %w: %s", dir, ErrLocked, who), f.Close())
		}
		time.Sleep(10 * time.Millisecond)
	}
	who := fmt.Sprintf("pid %d (%s) since %s\n", os.Getpid(), filepath.Base(os.Args[0]), time.Now().Format(time.RFC3339))
	if err := errors.Join(f.Truncate(0), writeAt(f, who)); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), unlock(f), f.Close())
	}
	return &dirLock{f}, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

func (l *dirLock) release() error {
	return errors.Join(l.file.Truncate(0), unlock(l.file), l.file.Close())
}
