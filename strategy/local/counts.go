package local

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy"
)

// The two resolutions of what is kept, and for how long.
const (
	fineWidth   = 1 // seconds
	fineKept    = 15 * 60
	coarseWidth = 60 // seconds
	coarseKept  = 24 * 60 * 60
)

// LatencyBounds are the upper bounds of the latency buckets, in seconds: 0.5 ms to 60 s, about six a
// decade. They are spaced evenly on a logarithmic scale (1, 1.5, 2, 3, 5, 7), as far as round numbers
// allow: the thresholds that people choose then lie on a bound, where a count is exact.
func LatencyBounds() []float64 {
	bounds := make([]float64, len(latencyBounds))
	for i, b := range latencyBounds {
		bounds[i] = b.Seconds()
	}
	return bounds
}

var latencyBounds = [...]time.Duration{
	500 * time.Microsecond, 700 * time.Microsecond,
	1 * time.Millisecond, 1500 * time.Microsecond, 2 * time.Millisecond,
	3 * time.Millisecond, 5 * time.Millisecond, 7 * time.Millisecond,
	10 * time.Millisecond, 15 * time.Millisecond, 20 * time.Millisecond,
	30 * time.Millisecond, 50 * time.Millisecond, 70 * time.Millisecond,
	100 * time.Millisecond, 150 * time.Millisecond, 200 * time.Millisecond,
	300 * time.Millisecond, 500 * time.Millisecond, 700 * time.Millisecond,
	1 * time.Second, 1500 * time.Millisecond, 2 * time.Second,
	3 * time.Second, 5 * time.Second, 7 * time.Second,
	10 * time.Second, 15 * time.Second, 20 * time.Second,
	30 * time.Second, 60 * time.Second,
}

// cell counts the answers of one stretch of time. Every answer has a latency, so the buckets hold
// the number of answers too.
type cell struct {
	epoch   int64 // which stretch, counted since 1970
	latency [len(latencyBounds) + 1]atomic.Uint64
	errors  atomic.Uint64
}

// add counts the latency first and reads come the other way round, so that no reader ever sees
// more errors than answers.
func (c *cell) add(bucket int, failed bool) {
	c.latency[bucket].Add(1)
	if failed {
		c.errors.Add(1)
	}
}

func (c *cell) addTo(w *metrics.Window) {
	w.Errors += c.errors.Load()
	for i := range c.latency {
		n := c.latency[i].Load()
		w.Requests += n
		w.Latency.Counts[i] += n
	}
}

// ring keeps the cells of the last stretches. A writer that needs a new stretch puts a new cell in
// place of the old one; whoever still holds the old one counts on in it, and takes nothing from the
// new. No lock is needed.
type ring struct {
	width int64 // of a stretch, in seconds
	cells []atomic.Pointer[cell]
}

func newRing(width, kept int64) ring {
	return ring{width, make([]atomic.Pointer[cell], kept/width)}
}

func (r *ring) slot(epoch int64) *atomic.Pointer[cell] {
	n := int64(len(r.cells))
	return &r.cells[(epoch%n+n)%n]
}

func (r *ring) at(second int64) *cell {
	epoch := floorDiv(second, r.width)
	slot := r.slot(epoch)
	for {
		c := slot.Load()
		if c != nil && c.epoch == epoch {
			return c
		}
		if fresh := (&cell{epoch: epoch}); slot.CompareAndSwap(c, fresh) {
			return fresh
		}
	}
}

// covering is a window without counts that covers all stretches that touch [from, to).
func (r *ring) covering(from, to time.Time) metrics.Window {
	return metrics.Window{
		From:    time.Unix(floorDiv(from.Unix(), r.width)*r.width, 0),
		To:      time.Unix((floorDiv(to.Add(-1).Unix(), r.width)+1)*r.width, 0),
		Latency: metrics.NewHistogram(LatencyBounds()),
	}
}

// addTo adds all stretches that touch [from, to).
func (r *ring) addTo(w *metrics.Window, from, to time.Time) {
	last := floorDiv(to.Add(-1).Unix(), r.width)
	for epoch := floorDiv(from.Unix(), r.width); epoch <= last; epoch++ {
		if c := r.slot(epoch).Load(); c != nil && c.epoch == epoch {
			c.addTo(w)
		}
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// tally counts what one group answered, since a table named it first.
type tally struct {
	pool  strategy.Pool
	label string
	since time.Time
	seen  time.Time // when a table named it last; guarded by Router.mu

	halves [2]half
	split  bool // the second half has had a backend; guarded by Router.mu

	statuses [6]atomic.Uint64 // by hundreds; 0: no answer
	errors   atomic.Uint64
	gone     atomic.Uint64 // given up by the client
	moved    atomic.Uint64 // attempts that another backend took over
	copies   atomic.Uint64 // mirrored ones among the answers
}

// half counts what one half of a group's backends answered. Each backend belongs to one of the two for
// as long as the router knows it, so that what differs between the halves is noise, and what is kept of
// it does not grow with the number of backends.
type half struct{ fine, coarse ring }

func newHalf() half { return half{newRing(fineWidth, fineKept), newRing(coarseWidth, coarseKept)} }

// record counts one answer of a backend.
func (t *tally) record(b *backend, now time.Time, took time.Duration, status int, failed bool) {
	bucket, _ := slices.BinarySearch(latencyBounds[:], took)
	second, half := now.Unix(), &t.halves[b.half]
	half.fine.at(second).add(bucket, failed)
	half.coarse.at(second).add(bucket, failed)
	t.statuses[min(max(status/100, 0), 5)].Add(1)
	if failed {
		t.errors.Add(1)
	}
}

// tallyOf is the tally of a pool, which counts on for as long as tables name the pool, and a day
// longer. The caller holds r.mu.
func (r *Router) tallyOf(p strategy.Pool) *tally {
	now, label := time.Now(), p.String()
	t, ok := r.tallies[label]
	if !ok {
		t = &tally{pool: p, label: label, since: now, halves: [2]half{newHalf(), newHalf()}}
		r.tallies[label] = t
	}
	t.seen = now
	return t
}

// forget drops the tallies that hold nothing any more that could be asked for. Those of the table
// that has just been replaced were in use until now. The caller holds r.mu.
func (r *Router) forget(replaced *routing, now time.Time) {
	for _, route := range replaced.spec.Routes {
		r.tallies[route.Pool.String()].seen = now
	}
	for label, t := range r.tallies {
		if now.Sub(t.seen) > coarseKept*time.Second {
			delete(r.tallies, label)
		}
	}
}
