package worlds

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/davit-sdk/davit/internal/draw"
	"github.com/davit-sdk/davit/metrics"
)

// The labels of the groups.
const (
	CandidateLabel = "candidate"
	StableLabel    = "stable"
	BaselineLabel  = "baseline" // in a fresh world
)

// Begin is when every release begins.
var Begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Source is what has been measured so far in a release. It is a metrics.Source and a metrics.Parter;
// the parts of the baseline are its two halves.
type Source struct {
	world    World
	sky      weather
	draws    *rand.Rand
	requests *latencies
	now      int // how many cells are over
	share    [allCells]float64
	sides    [sides]record
}

// record is what one side did.
type record struct {
	requests, errors [allCells]uint64
	buckets          []uint32 // of all cells, one after another
}

var (
	_ metrics.Source = (*Source)(nil)
	_ metrics.Parter = (*Source)(nil)
)

func newSource() *Source {
	s := &Source{requests: newLatencies()}
	for i := range s.sides {
		s.sides[i].buckets = make([]uint32, allCells*(len(s.requests.bounds)+1))
	}
	return s
}

// begin begins a release; the history is measured.
func (s *Source) begin(w World, weatherSeed, drawSeed [2]uint64) {
	s.world, s.now = w, 0
	s.sky.brew(w, rand.New(rand.NewPCG(weatherSeed[0], weatherSeed[1])))
	s.draws = rand.New(rand.NewPCG(drawSeed[0], drawSeed[1]))
	for range historyCells {
		s.pass(0)
	}
}

// pass lets one cell pass, in which the candidate gets this share.
func (s *Source) pass(share float64) {
	rest := 1 - share
	if s.world.Fresh && s.now >= historyCells {
		rest = min(share, 1-share)
	}
	s.share[s.now] = share
	all := s.sky.rate[s.now] * Cell.Seconds()
	for i, part := range [sides]float64{share, rest / 2, rest / 2} {
		s.serve(side(i), all*part)
	}
	s.now++
}

// serve draws what one side does in the present cell.
func (s *Source) serve(of side, mean float64) {
	r, size := &s.sides[of], len(s.requests.bounds)+1
	buckets := r.buckets[s.now*size : (s.now+1)*size]
	clear(buckets)
	b := s.sky.behaves(s.world, of, s.now)
	n := draw.Poisson(s.draws, mean)
	failed := draw.Binomial(s.draws, n, b.fails/(1+s.world.Retries))
	if s.world.Retries > 0 {
		again := uint64(0)
		for range failed {
			again += geometric(s.draws, s.world.Retries)
		}
		n, failed = n+again, failed+again
	}
	r.requests[s.now], r.errors[s.now] = n, failed
	if s.sky.own[of].lost[s.now] {
		r.requests[s.now], r.errors[s.now] = 0, 0
		return
	}
	far := draw.Binomial(s.draws, n, b.tail)
	s.requests.add(s.draws, buckets, n-far, b.slow)
	s.requests.add(s.draws, buckets, far, b.slow+b.far)
}

// geometric is a number of repetitions with that mean.
func geometric(r *rand.Rand, mean float64) uint64 {
	again, n := mean/(1+mean), uint64(0)
	for r.Float64() < again {
		n++
	}
	return n
}

// sidesOf are the sides that make up a group.
func (s *Source) sidesOf(group string, history bool) ([]side, error) {
	switch {
	case group == CandidateLabel:
		return []side{candidate}, nil
	case group == StableLabel && (history || !s.world.Fresh), group == BaselineLabel && s.world.Fresh:
		return []side{firstHalf, secondHalf}, nil
	case group == StableLabel:
		return nil, metrics.ErrNoData
	}
	return nil, fmt.Errorf("%w: %q", metrics.ErrUnknownGroup, group)
}

// Read adds up the cells of a stretch, as far as they are over.
func (s *Source) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	parts, err := s.Parts(ctx, q)
	if err != nil {
		return metrics.Window{}, err
	}
	sum := parts[0]
	for _, p := range parts[1:] {
		sum.Requests, sum.Errors = sum.Requests+p.Requests, sum.Errors+p.Errors
		for i, n := range p.Latency.Counts {
			sum.Latency.Counts[i] += n
		}
	}
	return sum, nil
}

// Parts are the candidate as a whole, or the two halves of the baseline.
func (s *Source) Parts(ctx context.Context, q metrics.Query) ([]metrics.Window, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	parts, err := s.parts(q)
	for i := range parts {
		parts[i].Latency.Bounds = slices.Clone(parts[i].Latency.Bounds)
	}
	return parts, err
}

func (s *Source) parts(q metrics.Query) ([]metrics.Window, error) {
	sides, err := s.sidesOf(q.Group, !q.To.After(Begin))
	if err != nil {
		return nil, err
	}
	if !q.To.After(q.From) {
		return nil, fmt.Errorf("the stretch from %s to %s is none", q.From, q.To)
	}
	first, last := cellAt(q.From), cellAt(q.To.Add(Cell-1))
	first, last = max(first, 0), min(last, s.now)
	if first >= last || q.Group == CandidateLabel && (s.world.Silent || last <= historyCells) {
		return nil, metrics.ErrNoData
	}
	windows := make([]metrics.Window, len(sides))
	for i, of := range sides {
		windows[i] = s.window(of, first, last)
	}
	return windows, nil
}

// window adds up cells of one side. Failures that are measured late are missing in what is new.
func (s *Source) window(of side, first, last int) metrics.Window {
	r, size := &s.sides[of], len(s.requests.bounds)+1
	w := metrics.Window{From: timeOf(first), To: timeOf(last), Latency: metrics.Histogram{Bounds: s.requests.bounds, Counts: make([]uint64, size)}}
	known := s.now - int(s.world.Late/Cell)
	for cell := first; cell < last; cell++ {
		n, failed := r.requests[cell], r.errors[cell]
		if cell >= known {
			n, failed = n-failed, 0
		}
		w.Requests, w.Errors = w.Requests+n, w.Errors+failed
		for i, c := range r.buckets[cell*size : (cell+1)*size] {
			w.Latency.Counts[i] += uint64(c)
		}
	}
	return w
}

// cellAt is the cell that a time lies in.
func cellAt(at time.Time) int { return int(at.Sub(Begin.Add(-History)) / Cell) }

func timeOf(cell int) time.Time { return Begin.Add(time.Duration(cell-historyCells) * Cell) }
