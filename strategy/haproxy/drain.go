package haproxy

import (
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
	n, err := g.inFlight(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("count what is in flight: %w", err)
	}
	return n, nil
}

func (g *Groups) inFlight(ctx context.Context, ids []string) (map[string]int, error) {
	v, err := g.look(ctx)
	if err != nil {
		return nil, err
	}
	if v.broken != nil {
		return nil, v.broken
	}
	answers, err := g.admin.ask(ctx, "show stat")
	if err != nil {
		return nil, err
	}
	busy, err := busyServers(answers[0])
	if err != nil {
		return nil, err
	}
	old, err := former(ctx, g.master, g.opts.Backends)
	if err != nil {
		return nil, err
	}
	n := map[string]int{}
	var idle []place
	now := time.Now()
	for _, s := range v.states.servers {
		who, ok := v.layout.tenants[s.place]
		if !ok || !slices.Contains(ids, who.id) || !who.at(s) {
			continue
		}
		n[who.id] += busy[s.place] + old[s.addr]
		if s.admin&anyDrain == 0 || s.maint() {
			continue
		}
		since, seen := g.leaving[who.id]
		if !seen {
			since, g.leaving[who.id] = now, now
		}
		if young := now.Sub(since) < g.opts.BootTime; young {
			// A process that is about to take over may have read the table before.
			n[who.id] = max(n[who.id], 1)
		} else if n[who.id] == 0 {
			idle = append(idle, s.place)
		}
	}
	return n, g.release(ctx, v, idle)
}

// release puts servers out of service that have answered everything.
func (g *Groups) release(ctx context.Context, v view, idle []place) error {
	if len(idle) == 0 {
		return nil
	}
	wills := map[place]will{}
	for _, p := range idle {
		wills[p] = toMaint
	}
	if err := g.keepStates(v, wills); err != nil {
		return err
	}
	for _, p := range idle {
		if err := g.admin.do(ctx, fmt.Sprintf("set server %s state maint", p)); err != nil {
			return err
		}
		delete(g.leaving, v.layout.tenants[p].id)
	}
	return nil
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
