package haproxy

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// glance is a scene with what was recorded.
type glance struct {
	scene
	record record
}

func (w *Weights) look(ctx context.Context) (glance, error) {
	p, states, _, err := w.survey(ctx)
	if err != nil {
		return glance{}, err
	}
	g := glance{scene: scene{process: p, states: states, tenants: map[place]tenant{}}}
	g.record, err = readRecord(w.disk, w.opts.recordFile(), w.opts.Name)
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return g, err
	}
	for _, s := range g.record.Seats {
		g.tenants[place{w.opts.Backend, s.Server}] = tenant{s.ID, s.Addr, s.Pool}
	}
	return g, nil
}

// table is what a glance shows.
func (g glance) table() rollout.Table {
	asked := trimmed(g.record.Table)
	t := rollout.Table{Routes: g.routes(asked)}
	counts := make([]int, len(t.Routes))
	for _, s := range g.states.servers {
		if !s.ready() || s.addr == "" || len(t.Routes) == 0 {
			continue
		}
		who, known := g.tenants[s.place]
		i := slices.IndexFunc(t.Routes, func(r rollout.Route) bool { return known && who.at(s) && r.Pool == who.pool })
		i = max(i, 0) // nobody known
		t.Routes[i].Backends = append(t.Routes[i].Backends, g.backend(s))
		counts[i] += s.uweight
	}
	shares := parts(counts)
	for i := range t.Routes {
		r := &t.Routes[i]
		slices.SortFunc(r.Backends, func(a, b rollout.Backend) int { return cmp.Compare(a.ID, b.ID) })
		r.Share = strategy.Millionths(shares[i])
	}
	if g.asWeighed(asked, t) {
		return asked
	}
	t.Routes = slices.DeleteFunc(t.Routes, func(r rollout.Route) bool { return len(r.Backends) == 0 })
	return t
}

// routes are those of a table with nobody behind them; where there are none, those of the pools whose
// instances get requests all the same.
func (g glance) routes(asked rollout.Table) []rollout.Route {
	var routes []rollout.Route
	for _, r := range asked.Routes {
		routes = append(routes, rollout.Route{Role: r.Role, Traffic: rollout.Traffic{Pool: r.Pool}})
	}
	if len(routes) > 0 {
		return routes
	}
	for _, s := range g.states.servers {
		who, ok := g.tenants[s.place]
		if !ok || !who.at(s) || !s.ready() || slices.ContainsFunc(routes, func(r rollout.Route) bool { return r.Pool == who.pool }) {
			continue
		}
		if len(routes) < len(told) {
			routes = append(routes, rollout.Route{Role: told[len(routes)], Traffic: rollout.Traffic{Pool: who.pool}})
		}
	}
	return routes
}

// asWeighed reports whether the servers that are ready are those of a table, with the weights that were
// found for it.
func (g glance) asWeighed(asked, shown rollout.Table) bool {
	if len(asked.Routes) == 0 {
		return false
	}
	weights := weigh(asked).weights
	for i, r := range asked.Routes {
		if !slices.Equal(r.Backends, shown.Routes[i].Backends) {
			return false
		}
		for _, s := range g.states.servers {
			if who, ok := g.tenants[s.place]; ok && s.ready() && who.at(s) && who.pool == r.Pool && s.uweight != weights[i] {
				return false
			}
		}
	}
	return true
}
