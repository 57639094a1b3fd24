package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// ErrFleetClosed is wrapped by the errors of a fleet that was closed.
var ErrFleetClosed = errors.New("the fleet is closed")

// Fleet runs instances as processes of this machine.
//
// An instance is a process group with a session, a port, a folder and a log of its own. It
// outlives the host: what a fleet knows is in its state folder before and after each process
// starts, so that the next fleet on the folder adopts every process that still runs, and ends
// those that it cannot account for. An adopted process is the very one that was started, not
// another one under its number. An instance is over when its first process is; what is left of its
// group is killed.
//
// An instance that ended by itself is Failed, its Reason tells how it ended and its last output
// (which reaches whoever is told of failures, so let no secret be in it), and it is not started
// again but by Scale. The last 20 ended instances of a pool, and 200 in all,
// are remembered with their logs.
//
// All methods may be called concurrently.
type Fleet struct {
	o      FleetOptions
	log    hclog.Logger
	lock   *dirLock
	client *http.Client
	boot   string

	// scaling holds one token, which is taken by whatever starts or stops instances.
	scaling chan struct{}

	// watching ends when the fleet is closed, and every goroutine of the fleet with it.
	watching context.Context
	unwatch  context.CancelFunc
	watchers sync.WaitGroup

	mu sync.Mutex
	// instances are all that run or are remembered, in the order in which they were made.
	instances []*instance
	closed    bool
	released  chan struct{} // closed when everything of the fleet has been given back
	closeErr  error         // is set before released is closed
}

var _ rollout.Fleet = (*Fleet)(nil)

// instance is one instance of the fleet. Its fields but the first four are guarded by Fleet.mu.
type instance struct {
	dir string
	// saving orders the writes of the state file.
	saving sync.Mutex
	// stop is closed when the instance shall end, hurry when it shall do so at once, gone when its
	// last process has ended.
	stop, hurry, gone chan struct{}
	// probed is closed after the first probe.
	probed chan struct{}

	record  record
	phase   rollout.Phase
	reason  string
	adopted bool
	// streak counts the last probes that had the same outcome, failed ones below zero.
	streak int
}

func newInstance(dir string, r record, phase rollout.Phase) *instance {
	return &instance{
		dir: dir, record: r, phase: phase,
		stop: make(chan struct{}), hurry: make(chan struct{}), gone: make(chan struct{}),
		probed: make(chan struct{}),
	}
}

// live reports whether the instance counts as running: it has neither ended nor been told to.
func (i *instance) live() bool {
	return i.phase == rollout.Starting || i.phase == rollout.Ready || i.phase == rollout.Unready
}

func (i *instance) ended() bool { return i.phase == rollout.Failed || i.phase == Stopped }

// NewFleet makes a fleet on the state folder and takes over what an earlier fleet left there:
// processes that still run are adopted, and have been probed once when NewFleet returns; an
// instance that was being stopped is stopped; a process that cannot be accounted for, because its
// host died before it could be recorded or because its record cannot be read, is ended within
// the grace period, and a record that cannot be read is kept in the folder "quarantine".
//
// The error lists everything that is wrong with the options. It wraps ErrLocked where another fleet
// owns the folder, and errors.ErrUnsupported on systems other than Linux and darwin.
func NewFleet(o FleetOptions) (*Fleet, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	if err := supported(); err != nil {
		return nil, err
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	boot, err := bootID()
	if err != nil {
		return nil, fmt.Errorf("fleet: tell this run of the system: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, instancesName), 0o700); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	held, err := lockDir(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	f := &Fleet{
		o: o, log: o.Logger, lock: held, boot: boot, client: probeClient(),
		scaling: make(chan struct{}, 1), released: make(chan struct{}),
	}
	f.watching, f.unwatch = context.WithCancel(context.Background())
	if err := f.adopt(); err != nil {
		f.unwatch()
		return nil, errors.Join(fmt.Errorf("fleet: %w", err), held.release())
	}
	return f, nil
}

// Instances lists the running and the failed instances, oldest first.
func (f *Fleet) Instances(ctx context.Context) ([]rollout.Instance, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, fmt.Errorf("instances: %w", ErrFleetClosed)
	}
	var list []rollout.Instance
	for _, i := range f.instances {
		if i.phase != Stopped {
			list = append(list, i.view())
		}
	}
	return list, nil
}

func (i *instance) view() rollout.Instance {
	return rollout.Instance{
		ID: i.record.ID, Pool: i.record.Pool, Addr: i.record.Addr,
		Phase: i.phase, ReadySince: i.record.ReadySince, Reason: i.reason,
	}
}

// Stopped is the phase of an instance that ended because it was told to. Only Processes lists it.
const Stopped rollout.Phase = "stopped"

// Process is what a fleet knows of an instance beyond what every fleet does.
type Process struct {
	rollout.Instance
	// PID is the number of the first process, and of its group.
	PID int `json:"pid"`
	// LogFile is where the instance writes to. What it wrote before lies in a file of the same
	// name with ".1" behind it, once there is too much.
	LogFile string `json:"log_file"`
	// Started is when the instance was made, Ended when it was seen to be over.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	// Adopted says that an earlier fleet started the instance.
	Adopted bool `json:"adopted,omitempty"`
}

// Processes lists what runs where: all running and all remembered instances, stopped ones
// included, oldest first. Of a closed fleet it lists what was last seen.
func (f *Fleet) Processes() []Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]Process, 0, len(f.instances))
	for _, i := range f.instances {
		list = append(list, Process{
			Instance: i.view(), PID: i.record.Process.PID, LogFile: filepath.Join(i.dir, logName),
			Started: i.record.Created, Ended: i.record.Ended, Adopted: i.adopted,
		})
	}
	return list
}

// How many ended instances are remembered.
const (
	rememberPool = 20
	rememberAll  = 200
)

// Forget drops what is remembered of ended instances of the pool, their logs included. Running
// ones are not touched.
func (f *Fleet) Forget(pool strategy.Pool) error {
	return f.drop(func(i *instance, _, _ int) bool { return i.record.Pool == pool })
}

// prune forgets ended instances, the oldest first, that are more than are remembered.
func (f *Fleet) prune() error {
	return f.drop(func(_ *instance, inPool, inAll int) bool { return inPool > rememberPool || inAll > rememberAll })
}

// drop forgets the ended instances that are chosen by themselves, and by which newest one of their
// pool, and of all, they are.
func (f *Fleet) drop(choose func(i *instance, inPool, inAll int) bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return fmt.Errorf("forget: %w", ErrFleetClosed)
	}
	all, perPool := 0, map[strategy.Pool]int{}
	var errs []error
	var kept []*instance
	for _, i := range slices.Backward(f.instances) {
		if i.ended() {
			all++
			perPool[i.record.Pool]++
			if choose(i, perPool[i.record.Pool], all) {
				errs = append(errs, discard(i.dir))
				continue
			}
		}
		kept = append(kept, i)
	}
	slices.Reverse(kept)
	f.instances = kept
	return errors.Join(errs...)
}

// discard removes an instance's folder, the state file first: a folder without it is rubbish.
func discard(dir string) error {
	if err := os.Remove(filepath.Join(dir, stateName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir)
}

// save writes the instance's record as it is now.
func (f *Fleet) save(i *instance) error {
	i.saving.Lock()
	defer i.saving.Unlock()
	f.mu.Lock()
	r := i.record
	f.mu.Unlock()
	return writeRecord(i.dir, r)
}

// saveOrLog is for changes that have happened whether they can be recorded or not. The next fleet
// finds out by itself; it only knows less.
func (f *Fleet) saveOrLog(i *instance) {
	if err := f.save(i); err != nil {
		f.log.Error("the state of an instance cannot be recorded", "instance", i.record.ID, "error", err)
	}
}
