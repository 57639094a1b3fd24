package haproxy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/strategy/rollout"
)

// Verify proves that a table is in effect beyond reading it back: each instance that the table names is
// at a server that HAProxy would send a request to, which where there are health checks means that it
// is up. Table names an instance whether it is up or not, as that is nothing which was routed.
func (g *Groups) Verify(ctx context.Context, t rollout.Table) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	v, err := g.look(ctx)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if v.broken != nil {
		return fmt.Errorf("verify: %w", v.broken)
	}
	if got, want := v.table(), trimmed(t); !got.Equal(want) {
		return fmt.Errorf("verify: HAProxy shows %q, not %q", got, want)
	}
	return v.verify()
}

// verify reports the servers that are to get requests and are down.
func (c scene) verify() error {
	var down []string
	for _, s := range c.states.servers {
		who, ok := c.tenants[s.place]
		if ok && s.ready() && who.at(s) && !s.up() {
			down = append(down, fmt.Sprintf("%s (%s at %s)", who.id, s.place, s.addr))
		}
	}
	if len(down) > 0 {
		return errors.New("verify: HAProxy's health checks say that these are down: " + strings.Join(down, ", "))
	}
	return nil
}
