package dora

import (
	"fmt"

	"github.com/hashicorp/go-multierror"
)

// AddAll adds events one after the other, as Add does: what cannot be taken is left out, and the error, a *multierror.Error, has each of
// those with its index. It is the same as many calls of Add, and faster where events refer to each other in no order: it knows which come next,
// and has them looked up at one time.
func (h *History) AddAll(events ...Event) error {
	var errs *multierror.Error
	var r reader
	for from := 0; from < len(events); from += readAhead {
		some := events[from:min(from+readAhead, len(events))]
		r.read(h, some)
		for i, e := range some {
			if err := h.Add(e); err != nil {
				errs = multierror.Append(errs, fmt.Errorf("event %d: %w", from+i, err))
			}
		}
	}
	h.touched ^= r.seen
	return errs.ErrorOrNil()
}

// readAhead is how many events are read at one time: what belongs to them must stay in the cache.
const readAhead = 64

// reader reads what events will be looked up in, and does nothing with it: a processor waits for one lookup after the other, since each depends on
// what it finds, but for many at once where they are nothing but loads.
type reader struct {
	changes, deployments []string
	hashes, numbers      []uint32
	seen                 uint32 // of what was read, so that a compiler cannot leave it out
}

func (r *reader) read(h *History, events []Event) {
	r.changes, r.deployments = r.changes[:0], r.deployments[:0]
	for _, e := range events {
		switch e := e.(type) {
		case Change:
			r.change(&e)
		case Deployment:
			r.deployment(&e)
		case Incident:
			r.deployments = append(r.deployments, e.CausedBy...)
		case *Change:
			if e != nil {
				r.change(e)
			}
		case *Deployment:
			if e != nil {
				r.deployment(e)
			}
		case *Incident:
			if e != nil {
				r.deployments = append(r.deployments, e.CausedBy...)
			}
		}
	}
	r.names(&h.changes, r.changes)
	for _, number := range r.numbers {
		r.seen ^= uint32(h.committed[number])
	}
	r.names(&h.deployments, r.deployments)
}

// change and deployment read the other end of an event, too, which is in another line of the cache.
func (r *reader) change(c *Change) {
	r.changes = append(r.changes, c.ID)
	r.seen ^= uint32(len(c.Repo))
}

func (r *reader) deployment(d *Deployment) {
	r.changes, r.deployments = append(r.changes, d.Changes...), append(r.deployments, d.ID)
	r.seen ^= uint32(len(d.Group) ^ len(d.Kind))
}

// names reads where names are looked up, in as many passes as there are steps, and notes the numbers of those that are there.
func (r *reader) names(n *names, ids []string) {
	r.numbers = r.numbers[:0]
	if len(n.ends) == 0 {
		return
	}
	r.hashes = r.hashes[:0]
	for _, id := range ids {
		r.hashes = append(r.hashes, hash(id))
	}
	for _, h := range r.hashes {
		r.seen ^= n.slots[n.place(h)].hash
	}
	for _, h := range r.hashes {
		if number := n.first(h); number != none {
			r.numbers = append(r.numbers, number)
		}
	}
	for _, number := range r.numbers {
		r.seen ^= n.ends[number]
	}
	for _, number := range r.numbers {
		r.seen ^= uint32(n.bytes[max(n.ends[number], 1)-1])
	}
}
