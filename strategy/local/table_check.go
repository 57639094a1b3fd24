package local

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// validate reports everything that is wrong with a table. The caller holds r.mu.
func (r *Router) validate(t rollout.Table) error {
	errs := multierror.Append(nil, t.Validate())
	bad := func(err error, format string, args ...any) {
		if err != nil {
			errs = multierror.Append(errs, fmt.Errorf("Table."+format+": %w", append(args, err)...))
		}
	}
	for i, route := range t.Routes {
		for j, m := range route.Match {
			bad(matchable(m), "Routes[%d].Match[%d]", i, j)
		}
		for j, b := range route.Backends {
			bad(reachable(b.Addr), "Routes[%d].Backends[%d].Addr", i, j)
			if old, ok := r.backends[b.ID]; ok && old.addr != b.Addr {
				bad(fmt.Errorf("backend %q is at %s and does not move to %q: another instance has another ID", b.ID, old.addr, b.Addr), "Routes[%d].Backends[%d].Addr", i, j)
			}
		}
	}
	return errs.ErrorOrNil()
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
