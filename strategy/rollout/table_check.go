package rollout

import (
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
)

// Validate reports everything for which no router could honour the table, each problem with its field: a role, a pool
// or a backend that is there twice, shares that do not add up to all of the traffic or to none, a route that gets some
// and has no backend. What only one router knows (the rules that it can tell, the addresses that it can reach) it looks
// at by itself.
func (t Table) Validate() error {
	c := tableCheck{roles: map[strategy.Role]int{}, labels: map[string]int{}, ids: map[string]string{}, addrs: map[string]string{}}
	sum := 0
	for i, r := range t.Routes {
		c.route(i, r)
		sum += r.Share.Millionths()
	}
	if sum != 0 && sum != strategy.All().Millionths() {
		c.bad("Routes: the shares add up to %s, not to 100%% or to none", strategy.Millionths(sum))
	}
	return c.errs.ErrorOrNil()
}

// tableCheck collects what is wrong with a table.
type tableCheck struct {
	roles  map[strategy.Role]int
	labels map[string]int    // of the pools, by which they are measured
	ids    map[string]string // where an ID was seen first
	addrs  map[string]string
	errs   *multierror.Error
}

func (c *tableCheck) bad(format string, args ...any) {
	c.errs = multierror.Append(c.errs, fmt.Errorf("Table."+format, args...))
}

func (c *tableCheck) route(i int, r Route) {
	at := fmt.Sprintf("Routes[%d]", i)
	switch first, twice := c.roles[r.Role]; {
	case !slices.Contains([]strategy.Role{strategy.Stable, strategy.Baseline, strategy.Candidate}, r.Role):
		c.bad("%s.Role: %q is not a role", at, r.Role)
	case twice:
		c.bad("%s.Role: Routes[%d] is %s too", at, first, r.Role)
	default:
		c.roles[r.Role] = i
	}
	switch first, twice := c.labels[r.Pool.String()]; {
	case r.Pool.Revision.IsZero():
		c.bad("%s.Pool.Revision: a pool without a revision cannot run", at)
	case twice:
		c.bad("%s.Pool: %s is the pool of Routes[%d] too", at, r.Pool, first)
	default:
		c.labels[r.Pool.String()] = i
	}
	if err := r.Share.Valid(); err != nil {
		c.bad("%s.Share: %w", at, err)
	}
	if err := r.Mirror.Valid(); err != nil {
		c.bad("%s.Mirror: %w", at, err)
	}
	if !r.none() && len(r.Backends) == 0 {
		c.bad("%s.Backends: the route gets traffic but has no backend", at)
	}
	for j, b := range r.Backends {
		c.backend(fmt.Sprintf("%s.Backends[%d]", at, j), b)
	}
}

func (c *tableCheck) backend(at string, b Backend) {
	first, twice := c.ids[b.ID]
	switch {
	case b.ID == "":
		c.bad("%s.ID: a backend without an ID cannot be drained", at)
	case twice:
		c.bad("%s.ID: %q is %s too", at, b.ID, first)
	default:
		c.ids[b.ID] = at
	}
	if first, twice := c.addrs[b.Addr]; twice {
		c.bad("%s.Addr: %s is the address of %s too", at, b.Addr, first)
		return
	}
	c.addrs[b.Addr] = at
}

// Clone is a table of its own: whoever keeps one that is another's, or hands out its own, keeps a clone.
func (t Table) Clone() Table {
	t.Routes = slices.Clone(t.Routes)
	for i := range t.Routes {
		r := &t.Routes[i]
		r.Match, r.Backends = slices.Clone(r.Match), slices.Clone(r.Backends)
	}
	return t
}
