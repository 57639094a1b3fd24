package haproxy_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
)

// What was decided for one process is never told to the one that has taken over: whenever the reload comes, that one is
// looked at before anything is changed in it.
func TestAnotherProcessIsLookedAtFirst(t *testing.T) {
	reloads := 0
	for n := 1; ; n++ { // before which connection it comes
		w := newWorld(t)
		first := table(route(strategy.Stable, oldPool, strategy.All(), w.instances(oldPool, 2)))
		require.NoError(t, w.router().Route(t.Context(), first))
		dials := 0
		dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials++; dials == n {
				w.simulator.mu.Lock()
				w.commands = nil
				w.simulator.mu.Unlock()
				w.reload()
			}
			return w.dialAdmin(ctx, network, addr)
		}
		next := table(route(strategy.Stable, newPool, strategy.All(), w.instances(newPool, 2)))
		require.NoError(t, w.router().On(w.disk, dial, nil).Route(t.Context(), next))
		shows(t, w.router(), next)
		if dials < n {
			break
		}
		w.simulator.mu.Lock()
		told := slices.Clone(w.commands)
		w.simulator.mu.Unlock()
		at := func(prefixes ...string) int {
			return slices.IndexFunc(told, func(c string) bool {
				return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(c, p) })
			})
		}
		if changed := at("set server", "prepare map", "commit map"); changed >= 0 {
			reloads++
			looked := at("show servers state")
			assert.True(t, looked >= 0 && looked < changed, "a reload before connection %d: %q", n, told)
		}
	}
	assert.Greater(t, reloads, 2, "it came in the middle of a change")
}
