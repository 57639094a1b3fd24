package rollout

import (
	"time"

	"github.com/davit-sdk/davit/strategy"
)

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
	now, seen := time.Now(), map[string]bool{}
	for _, in := range failed {
		if seen[in.ID] = true; r.seen[in.ID] {
			continue
		}
		if now.Sub(r.last) > 32*c.options.RestartBackoff {
			r.count = 0 // not in a row: it was well for longer than the longest wait
		}
		r.last = now
		if r.count > 0 {
			r.next = now.Add(c.options.RestartBackoff << min(r.count-1, 4))
		}
		r.count++
	}
	r.seen = seen // what the fleet has forgotten needs no memory here
	return !now.Before(r.next)
}
