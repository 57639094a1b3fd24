package haproxy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// forget waits until instances that have left are out of service.
func forget(t *testing.T, r rollout.Drainer, gone []rollout.Backend) {
	t.Helper()
	var ids []string
	for _, b := range gone {
		ids = append(ids, b.ID)
	}
	n, err := r.InFlight(t.Context(), ids)
	require.NoError(t, err)
	for _, id := range ids {
		require.Zero(t, n[id])
	}
}

// A server that is used again shows the last check of whoever was there before. Who comes has to pass one of its own.
func TestNobodyGoesByTheCheckOfAnother(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.Servers, w.groups.CheckTimeout = 1, time.Second })
	g := w.router()
	first, second, third := w.instances(oldPool, 1), w.instances(newPool, 1), w.instances(basePool, 1)
	alone := func(p strategy.Pool, b []rollout.Backend) rollout.Table {
		return table(route(strategy.Stable, p, strategy.All(), b))
	}
	require.NoError(t, g.Route(t.Context(), alone(oldPool, first)))
	require.NoError(t, g.Route(t.Context(), alone(newPool, second)))
	forget(t, g, first)
	require.NoError(t, g.Route(t.Context(), alone(basePool, third)))
	forget(t, g, second)
	before, err := g.Table(t.Context())
	require.NoError(t, err)

	fourth := w.instances(oldPool, 1)
	w.dead[fourth[0].Addr] = true
	assert.ErrorContains(t, g.Route(t.Context(), alone(oldPool, fourth)), "has not passed a health check of HAProxy")
	shows(t, g, before)
	delete(w.dead, fourth[0].Addr)
	require.NoError(t, g.Route(t.Context(), alone(oldPool, fourth)))
	shows(t, g, alone(oldPool, fourth))
}

// Servers without checks are not brought down, from where no check would bring them up.
func TestServersWithoutChecksStayUp(t *testing.T) {
	w := newWeightsWorld(t, simBackend{servers: 2})
	r := w.weightsRouter()
	for range 3 {
		next := w.instances(oldPool, 1)
		tab := table(route(strategy.Stable, oldPool, strategy.All(), next))
		require.NoError(t, r.Route(t.Context(), tab))
		require.NoError(t, r.Verify(t.Context(), tab))
		forget(t, r, next[:0])
	}
	assert.False(t, slices.ContainsFunc(w.commands, func(c string) bool { return strings.HasSuffix(c, "health down") }))
}

// Of many servers one is always being checked just now. It needs not pass again.
func TestOneIsAlwaysBeingChecked(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.CheckTimeout = time.Second })
	looks := 0
	w.checking = func(o *simServer) bool {
		if o.backend == "shop_a" && o.name == "s1" {
			looks++
		}
		return o.id == 1+looks%2
	}
	require.NoError(t, w.router().Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), w.instances(oldPool, 2)))))
}
