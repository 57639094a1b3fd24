package release

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-hclog"
)

var (
	// ErrStopped says that the runner takes nothing new.
	ErrStopped = errors.New("the runner is stopped")
	// ErrUnknown says that the runner does not carry that release.
	ErrUnknown = errors.New("unknown release")
)

// Config sets a Runner up. The zero value is a runner that keeps its history in memory and logs
// nothing.
type Config struct {
	// Store keeps the events. Nil: a MemoryStore of the runner's own.
	Store Store
	// Logger gets a line for the begin and the end of each stage. Nil: nothing is logged. Stages
	// log to a sub-logger of it.
	Logger hclog.Logger
	// StoreTimeout bounds each write to the store: a release whose events cannot be recorded within
	// it is stopped, as for any other error of the store. Once what runs is being cancelled, a write
	// has 5 s at most. Zero: DefaultStoreTimeout.
	StoreTimeout time.Duration
}

// DefaultStoreTimeout is how long a write to the store may take where the Config does not say.
const DefaultStoreTimeout = 30 * time.Second

// Runner carries releases through pipelines. Make one with NewRunner.
type Runner struct {
	store    Store
	logger   hclog.Logger
	patience time.Duration   // with the store
	soft     chan struct{}   // closed: begin nothing new
	hard     context.Context // done: cancel what runs
	cut      context.CancelFunc

	mu      sync.Mutex
	stopped bool
	active  map[string]*session
	arrival chan struct{} // closed and replaced when a session is added
	running sync.WaitGroup
}

// NewRunner makes a runner.
func NewRunner(c Config) *Runner {
	if c.Store == nil {
		c.Store = new(MemoryStore)
	}
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	if c.StoreTimeout <= 0 {
		c.StoreTimeout = DefaultStoreTimeout
	}
	hard, cut := context.WithCancel(context.Background())
	return &Runner{
		store: c.Store, logger: c.Logger.Named("release"), patience: c.StoreTimeout,
		soft: make(chan struct{}), hard: hard, cut: cut,
		active: make(map[string]*session), arrival: make(chan struct{}),
	}
}

// Run carries one release through the pipeline, and returns when it is over and nothing of it runs
// any more. The state is that after the last event, and nobody else holds it; it is nil where the
// release never began.
//
// The error is nil when the release succeeded or was skipped. A release that ended otherwise gives a
// *stage.Error with its outcome. Where ctx ends, stages are cancelled with the outcome Interrupted as
// the cause, and the release is left as interrupted. Any other error says that there was no release
// (a pipeline or a request that is wrong, ErrConflict for an ID that is taken, ErrStopped), or that
// the store failed: then everything is cancelled, and the state is the last one that was recorded.
func (r *Runner) Run(ctx context.Context, p Pipeline, req Request) (*ledger.State, error) {
	outline, err := p.Outline()
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	body, err := req.requested(outline, now())
	if err != nil {
		return nil, fmt.Errorf("release %s: %w", req.ID, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("release %s: %w", req.ID, err)
	}
	s, unhook := newSession(ctx, r, req.ID, p)
	defer unhook()
	if err := r.enter(s); err != nil {
		return nil, err
	}
	defer r.leave(s)
	if err := s.begin(body); err != nil {
		return nil, err
	}
	return s.run(ctx)
}

func (r *Runner) enter(s *session) error {
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
	return nil
}

func (r *Runner) leave(s *session) {
	r.mu.Lock()
	delete(r.active, s.id)
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

// Signal tells a release something. It returns when the signal is recorded; what it is for takes it
// in its own time, or when it begins. A signal with the ID of one that was recorded is taken as
// recorded. The error is ErrUnknown for a release that this runner does not carry, or no longer,
// ledger.ErrTooLate where what it is for is over, and ledger.ErrSignal where it makes no sense. Where
// ctx ends first, its cause is the error, and the signal may be recorded nevertheless: give it an ID to
// be able to send it again.
func (r *Runner) Signal(ctx context.Context, id string, sig stage.Signal) error {
	if s, _ := r.session(id); s != nil {
		if carried, err := s.signal(ctx, sig); carried {
			return err
		}
	}
	state, err := r.State(ctx, id)
	if err != nil {
		return err
	}
	if state.Over() {
		return fmt.Errorf("%w: release %s ended as %s", ledger.ErrTooLate, id, state.Outcome)
	}
	return fmt.Errorf("release %s: %w: it is not under way here", id, ErrUnknown)
}

// State is where a release stands, by what is recorded. The error is ErrUnknown where nothing is.
func (r *Runner) State(ctx context.Context, id string) (*ledger.State, error) {
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
	return review, nil
}

// Stop ends the runner in two steps. At once, no stage begins any more, in any release, and Run takes
// no new release. Stages that run may go on until ctx is done; then they are cancelled, with the
// outcome Interrupted as the cause. Stop returns when nothing runs any more; for a stage that does not
// heed its cancel it waits, and the log names it. It may be called before
// any Run, several times and concurrently; the earliest end of a ctx counts.
func (r *Runner) Stop(ctx context.Context) {
	r.mu.Lock()
	if !r.stopped {
		r.stopped = true
		close(r.soft)
	}
	r.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		r.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	r.cut()
	<-ended
}

// now is the time as it is recorded.
func now() time.Time { return time.Now().UTC().Round(0) }
