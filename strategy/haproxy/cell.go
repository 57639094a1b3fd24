package haproxy

import (
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// The two resolutions of what is kept, and for how long, in seconds.
const (
	fineWidth   = 1
	fineKept    = 15 * 60
	coarseWidth = 60
	coarseKept  = 24 * 60 * 60
)

// latencyBounds are the upper bounds of the latency buckets: 0.5 ms to 60 s, about six a decade, at
// the numbers that people choose as thresholds. HAProxy tells whole milliseconds.
var latencyBounds = [...]time.Duration{
	500 * time.Microsecond,
	1 * time.Millisecond, 2 * time.Millisecond, 3 * time.Millisecond, 5 * time.Millisecond, 7 * time.Millisecond,
	10 * time.Millisecond, 15 * time.Millisecond, 20 * time.Millisecond, 30 * time.Millisecond, 50 * time.Millisecond, 70 * time.Millisecond,
	100 * time.Millisecond, 150 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond, 500 * time.Millisecond, 700 * time.Millisecond,
	1 * time.Second, 1500 * time.Millisecond, 2 * time.Second, 3 * time.Second, 5 * time.Second, 7 * time.Second,
	10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second, 60 * time.Second,
}

// LatencyBounds are the upper bounds of the latency buckets of a Source, in seconds.
func LatencyBounds() []float64 {
	bounds := make([]float64, len(latencyBounds))
	for i, b := range latencyBounds {
		bounds[i] = b.Seconds()
	}
	return bounds
}

// cell counts the answers of one stretch of time.
type cell struct {
	epoch    int64 // which stretch, counted since 1970
	requests uint64
	errors   uint64
	gone     uint64
	latency  [len(latencyBounds) + 1]uint64
}

// cells keep the last stretches of one width.
type cells struct {
	width int64   // of a stretch, in seconds
	ring  []*cell // by epoch; nil where nothing was counted yet
}

func newCells(width, kept int64) cells { return cells{width, make([]*cell, kept/width)} }

// at is the cell of a second, nil where something later has taken its place already.
func (c *cells) at(second int64) *cell {
	epoch := floorDiv(second, c.width)
	slot := &c.ring[max(epoch, 0)%int64(len(c.ring))]
	switch {
	case *slot == nil:
		*slot = &cell{epoch: epoch}
	case (*slot).epoch > epoch:
		return nil
	case (*slot).epoch < epoch:
		**slot = cell{epoch: epoch}
	}
	return *slot
}

// addTo adds all stretches that touch [from, to). withLatency leaves the latencies out otherwise.
func (c *cells) addTo(w *metrics.Window, from, to time.Time, withLatency bool) {
	last := floorDiv(to.Add(-1).Unix(), c.width)
	for epoch := floorDiv(from.Unix(), c.width); epoch <= last; epoch++ {
		one := c.ring[max(epoch, 0)%int64(len(c.ring))]
		if one == nil || one.epoch != epoch {
			continue
		}
		w.Requests += one.requests
		w.Errors += one.errors
		w.Counts[goneCount] += one.gone
		if withLatency {
			for i, n := range one.latency {
				w.Latency.Counts[i] += n
			}
		}
	}
}

// covering is a window without counts that covers all stretches that touch [from, to).
func (c *cells) covering(from, to time.Time) metrics.Window {
	return metrics.Window{
		From: time.Unix(floorDiv(from.Unix(), c.width)*c.width, 0),
		To:   time.Unix((floorDiv(to.Add(-1).Unix(), c.width)+1)*c.width, 0),
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// half counts what one half of a group's servers answered.
type half struct{ fine, coarse cells }

// tally counts what a group answered.
type tally struct {
	since  time.Time // from when on what it answered is known
	seen   time.Time // when it was heard of last
	halves [2]half
	of     map[place]int // which half a server belongs to
	last   int           // the half of the server that came last
	split  bool          // there have been two servers
}

func newTally(since time.Time) *tally {
	t := &tally{since: since, of: map[place]int{}, last: 1}
	for i := range t.halves {
		t.halves[i] = half{newCells(fineWidth, fineKept), newCells(coarseWidth, coarseKept)}
	}
	return t
}

// half is the half that a server belongs to, from when it was seen first. A request for which there
// was no server belongs to the first.
func (t *tally) half(p place) *half {
	if p.server == "" {
		return &t.halves[0]
	}
	i, known := t.of[p]
	if !known {
		t.last = 1 - t.last
		i = t.last
		t.of[p] = i
		t.split = t.split || len(t.of) > 1
	}
	return &t.halves[i]
}

// answered is what was counted at an instant.
type answered struct {
	requests, errors, gone uint64
	took                   time.Duration
	timed                  bool // took was measured
}

func (t *tally) add(p place, at time.Time, n answered) {
	h, bucket := t.half(p), -1
	if n.timed {
		bucket, _ = slices.BinarySearch(latencyBounds[:], n.took)
	}
	for _, c := range []*cell{h.fine.at(at.Unix()), h.coarse.at(at.Unix())} {
		if c == nil {
			continue // long ago
		}
		c.requests += n.requests
		c.errors += n.errors
		c.gone += n.gone
		if bucket >= 0 {
			c.latency[bucket] += n.requests
		}
	}
}
