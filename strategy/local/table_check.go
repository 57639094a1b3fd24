package local

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// validate reports everything that is wrong with a table. The caller holds r.mu.
func (r *Router) validate(t rollout.Table) error {
	c := tableCheck{
		known:  r.backends,
		roles:  map[strategy.Role]int{},
		labels: map[string]int{},
		ids:    map[string]string{},
		addrs:  map[string]string{},
	}
	sum := 0
	for i, route := range t.Routes {
		c.route(i, route)
		sum += route.Share.Millionths()
	}
	if sum != 0 && sum != millionths {
		c.bad("Routes: the shares add up to %s, not to 100%% or to none", strategy.Millionths(sum))
	}
	return c.errs.ErrorOrNil()
}

// tableCheck collects the problems of a table.
type tableCheck struct {
	known  map[string]*backend
	roles  map[strategy.Role]int
	labels map[string]int
	ids    map[string]string // where an ID was seen first
	addrs  map[string]string
	errs   *multierror.Error
}

func (c *tableCheck) bad(format string, args ...any) {
	c.errs = multierror.Append(c.errs, fmt.Errorf(format, args...))
}

func (c *tableCheck) route(i int, route rollout.Route) {
	at := fmt.Sprintf("Routes[%d]", i)
	if order(route.Role) < 0 {
		c.bad("%s.Role: %q is not a role", at, route.Role)
	} else if first, twice := c.roles[route.Role]; twice {
		c.bad("%s.Role: Routes[%d] is %s too", at, first, route.Role)
	} else {
		c.roles[route.Role] = i
	}
	if route.Pool.Revision.IsZero() {
		c.bad("%s.Pool.Revision: a pool without a revision cannot run", at)
	} else if first, twice := c.labels[route.Pool.String()]; twice {
		c.bad("%s.Pool: %s is the pool of Routes[%d] too", at, route.Pool, first)
	} else {
		c.labels[route.Pool.String()] = i
	}
	if err := route.Share.Valid(); err != nil {
		c.bad("%s.Share: %w", at, err)
	}
	if err := route.Mirror.Valid(); err != nil {
		c.bad("%s.Mirror: %w", at, err)
	}
	for j, m := range route.Match {
		if err := matchable(m); err != nil {
			c.bad("%s.Match[%d]: %w", at, j, err)
		}
	}
	if routed(route) && len(route.Backends) == 0 {
		c.bad("%s.Backends: the route gets traffic but has no backend", at)
	}
	for j, b := range route.Backends {
		c.backend(fmt.Sprintf("%s.Backends[%d]", at, j), b)
	}
}

func (c *tableCheck) backend(at string, b rollout.Backend) {
	if b.ID == "" {
		c.bad("%s.ID: a backend without an ID cannot be drained", at)
	} else if first, twice := c.ids[b.ID]; twice {
		c.bad("%s.ID: %q is %s too", at, b.ID, first)
	} else {
		c.ids[b.ID] = at
	}
	if err := reachable(b.Addr); err != nil {
		c.bad("%s.Addr: %w", at, err)
	} else if first, twice := c.addrs[b.Addr]; twice {
		c.bad("%s.Addr: %s is the address of %s too", at, b.Addr, first)
	} else {
		c.addrs[b.Addr] = at
	}
	if old, ok := c.known[b.ID]; ok && old.addr != b.Addr {
		c.bad("%s.Addr: backend %q is at %s and does not move to %q: another instance has another ID",
			at, b.ID, old.addr, b.Addr)
	}
}

// reachable reports why nothing can be at an address, if so.
func reachable(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port", addr)
	}
	if host == "" || strings.ContainsFunc(host, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune("/?#@\\<>\"", c)
	}) {
		return fmt.Errorf("%q has no usable host", addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q has no port from 1 to 65535", addr)
	}
	return nil
}
