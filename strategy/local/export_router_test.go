package local

import (
	"net/http"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// Home is the label of the group that a client belongs to on a sticky table.
func (r *Router) Home(key string) string { return home(r.table.Load().shared, key).label }

// ClientKey is what tells the client of a request apart.
func (r *Router) ClientKey(req *http.Request) (key string, fresh bool) { return r.clientKey(req) }

// Record counts an answer of a pool that ends now.
func (r *Router) Record(p strategy.Pool, took time.Duration, status int) {
	r.mu.Lock()
	t := r.tallies[p.String()]
	r.mu.Unlock()
	t.record(&backend{}, time.Now(), took, status, r.opts.IsError(status, nil))
}

// RecordOn counts an answer of a backend of a pool that ends now.
func (r *Router) RecordOn(p strategy.Pool, id string, took time.Duration, status int) {
	r.mu.Lock()
	t, b := r.tallies[p.String()], r.backends[id]
	r.mu.Unlock()
	t.record(b, time.Now(), took, status, r.opts.IsError(status, nil))
}

// Half is the half of its group that a backend belongs to.
func (r *Router) Half(id string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.backends[id].half
}

// NewSequence is a sequence of places in the traffic.
func NewSequence(seed uint64) func() int {
	s := &sequence{seed: seed}
	return s.next
}

// Visit does with the table what a request does: it chooses a backend, and goes to it unless the
// table has changed. The chosen backend's ID is told before that, and while the visit lasts.
func (r *Router) Visit(chosen, arrived func(id string)) bool {
	t := r.table.Load()
	b := t.shared[0].pick(time.Now())
	chosen(b.id)
	if !r.acquire(t, b) {
		return false
	}
	defer b.release()
	arrived(b.id)
	return true
}

// IdleConns is how many connections are open to a backend that the router still knows.
func (r *Router) IdleConns(id string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.backends[id]
	if !ok {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.conns)
}
