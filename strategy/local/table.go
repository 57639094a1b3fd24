package local

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// routing is a table ready for use. It is never changed: the next table is another routing.
type routing struct {
	spec    rollout.Table
	groups  []*routeGroup // those that get requests or copies, in the order of rules
	shared  []*routeGroup // those with a share, in the same order
	mirrors []*routeGroup // those with a mirror share
	rules   []rule
	sticky  bool
	spread  sequence
	ids     map[string]struct{} // all backends that are named
}

// routeGroup is one route.
type routeGroup struct {
	role     strategy.Role
	label    string
	backends []*backend
	tally    *tally

	below  int    // the share and those of the groups before, in millionths
	weight int    // the share alone
	hash   uint64 // of the label, for rendezvous hashing
	turn   atomic.Uint64

	mirror int // the mirror share, in millionths
	copied sequence
}

// decide is the group that answers the exchange, or nil when there is none.
func (t *routing) decide(x *exchange) *routeGroup {
	for _, ru := range t.rules {
		if ru.matches(x.in) {
			return ru.group
		}
	}
	switch {
	case len(t.shared) == 0:
		return nil
	case t.sticky:
		return home(t.shared, x.clientKey())
	case len(t.shared) == 1:
		return t.shared[0]
	}
	place := t.spread.next()
	for _, g := range t.shared {
		if place < g.below {
			return g
		}
	}
	return t.shared[len(t.shared)-1] // out of reach: the shares add up to all
}

// pick is the less busy one of two backends: the next in turn, and another at random; at a tie the
// one in turn, so that a quiet group is used evenly. Two choices are nearly as good as the least
// busy of all (Mitzenmacher, 2001), at a cost that does not grow with the group. Shunned backends
// are taken only when there is no other.
func (g *routeGroup) pick(now time.Time) *backend {
	n := uint64(len(g.backends))
	if n == 1 {
		return g.backends[0]
	}
	i := g.turn.Add(1) % n
	a, b := g.backends[i], g.backends[(i+1+rand.Uint64N(n-1))%n]
	aOut, bOut := a.isShunned(now), b.isShunned(now)
	switch {
	case aOut && bOut:
		for _, c := range g.backends {
			if !c.isShunned(now) {
				return c
			}
		}
		return a
	case aOut:
		return b
	case bOut || a.inFlight.Load() <= b.inFlight.Load():
		return a
	}
	return b
}

// other is a backend of the group that was not tried yet, a shunned one last; nil when there is
// none.
func (g *routeGroup) other(tried []*backend, now time.Time) *backend {
	var last *backend
	start := int(g.turn.Add(1) % uint64(len(g.backends)))
	for i := range g.backends {
		b := g.backends[(start+i)%len(g.backends)]
		if slices.Contains(tried, b) {
			continue
		}
		if !b.isShunned(now) {
			return b
		}
		last = b
	}
	return last
}

// compile makes a valid table ready for use. The caller holds r.mu.
func (r *Router) compile(spec rollout.Table) *routing {
	t := &routing{spec: spec.Clone(), sticky: spec.Sticky, ids: map[string]struct{}{}}
	t.spread.seed = rand.Uint64()
	for _, route := range t.spec.Routes {
		g := &routeGroup{
			role:   route.Role,
			label:  route.Pool.String(),
			tally:  r.tallyOf(route.Pool),
			weight: route.Share.Millionths(),
			mirror: route.Mirror.Millionths(),
		}
		g.hash = hash(g.label)
		g.copied.seed = rand.Uint64()
		halves := r.halvesOf(route.Backends)
		for i, named := range route.Backends {
			b, known := r.backends[named.ID]
			if !known {
				b = r.newBackend(named.ID, named.Addr, halves[i])
				r.backends[named.ID] = b
			}
			g.tally.split = g.tally.split || b.half == 1
			b.retired.Store(false)
			g.backends = append(g.backends, b)
			t.ids[named.ID] = struct{}{}
		}
		if routed(route) {
			t.groups = append(t.groups, g)
		}
	}
	slices.SortFunc(t.groups, func(a, b *routeGroup) int { return cmp.Compare(order(a.role), order(b.role)) })
	below := 0
	for _, g := range t.groups {
		if g.weight > 0 {
			below += g.weight
			g.below = below
			t.shared = append(t.shared, g)
		}
		if g.mirror > 0 {
			t.mirrors = append(t.mirrors, g)
		}
		for _, route := range t.spec.Routes {
			if route.Role != g.role {
				continue
			}
			for _, m := range route.Match {
				t.rules = append(t.rules, newRule(m, g))
			}
		}
	}
	return t
}

// halvesOf says to which half of its group each of the backends belongs: those that are known stay where
// they are, and each new one joins the half that has fewer. The caller holds r.mu.
func (r *Router) halvesOf(backends []rollout.Backend) []int {
	halves, sizes := make([]int, len(backends)), [2]int{}
	for i, named := range backends {
		halves[i] = -1
		if b, known := r.backends[named.ID]; known {
			halves[i] = b.half
			sizes[b.half]++
		}
	}
	for i := range halves {
		if halves[i] < 0 {
			if sizes[1] < sizes[0] {
				halves[i] = 1
			} else {
				halves[i] = 0
			}
			sizes[halves[i]]++
		}
	}
	return halves
}

// order is the order in which rules are tried.
func order(role strategy.Role) int {
	return slices.Index([]strategy.Role{strategy.Candidate, strategy.Baseline, strategy.Stable}, role)
}

// routed reports whether the route gets requests or copies.
func routed(route rollout.Route) bool {
	return !route.Share.IsZero() || len(route.Match) > 0 || !route.Mirror.IsZero()
}

// summary is the table on one line: "stable 1.0.0 x3 95% + candidate 1.1.0 x1 5%".
func summary(t rollout.Table) string {
	parts := make([]string, 0, len(t.Routes))
	for _, route := range t.Routes {
		part := fmt.Sprintf("%s %s x%d %s", route.Role, route.Pool, len(route.Backends), route.Share)
		for _, m := range route.Match {
			part += ", " + m.String()
		}
		if !route.Mirror.IsZero() {
			part += ", mirrors " + route.Mirror.String()
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " + ")
}
