package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// recent is the stretch that a Snapshot looks back on.
const recent = 10 * time.Second

// Read gives what a group answered in a stretch of time: requests by share and by rule, and copies.
// An answer counts when it is complete, and takes as long as that; one without an end (an upgraded
// connection, an event stream) counts when it begins. Requests that their client gave up are not
// counted.
//
// Single seconds are kept for 15 minutes and whole minutes for 24 hours: a stretch that begins within
// the last 15 minutes is widened to whole seconds, an older one to whole minutes. It is cut to what
// is kept, at the instant at which a table first named the group, and at now; From and To of the
// answer tell. A group that got nothing has Requests 0, which is a measurement; metrics.ErrNoData is
// for a stretch that ends before the group was known, begins in the future, or ends before what is
// kept.
func (r *Router) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	parts, err := r.read(ctx, q, false)
	if err != nil {
		return metrics.Window{}, err
	}
	return parts[0], nil
}

// Parts is Read for each of two halves of the group's backends, or for the only one of a group that has
// never had more than one backend. A backend that comes new to its group joins the half that has fewer
// of those in the table; it stays there for as long as the router knows it. So both halves meet alike
// what the group meets, and what differs between them is noise.
func (r *Router) Parts(ctx context.Context, q metrics.Query) ([]metrics.Window, error) {
	return r.read(ctx, q, true)
}

// read adds up what is kept of the query's stretch: of the group as a whole, or of each of its halves.
func (r *Router) read(ctx context.Context, q metrics.Query, parted bool) ([]metrics.Window, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !q.From.Before(q.To) {
		return nil, fmt.Errorf("reading group %q: the stretch from %s to %s is empty", q.Group, q.From, q.To)
	}
	r.mu.Lock()
	t, ok := r.tallies[q.Group]
	parted = parted && ok && t.split
	r.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("reading group %q: %w", q.Group, metrics.ErrUnknownGroup)
	}
	windows, err := t.windows(q.From, q.To, time.Now(), parted)
	if err != nil {
		return nil, fmt.Errorf("reading group %q from %s to %s: %w", q.Group, q.From, q.To, err)
	}
	return windows, nil
}

// window adds up what is kept of a stretch.
func (t *tally) window(from, to, now time.Time) (metrics.Window, error) {
	windows, err := t.windows(from, to, now, false)
	if err != nil {
		return metrics.Window{}, err
	}
	return windows[0], nil
}

// windows adds up what is kept of a stretch, of the group or of each of its halves.
func (t *tally) windows(from, to, now time.Time, parted bool) ([]metrics.Window, error) {
	if from.Before(t.since) {
		from = t.since
	}
	if to.After(now) {
		to = now
	}
	// A stretch that began earlier is still worth its last day: a gate may watch a group that is
	// kept warm for longer.
	kept := time.Unix((floorDiv(now.Unix()-coarseKept, coarseWidth)+1)*coarseWidth, 0)
	if from.Before(kept) {
		from = kept
	}
	if !from.Before(to) {
		return nil, metrics.ErrNoData
	}
	fine := from.Unix() > now.Unix()-fineKept
	whole := t.halves[0].ring(fine).covering(from, to)
	if whole.From.Before(t.since) {
		whole.From = t.since
	}
	if whole.To.After(now) {
		whole.To = now
	}
	if !parted {
		for i := range t.halves {
			t.halves[i].ring(fine).addTo(&whole, from, to)
		}
		return []metrics.Window{whole}, nil
	}
	parts := make([]metrics.Window, len(t.halves))
	for i := range t.halves {
		parts[i] = whole
		parts[i].Latency = metrics.NewHistogram(LatencyBounds())
		t.halves[i].ring(fine).addTo(&parts[i], from, to)
	}
	return parts, nil
}

func (h *half) ring(fine bool) *ring {
	if fine {
		return &h.fine
	}
	return &h.coarse
}

// Snapshot is what a router does at an instant, for displays.
type Snapshot struct {
	At time.Time `json:"at"`
	// Groups are those of the table, in its order, and then those that it named once, by label.
	Groups []GroupSnapshot `json:"groups"`
	// Unrouted counts the requests that were answered 503, because no route was there for them.
	Unrouted uint64 `json:"unrouted,omitempty"`
	// Copies counts what became of the requests that were picked to be mirrored.
	Copies CopyTotals `json:"copies,omitzero"`
}

// CopyTotals count requests that were picked to be mirrored.
type CopyTotals struct {
	// Sent were sent. Dropped were not, because RouterOptions.MirrorLimit copies were under way.
	Sent    uint64 `json:"sent"`
	Dropped uint64 `json:"dropped,omitempty"`
	// TooLarge had a body above RouterOptions.BodyBuffer. Incomplete had one that the backend or
	// the client did not wait for.
	TooLarge   uint64 `json:"too_large,omitempty"`
	Incomplete uint64 `json:"incomplete,omitempty"`
}

// GroupSnapshot is what one group does.
type GroupSnapshot struct {
	// Traffic is what the table says; only the pool is set where the table does not name it.
	rollout.Traffic
	// Role is empty where the table does not name the pool.
	Role strategy.Role `json:"role,omitempty"`
	// Total counts since the pool was named first.
	Total GroupTotals `json:"total"`
	// Recent is the last 10 seconds.
	Recent metrics.Window `json:"recent"`
	// Backends are those of the table.
	Backends []BackendSnapshot `json:"backends,omitempty"`
}

// GroupTotals count what a group did since a table named it first.
type GroupTotals struct {
	Since time.Time `json:"since"`
	// Requests counts the answers, copies included, Errors those of them that failed.
	Requests uint64 `json:"requests"`
	Errors   uint64 `json:"errors"`
	// Statuses counts the answers by the hundreds of their status: Statuses[2] are 200 to 299.
	// Statuses[0] are those that never came.
	Statuses [6]uint64 `json:"statuses"`
	// Copies are mirrored requests, which Requests counts too.
	Copies uint64 `json:"copies,omitempty"`
	// Gone are requests that their client gave up, which Requests does not count.
	Gone uint64 `json:"gone,omitempty"`
	// Moved are failures of a backend that the client did not see, because another one answered.
	Moved uint64 `json:"moved,omitempty"`
}

// BackendSnapshot is what one backend does.
type BackendSnapshot struct {
	rollout.Backend
	// InFlight are the requests that it works on now.
	InFlight int `json:"in_flight"`
	// Requests are all that it was chosen for.
	Requests uint64 `json:"requests"`
}

// Totals counts what a group did since a table named it first. It is false for a group that the
// router does not know.
func (r *Router) Totals(p strategy.Pool) (GroupTotals, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.tallies[p.String()]
	if !ok {
		return GroupTotals{}, false
	}
	return t.totals(), true
}

func (t *tally) totals() GroupTotals {
	sum := GroupTotals{
		Since: t.since, Errors: t.errors.Load(), Copies: t.copies.Load(), Gone: t.gone.Load(), Moved: t.moved.Load(),
	}
	for i := range t.statuses {
		sum.Statuses[i] = t.statuses[i].Load()
		sum.Requests += sum.Statuses[i]
	}
	return sum
}

// Snapshot tells what the router does now.
func (r *Router) Snapshot() Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Snapshot{
		At:       time.Now(),
		Unrouted: r.unrouted.Load(),
		Copies: CopyTotals{
			Sent: r.copies.sent.Load(), Dropped: r.copies.dropped.Load(),
			TooLarge: r.copies.tooLarge.Load(), Incomplete: r.copies.incomplete.Load(),
		},
	}
	named := map[string]bool{}
	for _, route := range r.table.Load().spec.Clone().Routes {
		t := r.tallies[route.Pool.String()]
		named[t.label] = true
		g := t.snapshot(s.At)
		g.Role, g.Traffic = route.Role, route.Traffic
		for _, b := range route.Backends {
			known := r.backends[b.ID]
			g.Backends = append(g.Backends, BackendSnapshot{b, known.load(), known.requests.Load()})
		}
		s.Groups = append(s.Groups, g)
	}
	var others []GroupSnapshot
	for label, t := range r.tallies {
		if !named[label] {
			others = append(others, t.snapshot(s.At))
		}
	}
	slices.SortFunc(others, func(a, b GroupSnapshot) int { return cmp.Compare(a.Pool.String(), b.Pool.String()) })
	s.Groups = append(s.Groups, others...)
	return s
}

func (t *tally) snapshot(now time.Time) GroupSnapshot {
	g := GroupSnapshot{Total: t.totals()}
	g.Pool = t.pool
	g.Recent, _ = t.window(now.Add(-recent), now, now) // empty at the very instant of its first table
	return g
}
