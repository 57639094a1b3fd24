package haproxy

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-multierror"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// checkTable reports everything that is wrong with a table; match and sticky say what is wrong with a
// rule, and with keeping clients.
func checkTable(t rollout.Table, match func(strategy.Match) error, sticky error) error {
	errs := multierror.Append(nil, t.Validate())
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf("Table."+format, args...)) }
	if t.Sticky && sticky != nil {
		bad("Sticky: %w", sticky)
	}
	at := map[string]rollout.Backend{} // by its address in one spelling
	for i, r := range t.Routes {
		if n := len(r.Pool.Revision.Version) + len(r.Pool.Revision.Digest); n > maxName {
			bad("Routes[%d].Pool.Revision: it has %d bytes, and a line of a map holds %d", i, n, maxName)
		}
		if !r.Mirror.IsZero() {
			bad("Routes[%d].Mirror: %w", i, errNoMirror)
		}
		for j, m := range r.Match {
			if err := match(m); err != nil {
				bad("Routes[%d].Match[%d]: %w", i, j, err)
			}
		}
		for j, b := range r.Backends {
			if len(b.ID) > maxName {
				bad("Routes[%d].Backends[%d].ID: it has %d bytes, and a line of a map holds %d", i, j, len(b.ID), maxName)
			}
			a, err := canonical(b.Addr)
			if err != nil {
				bad("Routes[%d].Backends[%d].Addr: %w", i, j, err)
				continue
			}
			if other, twice := at[a.String()]; twice && other.Addr != b.Addr {
				bad("Routes[%d].Backends[%d].Addr: %s is the address of %s too", i, j, b.Addr, other.ID)
			}
			at[a.String()] = b
		}
	}
	return errs.ErrorOrNil()
}

var errNoMirror = errors.New("HAProxy has no copies of requests without an agent of its own (SPOE), which this router does not drive")

// maxName is how long an ID or a revision may be: one line of a map, and of a command, holds it with
// each byte written as three.
const maxName = 300

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
				errs = multierror.Append(errs, fmt.Errorf("Table.%s: %s is %s too", at, m, first))
			}
			seen[key] = at
		}
	}
	return errs.ErrorOrNil()
}
