package apply

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// ErrLocked says that another Apply, Resume or Abandon is at work with the same journal, in this process or another one.
var ErrLocked = errors.New("another one is at work with this journal: wait until it has ended, and try again")

// Locker is a Journal that one call of Apply, Resume or Abandon has for itself at a time, whatever process it is in. A
// FileJournal is one.
type Locker interface {
	// Lock is called before Load, once by each call, and keeps others out until unlock is called. It fails with ErrLocked where another
	// one has it; it does not wait. A lock ends with its process, however that ends.
	Lock(ctx context.Context) (unlock func() error, err error)
}

var _ Locker = FileJournal{}

// lockPatience is how long a lock that is held is tried again. A process that was killed while it started
// another one leaves its locks with that until it runs its own program, which is an instant.
const lockPatience = 300 * time.Millisecond

// Lock takes the lock of the system on a file beside the journal, with .lock after its name. The file is empty, and stays: it means nothing by
// itself. It fails with errors.ErrUnsupported on systems that have no lock which ends with its process.
func (j FileJournal) Lock(ctx context.Context) (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(j.Path), 0o777); err != nil {
		return nil, err
	}
	path := j.Path + ".lock"
	for tries := 0; ; tries++ {
		file, err := lock(path)
		switch {
		case err == nil:
			return file.Close, nil
		case !errors.Is(err, ErrLocked):
			return nil, fmt.Errorf("lock the journal: %w", err)
		case tries == 10:
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockPatience / 10):
		}
	}
}
