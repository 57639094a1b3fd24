package haproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy"
)

// SourceOptions set up a Source. The zero value is ready for use.
type SourceOptions struct {
	// CountsOnly reads HAProxy's counters instead of its log: requests and errors by the second, and no
	// latency. It is for whoever cannot add a ring and a log-format to the configuration.
	CountsOnly bool
	// Poll is the time between two looks at the process, its counters and its table. Zero: 1 second. HAProxy
	// ends conversations that rest for its "stats timeout", 10 seconds: with a longer Poll each is begun anew.
	Poll time.Duration
	// MaxLost is the part of the requests whose lines may be lost before a stretch counts as not
	// measured. Zero: none.
	MaxLost strategy.Share
	// Logger is told of reloads and of lost lines. Nil: the router's.
	Logger hclog.Logger
}

// Validate reports every option that makes no sense.
func (o SourceOptions) Validate() error {
	if o.Poll < 0 {
		return fmt.Errorf("SourceOptions.Poll: %s is below zero", o.Poll)
	}
	if err := o.MaxLost.Valid(); err != nil {
		return fmt.Errorf("SourceOptions.MaxLost: %w", err)
	}
	return nil
}

// ErrNotRunning is what a Source says when nobody runs it.
var ErrNotRunning = errors.New("nobody runs the source")

// goneCount is the name of a count of every window.
const goneCount = "gone"

// Source is what the groups of a router answered, measured by HAProxy itself: a metrics.Source and a
// metrics.Parter. Run reads from HAProxy; Read and Parts answer from what is kept. See the package
// comment for what is measured, how precisely, and what becomes of lost lines.
type Source struct {
	opts  SourceOptions
	log   hclog.Logger
	admin socket
	ring  string // empty where only counters are read
	// backends are those of the router.
	backends []string
	// bySeat tells that the log does not say which pool a request went to, only which server.
	bySeat bool
	// patience is how long a line may be on its way.
	patience time.Duration
	// seats tells who is at each server, and which pools are in the table.
	seats func(ctx context.Context) (map[place]tenant, []strategy.Pool, error)

	mu        sync.Mutex
	running   bool
	ended     bool          // Run was, and is not
	ready     chan struct{} // closed once what HAProxy has kept is read, or could not be
	down      error         // why nothing is measured now
	since     time.Time     // from when on everything was measured, but for the holes
	looked    time.Time     // when HAProxy was read last
	heard     time.Time     // when a line came last
	tallies   map[string]*tally
	holes     []hole
	lines     cells            // of all groups
	seated    map[place]tenant // at the last look
	pending   []line           // of servers at which nobody was then
	table     []strategy.Pool  // at the last look
	sequences map[origin]*sequence
	counted   map[int]uint64 // lines of the router's backends, by process
}

var (
	_ metrics.Source = (*Source)(nil)
	_ metrics.Parter = (*Source)(nil)
	_ metrics.Namer  = (*Source)(nil)
)

// Source measures what this router's groups answer.
func (g *Groups) Source(o SourceOptions) (*Source, error) {
	s, err := newSource(o, g.admin, g.opts.Ring, g.log, g.opts.Backends)
	if err != nil {
		return nil, err
	}
	s.seats = func(ctx context.Context) (map[place]tenant, []strategy.Pool, error) {
		v, err := g.look(ctx)
		if err == nil {
			err = v.broken
		}
		var pools []strategy.Pool
		for _, slot := range g.opts.Backends {
			if p, ok := v.layout.pool[slot]; ok {
				pools = append(pools, p)
			}
		}
		return v.layout.tenants, pools, err
	}
	return s, nil
}

// Source measures what this router's groups answer. Without WeightsOptions.Ring it can count only. What
// was logged before Run is left aside, as the log does not say which pool was at a server then; and a
// request for which there was no server is an error of each group.
func (w *Weights) Source(o SourceOptions) (*Source, error) {
	if w.opts.Ring == "" && !o.CountsOnly {
		return nil, errors.New("haproxy: SourceOptions.CountsOnly: it must be set where WeightsOptions.Ring names no ring")
	}
	s, err := newSource(o, w.admin, w.opts.Ring, w.log, []string{w.opts.Backend})
	if err != nil {
		return nil, err
	}
	s.bySeat = true
	s.seats = func(ctx context.Context) (map[place]tenant, []strategy.Pool, error) {
		g, err := w.look(ctx)
		var pools []strategy.Pool
		for _, r := range trimmed(g.record.Table).Routes {
			pools = append(pools, r.Pool)
		}
		return g.tenants, pools, err
	}
	return s, nil
}

func newSource(o SourceOptions, admin socket, ring string, log hclog.Logger, backends []string) (*Source, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("haproxy: %w", err)
	}
	o.Poll = cmp.Or(o.Poll, time.Second)
	if o.Logger != nil {
		log = o.Logger
	}
	if o.CountsOnly {
		ring = ""
	}
	return &Source{
		opts: o, log: log.Named("source"), admin: admin, ring: ring, backends: backends, ready: make(chan struct{}),
		down: ErrNotRunning, tallies: map[string]*tally{}, lines: newCells(fineWidth, fineKept),
		sequences: map[origin]*sequence{}, counted: map[int]uint64{}, patience: 2 * time.Second,
	}, nil
}

// Names are the counts that each window has: "gone" are the requests that their client gave up, which
// are not among its Requests.
func (s *Source) Names() []string { return []string{goneCount} }

// Run reads from HAProxy until ctx ends, and returns the cause of that end. It must run while gates
// read. HAProxy being away is no reason to return: Read then tells, and Run goes on once it is back.
func (s *Source) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.running {
		s.mu.Unlock()
		return errors.New("the source runs already")
	}
	s.running, s.ended = true, false
	s.mu.Unlock()
	c := &collector{source: s, following: map[int]*follower{}, resume: map[int]time.Time{}, left: map[int]time.Time{}, compared: time.Now()}
	defer func() {
		c.close()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running, s.ended = false, true
		s.fail(ErrNotRunning)
	}()
	for {
		if err := c.look(ctx); err != nil && ctx.Err() == nil {
			s.mu.Lock()
			s.fail(err)
			s.mu.Unlock()
		}
		if err := pause(ctx, s.opts.Poll); err != nil {
			return err
		}
	}
}

// fail notes that nothing can be read now, and why. The caller holds s.mu.
func (s *Source) fail(err error) {
	if s.down == nil {
		s.log.Warn("nothing can be read from HAProxy", "error", err)
	}
	s.down = err
	if !errors.Is(err, ErrNotRunning) {
		s.open()
	}
}

// recover notes that HAProxy was read. The caller holds s.mu.
func (s *Source) recover(now time.Time) {
	s.down, s.looked = nil, now
	s.open()
}

// open lets those go on who wait for the first look. The caller holds s.mu.
func (s *Source) open() {
	select {
	case <-s.ready:
	default:
		close(s.ready)
	}
}

// drop forgets what is only for reading a process's lines.
func (s *Source) drop(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.counted, pid)
	for from := range s.sequences {
		if from.pid == pid {
			delete(s.sequences, from)
		}
	}
}
