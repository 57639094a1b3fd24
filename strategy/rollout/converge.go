package rollout

import (
	"context"
	"fmt"
	"maps"

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

// grow starts what is missing. An instance that is still stopping takes the place of a new one, or
// a rollout that turns round would have more instances than its plan allows.
func (c *Composed) grow(ctx context.Context, p pools) error {
	maps.DeleteFunc(c.restarts, func(pool strategy.Pool, _ *restart) bool { return p.of[pool] == nil })
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
