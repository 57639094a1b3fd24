package haproxy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// tableCheck collects everything for which a table cannot be honoured.
type tableCheck struct {
	roles  map[strategy.Role]int
	labels map[string]int
	ids    map[string]string // where an ID was seen first
	addrs  map[string]string
	errs   *multierror.Error
}

// checkTable reports everything that is wrong with a table; match and sticky say what is wrong with a
// rule, and with keeping clients.
func checkTable(t rollout.Table, match func(strategy.Match) error, sticky error) error {
	c := tableCheck{roles: map[strategy.Role]int{}, labels: map[string]int{}, ids: map[string]string{}, addrs: map[string]string{}}
	sum := 0
	for i, r := range t.Routes {
		c.route(i, r, match)
		sum += r.Share.Millionths()
	}
	if sum != 0 && sum != whole {
		c.bad("Routes: the shares add up to %s, not to 100%% or to none", strategy.Millionths(sum))
	}
	if t.Sticky && sticky != nil {
		c.bad("Sticky: %w", sticky)
	}
	return c.errs.ErrorOrNil()
}

func (c *tableCheck) bad(format string, args ...any) {
	c.errs = multierror.Append(c.errs, fmt.Errorf(format, args...))
}

func (c *tableCheck) route(i int, r rollout.Route, match func(strategy.Match) error) {
	at := fmt.Sprintf("Routes[%d]", i)
	first, twice := c.roles[r.Role]
	switch {
	case !slices.Contains(ranked[:], r.Role):
		c.bad("%s.Role: %q is not a role", at, r.Role)
	case twice:
		c.bad("%s.Role: Routes[%d] is %s too", at, first, r.Role)
	default:
		c.roles[r.Role] = i
	}
	first, twice = c.labels[r.Pool.String()]
	switch {
	case r.Pool.Revision.IsZero():
		c.bad("%s.Pool.Revision: a pool without a revision cannot run", at)
	case twice:
		c.bad("%s.Pool: %s is the pool of Routes[%d] too", at, r.Pool, first)
	default:
		c.labels[r.Pool.String()] = i
	}
	if n := len(r.Pool.Revision.Version) + len(r.Pool.Revision.Digest); n > maxName {
		c.bad("%s.Pool.Revision: it has %d bytes, and a line of a map holds %d", at, n, maxName)
	}
	if err := r.Share.Valid(); err != nil {
		c.bad("%s.Share: %w", at, err)
	}
	if !r.Mirror.IsZero() {
		c.bad("%s.Mirror: %w", at, errNoMirror)
	}
	for j, m := range r.Match {
		if err := match(m); err != nil {
			c.bad("%s.Match[%d]: %w", at, j, err)
		}
	}
	if routed(r) && len(r.Backends) == 0 {
		c.bad("%s.Backends: the route gets traffic but has no backend", at)
	}
	for j, b := range r.Backends {
		c.backend(fmt.Sprintf("%s.Backends[%d]", at, j), b)
	}
}

var errNoMirror = errors.New("HAProxy has no copies of requests without an agent of its own (SPOE), which this router does not drive")

// maxName is how long an ID or a revision may be: one line of a map, and of a command, holds it with
// each byte written as three.
const maxName = 300

func (c *tableCheck) backend(at string, b rollout.Backend) {
	first, twice := c.ids[b.ID]
	switch {
	case b.ID == "":
		c.bad("%s.ID: a backend without an ID cannot be drained", at)
	case len(b.ID) > maxName:
		c.bad("%s.ID: it has %d bytes, and a line of a map holds %d", at, len(b.ID), maxName)
	case twice:
		c.bad("%s.ID: %q is %s too", at, b.ID, first)
	default:
		c.ids[b.ID] = at
	}
	a, err := canonical(b.Addr)
	if err != nil {
		c.bad("%s.Addr: %w", at, err)
		return
	}
	if first, twice := c.addrs[a.String()]; twice {
		c.bad("%s.Addr: %s is the address of %s too", at, b.Addr, first)
		return
	}
	c.addrs[a.String()] = at
}

// routed reports whether a route gets anything.
func routed(r rollout.Route) bool { return !r.Share.IsZero() || len(r.Match) > 0 }

// checkRules reports rules that are there twice: only the first of them would ever decide.
func checkRules(t rollout.Table) error {
	var errs *multierror.Error
	seen := map[string]string{}
	for i, r := range t.Routes {
		for j, m := range r.Match {
			at := fmt.Sprintf("Routes[%d].Match[%d]", i, j)
			key := rule{Match: m, role: r.Role}.entry("").key
			if first, twice := seen[key]; twice {
				errs = multierror.Append(errs, fmt.Errorf("%s: %s is %s too", at, m, first))
			}
			seen[key] = at
		}
	}
	return errs.ErrorOrNil()
}
