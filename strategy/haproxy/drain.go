package haproxy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// InFlight counts the requests that instances work on, those that wait for them included. An instance
// that the table does not name any more, and that has none, is put out of service in HAProxy, so that
// its server can be used again.
//
// What the processes from before a reload still work on is counted where Endpoint.Master is set; they
// take no new connections, and end by HAProxy's hard-stop-after. As long as a client keeps a connection to one
// of them it may ask once more there, by the table of then: whoever is in that counts as busy. Without Master
// nobody can know of all this.
func (g *Groups) InFlight(ctx context.Context, ids []string) (map[string]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	v, err := g.look(ctx)
	if err == nil {
		err = v.broken
	}
	if err != nil {
		return nil, fmt.Errorf("count what is in flight: %w", err)
	}
	last, err := readRecord(g.disk, g.opts.recordFile(), g.opts.Name)
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return nil, fmt.Errorf("count what is in flight: %w", err)
	}
	g.recall(v.scene, last)
	n, err := g.inFlight(ctx, v.scene, last, slices.Collect(maps.Values(v.layout.slot)), ids)
	if err != nil {
		return nil, fmt.Errorf("count what is in flight: %w", err)
	}
	return n, nil
}

// inFlight counts what instances work on, and puts those out of service that have left and are idle.
// last is what was routed last, effective are the backends that get requests now.
func (m *mover) inFlight(ctx context.Context, c scene, last record, effective, ids []string) (map[string]int, error) {
	answers, err := m.admin.ask(ctx, "show stat")
	if err != nil {
		return nil, err
	}
	busy, err := busyServers(answers[0])
	if err != nil {
		return nil, err
	}
	old, err := former(ctx, m.master, m.backends)
	if err != nil {
		return nil, err
	}
	n := map[string]int{}
	fates := map[place]fate{}
	var back []place
	now := time.Now()
	for _, s := range c.states.servers {
		who, ok := c.tenants[s.place]
		if !ok || !slices.Contains(ids, who.id) || !who.at(s) {
			continue
		}
		n[who.id] += busy[s.place] + old[s.addr]
		if s.maint() || last.stays(who.id, s) {
			continue
		}
		if !s.draining() {
			// A process has taken over that had read the files from before. Where it has their table, too,
			// it needs the server, until Route has come again.
			n[who.id] = max(n[who.id], 1)
			if !slices.Contains(effective, s.backend) {
				back = append(back, s.place)
			}
			continue
		}
		switch {
		case m.young(who.id, now): // such a process may still be about to take over
			n[who.id] = max(n[who.id], 1)
		case n[who.id] == 0:
			fates[s.place] = fate{toMaint, -1}
		default:
			fates[s.place] = fate{toDrain, -1}
		}
	}
	if len(back) > 0 {
		if err := m.hold(ctx, c, func(to *session) error { return m.drain(ctx, to, c, back) }); err != nil {
			return nil, err
		}
	}
	return n, m.release(ctx, c, fates)
}

// stays reports whether an instance is to keep its server: the record's table names it, or there is no
// record, and it gets requests.
func (r record) stays(id string, s server) bool {
	if r.Format == 0 {
		return !s.draining()
	}
	return slices.ContainsFunc(r.Table.Routes, func(r rollout.Route) bool {
		return slices.ContainsFunc(r.Backends, func(b rollout.Backend) bool { return b.ID == id })
	})
}

// young tells that an instance has left so lately that HAProxy may not have forgotten it.
func (m *mover) young(id string, now time.Time) bool {
	since, seen := m.leaving[id]
	if !seen {
		since, m.leaving[id] = now, now
	}
	return now.Sub(since) < m.bootTime
}

// release writes down what becomes of servers that have left for long enough, and puts those out of
// service that have answered everything.
func (m *mover) release(ctx context.Context, c scene, fates map[place]fate) error {
	if len(fates) == 0 {
		return nil
	}
	if err := m.keepStates(c, fates); err != nil {
		return err
	}
	return m.hold(ctx, c, func(to *session) error {
		for p, f := range fates {
			if f.will != toMaint {
				continue
			}
			if err := to.do(ctx, fmt.Sprintf("set server %s state maint", p)); err != nil {
				return err
			}
			delete(m.leaving, c.name(p))
		}
		return nil
	})
}

// makeRoom puts servers out of service that drain, have answered everything, and that nobody asked
// about. It reports whether there were any.
func (m *mover) makeRoom(ctx context.Context, c scene) (bool, error) {
	answers, err := m.admin.ask(ctx, "show stat")
	if err != nil {
		return false, err
	}
	busy, err := busyServers(answers[0])
	if err != nil {
		return false, err
	}
	old, err := former(ctx, m.master, m.backends)
	if err != nil {
		return false, err
	}
	idle := map[place]fate{}
	now := time.Now()
	for _, s := range c.states.servers {
		if s.draining() && busy[s.place]+old[s.addr] == 0 && !m.young(c.name(s.place), now) {
			idle[s.place] = fate{toMaint, -1}
		}
	}
	return len(idle) > 0, m.release(ctx, c, idle)
}

// busyServers counts the requests on each server of the answer to "show stat".
func busyServers(answer string) (map[place]int, error) {
	stats, err := parseStat(answer)
	if err != nil {
		return nil, refused("show stat", answer, err)
	}
	busy := map[place]int{}
	for _, one := range stats {
		if one.server != frontendRow && one.server != backendRow {
			busy[one.place] = one.current + one.queued
		}
	}
	return busy, nil
}
