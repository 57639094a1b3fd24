package strategytest

import (
	"context"
	"errors"
	"time"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// Cluster is the world as a target that does more by itself than what it is told, as a cluster does: it
// replaces one revision by another instance by instance, within limits, as a rollout.Roller, and tells
// which pools are stuck (World.Stick) and which an autoscaler sizes (World.Autoscale). Otherwise it is
// World.Fenced, with all of its abilities. What it was told by Roll it goes on with for as long as time
// passes, whether or not anybody looks, until it is told something else.
func (w *World) Cluster() rollout.Target { return &cluster{fenced{Composed: w.Target(), world: w}} }

type cluster struct{ fenced }

var (
	_ rollout.Target = (*cluster)(nil)
	_ rollout.Fencer = (*cluster)(nil)
	_ rollout.Roller = (*cluster)(nil)
)

// Stick makes a pool one in which no further instance becomes ready, for a reason that a Cluster tells,
// until it is called again with none.
func (w *World) Stick(pool strategy.Pool, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	w.evolve(time.Now())
	w.stuck[pool] = reason
	if reason != "" {
		return
	}
	delete(w.stuck, pool)
	for _, in := range w.instances {
		if in.stuck && in.Pool == pool {
			in.stuck, in.born = false, time.Now() // what kept it from starting is mended
		}
	}
}

// Autoscale makes a pool one whose size is decided by an autoscaler, which wants n instances from now on:
// those that lack are started at once, those that are too many are left to the next Apply. While there
// is an autoscaler nobody is held to a limit of all instances. Zero: there is none any more.
func (w *World) Autoscale(pool strategy.Pool, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.init()
	now := time.Now()
	w.evolve(now)
	w.autoscaled[pool] = n
	if n <= 0 {
		delete(w.autoscaled, pool)
		return
	}
	if running := w.running(pool, now); running > 0 {
		for ; running < n; running++ {
			w.start(pool, now)
		}
	}
}

// running counts the instances of a pool that are to stay.
func (w *World) running(pool strategy.Pool, now time.Time) int {
	n := 0
	for _, in := range w.instances {
		if in.Pool == pool && in.alive(now) {
			n++
		}
	}
	return n
}

// Observe adds what the cluster knows of its pools.
func (c *cluster) Observe(ctx context.Context) (rollout.Observation, error) {
	o, err := c.Composed.Observe(ctx)
	if err != nil {
		return o, err
	}
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	for i, p := range o.Pools {
		if c.world.rolling != nil && o.TrafficOf(p.Pool).Share.IsZero() {
			o.Pools[i].Available = 0 // what is available gets its part
		}
		o.Pools[i].Stuck, o.Pools[i].Autoscaled = c.world.stuck[p.Pool], c.world.autoscaled[p.Pool]
	}
	return o, nil
}

// Apply leaves the size of pools under an autoscaler to that one.
func (c *cluster) Apply(ctx context.Context, s strategy.State) error {
	if err := errors.Join(ctx.Err(), c.owned()); err != nil {
		return err
	}
	c.world.mu.Lock()
	c.world.evolve(time.Now())
	c.world.rolling = nil
	for role, g := range s.Groups() {
		if n := c.world.autoscaled[s.Pool(role)]; n > 0 && g.Replicas > 0 {
			g.Replicas = n
			s.Set(role, g)
		}
	}
	c.world.mu.Unlock()
	return c.fenced.Apply(ctx, s)
}
