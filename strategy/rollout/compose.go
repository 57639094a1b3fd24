package rollout

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
)

// ComposeOptions are the settings of Compose. The zero value is ready to use.
type ComposeOptions struct {
	// DrainTimeout is how long requests may still take on an instance that no longer gets new
	// ones; then it is stopped all the same. Default: 30 s.
	DrainTimeout time.Duration
	// DrainDelay is how long an instance that no longer gets requests is left alone before it is
	// stopped, where the router cannot tell what is in flight (it is no Drainer). Default: 5 s.
	DrainDelay time.Duration
	// RestartBackoff is how long a pool waits before its second failed instance in a row is
	// replaced; it doubles up to sixteen times that. The first is replaced at once. Default: 1 s.
	RestartBackoff time.Duration
	// Logger is told of requests that are cut off, because DrainTimeout is over. Default: none.
	Logger hclog.Logger
}

func (o ComposeOptions) withDefaults() (ComposeOptions, error) {
	var errs *multierror.Error
	set := func(field string, d *time.Duration, def time.Duration) {
		switch {
		case *d < 0:
			errs = multierror.Append(errs, fmt.Errorf("ComposeOptions.%s: %s is below zero", field, *d))
		case *d == 0:
			*d = def
		}
	}
	set("DrainTimeout", &o.DrainTimeout, 30*time.Second)
	set("DrainDelay", &o.DrainDelay, 5*time.Second)
	set("RestartBackoff", &o.RestartBackoff, time.Second)
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	return o, errs.ErrorOrNil()
}

// Compose makes a Target of a fleet and a router, and keeps the traffic contract between them:
// start, ready, route, verified, drained, stop. Whatever the fleet or the router is wrapped by, the
// router's abilities are the target's.
func Compose(f Fleet, r Router, o ComposeOptions) (*Composed, error) {
	o, err := o.withDefaults()
	if f == nil {
		err = multierror.Append(err, fmt.Errorf("Compose: the fleet is nil"))
	}
	if r == nil {
		err = multierror.Append(err, fmt.Errorf("Compose: the router is nil"))
	}
	if err != nil {
		return nil, err
	}
	return &Composed{fleet: f, router: r, options: o, left: map[string]time.Time{}, restarts: map[strategy.Pool]*restart{}}, nil
}

// Composed is a Target made of a Fleet and a Router. Like every Target it serves one rollout at a
// time, and refuses a second one; Observe may be called beside it, by a display for example, where
// the fleet and the router allow it. What it remembers (since when an instance drains, how often a pool failed) only paces it:
// a new one over the same fleet and router goes on where the old one was.
type Composed struct {
	fleet   Fleet
	router  Router
	options ComposeOptions

	busy     atomic.Bool
	minReady atomic.Int64 // of the last applied state, in nanoseconds
	verified Table
	restarts map[strategy.Pool]*restart

	mu   sync.Mutex
	left map[string]time.Time // since when an instance gets no requests any more
}

var (
	_ Target  = (*Composed)(nil)
	_ Claimer = (*Composed)(nil)
)

// Claim takes the target for one rollout.
func (c *Composed) Claim() (release func(), err error) {
	if !c.busy.CompareAndSwap(false, true) {
		return nil, ErrBusy
	}
	return func() { c.busy.Store(false) }, nil
}

func (c *Composed) grain() strategy.Share {
	if g, ok := ability[Grainer](c.router); ok {
		return g.Grain()
	}
	return strategy.Share{}
}

// Unwrap is the router, whose abilities are the target's.
func (c *Composed) Unwrap() any { return c.router }

// Observe reads the fleet and the router.
func (c *Composed) Observe(ctx context.Context) (Observation, error) {
	instances, err := c.fleet.Instances(ctx)
	if err != nil {
		return Observation{}, fmt.Errorf("list instances: %w", err)
	}
	table, err := c.router.Table(ctx)
	if err != nil {
		return Observation{}, fmt.Errorf("read the routing table back: %w", err)
	}
	o := Observation{Sticky: table.Sticky, Grain: c.grain()}
	for _, r := range table.Routes {
		if !r.none() {
			o.Traffic = append(o.Traffic, r.Traffic)
		}
	}
	o.Pools = c.count(instances, table)
	slices.SortStableFunc(o.Pools, func(a, b PoolStatus) int { return cmp.Compare(a.Pool.String(), b.Pool.String()) })
	return o, nil
}

// count tells the instances by pool, in the order in which they come.
func (c *Composed) count(instances []Instance, table Table) []PoolStatus {
	var all []PoolStatus
	now, minReady := time.Now(), time.Duration(c.minReady.Load())
	index, idle := map[strategy.Pool]int{}, map[strategy.Pool]func(id string) bool{}
	for _, in := range instances {
		i, ok := index[in.Pool]
		if !ok {
			i = len(all)
			index[in.Pool], idle[in.Pool] = i, table.idle(in.Pool)
			all = append(all, PoolStatus{Pool: in.Pool})
		}
		status := &all[i]
		switch in.Phase {
		case Failed:
			status.Failures = append(status.Failures, Failure{ID: in.ID, Reason: in.Reason})
			continue
		case Stopping:
			status.Stopping++
			continue
		}
		status.Running++
		if c.draining(in.ID) {
			status.Draining++
		}
		if in.Phase == Ready {
			status.Ready++
			if available(in, minReady, now) && !idle[in.Pool](in.ID) {
				status.Available++
			}
		}
	}
	return all
}

func (c *Composed) draining(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.left[id]
	return ok
}

func available(in Instance, minReady time.Duration, now time.Time) bool {
	return in.Phase == Ready && now.Sub(in.ReadySince) >= minReady
}
