package rehearse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/davit-sdk/davit/internal/draw"
	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy"
)

// tick is how long the stretches are in which traffic is drawn and can be read.
const tick = time.Second

// bounds are those of the latencies, in seconds.
var bounds = metrics.LogBounds(0.0002, 120, 1.05)

// world is the traffic of one run, and the clock. It is a metrics.Source with parts: each group has two
// halves.
type world struct {
	Traffic
	lots  *rand.Rand
	to    strategy.Revision
	now   time.Time
	first time.Time // when the new revision first got traffic
	good  answers   // of what runs now
	bad   answers   // of the new revision
	pools map[string][]cell

	exposed, failed uint64 // of the new revision
}

// cell is what one pool answered in one stretch, in halves.
type cell struct {
	from, to time.Time
	halves   [2]half
}

type half struct {
	requests, errors uint64
	latency          []uint64
}

func newWorld(t Traffic, p strategy.Plan, seed, run uint64) *world {
	return &world{
		Traffic: t, to: p.To, now: epoch(), lots: rand.New(rand.NewPCG(seed, run)),
		good: t.Service.answers(Harm{}, bounds), bad: t.Service.answers(t.Harm, bounds), pools: map[string][]cell{},
	}
}

func (w *world) elapsed() time.Duration { return w.now.Sub(epoch()) }

// settle makes the pools of a state known to the source, before anybody asked them.
func (w *world) settle(s strategy.State) {
	for role := range s.Groups() {
		label := s.Pool(role).String()
		w.pools[label] = w.pools[label]
	}
}

// pass lets time pass in a state, and traffic with it.
func (w *world) pass(s strategy.State, d time.Duration) {
	w.settle(s)
	for d > 0 {
		// A stretch never goes over a whole tick, so that what is read adds up.
		step := min(d, w.now.Truncate(tick).Add(tick).Sub(w.now))
		for role, g := range s.Groups() {
			if share := g.Share.Fraction(); share > 0 {
				w.answer(s.Pool(role), share, step)
			}
		}
		w.now, d = w.now.Add(step), d-step
	}
}

// answer draws what a pool answers in a stretch.
func (w *world) answer(p strategy.Pool, share float64, d time.Duration) {
	c := cell{from: w.now, to: w.now.Add(d)}
	fresh := p.Revision == w.to
	if fresh && w.first.IsZero() {
		w.first = w.now
	}
	how := w.good
	if fresh && w.now.Sub(w.first) >= w.Harm.After {
		how = w.bad
	}
	for i := range c.halves {
		h := &c.halves[i]
		h.requests = draw.Poisson(w.lots, w.Rate*share*d.Seconds()/2)
		h.errors = draw.Binomial(w.lots, h.requests, how.errors)
		if how.latency != nil {
			h.latency = draw.Multinomial(w.lots, h.requests, how.latency)
		}
		if fresh {
			w.exposed, w.failed = w.exposed+h.requests, w.failed+h.errors
		}
	}
	label := p.String()
	w.pools[label] = append(w.pools[label], c)
}

// cells are those of a group that begin in the query's stretch.
func (w *world) cells(ctx context.Context, q metrics.Query) ([]cell, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	all, ok := w.pools[q.Group]
	if !ok {
		return nil, fmt.Errorf("%w %q", metrics.ErrUnknownGroup, q.Group)
	}
	at := func(t time.Time) int {
		return sort.Search(len(all), func(i int) bool { return !all[i].from.Before(t) })
	}
	from, to := at(q.From), at(q.To)
	if from >= to {
		return nil, metrics.ErrNoData
	}
	return all[from:to], nil
}

// Read is what was measured of a group.
func (w *world) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	cells, err := w.cells(ctx, q)
	if err != nil {
		return metrics.Window{}, err
	}
	return w.window(cells, true, true), nil
}

// Parts are the two halves of a group.
func (w *world) Parts(ctx context.Context, q metrics.Query) ([]metrics.Window, error) {
	cells, err := w.cells(ctx, q)
	if err != nil {
		return nil, err
	}
	return []metrics.Window{w.window(cells, true, false), w.window(cells, false, true)}, nil
}

func (w *world) window(cells []cell, halves ...bool) metrics.Window {
	sum := metrics.Window{From: cells[0].from, To: cells[len(cells)-1].to}
	if w.good.latency != nil {
		sum.Latency = metrics.NewHistogram(bounds)
	}
	for i := range cells {
		for n, wanted := range halves {
			if h := &cells[i].halves[n]; wanted {
				sum.Requests, sum.Errors = sum.Requests+h.requests, sum.Errors+h.errors
				for b, count := range h.latency {
					sum.Latency.Counts[b] += count
				}
			}
		}
	}
	return sum
}
