package haproxy

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// assignment says how a table is brought about: which backend each pool is behind, which server each
// instance is at, and what becomes of the servers.
type assignment struct {
	layout  layout  // as it shall be, once what leaves has left
	moving  []place // servers that get an address, in order
	joining []place // servers that are to get requests and get none now
	leaving []place // servers that get requests and are to get none
	add     []place // servers that must be added first
}

// assign plans from what is in effect. It changes nothing of the view.
func (g *Groups) assign(v view, t rollout.Table) (assignment, error) {
	a := assignment{layout: v.layout.next(t)}
	slots, err := g.slots(v, t)
	if err != nil {
		return a, err
	}
	named := map[place]bool{}
	for _, s := range v.states.servers {
		if s.maint() {
			delete(a.layout.tenants, s.place) // it has answered all that it had
		}
	}
	for _, r := range t.Routes {
		if !routed(r) {
			continue
		}
		slot := slots[r.Pool]
		a.layout.slot[r.Role], a.layout.pool[slot] = slot, r.Pool
		if err := g.seat(&a, v, slot, r, named); err != nil {
			return a, err
		}
	}
	for _, s := range v.states.servers {
		if !named[s.place] && !s.maint() && s.admin&anyDrain == 0 {
			a.leaving = append(a.leaving, s.place)
		}
	}
	if v.layout.splits(a.layout) && v.broken == nil {
		a.layout.generation, a.layout.before = v.layout.generation, v.layout.before
	}
	return a, nil
}

// splits reports whether both layouts send requests to the same backends.
func (l layout) splits(o layout) bool {
	o.generation = l.generation
	return slices.Equal(sortedEntries(l.effective()), sortedEntries(o.effective()))
}

func sortedEntries(all []entry) []entry {
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return all
}

// next is a layout of the next generation with the table's split and rules, and nobody behind it yet.
func (l layout) next(t rollout.Table) layout {
	n := emptyLayout()
	n.generation, n.sticky, n.before = l.generation+1, t.Sticky, l.behind()
	for p, who := range l.tenants {
		n.tenants[p] = who
	}
	for _, r := range t.Routes {
		if !routed(r) {
			continue
		}
		n.share[r.Role] = r.Share
		for _, m := range r.Match {
			n.rules = append(n.rules, rule{m, r.Role})
		}
	}
	return n
}

// slots gives each pool of the table a backend: the one that it is behind already, one where its
// instances were last, and otherwise the one with the fewest servers that are in use.
func (g *Groups) slots(v view, t rollout.Table) (map[strategy.Pool]string, error) {
	slots := map[strategy.Pool]string{}
	taken := map[string]bool{}
	var homeless []strategy.Pool
	for _, r := range t.Routes {
		if !routed(r) {
			continue
		}
		home := ""
		for _, slot := range g.opts.Backends {
			if p, ok := v.layout.pool[slot]; ok && p == r.Pool {
				home = slot
			}
		}
		if home == "" {
			homeless = append(homeless, r.Pool)
			continue
		}
		slots[r.Pool], taken[home] = home, true
	}
	for _, pool := range homeless {
		best, rank := "", 0
		for _, slot := range g.opts.Backends {
			if taken[slot] {
				continue
			}
			if n := v.use(slot, pool); best == "" || n < rank {
				best, rank = slot, n
			}
		}
		if best == "" {
			return nil, rollout.Permanent(fmt.Errorf("there is no backend for %s: the table has more groups than the %d backends of GroupsOptions.Backends", pool, len(g.opts.Backends)))
		}
		slots[pool], taken[best] = best, true
	}
	return slots, nil
}

// use is how much speaks against a backend for a pool: what others still have there, and whether the
// table in effect names it.
func (v view) use(slot string, pool strategy.Pool) int {
	n := 0
	for _, s := range v.states.of(slot) {
		who, known := v.layout.tenants[s.place]
		switch {
		case known && who.pool == pool:
			n--
		case !s.maint():
			n += 2
		}
	}
	if _, ok := v.layout.pool[slot]; ok {
		n += 1 << 20
	}
	return n
}

// seat gives each instance of a route a server: the one where it is, otherwise one that is out of
// service.
func (g *Groups) seat(a *assignment, v view, slot string, r rollout.Route, named map[place]bool) error {
	servers := v.states.of(slot)
	var missing []rollout.Backend
	for _, b := range r.Backends {
		i := slices.IndexFunc(servers, func(s server) bool { return !named[s.place] && v.layout.mayBe(b, s) })
		if i < 0 {
			missing = append(missing, b)
			continue
		}
		a.keep(servers[i], b, r.Pool, named)
	}
	for _, b := range missing {
		i := v.vacant(servers, named)
		if i < 0 {
			p, err := g.added(v, slot, servers)
			if err != nil {
				return fmt.Errorf("%s has no server for %s: %w", slot, b.ID, err)
			}
			servers = append(servers, server{place: p, admin: forcedMaint})
			i = len(servers) - 1
			a.add = append(a.add, p)
		}
		p := servers[i].place
		named[p] = true
		a.layout.tenants[p] = tenant{b.ID, b.Addr, r.Pool}
		a.joining = append(a.joining, p)
	}
	return nil
}

func (a *assignment) keep(s server, b rollout.Backend, pool strategy.Pool, named map[place]bool) {
	named[s.place] = true
	a.layout.tenants[s.place] = tenant{b.ID, b.Addr, pool}
	if !s.ready() {
		a.joining = append(a.joining, s.place)
	}
}

// mayBe reports whether the instance is at the server, or one of which nobody knows who it is.
func (l layout) mayBe(b rollout.Backend, s server) bool {
	if a, err := canonical(b.Addr); err != nil || a.String() != s.addr {
		return false
	}
	who, ok := l.tenants[s.place]
	return !ok || !who.at(s) || who.id == b.ID
}

// vacant is a server that is out of service: one that nobody was at, before any.
func (v view) vacant(servers []server, named map[place]bool) int {
	best := -1
	for i, s := range servers {
		if named[s.place] || !s.maint() {
			continue
		}
		if _, used := v.layout.tenants[s.place]; !used {
			return i
		}
		if best < 0 {
			best = i
		}
	}
	return best
}

// added is the place of a server that is to be added at run time.
func (g *Groups) added(v view, slot string, servers []server) (place, error) {
	draining := 0
	for _, s := range servers {
		if !s.maint() && s.admin&anyDrain != 0 {
			draining++
		}
	}
	switch {
	case g.opts.AddServers == "" && draining > 0:
		return place{}, fmt.Errorf("all %d are in use, %d of them because they still drain", len(servers), draining)
	case g.opts.AddServers == "":
		return place{}, fmt.Errorf("all %d are in use: raise the number in its server-template", len(servers))
	case v.version.before(version{2, 5}):
		return place{}, rollout.Permanent(fmt.Errorf("all %d are in use, and HAProxy %s cannot add servers: 2.5 can", len(servers), v.release))
	}
	for n := 1; ; n++ {
		p := place{slot, fmt.Sprintf("davit%d", n)}
		if !slices.ContainsFunc(servers, func(s server) bool { return s.place == p }) {
			return p, nil
		}
	}
}
