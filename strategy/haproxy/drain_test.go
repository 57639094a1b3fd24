package haproxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// at is the server that has an address.
func (w *world) at(addr string) *simServer {
	i := slices.IndexFunc(w.current.servers, func(o *simServer) bool { return fmt.Sprintf("%s:%d", o.addr, o.port) == addr })
	if i < 0 {
		return nil
	}
	return w.current.servers[i]
}

func inFlight(t testing.TB, r rollout.Drainer, id string) int {
	n, err := r.InFlight(t.Context(), []string{id, "nobody"})
	require.NoError(t, err)
	assert.Zero(t, n["nobody"])
	return n[id]
}

// An instance that leaves is drained, is counted for as long as it works, and its server is put out of
// service afterwards, in the file too.
func TestLeaves(t *testing.T) {
	w := newWorld(t)
	g := w.router()
	old := w.instances(oldPool, 2)
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old))))
	gone := w.at(old[1].Addr)
	gone.current, gone.queued = 2, 1
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old[:1]))))
	assert.Equal(t, "DRAIN", gone.status())
	assert.Equal(t, 3, inFlight(t, g, old[1].ID))
	assert.Equal(t, 3, inFlight(t, w.router(), old[1].ID), "a new host knows of it")
	gone.current, gone.queued = 0, 0
	assert.Equal(t, "DRAIN", gone.status())
	assert.Zero(t, inFlight(t, g, old[1].ID))
	assert.Equal(t, "MAINT", gone.status())
	assert.Zero(t, inFlight(t, g, old[1].ID))
	w.reload()
	assert.Equal(t, "MAINT", w.at(old[1].Addr).status())
	assert.Equal(t, "UP", w.at(old[0].Addr).status())
}

// A process that read its files before an instance left may take over for a while yet.
func TestLeftLately(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.BootTime = time.Hour })
	g := w.router()
	old := w.instances(oldPool, 2)
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old))))
	assert.Zero(t, inFlight(t, g, old[1].ID), "it has not left")
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old[:1]))))
	assert.Equal(t, 1, inFlight(t, g, old[1].ID))
	assert.Equal(t, 1, inFlight(t, w.router(), old[1].ID), "a new host does not know since when")
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old))))
	assert.Zero(t, inFlight(t, g, old[1].ID), "it is back")
}

// What an old process still works on is counted through the master.
func TestOldProcesses(t *testing.T) {
	for _, master := range []bool{true, false} {
		w := newWorld(t, func(w *world) {
			if master {
				w.groups.Master = "/simulated"
			}
		})
		g := w.router()
		old := w.instances(oldPool, 2)
		require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old))))
		busy := w.at(old[1].Addr)
		busy.current = 4
		w.reload()
		require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old[:1]))))
		if !master {
			assert.Zero(t, inFlight(t, g, old[1].ID), "nobody can know")
			continue
		}
		assert.Equal(t, 4, inFlight(t, g, old[1].ID))
		busy.current = 0
		assert.Zero(t, inFlight(t, g, old[1].ID))
	}
}

// Servers that drain and are idle make room; where there is none, it is said.
func TestRoom(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.Servers = 2 })
	g := w.router()
	old := w.instances(oldPool, 5)
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old[:2]))))
	err := g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old[:3])))
	require.ErrorContains(t, err, "shop_a has no server for another instance: all 2 are in use: raise the number in its server-template")
	shows(t, g, table(route(strategy.Stable, oldPool, strategy.All(), old[:2])))

	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old[:1]))))
	busy := w.at(old[1].Addr)
	busy.current = 1
	err = g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), []rollout.Backend{old[0], old[3]})))
	require.ErrorContains(t, err, "1 of them because they still drain")
	busy.current = 0
	two := table(route(strategy.Stable, oldPool, strategy.All(), []rollout.Backend{old[0], old[3]}))
	require.NoError(t, g.Route(t.Context(), two), "nobody had asked what is in flight")
	shows(t, g, two)
}

// Where it may, the router adds servers; they are gone after a reload, and are added again.
func TestAddsServers(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.Servers, w.groups.AddServers = 1, "check inter 1s" })
	g := w.router()
	tab := table(route(strategy.Stable, oldPool, strategy.All(), w.instances(oldPool, 3)))
	require.NoError(t, g.Route(t.Context(), tab))
	shows(t, g, tab)
	assert.Contains(t, strings.Join(w.commands, "\n"), "add server shop_a/davit2 10.1.0.4:8080 check inter 1s\nenable health shop_a/davit2")
	w.reload()
	got, err := g.Table(t.Context())
	require.NoError(t, err)
	assert.Len(t, got.Routes[0].Backends, 1)
	require.NoError(t, g.Reapply(t.Context()))
	shows(t, g, tab)

	w = newWorld(t, func(w *world) { w.groups.Servers, w.groups.AddServers, w.simulator.version = 1, "check", "2.4.26" })
	assert.ErrorContains(t, w.router().Route(t.Context(), tab), "HAProxy 2.4.26 cannot add servers: 2.5 can")
}

// A server whose health check fails gets nothing, and the table in effect stays.
func TestChecksFail(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.CheckTimeout = 50 * time.Millisecond })
	g := w.router()
	old, young := w.instances(oldPool, 1), w.instances(newPool, 1)
	stable := table(route(strategy.Stable, oldPool, strategy.All(), old))
	require.NoError(t, g.Route(t.Context(), stable))
	w.before = func(commands string) (bool, error) {
		if one := w.at(young[0].Addr); one != nil {
			one.polls, one.result, one.op = 0, 2, 0
		}
		return false, nil
	}
	canary := table(route(strategy.Stable, oldPool, strategy.Percent(50), old), route(strategy.Candidate, newPool, strategy.Percent(50), young))
	err := g.Route(t.Context(), canary)
	require.ErrorContains(t, err, "shop_b/s1 (1.1.0 +é;#/ 0002 at 10.1.0.3:8080) has not passed a health check of HAProxy: shop_b/s1 L4CON")
	shows(t, g, stable)
	assert.NotEqual(t, "UP", w.at(young[0].Addr).status())
	w.before = nil
	one := w.at(young[0].Addr)
	one.result, one.op = 3, 2
	require.NoError(t, g.Route(t.Context(), canary))
	require.NoError(t, g.Verify(t.Context(), canary))
	one.op = 0
	shows(t, g, canary)
	assert.ErrorContains(t, g.Verify(t.Context(), canary), "these are down: 1.1.0 +é;#/ 0002 (shop_b/s1 at 10.1.0.3:8080)")
	assert.ErrorContains(t, g.Verify(t.Context(), stable), "HAProxy shows")
	assert.ErrorContains(t, w.router().Verify(t.Context(), rollout.Table{}), "HAProxy shows")
}

// What somebody changes by hand is told, and undone by the next Route.
func TestByHand(t *testing.T) {
	w := newWorld(t)
	g := w.router()
	old := w.instances(oldPool, 2)
	stable := table(route(strategy.Stable, oldPool, strategy.All(), old))
	require.NoError(t, g.Route(t.Context(), stable))

	w.current.servers[4].setState("ready")
	w.current.servers[4].port = 99
	got, err := g.Table(t.Context())
	require.NoError(t, err)
	assert.Contains(t, got.Routes[0].Backends, rollout.Backend{ID: "shop_a/s5", Addr: "127.0.0.1:99"})
	require.NoError(t, g.Route(t.Context(), stable))
	shows(t, g, stable)

	w.at(old[0].Addr).setWeight("0")
	got, err = g.Table(t.Context())
	require.NoError(t, err)
	assert.Equal(t, old[1:], got.Routes[0].Backends)
	require.NoError(t, g.Route(t.Context(), stable))
	shows(t, g, stable)

	w.setEntries(slices.DeleteFunc(w.entries(), func(e simEntry) bool { return strings.HasPrefix(e.key, "s/") }))
	got, err = g.Table(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "shop_a/s1", got.Routes[0].Backends[0].ID, "nobody says who it is")
	n := len(w.commands)
	require.NoError(t, g.Route(t.Context(), stable))
	shows(t, g, stable)
	assert.NotContains(t, strings.Join(w.commands[n:], "\n"), "set server", "they were at their servers already")

	for _, value := range []string{"1/0/0/1000000/-/shop_a", "x/0/0/1000000/-/shop_a/-", "3/0/600000/500000/shop_b/shop_a/-", "3/0/5/1000000/-/shop_a/-", "3/0/0/1000000/-/shop_z/-", "3/2/0/1000000/-/shop_a/-", "3/0/0/1000000/shop_a/shop_a/-"} {
		w.setEntries([]simEntry{{"table", value}})
		shows(t, g, rollout.Table{})
		_, err = g.InFlight(t.Context(), []string{old[0].ID})
		assert.ErrorContains(t, err, "the map's table", "nobody knows who is where")
		require.NoError(t, g.Route(t.Context(), stable))
		shows(t, g, stable)
	}
}

// A client that keeps its connection to an old process may ask there once more: whom it can reach has not left.
func TestOldProcessesHaveClients(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.Master = "/simulated" })
	g := w.router()
	old := w.instances(oldPool, 2)
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old))))
	before, busy := w.current, w.at(old[0].Addr)
	busy.current, before.clients = 1, 1 // and so the process lives on
	w.reload()
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old[:1]))))
	assert.Equal(t, 1, inFlight(t, g, old[1].ID))
	before.clients = 0
	assert.Zero(t, inFlight(t, g, old[1].ID))
}

// Somebody writes the map by hand while a release is under way: what instances still work on that leave is not
// forgotten, by a router that runs on and by one that is new.
func TestLeavesByHand(t *testing.T) {
	for name, hand := range map[string]func(w *world){
		"garbage": func(w *world) { w.setEntries([]simEntry{{"table", "garbage"}}) },
		"cleared": func(w *world) { w.setEntries(nil) },
		"deleted": func(w *world) {
			w.setEntries(slices.DeleteFunc(w.entries(), func(e simEntry) bool { return strings.HasPrefix(e.key, "s/") }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			g := w.router()
			old, young := w.instances(oldPool, 1), w.instances(newPool, 1)
			next := table(route(strategy.Stable, newPool, strategy.All(), young))
			begin := func() {
				require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old))))
				w.at(old[0].Addr).current = 1
			}
			begin()
			hand(w)
			g = w.router()
			require.NoError(t, g.Route(t.Context(), next))
			assert.Equal(t, 1, inFlight(t, g, old[0].ID), "before the next table, and a new router")

			begin()
			require.NoError(t, g.Route(t.Context(), next))
			assert.Equal(t, 1, inFlight(t, g, old[0].ID))
			hand(w)
			if name == "garbage" {
				_, err := g.InFlight(t.Context(), []string{old[0].ID})
				require.ErrorContains(t, err, "the map's table")
				require.NoError(t, g.Route(t.Context(), next))
			}
			assert.Equal(t, 1, inFlight(t, g, old[0].ID), "after the next table")
			require.NoError(t, g.Route(t.Context(), next))
			assert.Equal(t, 1, inFlight(t, w.router(), old[0].ID), "the map says it again")
			w.at(old[0].Addr).current = 0
			assert.Zero(t, inFlight(t, g, old[0].ID))
		})
	}
}

// A process reads the map before a change, and the states after the next one: the servers of its table
// are ready in it, though they have left meanwhile.
func TestStatesReadLate(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.BootTime = time.Hour })
	g := w.router()
	old, young := w.instances(oldPool, 2), w.instances(newPool, 2)
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old))))
	next := w.begin()
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, newPool, strategy.All(), young[:1]))))
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, newPool, strategy.All(), young))))
	assert.Equal(t, "DRAIN", w.at(old[0].Addr).status())
	w.loadStates(next)
	w.takeOver(next)
	shows(t, g, table(route(strategy.Stable, oldPool, strategy.All(), old)))
	_, _, err := w.ask(t.Context(), nil)
	require.NoError(t, err)
	assert.Positive(t, inFlight(t, g, old[0].ID), "it gets requests again")
	assert.Equal(t, "UP", w.at(old[0].Addr).status(), "and has to answer them")
	require.NoError(t, g.Route(t.Context(), table(route(strategy.Stable, newPool, strategy.All(), young))))
	assert.Equal(t, "DRAIN", w.at(old[0].Addr).status())
}

// Where nobody has written down what was routed, asking takes nothing away.
func TestInFlightWithoutRecord(t *testing.T) {
	for _, kind := range subjects {
		s := kind.open(t)
		old := s.instances(oldPool, 1)
		require.NoError(t, s.open().Route(t.Context(), table(route(strategy.Stable, oldPool, strategy.All(), old))))
		delete(s.disk.files, "/srv/davit/shop.json")
		assert.Zero(t, inFlight(t, s.open().(rollout.Drainer), old[0].ID))
		assert.NotEqual(t, "DRAIN", s.at(old[0].Addr).status(), kind.name)
	}
}
