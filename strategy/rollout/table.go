package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

func (t Table) route(p strategy.Pool) (Route, bool) {
	for _, r := range t.Routes {
		if r.Pool == p {
			return r, true
		}
	}
	return Route{}, false
}

// ids are the instances behind the route. Lookups are made in such sets: a fleet may have thousands of them.
func (r Route) ids() map[string]bool {
	ids := make(map[string]bool, len(r.Backends))
	for _, b := range r.Backends {
		ids[b.ID] = true
	}
	return ids
}

// ids are the instances behind all routes.
func (t Table) ids() map[string]bool {
	ids := map[string]bool{}
	for _, r := range t.Routes {
		maps.Copy(ids, r.ids())
	}
	return ids
}

// idle tells of the pool's instances whether they get nothing although their pool does, as its route does not name
// them yet: they are of no use so far.
func (t Table) idle(p strategy.Pool) func(id string) bool {
	r, ok := t.route(p)
	if !ok || r.none() {
		return func(string) bool { return false }
	}
	routed := r.ids()
	return func(id string) bool { return !routed[id] }
}

// Equal reports whether both tables send every request the same way.
func (t Table) Equal(o Table) bool { return t.equal(o, strategy.Share{}) }

func (t Table) equal(o Table, grain strategy.Share) bool {
	return t.Sticky == o.Sticky && slices.EqualFunc(t.Routes, o.Routes, func(a, b Route) bool {
		return a.Role == b.Role && a.Traffic.equal(b.Traffic, grain) && slices.Equal(a.Backends, b.Backends)
	})
}

// String is the table on one line: "stable 1.0.0 90% to 3 backends; candidate 1.1.0 …".
func (t Table) String() string {
	if len(t.Routes) == 0 {
		return "no routes"
	}
	parts := make([]string, len(t.Routes))
	for i, r := range t.Routes {
		parts[i] = fmt.Sprintf("%s %s gets %s on %d backends", r.Role, r.Pool, r.text(), len(r.Backends))
	}
	return strings.Join(parts, "; ")
}

// table is the state as a routing table. While a group that shall get traffic has no available
// instance, the split stays as it is, and only the backends follow the instances. Where there is no
// split, because the router lost it, the others answer for that group.
func (c *Composed) table(p pools, now Table, s strategy.State) Table {
	t := Table{Sticky: s.Sticky}
	var orphaned strategy.Share
	for role, g := range s.Groups() {
		if !g.Routed() {
			continue
		}
		pool := s.Pool(role)
		r := Route{Role: role, Traffic: trafficOf(pool, g), Backends: c.backends(p.of[pool].keep, now, pool)}
		switch {
		case len(r.Backends) > 0:
			t.Routes = append(t.Routes, r)
		case len(now.Routes) > 0:
			return c.sameSplit(p, now)
		default:
			orphaned = orphaned.Plus(g.Share)
		}
	}
	heir := -1
	for i, r := range t.Routes {
		if !r.Share.IsZero() && (heir < 0 || r.Share.Compare(t.Routes[heir].Share) > 0) {
			heir = i
		}
	}
	switch {
	case orphaned.IsZero():
	case heir < 0:
		return Table{Sticky: s.Sticky} // nobody can answer
	default:
		t.Routes[heir].Share = t.Routes[heir].Share.Plus(orphaned)
	}
	return t
}

func (c *Composed) sameSplit(p pools, now Table) Table {
	t := Table{Sticky: now.Sticky}
	for _, r := range now.Routes {
		m := p.of[r.Pool]
		if m == nil {
			m = &members{}
		}
		if backends := c.backends(m.keep, now, r.Pool); len(backends) > 0 {
			r.Backends = backends
		} else if backends = c.backends(m.leaving, now, r.Pool); len(backends) > 0 {
			// Nobody else can answer yet: those that shall leave stay a while longer.
			r.Backends = backends
		}
		t.Routes = append(t.Routes, r)
	}
	return t
}

// backends are the instances that may get requests: the available ones; where there is none, those
// of the present table that are still ready, and then those still alive, because a request that may
// fail is better than one that must.
func (c *Composed) backends(instances []Instance, now Table, pool strategy.Pool) []Backend {
	route, _ := now.route(pool)
	routed := route.ids()
	tiers := []func(Instance) bool{
		func(in Instance) bool { return available(in, time.Duration(c.minReady.Load()), time.Now()) },
		func(in Instance) bool { return in.Phase == Ready && routed[in.ID] },
		func(in Instance) bool { return routed[in.ID] },
	}
	for _, may := range tiers {
		var backends []Backend
		for _, in := range instances {
			if may(in) {
				backends = append(backends, Backend{ID: in.ID, Addr: in.Addr})
			}
		}
		if len(backends) > 0 {
			slices.SortFunc(backends, func(a, b Backend) int { return cmp.Compare(a.ID, b.ID) })
			return backends
		}
	}
	return nil
}
