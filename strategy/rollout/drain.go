package rollout

import (
	"context"
	"fmt"
	"slices"
	"time"
)

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
	left, routed := map[string]time.Time{}, table.ids()
	var gone []string
	for _, m := range p.of {
		for _, in := range m.leaving {
			if !routed[in.ID] {
				left[in.ID] = now
				gone = append(gone, in.ID)
			}
		}
		// An instance that is to stay after all, and gets nothing yet, has not stopped draining.
		for _, in := range slices.Concat(m.keep, m.leaving) {
			if since, ok := c.left[in.ID]; ok && !routed[in.ID] {
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
