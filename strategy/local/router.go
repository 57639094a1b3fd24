package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// ErrRouterClosed is what Route says after Close.
var ErrRouterClosed = errors.New("the router is closed")

// Router is a reverse proxy that splits traffic between groups of backends by a table, which is
// replaced as a whole while requests run. It serves nothing before the first Route: see the package
// comment for how a request finds its backend.
type Router struct {
	opts RouterOptions
	log  hclog.Logger

	table     atomic.Pointer[routing]
	exchanges sync.Pool // of *exchange
	buffers   bufferPool
	unrouted  atomic.Uint64
	copies    copyCounts
	slots     chan struct{} // holds one for each copy under way
	reaping   sync.Mutex    // held by the Close that collects all slots

	base   context.Context // of everything that no client waits for
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	closed   bool
	backends map[string]*backend // those of the table, and those that still drain
	tallies  map[string]*tally   // by label

	wake chan struct{} // holds a signal when a retired backend has drained
}

var (
	_ http.Handler     = (*Router)(nil)
	_ rollout.Router   = (*Router)(nil)
	_ rollout.Matcher  = (*Router)(nil)
	_ rollout.Mirrorer = (*Router)(nil)
	_ rollout.Sticker  = (*Router)(nil)
	_ rollout.Drainer  = (*Router)(nil)
	_ metrics.Source   = (*Router)(nil)
	_ metrics.Parter   = (*Router)(nil)
)

// NewRouter makes a router that is dark until its first Route. Close it when it serves no more.
func NewRouter(o RouterOptions) (*Router, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("router options: %w", err)
	}
	o = o.withDefaults()
	r := &Router{
		opts:     o,
		log:      o.Logger.Named("router"),
		slots:    make(chan struct{}, o.MirrorLimit),
		backends: map[string]*backend{},
		tallies:  map[string]*tally{},
		wake:     make(chan struct{}, 1),
	}
	r.base, r.cancel = context.WithCancelCause(context.Background())
	errorLog := r.log.Named("proxy").StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug})
	r.exchanges.New = func() any { return newExchange(r, errorLog) }
	r.table.Store(&routing{})
	return r, nil
}

// Route puts the table into effect, for every request that decides after it has returned. A table
// that is wrong changes nothing; the error names all of its problems. The backends that it leaves
// out get no new requests, and finish those that they have: see InFlight.
func (r *Router) Route(ctx context.Context, t rollout.Table) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrRouterClosed
	}
	if err := r.validate(t); err != nil {
		return fmt.Errorf("routing table: %w", err)
	}
	next := r.compile(t)
	replaced := r.table.Swap(next)
	r.retire(next)
	r.forget(replaced, time.Now())
	r.log.Info("table in effect", "table", summary(t), "sticky", t.Sticky)
	return nil
}

// Table is what is in effect.
func (r *Router) Table(ctx context.Context) (rollout.Table, error) {
	if err := ctx.Err(); err != nil {
		return rollout.Table{}, err
	}
	return r.table.Load().spec.Clone(), nil
}

// Matches reports whether requests can be told by that rule: it names a header or a cookie that a
// request can carry, and a value that one can have.
func (r *Router) Matches(m strategy.Match) error { return matchable(m) }

// Mirrors reports whether the share is one. Any share of the traffic can be copied.
func (r *Router) Mirrors(s strategy.Share) error { return s.Valid() }

// Sticks reports that clients can be kept with their group.
func (r *Router) Sticks() error { return nil }

// ServeHTTP answers a request by one of the table's backends.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	x := r.exchanges.Get().(*exchange)
	if !x.begin(req) {
		r.exchanges.Put(x)
		r.unrouted.Add(1)
		w.Header().Set("Retry-After", "1")
		http.Error(w, "no route: the service has no backend now", http.StatusServiceUnavailable)
		return
	}
	defer x.end()
	x.proxy.ServeHTTP(w, req)
	x.finished = true
}

// Serve answers requests on the listener until ctx ends. Then it accepts no more, waits for the
// requests under way for at most RouterOptions.Grace, and cuts off what is left. Upgraded
// connections (WebSocket) are not waited for: they last until Close. Serve closes the listener, but
// not the router, which may serve on several; its error says why it stopped early or had to cut.
func (r *Router) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{
		Handler:           r,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          r.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(ln) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serving %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opts.Grace)
	defer cancel()
	err := server.Shutdown(grace)
	if err != nil {
		err = fmt.Errorf("serving %s: requests were cut off after %s", ln.Addr(), r.opts.Grace)
		server.Close()
	}
	<-stopped
	return err
}

// Close takes no more requests (503), waits for those under way, copies and upgraded connections
// included, and closes all connections to backends. When ctx ends first, it cuts off what is left,
// and says so in its error; the handlers of those requests then end as soon as their clients let
// them. Close may be called more than once.
func (r *Router) Close(ctx context.Context) error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		none := &routing{}
		r.table.Store(none)
		r.retire(none)
	}
	draining := make([]*backend, 0, len(r.backends))
	for _, b := range r.backends {
		draining = append(draining, b)
	}
	r.mu.Unlock()

	left := r.awaitDrained(ctx, draining)
	r.cancel(ErrRouterClosed)
	for _, b := range draining {
		b.cut()
	}
	r.awaitCopies()
	if left > 0 {
		return fmt.Errorf("closing the router: %d requests were cut off: %w", left, context.Cause(ctx))
	}
	return nil
}

// awaitDrained waits until nothing is in flight, or ctx ends, and tells how much is.
func (r *Router) awaitDrained(ctx context.Context, draining []*backend) int {
	for {
		left := 0
		for _, b := range draining {
			left += b.load()
		}
		if left == 0 {
			nudge(r.wake) // another Close may wait too
			return 0
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return left
		}
	}
}

// nudge wakes whoever waits on a channel that holds one signal.
func nudge(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
