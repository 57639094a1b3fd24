package rollout

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/davit-sdk/davit/strategy"
)

// Apply makes one pass: start what is missing, route what is available, verify, and stop what is
// drained. The order matters: nothing is stopped before the router has confirmed that it gets no
// new request, and those under way are answered.
func (c *Composed) Apply(ctx context.Context, s strategy.State) error {
	c.minReady.Store(int64(s.MinReady))
	instances, err := c.fleet.Instances(ctx)
	if err != nil {
		return fmt.Errorf("list instances: %w", err)
	}
	table, err := c.router.Table(ctx)
	if err != nil {
		return fmt.Errorf("read the routing table back: %w", err)
	}
	p := split(instances, table, s)
	if err := c.grow(ctx, p); err != nil {
		return err
	}
	table, err = c.route(ctx, p, table, s)
	if err != nil {
		return err
	}
	return c.shrink(ctx, p, table)
}

// pools sorts the instances of a fleet by what shall become of them.
type pools struct {
	order []strategy.Pool
	of    map[strategy.Pool]*members
}

type members struct {
	want     int
	stopping int
	failed   []Instance
	keep     []Instance // alive, and to stay
	leaving  []Instance // alive, and to go
}

func split(instances []Instance, table Table, s strategy.State) pools {
	p := pools{of: map[strategy.Pool]*members{}}
	get := func(pool strategy.Pool) *members {
		if p.of[pool] == nil {
			p.of[pool] = &members{}
			p.order = append(p.order, pool)
		}
		return p.of[pool]
	}
	for role, g := range s.Groups() {
		get(s.Pool(role)).want = g.Replicas
	}
	for _, in := range instances {
		switch m := get(in.Pool); in.Phase {
		case Stopping:
			m.stopping++
		case Failed:
			m.failed = append(m.failed, in)
		default:
			m.keep = append(m.keep, in)
		}
	}
	for _, m := range p.of {
		if len(m.keep) <= m.want {
			continue
		}
		// The ones of least use go: those that are not ready, then those that get no requests. An
		// instance that was chosen once has left the table, and is therefore chosen again.
		slices.SortStableFunc(m.keep, func(a, b Instance) int {
			return cmp.Or(
				cmp.Compare(rank(a, table), rank(b, table)),
				a.ReadySince.Compare(b.ReadySince),
				cmp.Compare(a.ID, b.ID))
		})
		m.keep, m.leaving = m.keep[:m.want], m.keep[m.want:]
	}
	return p
}

func rank(in Instance, table Table) int {
	switch {
	case in.Phase == Ready && table.has(in.ID):
		return 0
	case in.Phase == Ready:
		return 1
	case in.Phase == Unready:
		return 2
	}
	return 3
}

// grow starts what is missing. An instance that is still stopping takes the place of a new one, or
// a rollout that turns round would have more instances than its plan allows.
func (c *Composed) grow(ctx context.Context, p pools) error {
	for _, pool := range p.order {
		m := p.of[pool]
		n := m.want - m.stopping
		if len(m.keep) >= n || !c.mayStart(pool, m.failed) {
			continue
		}
		if err := c.fleet.Scale(ctx, pool, n); err != nil {
			return fmt.Errorf("scale %s to %d: %w", pool, n, err)
		}
	}
	return nil
}

// route brings the table to the state, as far as instances are available, and reads it back.
func (c *Composed) route(ctx context.Context, p pools, now Table, s strategy.State) (Table, error) {
	want := c.table(p, now, s)
	if !want.equal(now, c.grain()) {
		if err := c.router.Route(ctx, want); err != nil {
			return now, fmt.Errorf("set the routing table: %w", err)
		}
		got, err := c.router.Table(ctx)
		if err != nil {
			return now, fmt.Errorf("read the routing table back: %w", err)
		}
		if !got.equal(want, c.grain()) {
			return got, fmt.Errorf("the router took a table and does not show it: wrote %q, read back %q", want, got)
		}
		now = got
	}
	verifier, ok := ability[Verifier](c.router)
	if !ok || c.verified.Equal(now) {
		return now, nil
	}
	if err := verifier.Verify(ctx, now); err != nil {
		return now, fmt.Errorf("verify the routing table: %w", err)
	}
	c.verified = now
	return now, nil
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
	tiers := []func(Instance) bool{
		func(in Instance) bool { return available(in, time.Duration(c.minReady.Load()), time.Now()) },
		func(in Instance) bool { return in.Phase == Ready && route.has(in.ID) },
		func(in Instance) bool { return route.has(in.ID) },
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

// shrink stops what gets no requests any more and has answered those that it had.
func (c *Composed) shrink(ctx context.Context, p pools, table Table) error {
	now := time.Now()
	gone := c.leave(p, table, now)
	if len(gone) == 0 {
		return nil
	}
	drained, err := c.drained(ctx, gone, now)
	if err != nil {
		return err
	}
	for _, pool := range p.order {
		m := p.of[pool]
		var stop []string
		for _, in := range m.leaving {
			if drained[in.ID] {
				stop = append(stop, in.ID)
			}
		}
		if len(stop) == 0 {
			continue
		}
		n := len(m.keep) + len(m.leaving) - len(stop)
		if err := c.fleet.Scale(ctx, pool, n, stop...); err != nil {
			return fmt.Errorf("scale %s to %d: %w", pool, n, err)
		}
		c.forget(stop)
	}
	return nil
}

// leave notes since when instances that shall go get no requests any more, and lists them.
func (c *Composed) leave(p pools, table Table, now time.Time) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := map[string]time.Time{}
	var gone []string
	for _, m := range p.of {
		for _, in := range m.leaving {
			if !table.has(in.ID) {
				left[in.ID] = now
				gone = append(gone, in.ID)
			}
		}
		// An instance that is to stay after all, and gets nothing yet, has not stopped draining.
		for _, in := range slices.Concat(m.keep, m.leaving) {
			if since, ok := c.left[in.ID]; ok && !table.has(in.ID) {
				left[in.ID] = since
			}
		}
	}
	c.left = left
	slices.Sort(gone)
	return gone
}

func (c *Composed) forget(ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		delete(c.left, id)
	}
}

// since is for how long an instance has got no requests any more.
func (c *Composed) since(id string, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return now.Sub(c.left[id])
}

func (c *Composed) drained(ctx context.Context, ids []string, now time.Time) (map[string]bool, error) {
	drained := map[string]bool{}
	drainer, ok := ability[Drainer](c.router)
	if !ok {
		for _, id := range ids {
			drained[id] = c.since(id, now) >= c.options.DrainDelay
		}
		return drained, nil
	}
	inFlight, err := drainer.InFlight(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("ask what is in flight: %w", err)
	}
	for _, id := range ids {
		late := c.since(id, now) >= c.options.DrainTimeout
		drained[id] = inFlight[id] == 0 || late
		if late && inFlight[id] > 0 {
			c.options.Logger.Warn("an instance is stopped with requests in flight", "instance", id,
				"requests", inFlight[id], "waited", c.options.DrainTimeout)
		}
	}
	return drained, nil
}

// restart paces the replacement of failed instances of a pool.
type restart struct {
	seen  map[string]bool
	count int
	last  time.Time
	next  time.Time
}

// mayStart reports whether the pool may start instances now. Each failure seen anew doubles the
// wait, so that a crash loop does not spin.
func (c *Composed) mayStart(pool strategy.Pool, failed []Instance) bool {
	r := c.restarts[pool]
	if r == nil {
		r = &restart{seen: map[string]bool{}}
		c.restarts[pool] = r
	}
	now := time.Now()
	for _, in := range failed {
		if r.seen[in.ID] {
			continue
		}
		r.seen[in.ID] = true
		if now.Sub(r.last) > 32*c.options.RestartBackoff {
			r.count = 0 // not in a row: it was well for longer than the longest wait
		}
		r.last = now
		if r.count > 0 {
			r.next = now.Add(c.options.RestartBackoff << min(r.count-1, 4))
		}
		r.count++
	}
	return !now.Before(r.next)
}
