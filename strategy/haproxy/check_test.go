package haproxy_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/strategy"
	"github.com/davit-sdk/davit/strategy/haproxy"
	"github.com/davit-sdk/davit/strategy/rollout"
)

// lacks are the texts of what is lacking.
func lacks(t testing.TB, err error) []string {
	var many *multierror.Error
	require.ErrorAs(t, err, &many)
	var all []string
	for _, e := range many.Errors {
		var one *haproxy.Lack
		require.ErrorAs(t, e, &one)
		assert.NotEmpty(t, one.Mend)
		all = append(all, one.Error())
	}
	return all
}

func TestCheck(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.Dir = filepath.Join(realDir(t), "davit"); w.groups.Master = "/simulated" })
	o := w.groups
	require.NoError(t, o.CreateFiles())
	require.NoError(t, w.router().Check(t.Context()))

	o.Backends, o.Headers, o.Ring, o.Servers, o.Master = []string{"shop_a", "shop_z"}, append(o.Headers, "X-More"), "none", 20, "/nowhere"
	w.simulator.version = "2.3.21"
	delete(w.disk.files, w.groups.StateFile("shop_a"))
	g, err := haproxy.NewGroups(o)
	require.NoError(t, err)
	got := lacks(t, g.On(w.disk, w.dialAdmin, new(net.Dialer).DialContext).Check(t.Context()))
	for i, want := range []string{
		"HAProxy 2.3.21 is too old",
		"the master's socket does not answer",
		"in 11 places, not in 14: some lines are missing; mend it by: in the frontend:",
		"the backend shop_a has 6 servers, GroupsOptions.Servers are 20; mend it by: in backend shop_a: server-template s 1-20 127.0.0.1:1 disabled",
		"there is no backend shop_z; mend it by: backend shop_z\n",
		"there is no ring none",
		"shop.shop_a.servers is missing; mend it by: CreateFiles",
		"shop.shop_z.servers is missing",
		"the configuration does not read " + o.StateFile("shop_z"),
	} {
		if assert.Greater(t, len(got), i) {
			assert.Contains(t, got[i], want)
		}
	}
	o.Name = "other"
	g, err = haproxy.NewGroups(o)
	require.NoError(t, err)
	assert.Contains(t, strings.Join(lacks(t, g.On(w.disk, w.dialAdmin, new(net.Dialer).DialContext).Check(t.Context())), "\n"), "other.map is not used by the running configuration")

	o.Socket = filepath.Join(realDir(t), "none")
	g, err = haproxy.NewGroups(o)
	require.NoError(t, err)
	assert.ErrorContains(t, g.Check(t.Context()), "no such file or directory")
}

// What a running HAProxy does not tell is looked up in its files.
func TestCheckReadsTheConfiguration(t *testing.T) {
	swap := strings.NewReplacer
	for name, c := range map[string]struct {
		edit *strings.Replacer
		says []string
	}{
		"as it is":           {swap(), nil},
		"with comments":      {swap("    use_backend %[var(txn.shop_to)] if { var(txn.shop_to) -m found }", "use_backend   %[var(txn.shop_to)] if { var(txn.shop_to) -m found } # the shop"), nil},
		"loads in defaults":  {swap("    load-server-state-from-file local\n", "", "frontend YOURS", "defaults\n    load-server-state-from-file local\nfrontend YOURS"), nil},
		"another service":    {swap("frontend YOURS\n", "frontend YOURS\n    use_backend %[var(txn.pay_to)] if { var(txn.pay_to) -m found }\n"), nil},
		"loads nowhere":      {swap("    load-server-state-from-file local\n", ""), []string{"does not read /", "does not read /", "does not read /"}},
		"loads another's":    {swap("shop.shop_a.servers", "shop.shop_b.servers"), []string{"servers of shop_a as they are configured"}},
		"chooses nobody":     {swap("    use_backend", "    # use_backend"), []string{"lack 1 lines of the frontend, the first: use_backend %[var(txn.shop_to)]"}},
		"denies nobody":      {swap("    http-request deny", "    # http-request deny"), []string{"lack 1 lines of the frontend, the first: http-request deny"}},
		"chooses another":    {swap("    use_backend %", "    use_backend static if { path_beg /s }\n    use_backend %"), []string{`"use_backend static if { path_beg /s }" of frontend YOURS comes before`}},
		"logs otherwise":     {swap("log-format \"davit:1", "log-format \"%ci davit:2"), []string{"no log-format of the configuration ends in davit:1 "}},
		"logs more in front": {swap("log-format \"davit:1", "log-format \"%ci %r davit:1"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(w *world) { w.groups.Dir = filepath.Join(realDir(t), "davit") })
			require.NoError(t, w.groups.CreateFiles())
			w.disk.files[w.config] = c.edit.Replace(w.disk.files[w.config])
			err := w.router().Check(t.Context())
			if len(c.says) == 0 {
				require.NoError(t, err)
				return
			}
			got := lacks(t, err)
			require.Len(t, got, len(c.says))
			for i, says := range c.says {
				assert.Contains(t, got[i], says)
			}
		})
	}
}

// A socket without rights is told, and told again with every command.
func TestNoRights(t *testing.T) {
	w := newWorld(t, func(w *world) { w.simulator.level = "operator" })
	err := w.router().Route(t.Context(), rollout.Table{})
	var refusal *haproxy.CommandError
	require.ErrorAs(t, err, &refusal)
	assert.ErrorContains(t, err, `(the socket needs "level admin")`)
	assert.ErrorContains(t, w.router().Check(t.Context()), `(the socket needs "level admin")`)
}

func TestCheckWeights(t *testing.T) {
	w := newWeightsWorld(t, simBackend{servers: 3, algorithm: "leastconn", mode: "tcp", cookie: "SRV", backup: "s2"})
	w.weights.Dir = realDir(t)
	w.weights.Ring = "none"
	require.NoError(t, w.weights.CreateFiles())
	got := strings.Join(lacks(t, w.weightsRouter().Check(t.Context())), "\n")
	for _, want := range []string{"balances by leastconn, which does not give shares by weights", "app is in mode tcp", "by the cookie SRV", "the server app/s2 is a backup", "there is no ring none", "is missing", "does not read " + w.weights.Dir} {
		assert.Contains(t, got, want)
	}
	w.weights.Backend = "nope"
	assert.Contains(t, strings.Join(lacks(t, w.weightsRouter().Check(t.Context())), "\n"), "there is no backend nope")
}

func TestTooOld(t *testing.T) {
	w := newWorld(t, func(w *world) { w.simulator.version = "2.2.33" })
	_, err := w.router().Table(t.Context())
	assert.ErrorContains(t, err, "HAProxy 2.2.33 is too old: 2.4 is the first version that replaces maps atomically")
}

// A socket that does not answer is an error in time, and one that ends with the context.
func TestHungSocket(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer mute.Close()
	o := haproxy.GroupsOptions{Endpoint: haproxy.Endpoint{Socket: mute.Addr().String(), Timeout: 20 * time.Millisecond}, Name: "shop", Dir: "/d"}
	g, err := haproxy.NewGroups(o)
	require.NoError(t, err)
	_, err = g.Table(t.Context())
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "did not answer in time")

	o.Timeout = time.Hour
	g, err = haproxy.NewGroups(o)
	require.NoError(t, err)
	why := errors.New("no more time")
	ctx, stop := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { stop(why) })
	_, err = g.InFlight(ctx, []string{"a"})
	assert.ErrorIs(t, err, why)
	assert.ErrorIs(t, g.Route(ctx, rollout.Table{}), context.Canceled)
	assert.ErrorIs(t, g.Verify(ctx, rollout.Table{}), context.Canceled)
}

// Answers that come in pieces are put together; ones that are cut off are errors.
func TestBrokenAnswers(t *testing.T) {
	for answer, want := range map[string]string{
		"":                            "closed the connection without an answer",
		"Name: HAProxy\nVersion: 2.6": "the answer is cut off",
		"Name: HAProxy\n\n":           "1 answers to 5 commands",
		"\n\n\n\n\n":                  "did not take",
		"Unknown command: 'show'\n\n1\n\n2\n\n3\n\n4\n\n": "HAProxy did not take",
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		served := make(chan struct{})
		go func() {
			defer close(served)
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = conn.Read(make([]byte, 1<<12))
			for _, c := range []byte(answer) {
				_, _ = conn.Write([]byte{c})
			}
		}()
		g, err := haproxy.NewGroups(haproxy.GroupsOptions{Endpoint: haproxy.Endpoint{Socket: ln.Addr().String()}, Name: "shop", Dir: "/d"})
		require.NoError(t, err)
		_, err = g.Table(t.Context())
		assert.ErrorContains(t, err, want, "%q", answer)
		<-served
		ln.Close()
	}
}

// Long commands and maps go in pieces that HAProxy's buffer takes.
func TestManyServers(t *testing.T) {
	w := newWorld(t, func(w *world) { w.groups.Servers = 300 })
	g := w.router()
	tab := table(route(strategy.Stable, oldPool, strategy.All(), w.instances(oldPool, 250)))
	longest := 0
	w.before = func(commands string) (bool, error) {
		longest = max(longest, len(commands))
		return false, nil
	}
	require.NoError(t, g.Route(t.Context(), tab))
	shows(t, g, tab)
	assert.Less(t, longest, 5000)
}
