package release

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"
)

var (
	// ErrStopped says that the runner takes nothing new.
	ErrStopped = errors.New("the runner is stopped")
	// ErrUnknown says that there is no such release, or no such pipeline.
	ErrUnknown = errors.New("unknown")
)

// Config sets a Runner up. The zero value is a runner that keeps its history in memory and logs
// nothing.
type Config struct {
	// Store keeps the events. Nil: a MemoryStore of the runner's own.
	Store Store
	// Logger gets a line for the begin and the end of each stage. Nil: nothing is logged. Stages
	// log to a sub-logger of it. A sink must not call the runner, which may log in the midst of its work.
	Logger hclog.Logger
	// StoreTimeout bounds each call of the store for a release: a release whose events cannot be
	// recorded within it is stopped, as for any other error of the store. Once what runs is being
	// cancelled, a call has 5 s at most. Zero: DefaultStoreTimeout.
	StoreTimeout time.Duration
	// Lease is how long after its death the releases of a host are taken over by others that share
	// its store, where the store is a Leaser. It has no meaning otherwise. All hosts should have the
	// same. A short one means more writes, a fifth of a lease apart at the most often, and that a host
	// which cannot reach the store for that long stops what it runs. Zero: DefaultLease.
	Lease time.Duration
	// Secrets gives stages the secrets that they ask for, by name. Nil: there are none. It is called
	// from any goroutine, at each attempt anew.
	Secrets func(ctx context.Context, name string) (stage.Secret, error)
	// Admit says whether a release may begin: it gets what would be recorded, forks included, and its error refuses the release, with
	// ErrRefused, before anything is. Nil: every one may. Package github.com/davit-sdk/davit/release/policy has one that holds pipelines
	// against the rules of a company. It is called from any goroutine, by Run, Begin and Preview, and must not wait for anything. A release
	// that has begun is not asked about again, whichever host takes it up.
	Admit func(r stage.Release, p ledger.Pipeline) error
}

// The defaults of a Config.
const (
	DefaultStoreTimeout = 30 * time.Second
	DefaultLease        = 15 * time.Second
)

// Runner carries releases through pipelines. Make one with NewRunner.
type Runner struct {
	invalid  error // what is wrong with the Config
	store    Store
	leaser   Leaser // nil: nobody else uses the store
	host     string
	logger   hclog.Logger
	patience time.Duration // with the store
	lease    time.Duration
	secrets  func(ctx context.Context, name string) (stage.Secret, error)
	admits   func(r stage.Release, p ledger.Pipeline) error
	soft     chan struct{} // closed: begin nothing new
	heart    heart

	taking, working context.Context // end when nothing new is begun, and when what runs is cancelled
	takeNo, workNo  context.CancelFunc

	mu        sync.Mutex
	stopped   bool
	active    map[string]*session
	pipelines map[string]wiring // that are taken up, by name
	arrival   chan struct{}     // closed and replaced when a session is added
	running   sync.WaitGroup    // sessions, their stages, and timers that are set
}

// Validate reports every setting that is wrong: a StoreTimeout or Lease below zero. The error is a *multierror.Error.
func (c Config) Validate() error {
	var errs *multierror.Error
	if c.StoreTimeout < 0 {
		errs = multierror.Append(errs, fmt.Errorf("Config.StoreTimeout: it is %v; zero is %v", c.StoreTimeout, DefaultStoreTimeout))
	}
	if c.Lease < 0 {
		errs = multierror.Append(errs, fmt.Errorf("Config.Lease: it is %v; zero is %v", c.Lease, DefaultLease))
	}
	return errs.ErrorOrNil()
}

// NewRunner makes a runner. Where Config.Validate has an error, it is that of whatever would begin a release, preview one or take one up.
func NewRunner(c Config) *Runner {
	r := &Runner{
		invalid: c.Validate(),
		store:   c.Store, host: "host-" + rand.Text(), logger: c.Logger, patience: c.StoreTimeout, lease: c.Lease, secrets: c.Secrets, admits: c.Admit,
		soft: make(chan struct{}), active: make(map[string]*session), pipelines: make(map[string]wiring), arrival: make(chan struct{}),
	}
	r.heart.renewing = make(mutex, 1)
	r.taking, r.takeNo = context.WithCancel(context.Background())
	r.working, r.workNo = context.WithCancel(context.Background())
	if r.store == nil {
		r.store = new(MemoryStore)
	} else {
		r.leaser, _ = r.store.(Leaser)
	}
	if r.logger == nil {
		r.logger = hclog.NewNullLogger()
	}
	r.logger = r.logger.Named("release")
	if r.patience == 0 {
		r.patience = DefaultStoreTimeout
	}
	if r.lease == 0 {
		r.lease = DefaultLease
	}
	return r
}

// Host is the runner's name among those that share its store. Each runner has its own, and one that is
// made after a restart has another.
func (r *Runner) Host() string { return r.host }

// enter takes a session on. Its mutex is held.
func (r *Runner) enter(ctx context.Context, s *session) error {
	select {
	case <-r.soft: // it takes no lease any more
		return fmt.Errorf("release %s: %w", s.id, ErrStopped)
	default:
	}
	if err := r.liven(ctx); err != nil {
		return fmt.Errorf("release %s: %w", s.id, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return fmt.Errorf("release %s: %w", s.id, ErrStopped)
	}
	if _, taken := r.active[s.id]; taken {
		return fmt.Errorf("release %s: %w: it is under way", s.id, ErrConflict)
	}
	r.running.Add(1)
	r.active[s.id] = s
	close(r.arrival)
	r.arrival = make(chan struct{})
	r.beat()
	return nil
}

func (r *Runner) leave(s *session) {
	r.mu.Lock()
	delete(r.active, s.id)
	if len(r.active) == 0 && len(r.pipelines) == 0 {
		r.still()
	}
	r.mu.Unlock()
	close(s.gone)
	r.running.Done()
}

// session is the release's session, nil where it has none, and what is closed when one is added.
func (r *Runner) session(id string) (*session, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.active[id], r.arrival
}

// sessions are all sessions, in no order.
func (r *Runner) sessions() []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*session, 0, len(r.active))
	for _, s := range r.active {
		all = append(all, s)
	}
	return all
}

// State is where a release stands, by what is recorded. The error is ErrUnknown where nothing is. The state
// is the caller's; only the bytes of values and checkpoints may be those that a MemoryStore holds.
func (r *Runner) State(ctx context.Context, id string) (*ledger.State, error) {
	s, err := r.state(ctx, id)
	return own(s), err
}

// own is the state for somebody who may change it.
func own(s *ledger.State) *ledger.State {
	if s != nil {
		s.Pipeline = s.Pipeline.Clone()
	}
	return s
}

// state is the state as the engine itself uses it.
func (r *Runner) state(ctx context.Context, id string) (*ledger.State, error) {
	s, err := ledger.Fold(r.store.Events(ctx, id, 0))
	if err != nil {
		return nil, fmt.Errorf("release %s: %w", id, err)
	}
	if s.Seq == 0 {
		return nil, fmt.Errorf("release %s: %w", id, ErrUnknown)
	}
	return s, nil
}

// Review is what happened in a release, told from its events. The error is ErrUnknown where nothing
// is recorded.
func (r *Runner) Review(ctx context.Context, id string) (*ledger.Review, error) {
	review, err := ledger.NewReview(r.store.Events(ctx, id, 0))
	if err != nil {
		return nil, fmt.Errorf("release %s: %w", id, err)
	}
	if review.State.Seq == 0 {
		return nil, fmt.Errorf("release %s: %w", id, ErrUnknown)
	}
	own(review.State)
	return review, nil
}

// Stop ends the runner in two steps. At once, no stage begins any more, in any release, and the runner
// takes no new release. Stages that run may go on until ctx is done; then they are cancelled, with the
// outcome Interrupted as the cause. Stop returns when nothing runs any more; for a stage that does not
// heed its cancel it waits, and the log names it: so a stage must not call it. It may be called before
// any Run, several times and concurrently; the earliest end of a ctx counts.
func (r *Runner) Stop(ctx context.Context) {
	r.mu.Lock()
	if !r.stopped {
		r.stopped = true
		close(r.soft)
		r.takeNo()
	}
	clear(r.pipelines)
	if len(r.active) == 0 {
		r.still()
	}
	r.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		if ctx.Err() == nil {
			r.interrupt(time.Time{})
		}
		r.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		r.workNo()
		r.interrupt(now())
		<-ended
	}
	r.resign()
}

// Close is Stop without any grace: what runs is cancelled at once. The error is always nil.
func (r *Runner) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.Stop(ctx)
	return nil
}

// interrupt stops all releases in this host, each on its own, since one may wait for a slow store.
func (r *Runner) interrupt(until time.Time) {
	var all sync.WaitGroup
	defer all.Wait()
	sessions := r.sessions()
	for part := range slices.Chunk(sessions, max(1, len(sessions)/64)) {
		all.Go(func() {
			for _, s := range part {
				s.interrupt("the host is stopping", until)
			}
		})
	}
}

// now is the time as it is recorded.
func now() time.Time { return time.Now().UTC().Round(0) }
