package local

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// cooldown is how long a backend that refused a connection is passed over while others can answer.
// Without it such a backend, which is never busy, would attract requests.
const cooldown = time.Second

// backend is one instance as the router knows it. It is the same object for as long as a table
// names its ID or requests are in flight on it.
type backend struct {
	id, addr  string
	half      int // of its group: 0 or 1, and never another one
	transport *http.Transport
	wake      chan<- struct{}

	inFlight atomic.Int64
	requests atomic.Uint64
	retired  atomic.Bool  // no table names it any more
	shunned  atomic.Int64 // until when it is passed over, in Unix nanoseconds

	mu      sync.Mutex
	severed bool
	conns   map[*conn]struct{}
	dials   sync.WaitGroup
}

// unreachable is the failure to open a connection: nothing was sent on it.
type unreachable struct{ error }

func (u unreachable) Unwrap() error { return u.error }

func (r *Router) newBackend(id, addr string, half int) *backend {
	b := &backend{id: id, addr: addr, half: half, wake: r.wake, conns: map[*conn]struct{}{}}
	b.transport = &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return b.dial(ctx, r.base, &net.Dialer{Timeout: r.opts.DialTimeout}, network)
		},
		// The client and the backend agree on an encoding, not the router with the backend.
		DisableCompression:    true,
		MaxIdleConnsPerHost:   r.opts.IdleConns,
		IdleConnTimeout:       r.opts.IdleTimeout,
		ResponseHeaderTimeout: r.opts.HeaderTimeout,
		ExpectContinueTimeout: time.Second,
	}
	return b
}

// load is how many requests are in flight.
func (b *backend) load() int { return int(b.inFlight.Load()) }

// release ends what inFlight.Add(1) began. The last request on a retired backend closes its idle
// connections, so that it can stop at once.
func (b *backend) release() {
	if b.inFlight.Add(-1) == 0 && b.retired.Load() {
		b.transport.CloseIdleConnections()
		nudge(b.wake)
	}
}

// retire says that no table names the backend any more.
func (b *backend) retire() {
	b.retired.Store(true)
	if b.inFlight.Load() == 0 {
		b.transport.CloseIdleConnections()
	}
}

// shun passes the backend over for a while.
func (b *backend) shun(now time.Time) { b.shunned.Store(now.Add(cooldown).UnixNano()) }

// isShunned is cheap for all backends that never failed.
func (b *backend) isShunned(now time.Time) bool {
	until := b.shunned.Load()
	return until != 0 && now.UnixNano() < until
}

// dial opens a connection that the backend keeps track of, so that Close can end it. Dials go on
// when the request that began them was served by another connection: base ends those.
func (b *backend) dial(ctx, base context.Context, d *net.Dialer, network string) (net.Conn, error) {
	b.mu.Lock()
	if b.severed {
		b.mu.Unlock()
		return nil, unreachable{net.ErrClosed}
	}
	b.dials.Add(1)
	b.mu.Unlock()
	defer b.dials.Done()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(base, cancel)()
	raw, err := d.DialContext(ctx, network, b.addr)
	if err != nil {
		return nil, unreachable{err}
	}
	c := &conn{Conn: raw, of: b}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.severed {
		return nil, unreachable{errors.Join(net.ErrClosed, raw.Close())}
	}
	b.conns[c] = struct{}{}
	return c, nil
}

// cut ends all connections for good, with what is under way on them, and waits for dials.
func (b *backend) cut() {
	b.mu.Lock()
	b.severed = true
	open := make([]*conn, 0, len(b.conns))
	for c := range b.conns {
		open = append(open, c)
	}
	b.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
	b.dials.Wait()
}

// gone reports whether nothing is left of a retired backend.
func (b *backend) gone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.retired.Load() && b.inFlight.Load() == 0 && len(b.conns) == 0
}

// conn is a connection to a backend.
type conn struct {
	net.Conn
	of *backend
}

func (c *conn) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// retire takes the backends out of service that the table does not name. The caller holds r.mu.
func (r *Router) retire(t *routing) {
	for id, b := range r.backends {
		if _, ok := t.ids[id]; ok {
			continue
		}
		b.retire()
		if b.gone() {
			delete(r.backends, id)
		}
	}
}

// InFlight counts the requests that each of the instances still works on: those whose answer is not
// complete, copies, and upgraded connections until they end. A request counts from the instant at
// which it has chosen the instance: an instance that the table does not name, and that has none in
// flight, gets none any more.
func (r *Router) InFlight(ctx context.Context, ids []string) (map[string]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := make(map[string]int, len(ids))
	for _, id := range ids {
		counts[id] = 0
		if b, ok := r.backends[id]; ok {
			counts[id] = b.load()
		}
	}
	return counts, nil
}

// acquire counts a request as in flight on the backend, and reports whether the table is still in
// effect; otherwise the count is taken back, and the caller decides again.
//
// The order is what makes draining safe. Atomics are sequentially consistent: a request that still
// sees its table after it was counted was counted before Route replaced the table, and so before any
// InFlight that follows; one that sees another table does not go to the backend.
func (r *Router) acquire(t *routing, b *backend) bool {
	b.inFlight.Add(1)
	if r.table.Load() == t {
		b.requests.Add(1)
		return true
	}
	b.release()
	return false
}
