package journal

import "context"

// The seams that tests use.
type (
	Disk = disk
	File = file
)

const LockName = lockName

func OpenOn(d Disk, o Options) (*Journal, error) { return open(d, o) }
func VerifyOn(ctx context.Context, d Disk) error { return verify(ctx, d) }
func Folder(dir string) Disk                     { return folder(dir) }
func (j *Journal) Files() int                    { return len(j.shelf.open) }

// Queued is how many appends wait for the write that is under way.
func (j *Journal) Queued() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.queue)
}
