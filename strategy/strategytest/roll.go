package strategytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// rolling is what a cluster does by itself: it walks to a state, instance by instance, whether or not
// anybody looks, and keeps it then. Like a Deployment it counts no instance that was told to end.
type rolling struct {
	state   strategy.State
	limits  strategy.Limits
	at      time.Time       // up to when it has been walked
	leaving map[string]bool // instances that are to go
	crashed map[string]bool // instances whose failure was seen
	next    time.Time       // when instances may be started again
}

// Rolls accepts all limits that leave room to move.
func (c *cluster) Rolls(l strategy.Limits) error {
	if l.MaxTotal > 0 && l.MaxTotal <= l.MinAvailable {
		return fmt.Errorf("with %s nothing can move", l)
	}
	return nil
}

// Roll makes the cluster walk to the state by itself.
func (c *cluster) Roll(ctx context.Context, s strategy.State, l strategy.Limits) error {
	if err := errors.Join(ctx.Err(), c.world.call("Roll"), c.owned()); err != nil {
		return err
	}
	if g := s.Stable; s.Replicas() != g.Replicas || g.Replicas <= 0 || len(g.Match) > 0 || !g.Mirror.IsZero() {
		return rollout.Permanent(fmt.Errorf("roll to %s: one group in stable is wanted, without rules and copies", s))
	}
	w := c.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	now := time.Now()
	w.evolve(now)
	if r := w.rolling; r == nil || !r.state.Equal(s) || r.limits != l {
		w.rolling = &rolling{state: s, limits: l, at: now, leaving: map[string]bool{}, crashed: map[string]bool{}}
	}
	w.evolve(now)
	return nil
}

// evolve makes the world what it has become by now, where a cluster walks by itself: it goes from one
// moment to the next at which something changes.
func (w *World) evolve(now time.Time) {
	r := w.rolling
	if r == nil {
		return
	}
	for t := r.at; ; {
		w.step(r, t)
		next := w.nextChange(r, t)
		if next.IsZero() || next.After(now) {
			break
		}
		t = next
	}
	r.at = now
}

// nextChange is the first moment after t at which an instance is something else than before. It is zero
// where nothing is going to change.
func (w *World) nextChange(r *rolling, t time.Time) time.Time {
	var next time.Time
	at := func(m time.Time) {
		if m.After(t) && (next.IsZero() || m.Before(next)) {
			next = m
		}
	}
	at(r.next)
	for _, in := range w.instances {
		if r.leaving[in.ID] {
			at(w.left[in.ID].Add(w.Request))
		}
		ready := []time.Duration{in.Behaviour.Start}
		for _, u := range in.Unready {
			at(in.born.Add(u.From))
			ready = append(ready, max(u.To, in.Behaviour.Start))
		}
		for _, since := range ready {
			at(in.born.Add(since))
			at(in.born.Add(since + r.state.MinReady))
		}
		if in.Crash > 0 {
			at(in.born.Add(in.Crash))
		}
	}
	return next
}

// step does what can be done at a moment: requests go to those that are available, by their number; as
// many go as the floor allows, and as many come as the ceiling does.
func (w *World) step(r *rolling, t time.Time) {
	goal := r.state.Pool(strategy.Stable)
	want, floor, ceiling := r.state.Stable.Replicas, r.limits.MinAvailable, r.limits.MaxTotal
	if n := w.autoscaled[goal]; n > 0 {
		// The limits are those of the number that it was planned with.
		floor, ceiling = max(0, floor+n-want), max(0, ceiling+n-want)
		want = n
	}
	w.mourn(r, t)
	for _, in := range w.instances {
		if left, ok := w.left[in.ID]; ok && r.leaving[in.ID] && in.alive(t) && w.open[in.ID] == 0 && t.Sub(left) >= w.Request {
			in.stopped = t
		}
	}
	w.retire(r, t, goal, want, floor)
	for w.running(goal, t) < want && (r.limits.MaxTotal == 0 || w.alive(t) < ceiling) && !t.Before(r.next) {
		w.start(goal, t)
	}
	w.balance(r, t, goal)
	w.check(t, "rolling")
}

// mourn makes a new instance wait after one that died.
func (w *World) mourn(r *rolling, t time.Time) {
	for _, in := range w.instances {
		if phase, _ := in.at(t); phase == rollout.Failed && !r.crashed[in.ID] {
			r.crashed[in.ID] = true
			if n := len(r.crashed); n > 1 { // the first one is replaced at once
				r.next = t.Add(time.Second << min(n-2, 4))
			}
		}
	}
}

// alive counts all instances that are to stay.
func (w *World) alive(t time.Time) int {
	n := 0
	for _, in := range w.instances {
		if in.alive(t) {
			n++
		}
	}
	return n
}

// available reports whether an instance may get requests.
func (r *rolling) available(in *instance, t time.Time) bool {
	phase, since := in.at(t)
	return phase == rollout.Ready && t.Sub(since) >= r.state.MinReady && !r.leaving[in.ID]
}

// retire chooses those that go: all of other pools, and of the goal's what is too much, first those that
// are of no use.
func (w *World) retire(r *rolling, t time.Time, goal strategy.Pool, want, floor int) {
	serving, surplus := 0, -want
	var going []*instance
	for _, in := range w.instances {
		if r.available(in, t) {
			serving++
		}
		if in.alive(t) && !r.leaving[in.ID] {
			going = append(going, in)
			if in.Pool == goal {
				surplus++
			}
		}
	}
	rank := func(in *instance) int {
		if r.available(in, t) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(going, func(a, b *instance) int { return cmp.Compare(rank(a), rank(b)) })
	for _, in := range going {
		switch {
		case in.Pool == goal && surplus <= 0, r.available(in, t) && serving <= floor:
			continue
		case r.available(in, t):
			serving--
		}
		if in.Pool == goal {
			surplus--
		}
		r.leaving[in.ID] = true
		if !tableHas(w.table, in.ID) {
			w.left[in.ID] = t // it gets nothing that would be waited for
		}
	}
}

// balance gives each pool the part of the traffic that its available instances are of all.
func (w *World) balance(r *rolling, t time.Time, goal strategy.Pool) {
	routes := map[strategy.Pool]*rollout.Route{}
	var order []strategy.Pool
	total := 0
	for _, in := range w.instances {
		if !r.available(in, t) {
			continue
		}
		if routes[in.Pool] == nil {
			routes[in.Pool] = &rollout.Route{Traffic: rollout.Traffic{Pool: in.Pool}}
			order = append(order, in.Pool)
		}
		routes[in.Pool].Backends = append(routes[in.Pool].Backends, rollout.Backend{ID: in.ID, Addr: in.Addr})
		total++
	}
	// The goal is the candidate for as long as there is another one.
	slices.SortStableFunc(order, func(a, b strategy.Pool) int { return cmp.Compare(boolean(a == goal), boolean(b == goal)) })
	roles := []strategy.Role{strategy.Stable, strategy.Candidate}
	if len(order) > 2 { // somebody has brought a third one
		roles = []strategy.Role{strategy.Stable, strategy.Baseline, strategy.Candidate}
		order = order[len(order)-3:]
	}
	table, left := rollout.Table{Sticky: r.state.Sticky}, strategy.All()
	if r.state.Dark() {
		order = nil
	}
	for i, pool := range order {
		route := routes[pool]
		if route.Role, route.Share = roles[i], strategy.Ratio(len(route.Backends), total); i == len(order)-1 {
			route.Share = left
		}
		left = left.Minus(route.Share)
		slices.SortFunc(route.Backends, func(a, b rollout.Backend) int { return cmp.Compare(a.ID, b.ID) })
		table.Routes = append(table.Routes, *route)
	}
	if !table.Equal(w.table) {
		w.setTable(t, table)
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
