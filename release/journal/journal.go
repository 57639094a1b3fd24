package journal

import (
	"errors"
	"fmt"
	"sync"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"
)

var (
	// ErrLocked says that another journal, in this process or another one, has the folder open.
	ErrLocked = errors.New("the folder is in use")
	// ErrClosed says that the journal is closed.
	ErrClosed = errors.New("the journal is closed")
	// ErrVersion says that a file is of another version of the format. It is not touched.
	ErrVersion = errors.New("unknown version of the format")
	// ErrFailed says that the journal takes no more writes until it is opened anew: what it wrote
	// last could not be made to last, and nobody can tell what is on the disk; or its folder, or the file
	// that it writes to, was moved, removed or replaced. Reading goes on.
	ErrFailed = errors.New("the journal takes no more writes until it is opened anew")
	// ErrInDoubt says that events may have been written or not: the disk did not say. No reader sees
	// them for now. The next write to the release finds out: where they are there, it ends in
	// release.ErrConflict.
	ErrInDoubt = errors.New("the events may be written or not")
)

// CorruptError says that a file is not what was written.
type CorruptError struct {
	// File is the name of the file in the journal's folder.
	File string
	// Offset is where in the file the damage was found, in bytes.
	Offset int64
	// Reason is what is wrong there.
	Reason string
	// Err is the cause, if there is one.
	Err error
}

// Error is the file, the offset and the reason.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is corrupt at byte %d: %s", e.File, e.Offset, e.Reason)
}

// Unwrap is the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// DefaultSegmentSize and DefaultOpenFiles hold where Options do not say.
const (
	DefaultSegmentSize = 16 << 20
	DefaultOpenFiles   = 16
)

// Options set a journal up. The zero value is fit for use.
type Options struct {
	// SegmentSize is the size in bytes at which a file is full and the next one begins. Releases
	// that are over are moved to the archive at these times. Until then, or until the journal is closed, a
	// file that is written a lot ends in up to 1 MiB of zeros. Zero: DefaultSegmentSize.
	SegmentSize int64
	// OpenFiles is how many files are kept open for reading. Zero: DefaultOpenFiles. Three more are
	// open, the folder twice and the file that is written, and a few for moments while files are made.
	OpenFiles int
	// Logger hears of what was cut off when the journal was opened, and of what could not be
	// archived. Nil: nothing is logged.
	Logger hclog.Logger
}

// Validate reports each option that makes no sense.
func (o Options) Validate() error {
	var errs *multierror.Error
	if o.SegmentSize < 0 {
		errs = multierror.Append(errs, fmt.Errorf("SegmentSize: %d is below zero", o.SegmentSize))
	}
	if o.OpenFiles < 0 {
		errs = multierror.Append(errs, fmt.Errorf("OpenFiles: %d is below zero", o.OpenFiles))
	}
	return errs.ErrorOrNil()
}

func (o Options) filled() Options {
	if o.SegmentSize == 0 {
		o.SegmentSize = DefaultSegmentSize
	}
	if o.OpenFiles == 0 {
		o.OpenFiles = DefaultOpenFiles
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	return o
}

// Journal is a release.Store in a folder. Make one with Open.
type Journal struct {
	options  Options
	disk     disk
	logger   hclog.Logger
	shelf    *shelf
	decoder  ledger.Decoder
	requests sync.Pool // of those that nobody knows any more

	// tidying is held for writing while files are replaced, and for reading while they are verified.
	tidying   sync.RWMutex
	verifying sync.WaitGroup

	// mu guards all that follows, and is never held over a write or a sync.
	mu       sync.Mutex
	idle     sync.Cond // nobody leads, or tidies
	closed   bool
	failure  error // what ErrFailed came from
	leading  bool
	tidies   bool // a goroutine tidies
	untidy   bool // it is to do so again
	queue    []*request
	crowd    int               // so many appends were in the last commit
	entries  map[string]*entry // the releases that are not archived
	begun    uint64            // the highest number that a release got
	packs    []*pack
	segments []*volume // in order; the last may be the active one

	// tail belongs to whoever leads.
	tail tail
	once sync.Once // of closing
}

var (
	_ release.Store  = (*Journal)(nil)
	_ release.Opener = (*Journal)(nil)
)

// volume is a segment or a pack.
type volume struct {
	name   string
	header header
	size   int64
	live   int64 // of a segment: bytes of records that are not archived
	sealed bool  // nothing is written to it any more
	gone   bool  // it was replaced, and its name may stand for another file
}

// entry is what is known of a release.
type entry struct {
	id       string
	begun    uint64
	last     uint64
	head     sum
	over     bool
	archived bool // it was found in a pack; nothing was added since
	busy     bool // an append to it is being written
	records  []location
}

// location is where a record is.
type location struct {
	volume *volume
	at     int64
	first  uint64
	size   int32
}

// Open opens the journal in a folder, and makes the folder where there is none. It reads what is not
// archived, checks it, and cuts off what a crash left behind the last commit: that was never
// acknowledged. The error is ErrLocked where the folder is in use, ErrVersion where it
// is of another version, and a *CorruptError where it is damaged; then nothing is changed. Only one
// problem is reported: Verify reports all. A folder that is in use is tried for 0.3 s: a process that was
// killed while it started another one leaves its lock with that for an instant.
//
// A lock on the folder itself, which the kernel releases when the process ends, however that happens, keeps
// the folder to one journal. It needs Linux or darwin, and a file system whose locks and syncs can be
// trusted; network file systems often cannot. The lock goes with the folder where that is moved. A journal
// whose folder is moved, removed or replaced takes no more appends (ErrFailed): what it acknowledged
// would not be found where it is looked for. It touches nothing in a folder that stands in its place.
func Open(dir string, o Options) (*Journal, error) { return open(newFolder(dir), o) }

func open(d disk, o Options) (*Journal, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("journal: options: %w", err)
	}
	if err := supported(); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	o = o.filled()
	j := &Journal{options: o, disk: d, logger: o.Logger.Named("journal"), entries: make(map[string]*entry)}
	j.idle.L = &j.mu
	j.requests.New = func() any { return &request{wake: make(chan struct{}, 1)} }
	j.tail.news, j.tail.room.least = make(map[string]*entry), leastRoom
	j.shelf = newShelf(d, o.OpenFiles)
	if err := d.Enter(true); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	err := d.Lock()
	if err == nil {
		err = j.load()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open journal: %w", err), j.shelf.close(), j.tail.close(), d.Leave())
	}
	j.tidy()
	return j, nil
}

// Close waits for the writes and reads that are under way, and for releases that are being archived, and
// gives the folder free. Sequences that are read later end in ErrClosed. It may be called several times and concurrently; only the
// first gives an error, where the last write's mark could not be made: nothing is lost by that.
func (j *Journal) Close() error {
	j.mu.Lock()
	j.closed = true
	for j.leading || j.tidies {
		j.idle.Wait()
	}
	j.mu.Unlock()
	var err error
	j.once.Do(func() {
		j.verifying.Wait()
		err = errors.Join(j.signOff(), j.shelf.close(), j.tail.close(), j.disk.Leave())
	})
	if err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

// refusal says why nothing can be written. mu is held.
func (j *Journal) refusal() error {
	switch {
	case j.closed:
		return ErrClosed
	case j.failure != nil:
		return fmt.Errorf("%w: %w", ErrFailed, j.failure)
	}
	return nil
}

// fail ends all writing, because of an error after which nobody knows what is on the disk.
func (j *Journal) fail(err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failure == nil {
		j.failure = err
		j.logger.Error("takes no more writes until it is opened anew", "error", err)
	}
	return fmt.Errorf("%w: %w", ErrFailed, err)
}
