package haproxy

import (
	"fmt"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// assign plans how a table is brought about from what is in effect: the layout as it shall be, and the
// seats.
func (g *Groups) assign(v view, t rollout.Table) (layout, seats, error) {
	next := v.layout.next(t)
	s := newSeats(v.scene)
	slots, err := g.slots(v, t)
	if err != nil {
		return next, s, err
	}
	for _, r := range t.Routes {
		slot := slots[r.Pool]
		next.slot[r.Role], next.pool[slot] = slot, r.Pool
		if err := s.seat(v.scene, slot, r, g.opts.AddServers != ""); err != nil {
			return next, s, err
		}
	}
	s.rest(v.scene)
	next.tenants = s.tenants
	if v.broken == nil && v.layout.splits(next) {
		next.generation, next.before = v.layout.generation, v.layout.before
	}
	return next, s, nil
}

// slots gives each pool of the table a backend: the one that it is behind already, one where its
// instances were last, and otherwise the one with the fewest servers that are in use.
func (g *Groups) slots(v view, t rollout.Table) (map[strategy.Pool]string, error) {
	slots := map[strategy.Pool]string{}
	taken := map[string]bool{}
	var homeless []strategy.Pool
	for _, r := range t.Routes {
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
			return nil, rollout.Permanent(fmt.Errorf("there is no backend for %s: the table has more groups than the %d of GroupsOptions.Backends", pool, len(g.opts.Backends)))
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
		who, known := v.tenants[s.place]
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
