package haproxy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// InFlight counts the requests that instances work on, those that wait for them included. An instance
// that the table does not name any more, and that has none, is put out of service in HAProxy, so that
// its server can be used again.
//
// What the processes from before a reload still work on is counted where Endpoint.Master is set; they
// take no new connections, and end by HAProxy's hard-stop-after. Without it nobody can know of them.
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
	n, err := g.inFlight(ctx, v.scene, ids)
	if err != nil {
		return nil, fmt.Errorf("count what is in flight: %w", err)
	}
	return n, nil
}

// inFlight counts what instances work on, and puts those out of service that have left and are idle.
func (m *mover) inFlight(ctx context.Context, c scene, ids []string) (map[string]int, error) {
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
	var idle []place
	now := time.Now()
	for _, s := range c.states.servers {
		who, ok := c.tenants[s.place]
		if !ok || !slices.Contains(ids, who.id) || !who.at(s) {
			continue
		}
		n[who.id] += busy[s.place] + old[s.addr]
		if !s.draining() {
			continue
		}
		if m.young(who.id, now) {
			// A process that is about to take over may have read the table before.
			n[who.id] = max(n[who.id], 1)
		} else if n[who.id] == 0 {
			idle = append(idle, s.place)
		}
	}
	return n, m.release(ctx, c, idle)
}

// young tells that an instance has left so lately that HAProxy may not have forgotten it.
func (m *mover) young(id string, now time.Time) bool {
	since, seen := m.leaving[id]
	if !seen {
		since, m.leaving[id] = now, now
	}
	return now.Sub(since) < m.bootTime
}

// release puts servers out of service that have answered everything.
func (m *mover) release(ctx context.Context, c scene, idle []place) error {
	if len(idle) == 0 {
		return nil
	}
	fates := map[place]fate{}
	for _, p := range idle {
		fates[p] = fate{toMaint, -1}
	}
	if err := m.keepStates(c.states, fates); err != nil {
		return err
	}
	for _, p := range idle {
		if err := m.admin.do(ctx, fmt.Sprintf("set server %s state maint", p)); err != nil {
			return err
		}
		if who, ok := c.tenants[p]; ok {
			delete(m.leaving, who.id)
		}
	}
	return nil
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
	var idle []place
	now := time.Now()
	for _, s := range c.states.servers {
		if s.draining() && busy[s.place]+old[s.addr] == 0 && !m.young(cmp.Or(c.tenants[s.place].id, s.place.String()), now) {
			idle = append(idle, s.place)
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
